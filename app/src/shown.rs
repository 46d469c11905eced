//! Which run a panel draws: the one on the bench, or a recorded one inside a lesson. Panels ask for it here, so that
//! both are drawn by the same code.

use kappa_core::spec::Metric;
use leptos::prelude::*;

use crate::lab::{Run, use_lab};
use crate::memo::memo;
use crate::run::RunLog;

/// A run to draw.
#[derive(Clone, Copy)]
pub struct Shown {
    run: Run,
    /// Before the names of elements, which must be unique on the page.
    prefix: &'static str,
}

impl Shown {
    /// A run that was recorded.
    pub fn recorded(log: RunLog) -> Self {
        Self { run: Run::of(log), prefix: "recorded-" }
    }

    /// Whether it is the run on the bench.
    pub fn is_live_bench(&self) -> bool {
        self.prefix.is_empty()
    }

    /// Reads the log, and again whenever it has changed.
    pub fn read<T>(&self, read: impl FnOnce(&RunLog) -> T) -> T {
        self.run.read(read)
    }

    /// Reads the log once.
    pub fn peek<T>(&self, read: impl FnOnce(&RunLog) -> T) -> T {
        self.run.peek(read)
    }

    /// The name of an element of the panel.
    pub fn id(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The names of the variants.
    pub fn names(self) -> Memo<Vec<String>> {
        memo(move || self.read(|log| log.variants.iter().map(|variant| variant.info.name.clone()).collect()))
    }

    /// The metric that the run compares.
    pub fn metric(self) -> Memo<Metric> {
        let metric = |log: &RunLog| log.experiment.as_ref().map(|experiment| experiment.compare.metric);
        memo(move || self.read(metric).unwrap_or(Metric::Accuracy))
    }

    /// Changes whenever there is a new measurement. What was measured is large, and read only then.
    pub fn probed(self) -> Memo<Vec<u32>> {
        memo(move || self.read(|log| log.variants.iter().map(|one| one.probes.version()).collect()))
    }
}

/// The run that this part of the page draws.
pub fn use_shown() -> Shown {
    use_context().unwrap_or_else(|| Shown { run: use_lab().run, prefix: "" })
}
