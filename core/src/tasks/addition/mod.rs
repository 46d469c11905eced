//! Sums digit by digit: `addition`.
//!
//! A diagnostic task of Procedural Pretraining (arXiv 2601.21725, 2505.22308), with forward and reversed digits:
//!
//! ```text
//! a + b = s stop          padded to 3 L + 4 symbols, V = 31
//! ```
//!
//! Digits are 0 to 9, `+` is 10, `=` 11, padding 12, the digits of the answer 20 to 29, the stop 30. Reversed, every number
//! starts with its least significant digit, so that a carry is known before it is needed. Loss and metrics are over the places
//! whose symbol is 20 or more, as the authors have it: the first digit of the answer, which `=` should foretell, is neither
//! trained on nor counted; the stop is, and one symbol of padding after it where the sum has no carry at its end. `whole` asks
//! for the first digit, too: only then an exact match is a whole sum.
//!
//! Which numbers are drawn is not said: here those of exactly L digits, all equally likely. One pair of sixteen is tested on,
//! by a hash, and never trained on.

use super::arithmetic::{DIGITS, VOCABULARY, WHOLE};
use super::drawn::TEST;
use super::sequences::{self, ENDLESS};
use super::{Described, Outline};
use crate::fields::{Problems, Room, fields, flag};
use crate::surroundings::{Reading, Surroundings};

fields! {
    /// Sums of two numbers, digit by digit: which digit comes next?
    #[derive(Copy)]
    pub struct Addition as "addition", "Addition" {
        digits: u32 = 5, DIGITS;
        /// Whether every number starts with its least significant digit: a carry is then known before it is needed.
        reversed: bool = false, flag("Reversed digits", "reversed digits");
        whole: bool = false, WHOLE;
        test: u32 = 1024, TEST;
    }
}

impl Addition {
    /// Symbols of an equation.
    fn context(&self) -> u32 {
        self.digits.saturating_mul(3).saturating_add(4)
    }
}

impl Room for Addition {
    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        sequences::rules(self.test, self.context(), problems);
    }
}

impl Described for Addition {
    fn outline(&self) -> Outline {
        Outline {
            reading: Reading::Sequences { tokens: self.context() as usize, vocabulary: VOCABULARY },
            training_examples: ENDLESS,
            test_examples: self.test,
            file: None,
        }
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Addition {
    fn load(&self, source: super::Source<'_>) -> Result<Box<dyn super::Dataset>, String> {
        use super::arithmetic::{Form, PADDING, equation, number};
        let (digits, reading) = (self.digits, self.outline().reading);
        let form = Form { reversed: self.reversed, whole: self.whole, context: reading.tokens() };
        let draw = move |stream: &mut crate::random::Stream, _| {
            let (first, second) = (number(stream, digits), number(stream, digits));
            equation(first, second, first + second, form)
        };
        Ok(Box::new(sequences::SequenceTask::new("addition", (reading, PADDING), self.test, source, draw)))
    }
}
