//! Links that were cut, changed, made up or meant ill: one clear sentence each, and what runs goes on.

use anyhow::{Result, ensure};
use kappa_core::catalog::link::{from_link, to_link};
use kappa_core::spec::set_path;
use kappa_tests::browser::Gpu;
use kappa_tests::lab::Lab;
use kappa_tests::trial::{in_browser, tiny};
use serde_json::json;

/// A link of the tiny experiment with more pairs, and a checksum that fits: FNV-1a over the decoded pairs.
fn sealed(more: &[(&str, &str)]) -> String {
    let link = to_link(&tiny(30));
    let known =
        link.split('&').filter(|pair| !pair.starts_with("sum=")).filter_map(|pair| pair.split_once('='));
    let pairs: Vec<(&str, &str)> = known.chain(more.iter().copied()).collect();
    let text: String = pairs.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
    let sum =
        text.bytes().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let encode = |text: &str| -> String {
        text.bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect()
    };
    let written: Vec<String> =
        pairs.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
    format!("{}&sum={sum:08x}", written.join("&"))
}

/// A broken link, and words that its sentence must have.
fn broken() -> Vec<(&'static str, String, &'static [&'static str])> {
    let whole = to_link(&tiny(30));
    vec![
        ("cut off", whole[..whole.len() - 3].to_owned(), &["not whole"]),
        ("one letter changed", whole.replacen("tiny", "tinx", 1), &["checksum"]),
        ("unknown field", sealed(&[("model.hats", "2")]), &["model.hats", "model.heads"]),
        ("out of range", sealed(&[("model.depth", "0")]), &["model.depth", "0"]),
        ("wrong type", sealed(&[("model.depth", "deep")]), &["model.depth", "deep"]),
        (
            "wrong choice",
            sealed(&[("2.model.attention.activation", "hardmax")]),
            &["Variant 2", "model.attention.activation", "hardmax"],
        ),
        ("heads that do not divide the width", sealed(&[("model.heads", "3")]), &["model.heads"]),
        ("no such variant", sealed(&[("9.model.depth", "2")]), &["variant", "9"]),
        ("unknown experiment", sealed(&[]).replacen("from=tiny.", "from=tony.", 1), &["checksum"]),
        ("another program's link", "access_token=abc&state=1".to_owned(), &["not whole"]),
        ("script", "<script>window.evil=1</script>".to_owned(), &["not whole"]),
        ("not percent-encoding", "v=2&from=%ZZ&sum=00000000".to_owned(), &["percent-encoding"]),
        ("far too long", "a".repeat(20_000), &["at most 8192 bytes"]),
    ]
}

#[test]
fn the_links_of_this_test_are_sealed_as_the_lab_seals_them() {
    assert_eq!(from_link(&sealed(&[])).map(|found| found.variants), Ok(tiny(30).variants));
    let mut deeper = tiny(30);
    set_path(&mut deeper, "model.depth=3").unwrap();
    assert_eq!(from_link(&sealed(&[("model.depth", "3")])).map(|found| found.model), Ok(deeper.model));
}

#[test]
fn a_broken_link_gets_one_sentence_and_the_running_experiment_is_untouched() {
    in_browser(Gpu::Absent, "broken-links", |lab| {
        lab.open(&tiny(20_000))?;
        lab.choose_device("cpu")?;
        lab.click("start")?;
        lab.reaches(1, 120)?;
        let before = (lab.text("title")?, lab.variant_names()?);
        for (kind, link, words) in broken() {
            follow(lab, &link)?;
            let sentences = lab.wait(&format!("what is said of a link that is {kind}"), 20, || {
                Ok(Some(lab.texts("[data-testid=link-problems] li")?).filter(|said| !said.is_empty()))
            })?;
            ensure!(sentences.len() == 1, "{kind}: one sentence, not {sentences:?}");
            let sentence = &sentences[0];
            ensure!(
                words.iter().all(|word| sentence.contains(word)),
                "{kind}: “{sentence}” should have {words:?}"
            );
            ensure!(sentence.ends_with(['.', '?']) && sentence.len() < 300, "{kind}: “{sentence}”");

            ensure!(
                (lab.text("title")?, lab.variant_names()?) == before,
                "{kind} changed what was on the page"
            );
            let (step, status) = (lab.step(0)?, lab.text("status")?);
            ensure!(status == "Training.", "{kind}: {status}");
            lab.reaches(step + 1, 30)?;
            lab.browser.ask("document.querySelector('[data-testid=link-problems] button').click()")?;
            lab.wait("the sentence to go away", 10, || {
                Ok(lab.text("link-problems")?.is_empty().then_some(()))
            })?;
        }
        ensure!(lab.events("Started")?.len() == 1, "the run was started again");
        ensure!(lab.browser.ask("return window.evil === undefined")? == true, "a link ran a script");
        Ok(())
    });
}

#[test]
fn a_page_that_is_opened_by_a_broken_link_can_be_used_all_the_same() {
    in_browser(Gpu::Absent, "opened-by-a-broken-link", |lab| {
        lab.open_at("#v=2&from=tiny.0000&sum=00000000")?;
        let said = lab.texts("[data-testid=link-problems] li")?;
        ensure!(said.len() == 1, "{said:?}");
        ensure!(!lab.text("title")?.is_empty() && lab.variant_names()?.len() >= 2, "there is nothing to use");
        Ok(())
    });
}

#[test]
fn a_title_with_markup_is_shown_as_it_is_written() {
    in_browser(Gpu::Absent, "markup", |lab| {
        let title = "<img src=x onerror=\"window.evil=1\">";
        let mut experiment = tiny(30);
        experiment.title = title.to_owned();
        lab.open(&experiment)?;
        ensure!(lab.text("title")? == title, "{}", lab.text("title")?);
        ensure!(lab.browser.ask("return window.evil === undefined")? == true, "the title ran a script");
        Ok(())
    });
}

#[test]
fn whatever_is_changed_on_the_page_the_address_brings_it_back() {
    in_browser(Gpu::Absent, "changed-link", |lab| {
        let mut experiment = tiny(77);
        set_path(&mut experiment, "model.depth=3")?;
        experiment.title = "Mine & yours = 100 %".to_owned();
        lab.open(&experiment)?;
        ensure!(lab.variant_names()? == experiment.variant_names(), "{:?}", lab.variant_names()?);
        let address = lab.address()?;
        let link = address.split_once('#').map(|(_, link)| link).unwrap_or_default();
        ensure!(from_link(link).as_ref() == Ok(&experiment), "{address}");
        Ok(())
    });
}

fn follow(lab: &Lab, link: &str) -> Result<()> {
    lab.browser.session.run("location.hash = arguments[0]", json!([link])).map(drop)
}
