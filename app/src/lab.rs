//! The state of the page, in one place: the experiment being edited, the run, the engine, the settings.
//!
//! Components read signals and call methods here; nothing else changes state. The run is not in signals, since it
//! changes many times a second: it is one plain value behind [`Run::read`], which redraws at most [`REDRAWS`] times a
//! second.

use std::time::Duration;

use kappa_core::protocol::{Command, DeviceChoice, Event};
use kappa_core::spec::{self, Experiment, MAX_VARIANTS, Problem, Variant};
use leptos::prelude::*;
use serde_json::Value;

use crate::browser;
use crate::engine::{Engine, EngineState};
use crate::run::{Phase, RunLog};

/// Redraws a second, at most.
const REDRAWS: u64 = 25;
/// Experiments kept for undo.
const UNDO: usize = 100;
/// How long the engine may take to obey a Stop before its worker is ended.
const STOP_WITHIN: Duration = Duration::from_secs(15);
/// Losses of the device that one run survives.
const MAX_LOSSES: u32 = 3;

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
        };
        lab.engine.listen(Callback::new(move |event| lab.hear(event)));
        lab
    }

    // The experiment.

    /// Opens another experiment. The old one can be had back by undo.
    pub fn open(&self, entry: Option<&'static str>, experiment: Experiment) {
        self.remember();
        self.original.set(experiment.clone());
        self.entry.set(entry);
        self.draft.set(experiment);
        self.link_problems.set(Vec::new());
    }

    /// Changes the draft; the change can be undone.
    pub fn edit(&self, change: impl FnOnce(&mut Experiment)) {
        let mut changed = self.draft.get_untracked();
        change(&mut changed);
        if self.draft.with_untracked(|draft| *draft != changed) {
            self.remember();
            self.draft.set(changed);
        }
    }

    fn remember(&self) {
        let before = Before {
            entry: self.entry.get_untracked(),
            original: self.original.get_untracked(),
            draft: self.draft.get_untracked(),
        };
        self.undo.update(|undo| {
            if undo.len() == UNDO {
                undo.remove(0);
            }
            undo.push(before);
        });
    }

    /// Changes one field of the base, from its text.
    pub fn set(&self, path: &str, text: &str) -> Result<(), Problem> {
        let mut changed = self.draft.get_untracked();
        spec::set_path(&mut changed, &format!("{path}={text}"))?;
        self.edit(|draft| *draft = changed);
        Ok(())
    }

    /// Changes one field of a variant.
    pub fn set_in_variant(&self, index: usize, path: &str, value: Value) -> Result<(), Problem> {
        let mut changed = self.draft.get_untracked();
        changed.set_in_variant(index, path, value).map_err(|mut problems| problems.remove(0))?;
        self.edit(|draft| *draft = changed);
        Ok(())
    }

    /// Lets a variant have the base's value again.
    pub fn unset_in_variant(&self, index: usize, path: &str) {
        self.edit(|draft| {
            if let Some(variant) = draft.variants.get_mut(index) {
                let below = format!("{path}.");
                variant.set.retain(|key, _| key != path && !key.starts_with(&below));
            }
        });
    }

    /// Adds a copy of a variant after it, or an empty one at the end.
    pub fn add_variant(&self, copy_of: Option<usize>) {
        self.edit(|draft| {
            if draft.variants.len() < MAX_VARIANTS {
                match copy_of {
                    Some(index) => draft.variants.insert(index + 1, draft.variants[index].clone()),
                    None => draft.variants.push(Variant::default()),
                }
            }
        });
    }

    /// Removes a variant; one must stay.
    pub fn remove_variant(&self, index: usize) {
        self.edit(|draft| {
            if draft.variants.len() > 1 && index < draft.variants.len() {
                draft.variants.remove(index);
            }
        });
    }

    /// Goes back to the experiment as it was opened.
    pub fn reset(&self) {
        let original = self.original.get_untracked();
        self.edit(|draft| *draft = original);
    }

    /// Takes the last change back.
    pub fn undo(&self) {
        if let Some(before) = self.undo.try_update(Vec::pop).flatten() {
            self.entry.set(before.entry);
            self.original.set(before.original);
            self.draft.set(before.draft);
        }
    }

    /// Whether there is a change to take back.
    pub fn can_undo(&self) -> bool {
        self.undo.with(|undo| !undo.is_empty())
    }

    /// Whether the draft is not what was opened.
    pub fn is_changed(&self) -> bool {
        self.draft.with(|draft| self.original.with(|original| draft != original))
    }

    // The run.

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
        self.problems.with(Vec::is_empty) && (!self.phase().is_live() || self.differs_from_run())
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

    /// Pauses.
    pub fn pause(&self) {
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
        if self.engine.state.get_untracked() != EngineState::Ready {
            self.engine.forget();
            return self.hear(Event::Stopped);
        }
        self.run.change(|log| log.phase = Phase::Stopping);
        self.engine.send(Command::Stop);
        let lab = *self;
        let give_up = move || {
            if lab.run.peek(|log| log.phase) == Phase::Stopping {
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
        matches!(self.phase(), Phase::Running | Phase::Paused)
    }

    /// Goes on from the last checkpoint in a new engine; what the old one held of its device cannot be mended.
    fn recover(&self, because: String) {
        if !self.run.peek(|log| log.phase.is_live()) {
            // One that has already been given up says so, and can be retried by hand.
            if self.engine.state.get_untracked() == EngineState::Ready {
                self.engine.open();
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
        let paused = self.run.peek(|log| log.phase == Phase::Paused);
        self.engine.open();
        let because = format!("{because} Training goes on from step {step} in a new engine.");
        self.hear(Event::Recovered { step, because });
        let device = self.device.get_untracked();
        self.engine.send(Command::Start { experiment: Box::new(experiment), device, resume: bytes });
        if paused {
            self.engine.send(Command::Pause);
        }
    }

    fn hear(&self, event: Event) {
        let event = match event {
            Event::Checkpoint { step, requested: true, bytes } => {
                return browser::download_bytes(&format!("kappa-step-{step}.safetensors"), &bytes);
            }
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
