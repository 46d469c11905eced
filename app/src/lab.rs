//! The state of the page, in one place: the experiment being edited, the run, the engine, the settings.
//!
//! Components read signals and call methods here; nothing else changes state. The run is not in signals, since it
//! changes many times a second: it is one plain value behind [`Run::read`], which redraws at most [`REDRAWS`] times a
//! second.
//!
//! [`draft`] changes the experiment, [`control`] the run.

mod control;
mod draft;

use std::time::Duration;

use kappa_core::protocol::{DeviceChoice, Event};
use kappa_core::spec::{Experiment, Problem};
use leptos::prelude::*;

use crate::browser;
use crate::engine::Engine;
use crate::run::{Phase, RunLog};

/// Redraws a second, at most.
const REDRAWS: u64 = 25;

/// The run, and a signal that says when to draw it again.
#[derive(Clone, Copy)]
pub struct Run {
    log: StoredValue<RunLog>,
    drawn: RwSignal<u64>,
    due: StoredValue<bool>,
}

impl Run {
    fn new() -> Self {
        Self {
            log: StoredValue::new(RunLog::default()),
            drawn: RwSignal::new(0),
            due: StoredValue::new(false),
        }
    }

    /// A run that is over, for example a recorded one.
    pub fn of(log: RunLog) -> Self {
        Self { log: StoredValue::new(log), ..Self::new() }
    }

    /// Reads the log, and again whenever it has changed.
    pub fn read<T>(&self, read: impl FnOnce(&RunLog) -> T) -> T {
        self.drawn.track();
        self.log.with_value(read)
    }

    /// Reads the log once.
    pub fn peek<T>(&self, read: impl FnOnce(&RunLog) -> T) -> T {
        self.log.with_value(read)
    }

    /// Draws a live run again although nothing has changed but the time.
    pub fn tick(&self) {
        if self.peek(|log| log.phase.is_live()) {
            self.drawn.update(|drawn| *drawn += 1);
        }
    }

    /// Changes the log; it is drawn soon.
    fn change(self, change: impl FnOnce(&mut RunLog)) {
        let before = self.log.with_value(|log| log.phase);
        self.log.update_value(change);
        if self.log.with_value(|log| log.phase) != before {
            // Buttons must not lag behind.
            self.drawn.update(|drawn| *drawn += 1);
        } else if !self.due.get_value() {
            self.due.set_value(true);
            let draw = move || {
                self.due.set_value(false);
                self.drawn.update(|drawn| *drawn += 1);
            };
            set_timeout(draw, Duration::from_millis(1000 / REDRAWS));
        }
    }
}

/// What undo brings back.
#[derive(Clone)]
struct Before {
    entry: Option<&'static str>,
    original: Experiment,
    draft: Experiment,
}

/// Everything that the page knows.
#[derive(Clone, Copy)]
pub struct Lab {
    /// The experiment as it stands in the controls.
    pub draft: RwSignal<Experiment>,
    /// What "reset" goes back to: the catalog's or the link's experiment.
    pub original: RwSignal<Experiment>,
    /// The catalog entry that is open, by its slug; `None` for an experiment from a link.
    pub entry: RwSignal<Option<&'static str>>,
    /// What is wrong with the draft.
    pub problems: Memo<Vec<Problem>>,
    /// What is wrong with the link that was opened last.
    pub link_problems: RwSignal<Vec<String>>,
    /// Where to run.
    pub device: RwSignal<DeviceChoice>,
    /// The run under way or the last one.
    pub run: Run,
    /// The engine.
    pub engine: Engine,
    /// How far the run is.
    phase: Memo<Phase>,
    /// Whether a run is live that is not what the controls say.
    differs: Memo<bool>,
    undo: RwSignal<Vec<Before>>,
    /// The engine's last own checkpoint of this run, with its step.
    saved: StoredValue<Option<(u32, Vec<u8>)>>,
    /// How often this run lost its device.
    losses: StoredValue<u32>,
    /// How many runs have been stopped.
    stops: StoredValue<u32>,
}

impl Lab {
    /// The state at the start, with this experiment open.
    pub fn new(entry: Option<&'static str>, experiment: Experiment) -> Self {
        let draft = RwSignal::new(experiment.clone());
        let run = Run::new();
        let differs = move |log: &RunLog| {
            let differs = |running| draft.with(|draft| draft != running);
            log.phase.is_live() && log.experiment.as_ref().is_some_and(differs)
        };
        let lab = Self {
            draft,
            original: RwSignal::new(experiment),
            entry: RwSignal::new(entry),
            problems: Memo::new(move |_| draft.with(|draft| draft.check().err().unwrap_or_default())),
            link_problems: RwSignal::new(Vec::new()),
            device: RwSignal::new(DeviceChoice::default()),
            run,
            phase: Memo::new(move |_| run.read(|log| log.phase)),
            differs: Memo::new(move |_| run.read(differs)),
            engine: Engine::new(),
            undo: RwSignal::new(Vec::new()),
            saved: StoredValue::new(None),
            losses: StoredValue::new(0),
            stops: StoredValue::new(0),
        };
        lab.engine.listen(Callback::new(move |event| lab.hear(event)));
        lab
    }

    fn hear(&self, event: Event) {
        let event = match event {
            Event::Checkpoint { step, requested: true, bytes } => {
                return browser::download_bytes(&format!("kappa-step-{step}.safetensors"), &bytes);
            }
            // Sent before the engine had heard of this run.
            Event::Checkpoint { .. } if self.run.peek(|log| log.phase == Phase::Starting) => return,
            Event::Checkpoint { step, requested: false, bytes } => {
                return self.saved.set_value(Some((step, bytes)));
            }
            Event::DeviceLost { because } => return self.recover(because),
            event => event,
        };
        let live = self.run.peek(|log| log.phase.is_live());
        if !live && matches!(event, Event::Failed { .. }) {
            // No run has failed: the engine did not come, and says so itself.
            return;
        }
        self.run.change(|log| log.apply(event, browser::now()));
        if !self.run.peek(|log| log.phase.is_live()) {
            browser::keep_awake(false);
        }
    }
}

/// The state, from any component.
pub fn use_lab() -> Lab {
    expect_context()
}
