//! On a phone and on a desk, in light and dark, by keyboard and by ear.

use anyhow::{Result, ensure};
use kappa_tests::browser::Gpu;
use kappa_tests::lab::Lab;
use kappa_tests::trial::{in_browser, tiny};
use serde_json::{Value, json};

/// WebDriver's names for keys that are no letters.
const TAB: char = '\u{e004}';
const ENTER: char = '\u{e007}';
const SPACE: char = ' ';
const CONTROL: char = '\u{e009}';

const WIDTHS: [u32; 2] = [360, 1280];

#[test]
fn nothing_is_wider_than_the_window_before_and_after_a_run() {
    in_browser(Gpu::Absent, "widths", |lab| {
        lab.open(&tiny(40))?;
        lab.says("Ready. Press Start.", 120)?;
        pictures(lab, "ready")?;
        lab.choose_device("cpu")?;
        lab.click("start")?;
        lab.finishes(120)?;
        lab.browser.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })")?;
        pictures(lab, "finished")
    });
}

/// Looks at every width and in both themes.
fn pictures(lab: &Lab, name: &str) -> Result<()> {
    for width in WIDTHS {
        lab.browser.resize(width, 900)?;
        for scheme in ["light", "dark"] {
            lab.browser.prefer_colours(scheme)?;
            lab.wait("the theme", 10, || {
                Ok((lab.browser.ask("return document.documentElement.dataset.theme")? == scheme)
                    .then_some(()))
            })?;
            lab.browser.screenshot(&format!("{name}-{width}-{scheme}"))?;
        }
        let script = "
            const width = document.documentElement.clientWidth;
            const wide = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > width + 1
                && !one.closest('.scroll, .visually-hidden, svg, canvas'));
            return [document.documentElement.scrollWidth, wide.slice(0, 5).map((one) => one.outerHTML.slice(0, 120))];";
        let found = lab.browser.ask(script)?;
        ensure!(found[0].as_u64() <= Some(u64::from(width)), "{name}: {width} pixels are too few: {found}");
    }
    Ok(())
}

#[test]
fn every_control_has_a_name() {
    in_browser(Gpu::Absent, "names", |lab| {
        lab.open(&tiny(40))?;
        lab.choose_device("cpu")?;
        lab.click("start")?;
        lab.finishes(120)?;
        lab.browser.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })")?;
        let tree = lab.browser.session.devtools("Accessibility.getFullAXTree", json!({}))?;
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        let controls: Vec<&Value> =
            nodes.iter().filter(|node| node["ignored"] != true && is_control(node)).collect();
        ensure!(controls.len() > 20, "only {} controls were found", controls.len());
        let name = |node: &Value| node["name"]["value"].as_str().unwrap_or_default().trim().to_owned();
        let nameless: Vec<_> = controls.iter().filter(|node| name(node).is_empty()).collect();
        ensure!(nameless.is_empty(), "controls without a name: {nameless:#?}");
        // One page, one main part, one first heading.
        let count = |role: &str| {
            nodes.iter().filter(|node| node["ignored"] != true && node["role"]["value"] == role).count()
        };
        ensure!(count("main") == 1, "{} main parts", count("main"));
        let headings = lab.texts("h1")?;
        ensure!(headings.len() == 1, "{headings:?}");
        Ok(())
    });
}

fn is_control(node: &Value) -> bool {
    const ROLES: [&str; 12] = [
        "button",
        "link",
        "checkbox",
        "radio",
        "textbox",
        "spinbutton",
        "combobox",
        "listbox",
        "slider",
        "switch",
        "DisclosureTriangle",
        "img",
    ];
    node["role"]["value"].as_str().is_some_and(|role| ROLES.contains(&role))
}

