//! Variants are added, changed and taken away on the page.

use anyhow::{Result, ensure};
use kappa_tests::browser::Gpu;
use kappa_tests::lab::Lab;
use kappa_tests::trial::{in_browser, tiny};

#[test]
fn a_new_variant_differs_from_all_others_and_can_be_started_at_once() {
    in_browser(Gpu::Absent, "new-variant", |lab| {
        let experiment = tiny(40);
        lab.open(&experiment)?;
        for count in 3..=6 {
            lab.click("add-variant")?;
            let names = lab.variant_names()?;
            ensure!(names.len() == count, "{names:?}");
            ensure!(names[..2] == experiment.variant_names()[..2], "{names:?}");
            let last = &names[count - 1];
            ensure!(!names[..count - 1].contains(last), "{last} is there twice: {names:?}");
            can_be_started(lab)?;
        }
        lab.choose_device("cpu")?;
        lab.click("start")?;
        lab.finishes(240)?;
        ensure!(!lab.text("verdict-5")?.is_empty(), "no verdict of the last variant");
        Ok(())
    });
}

fn can_be_started(lab: &Lab) -> Result<()> {
    let problems = lab.text("problems")?;
    ensure!(problems.is_empty(), "{problems}");
    let disabled = lab.browser.ask("return document.querySelector('[data-testid=start]').disabled")?;
    ensure!(disabled == false, "Start cannot be pressed");
    Ok(())
}
