//! Lessons and recorded runs are files beside the page, fetched when they are opened: they come, also while something else is
//! opened meanwhile, and where they do not come one sentence says so and they can be asked for again.

use anyhow::{Result, ensure};
use kappa_core::catalog::PAPERS;
use kappa_tests::browser::Gpu;
use kappa_tests::lab::Lab;
use kappa_tests::trial::in_browser;
use serde_json::json;

/// From now on the server has no such files, and answers after `release()` was called in the page.
const MISSING: &str = "
    window.served ??= window.fetch;
    window.fetch = async (url, ...more) => {
        if (!/(lessons|recordings)\\//.test(url)) return served(url, ...more);
        await new Promise((resolve) => { window.release = resolve; });
        return new Response('no such file', { status: 404, statusText: 'Not Found' });
    };";

const THERE: &str = "window.fetch = window.served;";

/// Waits for another lesson than `before`, and answers its text.
fn lesson_after(lab: &Lab, before: &str) -> Result<String> {
    lab.wait("a lesson", 20, || {
        let text = lab.text("lesson")?;
        let whole = text.contains("What to look at") && lab.exists("lesson")? && lab.exists("background")?;
        Ok((whole && text != before).then_some(text))
    })
}

/// Waits until something says this.
fn says(lab: &Lab, id: &str, words: &str) -> Result<()> {
    lab.wait(&format!("`{id}` to say “{words}”"), 20, || Ok((lab.text(id)? == words).then_some(())))
}

#[test]
fn every_lesson_comes_when_its_paper_is_opened_and_none_before() {
    in_browser(Gpu::Absent, "lessons", |lab| {
        lab.open_at("")?;
        let asked = "return performance.getEntriesByType('resource').filter(({ name }) => /lessons\\//.test(name)).length";
        ensure!(lab.browser.ask(asked)? == json!(0), "the first screen fetches no lesson");
        let mut before = String::new();
        for paper in PAPERS {
            lab.click(&format!("experiment-{}", paper.id))?;
            before = lesson_after(lab, &before)?;
            ensure!(!lab.exists("lesson-status")? && !lab.exists("lesson-status-again")?, "{}", paper.id);
        }
        ensure!(lab.browser.ask(asked)? == json!(PAPERS.len()), "each was fetched once");
        let versions =
            "return new Set(performance.getEntriesByType('resource').map(({ name }) => new URL(name))
            .filter(({ pathname }) => pathname.includes('/lessons/')).map(({ search }) => search)).size";
        ensure!(lab.browser.ask(versions)? == json!(1), "they share a version");
        Ok(())
    });
}

#[test]
fn a_lesson_that_does_not_come_is_said_in_one_sentence_and_can_be_asked_for_again() {
    in_browser(Gpu::Absent, "lesson-missing", |lab| {
        lab.open_at("")?;
        lab.browser.ask(MISSING)?;
        lab.click("experiment-always-skip")?;
        says(lab, "lesson-status", "Fetching the lesson.")?;
        ensure!(!lab.exists("lesson-status-again")?, "nothing has failed yet");
        lab.browser.screenshot("lesson-fetching")?;
        lab.browser.ask("window.release()")?;
        says(
            lab,
            "lesson-status",
            "The lesson could not be fetched (lessons/always-skip.json: 404 Not Found).",
        )?;
        ensure!(lab.exists("title")? && lab.exists("start")?, "the rest of the page is there");
        ensure!(!lab.exists("lesson")? && !lab.exists("background")?, "there is nothing to read");
        lab.browser.screenshot("lesson-missing")?;
        lab.browser.ask(THERE)?;
        lab.click("lesson-status-again")?;
        lesson_after(lab, "")?;
        ensure!(
            !lab.exists("lesson-status")? && !lab.exists("lesson-status-again")?,
            "nothing is missing now"
        );
        Ok(())
    });
}

#[test]
fn a_lesson_that_comes_late_does_not_take_the_place_of_another() {
    in_browser(Gpu::Absent, "lesson-late", |lab| {
        lab.open_at("")?;
        lab.browser.ask(MISSING)?;
        lab.click("experiment-always-skip")?;
        says(lab, "lesson-status", "Fetching the lesson.")?;
        lab.browser.ask(THERE)?;
        lab.click("experiment-leaner-transformers")?;
        let text = lesson_after(lab, "")?;
        lab.browser.ask("window.release()")?;
        lab.browser
            .session
            .run_async("await new Promise((resolve) => setTimeout(resolve, 300))", json!([]))?;
        ensure!(
            lab.text("lesson")? == text && !lab.exists("lesson-status")?,
            "the lesson of the open paper stays"
        );
        Ok(())
    });
}

#[test]
fn a_recorded_run_that_does_not_come_can_be_asked_for_again() {
    in_browser(Gpu::Absent, "recording-missing", |lab| {
        lab.open_at("")?;
        lab.click("experiment-always-skip")?;
        lab.browser.ask(MISSING)?;
        lab.browser.ask("document.querySelector('[data-testid=recorded-run] > summary').click()")?;
        says(lab, "recorded-provenance", "Fetching the recorded run.")?;
        lab.browser.ask("window.release()")?;
        says(
            lab,
            "recorded-provenance",
            "The recorded run could not be fetched (recordings/always-skip.json: 404 Not Found).",
        )?;
        lab.browser.ask(THERE)?;
        lab.click("recorded-provenance-again")?;
        lab.wait("the recorded run", 20, || {
            let provenance = lab.text("recorded-provenance")?;
            let names = lab.texts("[data-testid=recorded-run] tbody th")?;
            Ok((provenance.starts_with("Recorded on ") && !names.is_empty()).then_some(()))
        })?;
        ensure!(!lab.exists("recorded-provenance-again")?, "nothing is missing now");
        Ok(())
    });
}
