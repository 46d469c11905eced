//! What came of a variant at one width.

use serde::{Deserialize, Serialize};

use crate::plain::table;
use crate::stats::Metric;

table!(QuantizedTo { bits, bytes, metrics, changes });
table!(ChangeRounded { name, stable_rank, band, error });

/// A variant of which every trained number in a matrix has so many bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantizedTo {
    /// Bits of a number; [`WHOLE`](super::WHOLE) where nothing was rounded.
    pub bits: u32,
    /// Bytes of all that one seed has trained, codebooks counted.
    pub bytes: u64,
    /// On the test split, one number a seed.
    pub metrics: Vec<(Metric, Vec<f32>)>,
    /// What became of the change of each matrix, where changes are measured.
    pub changes: Vec<ChangeRounded>,
}

/// The change of one matrix after rounding, one number a seed; NaN where that seed's did not change or is not finite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeRounded {
    /// The matrix.
    pub name: String,
    /// ‖ΔW‖_F² / ‖ΔW‖₂² after rounding.
    pub stable_rank: Vec<f64>,
    /// Between what the triangle inequality allows it: the lower ends, then the upper ones, which can be infinite.
    pub band: [Vec<f64>; 2],
    /// ‖ΔW' − ΔW‖_F / ‖ΔW‖_F.
    pub error: Vec<f64>,
}

impl QuantizedTo {
    /// A metric of every seed; nothing if it was not measured.
    pub fn metric(&self, metric: Metric) -> &[f32] {
        self.metrics.iter().find(|(other, _)| *other == metric).map_or(&[], |(_, values)| values)
    }

    /// A number of the changes, the mean over matrices and seeds; `None` where changes are not measured.
    pub fn change(&self, of: fn(&ChangeRounded) -> &[f64]) -> Option<f64> {
        let known: Vec<f64> =
            self.changes.iter().flat_map(of).copied().filter(|value| !value.is_nan()).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    }
}
