//! Pairs of key and value, and a key: which value belongs to it? `haystack`.
//!
//! A diagnostic task of Procedural Pretraining (arXiv 2601.21725, 2505.22308), which calls it Haystack: what was said before
//! must be found again.
//!
//! ```text
//! (V/2 + kᵢ, vᵢ) × n,  V/2 + N + k_q,  v_q          padded with 0 to 2 N + 3 symbols
//! n ~ U{1 … N},  kᵢ different ones of 0 … N − 1,  vᵢ ~ U{1 … V/2 − 1},  q ~ U{1 … n}
//! ```
//!
//! Only the last value is asked for, at the place of the query. The paper has N = 30 and V = 256; a browser needs fewer.
//!
//! **Chance.** Who sees the values, but not which of them belongs to the query, guesses the value of any pair. That is the
//! right pair with probability 1/n, and another pair has the same value with probability 1/K, K = V/2 − 1:
//!
//! ```text
//! E_n [ 1/n + (1 − 1/n) / K ] = H + (1 − H) / K,          H = E_n [1/n] = 1/N · Σₙ 1/n
//! ```
//!
//! One sequence of sixteen is tested on, by a hash, and never trained on.

#[cfg(feature = "engine")]
mod engine;

use super::drawn::TEST;
use super::sequences::{self, ENDLESS};
use super::{Described, Outline};
use crate::fields::Phrase::{Before, Count};
use crate::fields::{Problems, Room, fields, integer};
use crate::surroundings::{Reading, Surroundings};

/// Different keys, at most.
const MAX_KEYS: u32 = 128;

fields! {
    /// Pairs of key and value, then one of the keys: which value belongs to it?
    #[derive(Copy)]
    pub struct Haystack as "haystack", "Haystack" {
        /// N: different keys, and pairs of a sequence, at most; how many it has is drawn.
        keys: u32 = 12, integer("Keys", 2, MAX_KEYS, Count("key", "keys")).unit("keys");
        /// V: the upper half of the symbols are keys, the lower half values.
        vocabulary: u32 = 128, integer("Vocabulary", 8, 512, Before("vocabulary ")).unit("symbols").step(8);
        test: u32 = 1024, TEST;
    }
}

impl Haystack {
    /// Symbols of a sequence.
    fn context(&self) -> u32 {
        self.keys.saturating_mul(2).saturating_add(3)
    }
}

impl Room for Haystack {
    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        let least = self.keys.saturating_mul(4);
        let (fits, even) = (self.vocabulary >= least, self.vocabulary.is_multiple_of(2));
        let sentence = format!("must be an even number, at least {least} for this task.keys");
        problems.rule(fits && even, "vocabulary", format!("{sentence}; it is {}", self.vocabulary));
        sequences::rules(self.test, self.context(), problems);
    }
}

impl Described for Haystack {
    fn outline(&self) -> Outline {
        let (tokens, vocabulary) = (self.context() as usize, self.vocabulary as usize);
        Outline {
            reading: Reading::Sequences { tokens, vocabulary },
            training_examples: ENDLESS,
            test_examples: self.test,
            file: None,
        }
    }

    fn chance(&self) -> Option<f64> {
        let found = (1..=self.keys.clamp(1, MAX_KEYS)).map(|n| 1.0 / f64::from(n)).sum::<f64>()
            / f64::from(self.keys.clamp(1, MAX_KEYS));
        Some(found + (1.0 - found) / f64::from((self.vocabulary / 2).saturating_sub(1).max(1)))
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Haystack {
    fn load(&self, source: super::Source<'_>) -> Result<Box<dyn super::Dataset>, String> {
        let (task, reading) = (*self, self.outline().reading);
        let draw = move |stream: &mut crate::random::Stream, _| engine::sequence(&task, stream);
        let padding = engine::PADDING;
        Ok(Box::new(sequences::SequenceTask::new("haystack", (reading, padding), self.test, source, draw)))
    }
}
