//! The first steps of an experiment on both devices, to find the faster one.
//!
//! Each device gets a session of its own, without measurements, which can take longer than all of the steps. Both are dropped
//! when it is known who wins: the experiment then begins there as if nothing had been, at the price of those steps, which
//! take a second or so. How many steps it takes and who wins is said by [`kappa_core::protocol::faster`].

use kappa_core::probes::Probes;
use kappa_core::protocol::faster::{Decision, Trial, decide, without_the_cpu};
use kappa_core::protocol::{DeviceChoice, Event};
use kappa_core::spec::Experiment;
use kappa_core::train::Engine;
use web_time::{Duration, Instant};

use crate::browser;
use crate::control::{Control, Next};
use crate::run::{Plan, Run, paced};

/// Why there is nobody to go on with.
pub enum Halt {
    /// It cannot start: one sentence for each problem.
    Problems(Vec<String>),
    /// The page ended it.
    Ended,
    /// The device failed; a sentence.
    Failed(String),
}

/// The faster of both devices.
///
/// # Errors
/// If there is nobody to go on with. A GPU that fails is no such case: the CPU engine then wins.
pub async fn faster(plan: &Plan, gpu: &Engine, control: &mut Control) -> Result<Decision, Halt> {
    let experiment = Experiment { probes: Probes::NONE, ..plan.experiment.clone() };
    let unmeasured =
        Plan { experiment, data: plan.data.clone(), kept: plan.kept.clone(), resume: plan.resume.clone() };
    let on_gpu = match attempt(&unmeasured, gpu, control, None).await {
        Ok(trial) => trial,
        Err(Halt::Failed(error)) => {
            let because = format!("WebGPU gave up in its first steps: {error}");
            return Ok(Decision { choice: DeviceChoice::Cpu, because });
        }
        Err(halt) => return Err(halt),
    };
    if let Some(decision) = without_the_cpu(&plan.experiment, &on_gpu) {
        return Ok(decision);
    }
    let on_cpu = attempt(&unmeasured, &Engine::cpu(""), control, Some(&on_gpu)).await?;
    Ok(decide(&on_cpu, &on_gpu))
}

/// The first steps on one device; fewer of them if the `rival` has won already.
async fn attempt(
    plan: &Plan,
    engine: &Engine,
    control: &mut Control,
    rival: Option<&Trial>,
) -> Result<Trial, Halt> {
    browser::post(&Event::Comparing { engine: engine.report.engine.clone() });
    let (mut run, _) = Run::start(plan, engine).map_err(Halt::Problems)?;
    let mut trial = Trial::default();
    let mut spent = Duration::ZERO;
    let mut steps = 1;
    let mut to_be_saved = false;
    loop {
        let wanted = match control.next().await {
            Next::Advance { single: true } => 1,
            Next::Advance { single: false } => steps,
            // Once there is something to be saved.
            Next::Save => {
                to_be_saved = true;
                continue;
            }
            Next::End => return Err(Halt::Ended),
        };
        let start = Instant::now();
        let news = run.advance(wanted, control).await.map_err(Halt::Failed)?;
        if control.is_ended() {
            return Err(Halt::Ended);
        }
        // The first step compiles shaders, and is not one of those that are timed.
        if trial.has_begun() {
            spent += start.elapsed();
        }
        trial.note(&news);
        let lost = rival.is_some_and(|rival| trial.is_hopeless_beside(rival));
        if lost || trial.is_enough(spent.as_secs_f64() * 1e3) {
            if to_be_saved {
                control.save();
            }
            return Ok(trial);
        }
        steps = paced(wanted, start.elapsed());
    }
}
