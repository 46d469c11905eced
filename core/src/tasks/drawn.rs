//! What all tasks have that draw their data: whether every seed has its own, and how many examples are tested on.

use crate::fields::Phrase::{After, Before};
use crate::fields::{Problems, Row, choice, fields, integer, named};

/// Test examples of a task, at most.
const MAX_TEST: u32 = 16_384;

/// The row of the size of the test split.
pub(super) const TEST: Row = integer("Test examples", 128, MAX_TEST, Before("test examples "))
    .or_help("Examples of the test split; a difference of one point needs some thousand of them.")
    .unit("examples")
    .step(128);

fields! {
    /// How the examples are drawn.
    #[derive(Copy)]
    pub struct Drawn {
        /// Whether all seeds learn from the same examples.
        draw: Draw = Draw::Fixed, named("Data", After(" data"));
        test: u32 = 1024, TEST;
    }
}

choice! {
    /// Whether all seeds learn from the same examples.
    pub enum Draw {
        /// The same examples for every seed: seeds differ in first weights and batches only.
        Fixed: "fixed", "The same for all seeds";
        /// Other examples for every seed, of both splits: what holds, holds for more than one set of examples.
        Fresh: "fresh", "New for each seed";
    }
}

/// The test split must be cut into parts of one size.
pub(super) fn rules(test: u32, problems: &mut Problems<'_>) {
    problems.rule(test.is_multiple_of(8), "test", format!("must be a multiple of 8, not {test}"));
}

impl Drawn {
    /// The examples of a task, so many of them tested on.
    pub fn testing(test: u32) -> Self {
        Self { test, ..Self::default() }
    }

    /// What the test split must be.
    pub(super) fn rules(&self, problems: &mut Problems<'_>) {
        rules(self.test, problems);
    }

    /// The seeds for which data is drawn: the replicas' own, or one for all.
    #[cfg(feature = "engine")]
    pub(super) fn seeds(&self, replicas: &[u64], fixed: u64) -> Vec<(u64, &'static str)> {
        match self.draw {
            Draw::Fixed => vec![(fixed, "")],
            Draw::Fresh => {
                let mut seeds = replicas.to_vec();
                seeds.sort_unstable();
                seeds.dedup();
                seeds.into_iter().map(|seed| (seed, "fresh.")).collect()
            }
        }
    }
}
