//! The run: started, paused, stopped, and begun again where the engine was lost.

use std::time::Duration;

use kappa_core::protocol::{Command, Event};
use leptos::prelude::*;

use super::Lab;
use crate::browser;
use crate::engine::EngineState;
use crate::run::{Phase, RunLog};

/// How long the engine may take to obey a Stop before its worker is ended: more than one variant's step should take on
/// the CPU engine, or the shaders of a first step on a GPU. Nothing but the run that is to end anyway goes with it.
const STOP_WITHIN: Duration = Duration::from_secs(15);
/// Losses of the device that one run survives.
const MAX_LOSSES: u32 = 3;

impl Lab {
    /// How far the run is.
    pub fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Whether a run is live that is not what the controls say.
    pub fn differs_from_run(&self) -> bool {
        self.differs.get()
    }

    /// Whether Start would do something.
    pub fn can_start(&self) -> bool {
        let busy = self.phase().is_live() && !self.differs_from_run();
        self.problems.with(Vec::is_empty) && !busy && self.phase() != Phase::Stopping
    }

    /// Starts what the controls say; a run that is live is stopped first.
    pub fn start(&self, resume: Option<Vec<u8>>) {
        let experiment = self.draft.get_untracked();
        let device = self.run.peek(|log| log.device.clone());
        self.run.change(|log| *log = RunLog::starting(experiment.clone(), device));
        self.saved.set_value(None);
        self.losses.set_value(0);
        browser::keep_awake(true);
        let device = self.device.get_untracked();
        self.engine.send(Command::Start { experiment: Box::new(experiment), device, resume });
    }

    /// How many seeds a run has at the next look that was planned, if the run that is shown has come to one.
    pub fn next_look(&self) -> Option<u32> {
        let next =
            |log: &RunLog| log.experiment.as_ref().filter(|_| log.phase == Phase::Finished)?.next_look();
        self.run.read(next)
    }

    /// Goes on with as many seeds as the next look has.
    pub fn add_seeds(&self) {
        let next = untrack(|| self.next_look());
        let (Some(count), Some((_, bytes))) = (next, self.saved.get_value()) else { return };
        let Some(mut experiment) = self.run.peek(|log| log.experiment.clone()) else { return };
        if self.draft.with_untracked(|draft| *draft == experiment) {
            self.draft.update(|draft| draft.seeds.count = count);
        }
        experiment.seeds.count = count;
        self.run.change(|log| *log = log.with_more_seeds(experiment.clone()));
        self.losses.set_value(0);
        browser::keep_awake(true);
        let device = self.device.get_untracked();
        self.engine.send(Command::Start { experiment: Box::new(experiment), device, resume: Some(bytes) });
    }

    /// Pauses. The page says so at once; the engine does when it has done the step under way.
    pub fn pause(&self) {
        self.run.change(|log| log.phase = Phase::Pausing);
        self.engine.send(Command::Pause);
    }

    /// Goes on.
    pub fn resume(&self) {
        self.engine.send(Command::Resume);
    }

    /// One step of every variant.
    pub fn step(&self) {
        self.engine.send(Command::Step);
    }

    /// Ends the run. An engine that does not obey in time is ended with it.
    pub fn stop(&self) {
        self.run.change(|log| log.phase = Phase::Stopping);
        if self.engine.state.get_untracked() != EngineState::Ready {
            self.engine.forget();
            return self.hear(Event::Stopped);
        }
        self.engine.send(Command::Stop);
        self.stops.update_value(|stops| *stops += 1);
        let (lab, this) = (*self, self.stops.get_value());
        let give_up = move || {
            // Another run may be stopping by now, and has all of its time.
            let same = lab.stops.get_value() == this;
            if same && lab.run.peek(|log| log.phase) == Phase::Stopping {
                lab.engine.open();
                lab.hear(Event::Stopped);
            }
        };
        set_timeout(give_up, STOP_WITHIN);
    }

    /// Asks for a checkpoint, to be saved as a file.
    pub fn save_checkpoint(&self) {
        self.engine.send(Command::Checkpoint);
    }

    /// Whether a checkpoint is there to be saved.
    pub fn can_save(&self) -> bool {
        matches!(self.phase(), Phase::Running | Phase::Pausing | Phase::Paused)
    }

    /// Goes on from the last checkpoint in a new engine; what the old one held of its device cannot be mended.
    pub(super) fn recover(&self, because: String) {
        let phase = self.run.peek(|log| log.phase);
        if !phase.is_live() || phase == Phase::Stopping {
            // One that has already been given up says so, and can be retried by hand.
            if self.engine.state.get_untracked() == EngineState::Ready {
                self.engine.open();
            }
            if phase == Phase::Stopping {
                self.hear(Event::Stopped);
            }
            return;
        }
        self.losses.update_value(|losses| *losses += 1);
        let (step, bytes) = self.saved.get_value().map_or((0, None), |(step, bytes)| (step, Some(bytes)));
        if self.losses.get_value() > MAX_LOSSES {
            let saved = match bytes {
                Some(bytes) => {
                    browser::download_bytes(&format!("kappa-step-{step}.safetensors"), &bytes);
                    "; its last checkpoint was saved as a file"
                }
                None => "",
            };
            let times = MAX_LOSSES + 1;
            let problem = format!("{because} It happened {times} times in this run, which ends here{saved}.");
            self.hear(Event::Failed { problems: vec![problem] });
            return self.engine.open();
        }
        let Some(experiment) = self.run.peek(|log| log.experiment.clone()) else {
            return;
        };
        let paused = matches!(phase, Phase::Pausing | Phase::Paused);
        self.engine.open();
        let because = format!("{because} Training goes on from step {step} in a new engine.");
        self.hear(Event::Recovered { step, because });
        let device = self.device.get_untracked();
        self.engine.send(Command::Start { experiment: Box::new(experiment), device, resume: bytes });
        if paused {
            self.engine.send(Command::Pause);
        }
    }
}
