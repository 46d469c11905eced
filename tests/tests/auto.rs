//! Automatic: the first steps run on both devices, the faster one goes on, and the page says both times.

use anyhow::{Context, Result, ensure};
use kappa_tests::browser::Gpu;
use kappa_tests::lab::Lab;
use kappa_tests::trial::{in_browser, tiny};
use serde_json::json;

const STEPS: u32 = 30;

#[test]
fn automatic_times_both_devices_and_goes_on_with_the_faster_one() {
    in_browser(Gpu::SwiftShader, "auto", |lab| {
        lab.open(&tiny(STEPS))?;
        lab.choose_device("auto")?;
        lab.click("start")?;
        lab.wait("the page to say that it compares", 120, || {
            Ok(lab.text("status")?.starts_with("Looking for the faster device").then_some(()))
        })?;
        lab.finishes(300)?;
        says_both_times(lab)?;
        let compared: Vec<_> = lab.events("Comparing")?.iter().map(|event| event["engine"].clone()).collect();
        ensure!(compared == [json!("WebGPU"), json!("CPU")], "{compared:?}");

        // The winner's steps are all there, once, from the first one on; the other's are not.
        ensure!(lab.events("Started")?.len() == 1, "{:?}", lab.events("Started")?);
        for variant in 0..2 {
            ensure!(
                lab.losses(variant)?.len() == STEPS as usize,
                "variant {variant}: {:?}",
                lab.losses(variant)?
            );
            ensure!(lab.step(variant)? == STEPS, "variant {variant} is at step {}", lab.step(variant)?);
        }
        ensure!(!lab.text("verdict-1")?.is_empty(), "no verdict");

        // What is known is not measured again.
        lab.click("start")?;
        lab.wait("the second run", 60, || Ok((lab.events("Started")?.len() == 2).then_some(())))?;
        lab.finishes(300)?;
        ensure!(lab.events("Comparing")?.len() == 2, "{:?}", lab.events("Comparing")?);
        says_both_times(lab)
    });
}

/// The device that runs is the one whose time is named first, and the smaller one.
fn says_both_times(lab: &Lab) -> Result<()> {
    let line = lab.text("device-line")?;
    let (_, sentence) = line.split_once("(A step takes ").with_context(|| line.clone())?;
    let (first, second) = sentence.split_once(" and ").with_context(|| line.clone())?;
    let on_cpu = first.ends_with("on the CPU engine");
    ensure!(line.starts_with(if on_cpu { "CPU" } else { "WebGPU" }), "{line}");
    ensure!(second.contains(if on_cpu { " on WebGPU here" } else { " on the CPU engine here" }), "{line}");
    ensure!(second.contains("under Device to override"), "{line}");
    ensure!(milliseconds(first)? <= milliseconds(second)?, "{line}");
    Ok(())
}

/// "12 ms on …", "1.4 s on …".
fn milliseconds(words: &str) -> Result<f64> {
    let mut words = words.split(' ');
    let number: f64 = words.next().unwrap_or_default().parse()?;
    Ok(if words.next() == Some("s") { 1e3 * number } else { number })
}

#[test]
fn a_comparison_can_be_stopped() {
    in_browser(Gpu::SwiftShader, "auto-stop", |lab| {
        lab.open(&tiny(20_000))?;
        lab.choose_device("auto")?;
        lab.click("start")?;
        lab.wait("the page to say that it compares", 120, || {
            Ok(lab.text("status")?.starts_with("Looking for the faster device").then_some(()))
        })?;
        lab.click("stop")?;
        lab.says("Stopped.", 60)?;
        ensure!(lab.events("Started")?.is_empty(), "a run that was stopped has started");
        // And nothing of it is in the way of the next run.
        lab.choose_device("cpu")?;
        lab.click("start")?;
        lab.reaches(5, 120)
    });
}
