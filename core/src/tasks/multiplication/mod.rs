//! Products digit by digit: `multiplication`.
//!
//! A diagnostic task of Procedural Pretraining (arXiv 2601.21725, 2505.22308):
//!
//! ```text
//! a × b = p stop          most significant digits first, padded to 4 L + 4 symbols, V = 31
//! ```
//!
//! Symbols, and what is asked for, are those of [`addition`](super::addition): digits 0 to 9, `×` is 10, `=` 11, padding 12,
//! the digits of the answer 20 to 29, the stop 30; the first digit of the answer only with `whole`.
//!
//! Deviation: the paper pads products of 5 digits to 29 symbols, here to 24. What is left out is never asked for, since the
//! longest product, its stop and one symbol of padding still fit.

use super::arithmetic::{DIGITS, VOCABULARY, WHOLE};
use super::drawn::TEST;
use super::sequences::{self, ENDLESS};
use super::{Described, Outline};
use crate::fields::{Problems, Room, fields};
use crate::surroundings::{Reading, Surroundings};

/// Twice as many digits fit into 64 bits.
const MAX_DIGITS: u32 = 9;

fields! {
    /// Products of two numbers, digit by digit: which digit comes next?
    #[derive(Copy)]
    pub struct Multiplication as "multiplication", "Multiplication" {
        digits: u32 = 5, DIGITS;
        whole: bool = false, WHOLE;
        test: u32 = 1024, TEST;
    }
}

impl Multiplication {
    /// Symbols of an equation.
    fn context(&self) -> u32 {
        self.digits.saturating_mul(4).saturating_add(4)
    }
}

impl Room for Multiplication {
    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        let sentence = format!("must be at most {MAX_DIGITS} for a product; it is {}", self.digits);
        problems.rule(self.digits <= MAX_DIGITS, "digits", sentence);
        sequences::rules(self.test, self.context(), problems);
    }
}

impl Described for Multiplication {
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
impl super::TaskLoader for Multiplication {
    fn load(&self, source: super::Source<'_>) -> Result<Box<dyn super::Dataset>, String> {
        use super::arithmetic::{Form, PADDING, equation, number};
        let (digits, reading) = (self.digits, self.outline().reading);
        let form = Form { reversed: false, whole: self.whole, context: reading.tokens() };
        let draw = move |stream: &mut crate::random::Stream, _| {
            let (first, second) = (number(stream, digits), number(stream, digits));
            equation(first, second, first * second, form)
        };
        Ok(Box::new(sequences::SequenceTask::new(
            "multiplication",
            (reading, PADDING),
            self.test,
            source,
            draw,
        )))
    }
}
