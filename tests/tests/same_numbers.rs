//! The same experiment gives the same numbers: natively, in the page on the CPU, in the page on WebGPU.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Result, anyhow, ensure};
use kappa_core::protocol::Event;
use kappa_core::spec::Experiment;
use kappa_core::train::{Engine, Session};
use kappa_tests::browser::Gpu;
use kappa_tests::lab::Lab;
use kappa_tests::paths;
use kappa_tests::trial::{close, in_browser, tiny};

const STEPS: u32 = 20;

/// The losses of every variant: a row a step, in it one number a replica.
type Losses = Vec<Vec<Vec<f64>>>;

/// The first steps of the tiny experiment.
fn experiment() -> Experiment {
    let mut experiment = tiny(STEPS);
    experiment.training.evaluate_every = 0;
    experiment.probes.weights = false;
    experiment.probes.attention = false;
    experiment
}

fn natively(experiment: Experiment) -> Result<Losses> {
    let sentences = |problems: Vec<String>| anyhow!(problems.join(" "));
    let mut data = BTreeMap::new();
    for file in Session::files(&experiment).map_err(sentences)? {
        data.insert(file, fs::read(paths::root().join("public/data").join(file))?);
    }
    let mut losses = vec![Vec::new(); experiment.variants.len()];
    let (mut session, _) = Session::start(&Engine::cpu(""), experiment, &data, None).map_err(sentences)?;
    loop {
        let events = pollster::block_on(session.advance(8)).map_err(|error| anyhow!("{error}"))?;
        if events.is_empty() {
            return Ok(losses);
        }
        for event in events {
            if let Event::Progress(progress) = event {
                let rows =
                    progress.losses.iter().map(|row| row.iter().map(|loss| f64::from(*loss)).collect());
                losses[progress.variant].extend(rows);
            }
        }
    }
}

fn in_the_page(lab: &Lab, device: &str) -> Result<Losses> {
    let experiment = experiment();
    lab.open(&experiment)?;
    lab.choose_device(device)?;
    lab.click("start")?;
    lab.finishes(400)?;
    (0..experiment.variants.len()).map(|variant| lab.losses(variant)).collect()
}

fn equal(expected: &Losses, found: &Losses, share: f64) -> Result<()> {
    ensure!(expected.len() == found.len() && expected.len() == 2, "other variants");
    let mut worst: f64 = 0.0;
    for (variant, (expected, found)) in expected.iter().zip(found).enumerate() {
        ensure!((expected.len(), found.len()) == (STEPS as usize, STEPS as usize), "other steps");
        for (step, (expected, found)) in expected.iter().zip(found).enumerate() {
            ensure!(expected.len() == found.len(), "other replicas");
            for (replica, (expected, found)) in expected.iter().zip(found).enumerate() {
                let what = format!("loss of variant {variant}, replica {replica}, step {}", step + 1);
                close(&what, *expected, *found, share)?;
                worst = worst.max((found - expected).abs() / expected.abs());
            }
        }
    }
    println!("the largest difference is {worst:.1e}");
    // Numbers that never change would be equal everywhere, too.
    let (first, last) = (&expected[0][0], &expected[0][STEPS as usize - 1]);
    ensure!(first != last, "nothing was learnt: {first:?}");
    Ok(())
}

#[test]
fn the_cpu_engine_of_the_page_gives_the_native_numbers() {
    in_browser(Gpu::Absent, "flex-native", |lab| {
        equal(&natively(experiment())?, &in_the_page(lab, "cpu")?, 1e-4)
    });
}

#[test]
fn webgpu_gives_the_numbers_of_the_cpu_engine() {
    in_browser(Gpu::SwiftShader, "webgpu-flex", |lab| {
        let webgpu = in_the_page(lab, "gpu")?;
        ensure!(lab.text("device-line")?.contains("WebGPU"), "{}", lab.text("device-line")?);
        equal(&natively(experiment())?, &webgpu, 1e-2)
    });
}
