//! What rounding to few bits left of a variant, in a recording.

use serde::{Deserialize, Serialize};

use super::short;
use crate::plain::table;
use crate::quantization::{ChangeRounded, QuantizedTo};
use crate::stats::Metric;

table!(RecordedRounding { bits, bytes, metrics; changes });
table!(RecordedChange { name, stable_rank, error });

/// A variant at one width.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedRounding {
    /// Bits of a number; 32 where nothing was rounded.
    pub bits: u32,
    /// Bytes of all that one seed has trained, codebooks counted.
    pub bytes: u64,
    /// Each metric, one number a replica.
    pub metrics: Vec<(Metric, Vec<Option<f64>>)>,
    /// What became of the change of each matrix, where changes were measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<RecordedChange>,
}

/// The change of one matrix, one number a replica each; `null` where there is none that is finite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedChange {
    /// The matrix.
    pub name: String,
    /// Its stable rank.
    pub stable_rank: Vec<Option<f64>>,
    /// Its distance from what was trained, as a share of that.
    pub error: Vec<Option<f64>>,
}

impl RecordedRounding {
    /// Writes a point down.
    pub fn new(point: &QuantizedTo) -> Self {
        let change = |change: &ChangeRounded| RecordedChange {
            name: change.name.clone(),
            stable_rank: change.stable_rank.iter().copied().map(short).collect(),
            error: change.error.iter().copied().map(short).collect(),
        };
        let line = |values: &[f32]| values.iter().map(|value| short(f64::from(*value))).collect();
        Self {
            bits: point.bits,
            bytes: point.bytes,
            metrics: point.metrics.iter().map(|(metric, values)| (*metric, line(values))).collect(),
            changes: point.changes.iter().map(change).collect(),
        }
    }

    /// The point, but for the band of the stable rank, which is not recorded.
    pub fn read(&self) -> QuantizedTo {
        let numbers = |line: &[Option<f64>]| -> Vec<f64> {
            line.iter().map(|number| number.unwrap_or(f64::NAN)).collect()
        };
        let change = |change: &RecordedChange| ChangeRounded {
            name: change.name.clone(),
            stable_rank: numbers(&change.stable_rank),
            band: [Vec::new(), Vec::new()],
            error: numbers(&change.error),
        };
        let metric = |(metric, line): &(Metric, Vec<Option<f64>>)| {
            (*metric, numbers(line).into_iter().map(|number| number as f32).collect())
        };
        QuantizedTo {
            bits: self.bits,
            bytes: self.bytes,
            metrics: self.metrics.iter().map(metric).collect(),
            changes: self.changes.iter().map(change).collect(),
        }
    }

    /// Whether there is a number for each replica.
    pub fn is_whole(&self, replicas: usize) -> bool {
        self.metrics.iter().all(|(_, line)| line.len() == replicas)
            && self
                .changes
                .iter()
                .all(|change| [&change.stable_rank, &change.error].iter().all(|line| line.len() == replicas))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rounding_that_was_written_down_is_read_as_it_was() {
        let change = ChangeRounded {
            name: "map.weight".to_owned(),
            stable_rank: vec![3.25, f64::NAN],
            band: [Vec::new(), Vec::new()],
            error: vec![0.125, f64::NAN],
        };
        let metrics = vec![(Metric::RelativeError, vec![0.5, f32::NAN])];
        let point = QuantizedTo { bits: 3, bytes: 448, metrics, changes: vec![change] };
        let recorded = RecordedRounding::new(&point);
        assert!(recorded.is_whole(2) && !recorded.is_whole(3));
        let text = serde_json::to_string(&recorded).unwrap();
        let back = serde_json::from_str::<RecordedRounding>(&text).unwrap();
        assert_eq!(back, recorded);
        let read = back.read();
        assert_eq!((read.bits, read.bytes, read.changes[0].stable_rank[0]), (3, 448, 3.25));
        assert!(read.metrics[0].1[0] == 0.5 && read.metrics[0].1[1].is_nan());
        assert!(read.changes[0].error[1].is_nan());
    }
}
