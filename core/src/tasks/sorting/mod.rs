//! Lists and the same in rising order: `sorting`.
//!
//! A diagnostic task of Procedural Pretraining (arXiv 2601.21725, 2505.22308), whose generator is not published: here that of
//! the rule *sort* of [`procedural`](super::procedural).
//!
//! ```text
//! x | x in rising order, repetitions kept          n symbols of 1 … V − 1, padded to 2n + 1 symbols, vocabulary V + 2
//! ```
//!
//! Asked for is the output. One sequence of sixteen is tested on, by a hash, and never trained on.

use super::drawn::TEST;
use super::sequences::{self, ENDLESS, LENGTH, SYMBOLS};
use super::{Described, Outline};
use crate::fields::{Problems, Room, fields};
use crate::surroundings::{Reading, Surroundings};

fields! {
    /// Lists of symbols, and after each the same list in rising order.
    #[derive(Copy)]
    pub struct Sorting as "sorting", "Sorting" {
        symbols: u32 = 32, SYMBOLS;
        sequence_length: u32 = 10, LENGTH;
        test: u32 = 1024, TEST;
    }
}

impl Sorting {
    /// Symbols of a sequence.
    fn context(&self) -> u32 {
        self.sequence_length.saturating_mul(2).saturating_add(1)
    }
}

impl Room for Sorting {
    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        sequences::rules(self.test, self.context(), problems);
    }
}

impl Described for Sorting {
    fn outline(&self) -> Outline {
        let vocabulary = self.symbols.saturating_add(2) as usize;
        Outline {
            reading: Reading::Sequences { tokens: self.context() as usize, vocabulary },
            training_examples: ENDLESS,
            test_examples: self.test,
            file: None,
        }
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Sorting {
    fn load(&self, source: super::Source<'_>) -> Result<Box<dyn super::Dataset>, String> {
        let (n, symbols) = (self.sequence_length as usize, self.symbols as u16);
        let form = (self.outline().reading, symbols + 1);
        let draw =
            move |stream: &mut crate::random::Stream, _| super::procedural::sorting(stream, n, symbols);
        Ok(Box::new(sequences::SequenceTask::new("sorting", form, self.test, source, draw)))
    }
}
