//! One linear map that starts at zero.
//!
//! ```text
//! y = x W        W: [inputs, outputs], 0 before the first step
//! ```
//!
//! All that W becomes is its change: with an adapter one sees what the adapter can make, and nothing else.

#[cfg(feature = "engine")]
mod engine;
#[cfg(test)]
mod tests;

use super::{Described, NetworkSize, Outline};
use crate::fields::{Problems, Room, fields};
use crate::surroundings::{Mixing, Reading, Surroundings};
use crate::techniques::weights::{WEIGHTS, Weights};

fields! {
    /// One matrix that starts at zero.
    pub struct Linear as "linear", "Linear map" {
        weights: Weights = Weights::default(), WEIGHTS;
    }
}

impl Room for Linear {
    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        problems.rule(
            matches!(here.reading, Reading::Rows { .. }),
            "architecture",
            "must be another one here: a linear map reads rows of numbers, and the task has none",
        );
    }
}

impl Described for Linear {
    fn outline(&self) -> Outline<'_> {
        Outline {
            mixing: Mixing::Nothing,
            width: 0,
            positions: None,
            tokens: None,
            initialization: None,
            row_spread: 0.0,
            weights: &self.weights,
        }
    }

    fn size(&self, reading: &Reading) -> NetworkSize {
        let [inputs, outputs] = [reading.features(), reading.outputs()].map(|n| n as u64);
        NetworkSize { parameters: inputs * outputs, kept: inputs, first: inputs * outputs, middle: 0 }
    }
}
