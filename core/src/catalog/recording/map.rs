//! Attention maps in a recording: one letter a weight, in 64 steps between the smallest and the largest of the map.

use serde::{Deserialize, Serialize};

use crate::plain::table;
use crate::probes::report::AttentionMap;

table!(RecordedMap { step, block, head, tokens, range, weights });

/// The letters, from the smallest weight to the largest.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Heads of a block that are kept: the first ones.
pub const HEADS: usize = 2;

/// The attention map of one head of the first seed, at one measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedMap {
    /// Step of the measurement.
    pub step: u32,
    /// Block, from 0.
    pub block: usize,
    /// Head, from 0.
    pub head: usize,
    /// N.
    pub tokens: usize,
    /// What the first letter stands for, and the last.
    pub range: [f32; 2],
    /// N² letters, row by row.
    pub weights: String,
}

impl RecordedMap {
    /// Writes a map down.
    pub fn new(step: u32, map: &AttentionMap) -> Self {
        let (low, high) =
            map.weights.iter().fold((f32::MAX, f32::MIN), |(low, high), &w| (low.min(w), high.max(w)));
        let letter = |weight: &f32| {
            let share = if high > low { (weight - low) / (high - low) } else { 0.0 };
            char::from(LETTERS[((share * 63.0).round() as usize).min(63)])
        };
        Self {
            step,
            block: map.block,
            head: map.head,
            tokens: map.tokens,
            range: [low, high],
            weights: map.weights.iter().map(letter).collect(),
        }
    }

    /// Whether there is a letter for every weight, and none that is unknown.
    pub fn is_whole(&self) -> bool {
        self.range.iter().all(|end| end.is_finite())
            && self.tokens.checked_mul(self.tokens) == Some(self.weights.len())
            && self.weights.bytes().all(|letter| LETTERS.contains(&letter))
    }

    /// The map, as near to what was measured as 64 steps are.
    pub fn read(&self) -> AttentionMap {
        let [low, high] = self.range;
        let weight = |letter: u8| {
            let place = LETTERS.iter().position(|other| *other == letter).unwrap_or(0);
            low + (high - low) * place as f32 / 63.0
        };
        AttentionMap {
            block: self.block,
            head: self.head,
            replica: 0,
            tokens: self.tokens,
            weights: self.weights.bytes().map(weight).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_that_was_written_down_is_read_to_within_half_a_step() {
        let weights: Vec<f32> = (0..36).map(|i| (i as f32 * 0.7).sin() * 3.0).collect();
        let map = AttentionMap { block: 1, head: 2, replica: 0, tokens: 6, weights };
        let recorded = RecordedMap::new(800, &map);
        assert!(recorded.is_whole() && recorded.weights.len() == 36);
        for (a, b) in recorded.read().weights.iter().zip(&map.weights) {
            assert!((a - b).abs() <= 6.0 / 63.0 / 2.0 + 1e-6, "{a} {b}");
        }
        let even = AttentionMap { weights: vec![0.25; 36], ..map };
        assert_eq!(RecordedMap::new(0, &even).read().weights, even.weights);
        let cut = RecordedMap { weights: "AB".to_owned(), ..recorded };
        assert!(!cut.is_whole());
    }
}
