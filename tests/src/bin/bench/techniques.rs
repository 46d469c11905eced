//! What a technique costs: the kernels of one training step, beside those of the same network without it.

use anyhow::{Context, Result, anyhow};
use kappa_core::catalog;
use kappa_core::spec::{Experiment, set_path};
use kappa_tests::browser::Browser;
use kappa_tests::site::Site;
use serde::Serialize;

use crate::measure;

/// Steps that are counted, after the first few, which the page leaves out.
const STEPS: u32 = 12;
/// Examples in a batch: the count does not depend on it.
const BATCH: u32 = 8;

/// A technique in the benchmark's network.
#[derive(Clone, Copy, Debug)]
pub struct Technique {
    /// For people.
    pub name: &'static str,
    /// What is changed, as on the command line.
    changes: &'static [&'static str],
}

const fn technique(name: &'static str, changes: &'static [&'static str]) -> Technique {
    Technique { name, changes }
}

/// The first is the network without any.
pub const TECHNIQUES: &[Technique] = &[
    technique("no technique", &[]),
    technique("no attention skip", &["model.attention.skip=false"]),
    technique("grayed patches, DCT", &["model.tokens=graying"]),
    technique("grayed patches, SVD", &["model.tokens=graying", "model.tokens.transform=svd"]),
    technique("whitened patches", &["model.tokens=whitened"]),
    technique("grayed embedding, DCT", &["model.tokens=graying", "model.tokens.place=embedding"]),
    technique("conditioned tokens, 9 iterations", &["model.tokens=conditioned"]),
    technique("conditioned tokens, exact", &["model.tokens=conditioned", "model.tokens.iterations=0"]),
    technique("x³ / √N in place of softmax", &["model.attention.activation=polynomial"]),
    technique("16 heads", &["model.heads=16"]),
    technique("mimetic initialization", &["model.initialization=mimetic"]),
    technique("structured initialization", &["model.initialization=impulse"]),
    technique("equilibrated rows", &["model.weights=equilibrated"]),
    technique("equilibrated rows and columns", &["model.weights=equilibrated", "model.weights.axis=both"]),
    technique("normalized weights", &["model.weights=normalized"]),
    technique("standardized weights", &["model.weights=standardized"]),
    technique("spectrally normalized weights", &["model.weights=spectral-norm"]),
    technique("spectral conditioning of attention", &["model.weights=spectral"]),
    technique("frozen, but for the head", &["model.weights=frozen"]),
    technique("LoRA on queries and values", &["model.weights=lora"]),
    technique("LoRA on attention and MLP", &["model.weights=lora", "model.weights.on=attention, mlp"]),
    technique("DoRA on queries and values", &["model.weights=dora"]),
    technique("VeRA on queries and values", &["model.weights=vera", "model.weights.rank=32"]),
    technique("NoLA on queries and values", &["model.weights=nola"]),
    technique("RandLoRA on queries and values", &["model.weights=randlora", "model.weights.basis=16"]),
    technique("SineLoRA on queries and values", &["model.weights=sine-lora"]),
    technique(
        "GPT-2's decoder, on characters",
        &["task=shakespeare", "model.mlp.activation=gelu-tanh", "model.initialization=gpt2"],
    ),
];

/// What was counted.
#[derive(Clone, Debug, Serialize)]
pub struct Count {
    /// Of the technique.
    pub technique: &'static str,
    /// GPU kernels of a step.
    pub kernels: f64,
}

impl Technique {
    fn experiment(&self) -> Result<Experiment> {
        let mut experiment = catalog::find("bench").context("the catalog has it")?.experiment().clone();
        experiment.training.batch = BATCH;
        for change in self.changes {
            set_path(&mut experiment, change).map_err(|problem| anyhow!("{change}: {problem:?}"))?;
        }
        Ok(experiment)
    }

    /// Trains a few steps and counts.
    pub fn count(&self, browser: &Browser, site: &Site) -> Result<Count> {
        let row = measure::our_steps(browser, site, self.experiment()?, measure::Place::Gpu, STEPS)?;
        Ok(Count { technique: self.name, kernels: row.kernels })
    }
}
