//! A session on its device: some steps and their events, a checkpoint, and the loop until the end.

use std::collections::BTreeMap;

use kappa_core::protocol::Event;
use kappa_core::spec::Experiment;
use kappa_core::train::{Engine, Kept, LARGEST_ADVANCE, Session, Wish};
use web_time::{Duration, Instant};

use crate::browser::{self, Counters};
use crate::control::{Control, Next};
use crate::sources;

/// How long one advance should take: long enough that reading back costs little, short enough for Pause to be heard.
const ADVANCE: Duration = Duration::from_millis(60);

/// Time between two automatic checkpoints.
const CHECKPOINT: Duration = Duration::from_secs(5);

/// What a session starts from, on any device.
pub struct Plan {
    /// Checked.
    pub experiment: Experiment,
    /// The bytes of [`Session::files`].
    pub data: BTreeMap<&'static str, Vec<u8>>,
    /// Sources that were kept.
    pub kept: Vec<Kept>,
    /// A checkpoint to go on from.
    pub resume: Option<Vec<u8>>,
}

/// A session, whether it computes in this thread, and whether it is at its end.
pub struct Run {
    session: Session,
    on_cpu: bool,
    finished: bool,
}

impl Run {
    /// Starts on a device; tells what was started.
    ///
    /// # Errors
    /// One sentence for each problem.
    pub fn start(plan: &Plan, engine: &Engine) -> Result<(Self, Event), Vec<String>> {
        let (session, started) = Session::start_from(
            engine,
            plan.experiment.clone(),
            &plan.data,
            plan.kept.clone(),
            plan.resume.as_deref(),
        )?;
        Ok((Self { session, on_cpu: engine.is_cpu(), finished: false }, started))
    }

    /// Some steps, and what they led to.
    ///
    /// # Errors
    /// A sentence, if the device failed.
    pub async fn advance(&mut self, steps: u32, control: &mut Control) -> Result<Vec<Event>, String> {
        let (before, first) = (Counters::read(), self.session.all_steps());
        // A GPU computes elsewhere: its steps are only handed over here.
        let on_cpu = self.on_cpu;
        let between = async || if on_cpu { control.between().await } else { Wish::GoOn };
        let mut events = self.session.advance_hearing(steps, between).await.map_err(failed)?;
        let trained = events.iter().filter(|event| matches!(event, Event::Progress(_))).count();
        let measured =
            events.iter().any(|event| matches!(event, Event::Evaluated { .. } | Event::Probed { .. }));
        // Tuning is told as a whole.
        let told = trained.max(1) as f64;
        let cost = Counters::read().since(before, f64::from(self.session.all_steps() - first) * told);
        for event in &mut events {
            // An evaluation launches kernels too: a cost with it in would not be that of a step.
            let told = match event {
                Event::Progress(progress) if !measured => &mut progress.cost,
                Event::Tuning(tuning) if tuning.tried.is_empty() => &mut tuning.cost,
                Event::Preparing(source) if source.metrics.is_empty() => &mut source.cost,
                _ => continue,
            };
            (told.kernels, told.submits, told.uploaded_bytes) =
                (cost.kernels, cost.submits, cost.uploaded_bytes);
        }
        for event in &mut events {
            // The page is told that it is kept, and needs no bytes of it.
            if let Event::Kept { name, bytes } = event {
                sources::keep(name, &std::mem::take(bytes)).await;
            }
        }
        self.finished |= events.iter().any(Event::is_end);
        Ok(events)
    }

    /// Trains until the experiment ends, the page ends it, or the device fails.
    pub async fn train(mut self, control: &mut Control) {
        let mut steps = 1;
        let mut saved = Instant::now();
        while !self.finished {
            let single = match control.next().await {
                Next::Advance { single } => single,
                Next::Save if self.save(true).await => continue,
                Next::Save | Next::End => return,
            };
            let wanted = if single { 1 } else { steps };
            let start = Instant::now();
            match self.advance(wanted, control).await {
                Ok(events) => events.iter().for_each(browser::post),
                Err(because) => return browser::post(&Event::DeviceLost { because }),
            }
            steps = paced(wanted, start.elapsed());
            // An advance that was abandoned leaves the variants at different steps: nothing to go on from.
            if saved.elapsed() > CHECKPOINT && !self.finished && !control.is_ended() {
                if !self.save(false).await {
                    return;
                }
                saved = Instant::now();
            }
        }
        self.save(false).await;
    }

    /// Sends a checkpoint; false if the device failed.
    pub async fn save(&self, requested: bool) -> bool {
        match self.session.checkpoint().await {
            Ok(bytes) => {
                browser::post(&Event::Checkpoint { step: self.session.step(), requested, bytes });
                true
            }
            Err(error) => {
                browser::post(&Event::DeviceLost { because: failed(error) });
                false
            }
        }
    }
}

fn failed(error: impl std::fmt::Display) -> String {
    format!("The device failed ({error}).")
}

/// How many steps the next advance should be, after `steps` took `elapsed`.
pub fn paced(steps: u32, elapsed: Duration) -> u32 {
    let ratio = ADVANCE.as_secs_f64() / elapsed.as_secs_f64().max(1e-4);
    // At most twice as many at once: the first steps after a change say little.
    (f64::from(steps) * ratio.min(2.0)).clamp(1.0, f64::from(LARGEST_ADVANCE)) as u32
}
