//! The first steps of an experiment on both devices, to go on with the faster one.
//!
//! Each device gets a session of its own, from the same beginning. What they tell is kept back until one of them is
//! taken: its events then follow as if it had been alone from the first step on, and the other session is dropped. How
//! many steps it takes and who wins is said by [`kappa_core::protocol::faster`].

use kappa_core::protocol::faster::{Decision, Trial, decide, without_the_cpu};
use kappa_core::protocol::{DeviceChoice, Event};
use kappa_core::train::Engine;
use web_time::{Duration, Instant};

use crate::browser;
use crate::control::{Control, Next};
use crate::run::{Plan, Run, paced};

/// A session after its first steps, and what it told.
pub struct Attempt {
    /// At the step that the last events tell of.
    pub run: Run,
    /// From `Started` on.
    pub events: Vec<Event>,
    trial: Trial,
}

/// Why there is nobody to go on with.
pub enum Halt {
    /// It cannot start: one sentence for each problem.
    Problems(Vec<String>),
    /// The page ended it.
    Ended,
    /// The device failed; a sentence.
    Failed(String),
}

/// The faster of both devices, with its first steps.
///
/// # Errors
/// If there is nobody to go on with. A GPU that fails is no such case: the CPU engine then wins.
pub async fn faster(plan: &Plan, gpu: &Engine, control: &mut Control) -> Result<(Attempt, Decision), Halt> {
    let on_gpu = match attempt(plan, gpu, control, None).await {
        Ok(attempt) => attempt,
        Err(Halt::Failed(error)) => {
            let because = format!("WebGPU gave up in its first steps: {error}");
            let decision = Decision { choice: DeviceChoice::Cpu, because };
            let (run, started) = Run::start(plan, &Engine::cpu("")).map_err(Halt::Problems)?;
            return Ok((Attempt { run, events: vec![started], trial: Trial::default() }, decision));
        }
        Err(halt) => return Err(halt),
    };
    if let Some(decision) = without_the_cpu(&plan.experiment, &on_gpu.trial) {
        return Ok((on_gpu, decision));
    }
    let on_cpu = attempt(plan, &Engine::cpu(""), control, Some(&on_gpu.trial)).await?;
    let decision = decide(&on_cpu.trial, &on_gpu.trial);
    Ok((if decision.choice == DeviceChoice::Cpu { on_cpu } else { on_gpu }, decision))
}

/// The first steps on one device; fewer of them if the `rival` has won already.
async fn attempt(
    plan: &Plan,
    engine: &Engine,
    control: &mut Control,
    rival: Option<&Trial>,
) -> Result<Attempt, Halt> {
    browser::post(&Event::Comparing { engine: engine.report.engine.clone() });
    let (mut run, started) = Run::start(plan, engine).map_err(Halt::Problems)?;
    let (mut events, mut trial) = (vec![started], Trial::default());
    let mut spent = Duration::ZERO;
    let mut steps = 1;
    let mut to_be_saved = false;
    loop {
        let wanted = match control.next().await {
            Next::Advance { single: true } => 1,
            Next::Advance { single: false } => steps,
            // Once it is known of which session.
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
        let elapsed = start.elapsed();
        // The first step compiles shaders, and is not one of those that are timed.
        if events.len() > 1 {
            spent += elapsed;
        }
        trial.note(&news);
        events.extend(news);
        let lost = rival.is_some_and(|rival| trial.is_hopeless_beside(rival));
        if lost || trial.is_enough(spent.as_secs_f64() * 1e3) {
            if to_be_saved {
                control.save();
            }
            return Ok(Attempt { run, events, trial });
        }
        steps = paced(wanted, elapsed);
    }
}
