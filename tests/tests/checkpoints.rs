//! A run that was begun natively goes on in the page; a checkpoint of another model does not.

use std::fs;

use anyhow::{Context, Result, ensure};
use kappa_core::spec::{Experiment, set_path};
use kappa_core::train::{Engine, Session, checkpoint};
use kappa_tests::browser::Gpu;
use kappa_tests::lab::Lab;
use kappa_tests::paths::{self, Scratch};
use kappa_tests::trial::{in_browser, tiny};

const STEPS: u32 = 40;
const HALF: u32 = 20;

/// A checkpoint of this experiment after half of its steps.
fn begun(experiment: &Experiment) -> Result<Vec<u8>> {
    let sentences = |problems: Vec<String>| anyhow::anyhow!(problems.join(" "));
    let digits = fs::read(paths::root().join("public/data/digits.bin"))?;
    let data = [("digits.bin", digits)].into();
    let (mut session, _) =
        Session::start(&Engine::cpu(""), experiment.clone(), &data, None).map_err(sentences)?;
    while session.step() < HALF {
        let steps = HALF - session.step();
        pollster::block_on(session.advance(steps)).map_err(|error| anyhow::anyhow!("{error}"))?;
    }
    let bytes = pollster::block_on(session.checkpoint()).map_err(|error| anyhow::anyhow!("{error}"))?;
    let (_, step) = checkpoint::describe(&bytes).map_err(sentences)?;
    ensure!(step == HALF, "the checkpoint is of step {step}");
    Ok(bytes)
}

fn resume_from(lab: &Lab, scratch: &Scratch, bytes: &[u8]) -> Result<()> {
    let file = scratch.path().join("checkpoint.safetensors");
    fs::write(&file, bytes)?;
    lab.browser.session.choose_file("[data-testid=resume-file]", &file)
}

#[test]
fn a_native_checkpoint_goes_on_in_the_page() {
    in_browser(Gpu::Absent, "native-checkpoint", |lab| {
        let scratch = Scratch::new("native-checkpoint")?;
        let experiment = tiny(STEPS);
        lab.open(&experiment)?;
        lab.choose_device("cpu")?;
        resume_from(lab, &scratch, &begun(&experiment)?)?;
        lab.finishes(120)?;
        let started = lab.events("Started")?;
        ensure!(started.len() == 1 && started[0]["step"] == HALF, "{started:?}");
        ensure!(lab.step(0)? == STEPS, "step {}", lab.step(0)?);
        ensure!(!lab.text("verdict-1")?.is_empty(), "no verdict");
        Ok(())
    });
}

#[test]
fn a_checkpoint_that_does_not_fit_gets_one_sentence() {
    in_browser(Gpu::Absent, "wrong-checkpoint", |lab| {
        let scratch = Scratch::new("wrong-checkpoint")?;
        let mut other = tiny(STEPS);
        set_path(&mut other, "model.depth=3")?;
        let bytes = begun(&other)?;
        let cases: [(&[u8], &str); 3] = [
            (&bytes, "model.depth"),
            (&bytes[..bytes.len() / 2], "checkpoint"),
            (b"not a checkpoint", "checkpoint"),
        ];
        lab.open(&tiny(STEPS))?;
        lab.choose_device("cpu")?;
        for (bytes, word) in cases {
            let before = lab.events("Failed")?.len();
            resume_from(lab, &scratch, bytes)?;
            lab.wait("the engine to refuse it", 60, || {
                Ok((lab.events("Failed")?.len() > before).then_some(()))
            })?;
            let said = lab.texts("[data-testid=problems] li")?;
            ensure!(said.len() == 1 && said[0].contains(word) && said[0].ends_with('.'), "{word}: {said:?}");
        }
        // And a new run starts as if nothing had been.
        lab.click("start")?;
        lab.finishes(120)?;
        let started = lab.events("Started")?;
        ensure!(started.last().context("started")?["step"] == 0, "{started:?}");
        Ok(())
    });
}
