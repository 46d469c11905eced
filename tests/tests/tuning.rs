//! Tuned first, then compared; and more seeds for a run that has come to a planned look.

use anyhow::{Result, ensure};
use kappa_core::spec::{Experiment, set_path};
use kappa_tests::browser::Gpu;
use kappa_tests::lab::Lab;
use kappa_tests::trial::{in_browser, tiny};
use serde_json::Value;

fn tuned(steps: u32) -> Experiment {
    let mut experiment = tiny(steps);
    for setting in ["tune.values=0.0005, 0.002, 0.01", "tune.seeds=2", "seeds.looks=3, 5", "seeds.count=3"] {
        set_path(&mut experiment, setting).expect("a valid setting");
    }
    experiment
}

/// The last thing that was said of tuning.
fn tried(lab: &Lab) -> Result<Vec<Value>> {
    let events = lab.events("Tuning")?;
    let last = events.iter().rev().find_map(|event| event["tried"].as_str().filter(|tried| *tried != "[]"));
    Ok(serde_json::from_str(last.unwrap_or("[]"))?)
}

#[test]
fn every_variant_is_tuned_and_then_compared_and_more_seeds_can_be_added() {
    in_browser(Gpu::Absent, "tuning", |lab| {
        lab.open(&tuned(40))?;
        lab.choose_device("cpu")?;
        lab.click("start")?;
        lab.finishes(180)?;
        let tried = tried(lab)?;
        ensure!(tried.len() == 2, "both variants were tuned: {tried:?}");
        ensure!(tried[0]["outcomes"].as_array().map(Vec::len) == Some(3), "with three values: {tried:?}");
        let best = tried[0]["values"][tried[0]["best"].as_u64().unwrap_or_default() as usize].clone();
        let results = lab.text("results")?;
        ensure!(
            results.contains("Tuned") && results.contains(&best.to_string()),
            "{best} is not in {results}"
        );
        ensure!(lab.text("scatter")?.contains("On the validation split"), "{}", lab.text("scatter")?);
        lab.browser.screenshot("tuned")?;

        ensure!(lab.text("verdict-1")?.contains("n = 3"), "{}", lab.text("verdict-1")?);
        lab.click("difference")?;
        lab.click("add-seeds")?;
        lab.wait("a second run", 60, || Ok((lab.events("Started")?.len() == 2).then_some(())))?;
        lab.finishes(180)?;
        ensure!(lab.text("verdict-1")?.contains("n = 5"), "{}", lab.text("verdict-1")?);
        let started = lab.events("Started")?;
        ensure!(started[1]["replicas"] == 2, "only the new seeds train: {started:?}");
        ensure!(
            lab.events("Tuning")?.len() < 1000 && lab.text("results")?.contains('5'),
            "five seeds in the table"
        );
        ensure!(!lab.exists("add-seeds")?, "no further look was planned");
        Ok(())
    });
}
