//! Balanced brackets: how deep do they nest?
//!
//! A task of the lab, not of a paper: strings of the Dyck language with two kinds of brackets, for example `([]())[]`, which
//! nests two deep. The answer is a count over the whole string that no single symbol knows, so that tokens must be brought
//! together. Classes are depths 1 to 10, all equally likely; of all balanced strings of the length and depth that was drawn
//! each is as likely as any other:
//!
//! ```text
//! P(open | h, n, d) = W(h + 1, n − 1) / (W(h + 1, n − 1) + W(h − 1, n − 1))
//! ```
//!
//! with W(h, n) the number of ways to go on from height h in n symbols, to height 0, within depth d and reaching it. The kind
//! of a pair is drawn apart. No string is there twice, neither within a split nor in both.

#[cfg(feature = "engine")]
mod engine;

use super::{Described, Drawn, Outline};
use crate::fields::Phrase::After;
use crate::fields::{Problems, Room, fields, group, integer};
use crate::surroundings::{Reading, Surroundings};

/// Two kinds, opening and closing.
const SYMBOLS: usize = 4;
/// Depths 1 to this one.
const DEPTHS: usize = 10;
const TRAINING_STRINGS: u32 = 20_000;

fields! {
    /// Balanced brackets of two kinds: how deep do they nest?
    #[derive(Copy)]
    pub struct Brackets as "brackets", "Brackets" {
        /// Pairs of brackets in a string.
        pairs: u32 = 16, integer("Pairs", 12, 128, After(" pairs")).unit("pairs").step(4);
        /// How the strings are drawn.
        drawn as "": Drawn = Drawn::default(), group();
    }
}

impl Room for Brackets {
    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        self.drawn.rules(problems);
    }
}

impl Described for Brackets {
    fn outline(&self) -> Outline {
        Outline {
            reading: Reading::Symbols {
                tokens: 2 * self.pairs as usize,
                vocabulary: SYMBOLS,
                classes: DEPTHS,
                padded: false,
            },
            training_examples: TRAINING_STRINGS,
            test_examples: self.drawn.test,
            file: None,
        }
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Brackets {
    fn load(&self, source: super::Source<'_>) -> Result<Box<dyn super::Dataset>, String> {
        Ok(Box::new(engine::strings(self, source)))
    }
}