#[test]
fn a_run_can_be_started_paused_and_stopped_without_a_mouse() {
    in_browser(Gpu::Absent, "keyboard", |lab| {
        let keys = &lab.browser.session;
        lab.open(&tiny(20_000))?;
        lab.says("Ready. Press Start.", 120)?;
        tab_to(lab, "start")?;
        keys.press(&[ENTER])?;
        lab.reaches(1, 120)?;

        tab_to(lab, "pause")?;
        keys.press(&[SPACE])?;
        lab.says("Paused.", 20)?;
        // The button that had the focus is gone; the key alone works wherever no control has it.
        lab.browser.ask("document.activeElement.blur()")?;
        keys.press(&[SPACE])?;
        lab.says("Training.", 20)?;
        keys.press(&[CONTROL, '.'])?;
        lab.says("Stopped.", 20)?;
        keys.press(&[CONTROL, ENTER])?;
        lab.says("Training.", 60)
    });
}

/// Presses Tab until something has the focus; what has it must be seen to have it.
fn tab_to(lab: &Lab, id: &str) -> Result<()> {
    let script = "
        const focused = document.activeElement;
        const style = getComputedStyle(focused);
        return [focused.dataset.testid ?? focused.tagName, style.outlineStyle !== 'none' || style.boxShadow !== 'none'];";
    let mut passed = Vec::new();
    for _ in 0..150 {
        lab.browser.session.press(&[TAB])?;
        let found = lab.browser.ask(script)?;
        ensure!(found[1] == true || found[0] == "BODY", "the focus on {} cannot be seen", found[0]);
        if found[0] == id {
            return Ok(());
        }
        passed.push(found[0].to_string());
    }
    anyhow::bail!("Tab does not lead to {id}; it led to {}", passed.join(" "))
}

#[test]
fn the_page_can_be_read_and_used_before_the_engine_is_there() {
    in_browser(Gpu::Absent, "before-the-engine", |lab| {
        // The engine's file is held back by a page that never lets a worker start.
        let source = "window.Worker = class { constructor() { window.asked = true; } postMessage() {} terminate() {} };";
        lab.browser.session.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source }))?;
        lab.open(&tiny(40))?;
        lab.wait("the engine to be asked for", 20, || {
            Ok((lab.browser.ask("return !!window.asked")? == true).then_some(()))
        })?;
        let status = lab.text("status")?;
        ensure!(status.starts_with("Loading the engine"), "{status}");
        lab.click("experiment-always-skip")?;
        lab.wait("the other experiment", 10, || {
            Ok((lab.variant_names()?.iter().any(|name| name == "no attention skip")).then_some(()))
        })?;
        Ok(())
    });
}

#[test]
fn the_engine_of_yesterday_cannot_meet_the_page_of_today() {
    in_browser(Gpu::Absent, "version", |lab| {
        lab.open(&tiny(40))?;
        lab.says("Ready. Press Start.", 120)?;
        let script = "
            const engine = document.querySelector('script[data-engine]').dataset.engine;
            const worker = await (await fetch('kappa-worker.js')).text();
            const loaded = performance.getEntriesByType('resource').map((entry) => entry.name);
            return [engine, [...worker.matchAll(/^import .*?[.]js([^'\"]*)['\"]/gm)].map((found) => found[1]), loaded];";
        let found = lab.browser.session.run_async(script, json!([]))?;
        let engine = found[0].as_str().unwrap_or_default();
        let version = engine.strip_prefix("engine.js").unwrap_or_default();
        ensure!(version.starts_with("?v=") && version.len() > 10, "the engine has no version: {engine}");
        let imports: Vec<&str> =
            found[1].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        ensure!(
            !imports.is_empty() && imports.iter().all(|import| *import == version),
            "{engine}: {imports:?}"
        );
        let loaded = found[2].as_array().cloned().unwrap_or_default();
        let asked_for = |file: &str| loaded.iter().filter_map(Value::as_str).any(|name| name.ends_with(file));
        ensure!(asked_for(engine) && !asked_for("/engine.js"), "the page asked for {loaded:?}");
        Ok(())
    });
}
