//! Without WebGPU: the CPU engine, the sentence that says so, and the same way to the end.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use kappa_core::spec::{Experiment, set_path};
use kappa_tests::browser::Gpu;
use kappa_tests::lab::Lab;
use kappa_tests::trial::{in_browser, tiny};

#[test]
fn without_webgpu_the_cpu_engine_trains_and_the_page_says_why() {
    in_browser(Gpu::Absent, "no-webgpu", |lab| {
        lab.open(&tiny(40))?;
        ensure!(lab.browser.adapter()?.is_none(), "this browser was to have no WebGPU");
        lab.click("start")?;
        lab.finishes(120)?;
        let device = lab.text("device-line")?;
        ensure!(device.starts_with("CPU"), "{device}");
        ensure!(device.contains("This browser offers"), "the reason is missing: {device}");
        ensure!(!lab.text("verdict-1")?.is_empty(), "no verdict");
        Ok(())
    });
}

#[test]
fn asking_for_the_gpu_where_there_is_none_is_answered_with_a_sentence() {
    in_browser(Gpu::Absent, "gpu-asked-for", |lab| {
        lab.open(&tiny(40))?;
        lab.choose_device("gpu")?;
        lab.click("start")?;
        let problem = lab.wait("the sentence", 60, || {
            Ok(Some(lab.text("problems")?).filter(|problem| !problem.is_empty()))
        })?;
        ensure!(problem.contains("WebGPU") && problem.contains("CPU engine"), "{problem}");
        // And the way out of it works.
        lab.choose_device("cpu")?;
        lab.click("start")?;
        lab.finishes(120)
    });
}

#[test]
fn stop_is_heard_at_once_and_the_next_run_starts_afresh() {
    in_browser(Gpu::Absent, "stop", |lab| {
        lab.open(&tiny(20_000))?;
        lab.click("start")?;
        lab.reaches(5, 120)?;
        answered_within(lab, "Pause", "Paused", 250.0)?;
        answered_within(lab, "Resume", "Paused", 250.0)?;
        lab.click("stop")?;
        lab.says("Stopped.", 10)?;
        lab.click("start")?;
        lab.wait("a run from the first step", 60, || Ok((lab.events("Started")?.len() == 2).then_some(())))?;
        lab.click("stop")?;
        lab.says("Stopped.", 10)
    });
}

/// Of which one step of both variants takes seconds.
fn slow() -> Experiment {
    let mut experiment = tiny(1_000);
    for setting in ["model.depth=4", "model.width=128", "model.mlp.width=512"] {
        set_path(&mut experiment, setting).expect("a valid setting");
    }
    experiment.training.batch = 64;
    experiment.training.evaluate_every = 0;
    experiment
}

#[test]
fn pause_is_answered_by_the_page_while_the_engine_is_busy() {
    in_browser(Gpu::Absent, "busy", |lab| {
        lab.open(&slow())?;
        lab.choose_device("cpu")?;
        lab.click("start")?;
        lab.reaches(1, 240)?;
        let script = "
            document.querySelector('[data-testid=pause]').click();
            await new Promise((resolve) => setTimeout(resolve, 100));
            return [document.querySelector('[data-testid=status]').textContent,
                document.querySelector('[data-testid=pause]').disabled, document.querySelector('[data-testid=stop]').disabled];";
        let seen = lab.browser.session.run_async(script, serde_json::json!([]))?;
        let status = seen[0].as_str().unwrap_or_default();
        ensure!(["Pausing after the step under way.", "Paused."].contains(&status), "after 100 ms: {seen}");
        ensure!(seen[1] == true && seen[2] == false, "Pause cannot be pressed twice, Stop can be: {seen}");

        lab.says("Paused.", 60)?;
        // The step that was under way is completed by both.
        lab.wait("both variants to be at one step", 60, || Ok((lab.step(0)? == lab.step(1)?).then_some(())))?;
        let here = lab.step(0)?;
        thread::sleep(Duration::from_secs(5));
        let later = (lab.step(0)?, lab.step(1)?);
        ensure!(later.0 == later.1 && later.0 <= here + 1, "paused at {here}, and then at {later:?}");

        lab.click("resume")?;
        lab.reaches(later.0 + 1, 60)?;
        let workers = lab.workers()?;
        lab.click("stop")?;
        lab.says("Stopped.", 60)?;
        ensure!(lab.workers()? == workers, "the engine had to be ended");
        Ok(())
    });
}

/// The engine answers a command within this many milliseconds. The page promises 100; a machine that does other
/// things meanwhile gets some more.
fn answered_within(lab: &Lab, command: &str, answer: &str, milliseconds: f64) -> Result<()> {
    let script = "
        const [command, answer] = arguments;
        const worker = recorded.workers.at(-1);
        const sent = performance.now();
        worker.postMessage(command);
        return await new Promise((resolve) => worker.addEventListener('message', function hear({ data }) {
            if (data[answer] === undefined) return;
            worker.removeEventListener('message', hear);
            resolve(performance.now() - sent);
        }));";
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let took = lab.browser.session.run_async(script, serde_json::json!([command, answer]))?;
        best = best.min(took.as_f64().unwrap_or(f64::INFINITY));
    }
    ensure!(best <= milliseconds, "{command} was answered after {best:.0} ms at the soonest");
    Ok(())
}
