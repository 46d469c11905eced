//! The GPU device is destroyed in the middle of a run, as a reset of the driver would: the curves go on.

use anyhow::ensure;
use kappa_tests::browser::Gpu;
use kappa_tests::trial::{in_browser, tiny};
use serde_json::json;

const STEPS: u32 = 60;

#[test]
fn a_lost_device_costs_some_steps_and_not_the_run() {
    in_browser(Gpu::SwiftShader, "lost-device", |lab| {
        lab.open(&tiny(STEPS))?;
        lab.choose_device("gpu")?;
        lab.click("start")?;
        lab.reaches(3, 240)?;
        let lost_at = lab.step(0)?;
        ensure!(lost_at < STEPS, "the run was over before the device could be lost");
        let before = lab.workers()?;
        lab.command(&json!("LoseDevice"))?;

        lab.wait("the page to say what happened", 60, || Ok((!lab.text("notes")?.is_empty()).then_some(())))?;
        lab.wait("a new engine", 60, || Ok((lab.workers()? > before).then_some(())))?;
        ensure!(lab.text("problems")?.is_empty(), "{}", lab.text("problems")?);
        lab.finishes(600)?;
        ensure!((lab.step(0)?, lab.step(1)?) == (STEPS, STEPS), "not all steps were done");
        ensure!(lab.text("device-line")?.contains("WebGPU"), "{}", lab.text("device-line")?);
        ensure!(!lab.text("verdict-1")?.is_empty(), "no verdict");
        ensure!(!lab.events("DeviceLost")?.is_empty(), "the device was not lost at all");
        Ok(())
    });
}
