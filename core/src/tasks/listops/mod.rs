//! Nested operations on lists of digits: `listops`, generated. What is the result, 0 to 9?
//!
//! ListOps (Nangia and Bowman, 2018, arXiv 1804.06028), with the parameters of the Long-Range Arena (Tay et al., 2020,
//! arXiv 2011.04006), checked against its published generator:
//!
//! ```text
//! tree  =  digit, with probability ¾ and at depth 10        (uniform)
//!       |  operation, 2 to 10 trees, ]                      (both numbers uniform)
//! operation  =  [MIN | [MAX | [MED | [SM                    median, cut to a whole number; sum modulo 10
//! ```
//!
//! for example `[MAX 2 9 [MIN 4 7 ] 0 ]`, which is 9. A symbol is a token; the arena's parentheses, which its tokenizer
//! drops, are not drawn. Expressions have ¼ `length` to `length` symbols (the arena: 500 to 2,000), those outside are drawn
//! again, and no expression is there twice, neither within a split nor in both.
//!
//! Deviations: 20,000 training expressions for the arena's 96,000; padding is one more symbol at the end, which the network
//! sees as it sees all others (no mask), and the ends are within the range.

#[cfg(feature = "engine")]
mod engine;

use super::{Described, Drawn, Outline};
use crate::fields::Phrase::Before;
use crate::fields::{Problems, Room, fields, group, integer};
use crate::surroundings::{Reading, Surroundings};

/// Ten digits, four operations, the closing bracket, and what pads an expression.
const SYMBOLS: usize = 16;
const TRAINING_EXPRESSIONS: u32 = 20_000;

fields! {
    /// Nested minimum, maximum, median and sum of digits, as in the Long-Range Arena; what is the result?
    #[derive(Copy)]
    pub struct Listops as "listops", "ListOps" {
        /// The longest expression, in symbols; shorter ones are padded.
        length: u32 = 128, integer("Length", 16, 512, Before("length ")).unit("symbols").step(16);
        /// How the expressions are drawn.
        drawn as "": Drawn = Drawn::default(), group();
    }
}

impl Room for Listops {
    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        self.drawn.rules(problems);
    }
}

impl Described for Listops {
    fn outline(&self) -> Outline {
        Outline {
            reading: Reading::Symbols {
                tokens: self.length as usize,
                vocabulary: SYMBOLS,
                classes: 10,
                padded: false,
            },
            training_examples: TRAINING_EXPRESSIONS,
            test_examples: self.drawn.test,
            file: None,
        }
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Listops {
    fn load(&self, source: super::Source<'_>) -> Result<Box<dyn super::Dataset>, String> {
        Ok(Box::new(engine::expressions(self, source)))
    }
}
