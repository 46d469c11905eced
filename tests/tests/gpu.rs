//! With WebGPU: start, watch, pause, finish, and the link that brings it back.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use kappa_core::catalog::link::to_link;
use kappa_core::spec::Experiment;
use kappa_tests::browser::Gpu;
use kappa_tests::lab::Lab;
use kappa_tests::trial::{in_browser, tiny};

/// Long enough that a pause falls into it.
const STEPS: u32 = 60;

#[test]
fn two_variants_train_side_by_side_on_webgpu_and_end_with_a_verdict() {
    in_browser(Gpu::SwiftShader, "webgpu", |lab| {
        let experiment = tiny(STEPS);
        lab.open(&experiment)?;
        let adapter = lab.browser.adapter()?.unwrap_or_default();
        ensure!(adapter.contains("swiftshader"), "the browser has no adapter for WebGPU: “{adapter}”");
        ensure!(lab.variant_names()? == experiment.variant_names(), "{:?}", lab.variant_names()?);

        lab.choose_device("gpu")?;
        lab.click("start")?;
        lab.reaches(1, 240)?;
        let device = lab.text("device-line")?;
        ensure!(device.contains("WebGPU") && device.contains("swiftshader"), "{device}");
        ensure!(!device.contains("CPU"), "{device}");
        let (cost, speed) = (&lab.events("Progress")?[0]["cost"], lab.text("speed")?);
        ensure!(cost["kernels"].as_f64() > Some(0.0), "nothing reached the GPU: {cost}");
        ensure!(speed.contains("steps/s"), "{speed}");

        pause_holds_and_resume_goes_on(lab)?;
        both_curves_grow(lab)?;
        lab.finishes(600)?;
        ensure!((lab.step(0)?, lab.step(1)?) == (STEPS, STEPS), "not all steps were done");
        ensure!(
            lab.losses(0)?.len() == STEPS as usize && lab.losses(1)?.len() == STEPS as usize,
            "losses are missing"
        );

        let verdict = lab.text("verdict-1")?;
        // Two seeds are fewer than any plan of a verdict has.
        ensure!(verdict.contains("So far: not decided by 2 seeds") && verdict.contains("n = 2"), "{verdict}");
        let rows = lab.texts("[data-testid=results] tbody tr")?;
        ensure!(rows.len() == 2 && rows.iter().all(|row| row.contains('%')), "{rows:?}");
        the_link_brings_it_back(lab, &experiment)
    });
}

fn pause_holds_and_resume_goes_on(lab: &Lab) -> Result<()> {
    lab.click("pause")?;
    lab.says("Paused.", 20)?;
    let here = (lab.step(0)?, lab.step(1)?);
    ensure!(here.0 < STEPS, "the run was over before it could be paused");
    thread::sleep(Duration::from_secs(2));
    ensure!((lab.step(0)?, lab.step(1)?) == here, "it went on although it was paused at {here:?}");

    lab.click("step")?;
    lab.reaches(here.0 + 1, 60)?;
    thread::sleep(Duration::from_secs(1));
    ensure!(
        (lab.step(0)?, lab.step(1)?) == (here.0 + 1, here.1 + 1),
        "one step is one step of every variant"
    );

    lab.click("resume")?;
    lab.reaches(here.0 + 3, 120)
}

/// The counters, the chart's own numbers and the table behind it all go up.
fn both_curves_grow(lab: &Lab) -> Result<()> {
    let seen = |lab: &Lab| -> Result<(Vec<String>, [u32; 2])> {
        let steps = lab.texts(".data-table tbody th")?;
        Ok((steps, [lab.step(0)?, lab.step(1)?]))
    };
    ensure!(
        lab.browser.ask("return !!document.querySelector('[data-testid=chart] canvas')")? == true,
        "no chart"
    );
    // The table is drawn while it is open.
    lab.browser.ask("document.querySelector('details.data-table').open = true")?;
    lab.wait("the table behind the chart", 20, || Ok((!seen(lab)?.0.is_empty()).then_some(())))?;
    let (table, steps) = seen(lab)?;
    ensure!(!table.is_empty(), "the table behind the chart is empty");
    lab.reaches(steps[0].max(steps[1]) + 5, 240)?;
    let (later, _) = seen(lab)?;
    let newest = |table: &[String]| table.last().and_then(|step| step.parse::<u32>().ok()).unwrap_or(0);
    ensure!(newest(&later) > newest(&table), "the table did not grow: {table:?}, then {later:?}");
    let cells = lab.texts(".data-table tbody tr:last-child td")?;
    ensure!(cells.len() == 2 && cells.iter().all(|cell| is_loss(cell)), "{cells:?}");
    Ok(())
}

/// "2.301 ± 0.012" or "2.301".
fn is_loss(cell: &str) -> bool {
    cell.split(' ').next().and_then(|mean| mean.parse::<f64>().ok()).is_some_and(|mean| mean > 0.0)
}

fn the_link_brings_it_back(lab: &Lab, experiment: &Experiment) -> Result<()> {
    let (address, title, names) = (lab.address()?, lab.text("title")?, lab.variant_names()?);
    ensure!(
        address.ends_with(&format!("#{}", to_link(experiment))),
        "{address} is not the experiment's link"
    );
    lab.reload()?;
    let again = (lab.address()?, lab.text("title")?, lab.variant_names()?);
    ensure!(again == (address, title, names), "after reloading: {again:?}");
    ensure!(lab.text("link-problems")?.is_empty(), "{}", lab.text("link-problems")?);
    Ok(())
}
