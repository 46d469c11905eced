//! The devices of this browser, and what was found out about them: a GPU is opened once, and compared with the CPU
//! engine once for each shape of an experiment.

use kappa_core::protocol::DeviceChoice;
use kappa_core::protocol::faster::{Decision, Shape};
use kappa_core::spec::Experiment;
use kappa_core::train::Engine;

use crate::browser;

/// Where an experiment is to run.
pub enum Offer {
    /// Here.
    One(Engine),
    /// On this GPU or on the CPU engine: whichever is faster.
    Either(Engine),
}

/// What is open and known.
#[derive(Default)]
pub struct Devices {
    gpu: Option<Engine>,
    decisions: Vec<(Shape, Decision)>,
}

impl Devices {
    /// Where a choice leads to.
    ///
    /// # Errors
    /// A sentence, if the GPU was asked for and cannot be used.
    pub async fn offer(&mut self, choice: DeviceChoice, experiment: &Experiment) -> Result<Offer, String> {
        if choice == DeviceChoice::Cpu {
            return Ok(Offer::One(Engine::cpu("")));
        }
        match (self.open().await, choice) {
            (Ok(gpu), DeviceChoice::Auto) => {
                let shape = Shape::of(experiment);
                let known = self.decisions.iter().find(|(known, _)| *known == shape);
                Ok(known
                    .map_or(Offer::Either(gpu.clone()), |(_, decision)| Offer::One(chosen(&gpu, decision))))
            }
            (Ok(gpu), _) => Ok(Offer::One(gpu)),
            (Err(obstacle), DeviceChoice::Auto) => Ok(Offer::One(Engine::cpu(obstacle))),
            (Err(obstacle), _) => {
                Err(format!("{obstacle} The CPU engine works everywhere and is good for small models."))
            }
        }
    }

    /// Keeps a decision for experiments of the same shape.
    pub fn remember(&mut self, experiment: &Experiment, decision: Decision) {
        self.decisions.push((Shape::of(experiment), decision));
    }

    /// The GPU, or a sentence that says why there is none.
    async fn open(&mut self) -> Result<Engine, String> {
        if let Some(engine) = &self.gpu {
            return Ok(engine.clone());
        }
        if let Some(obstacle) = browser::obstacle().await {
            return Err(obstacle);
        }
        let mut engine = Engine::webgpu().await?;
        engine.report.adapter = browser::adapter().await;
        self.gpu = Some(engine.clone());
        Ok(engine)
    }
}

/// The device that was decided for.
pub fn chosen(gpu: &Engine, decision: &Decision) -> Engine {
    let mut engine = if decision.choice == DeviceChoice::Cpu { Engine::cpu("") } else { gpu.clone() };
    engine.report.because.clone_from(&decision.because);
    engine
}
