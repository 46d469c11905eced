//! Sentences of film reviews: is the writer pleased? `reviews`, for a network that has read much before.
//!
//! The sentences and the mean sentiment that people gave them, −4 to 4, are those of Hutto and Gilbert (2014, *VADER*, ICWSM), in the
//! source package of `vaderSentiment` (MIT). Those above ½ are of class 1, those below −½ of class 0, the others are left out.
//! They are cut into pieces of words by the tokenizer of the network that reads them, all-MiniLM-L6-v2's; what is longer than
//! `sentence_length` loses its end, and what is shorter is padded, unseen by the network.
//!
//! The file is no part of the program or the page: `cargo xtask pretrained` fetches the sentences and the tokenizer, and
//! makes it ([`mod@format`]).

#[cfg(feature = "engine")]
mod engine;
pub mod format;

use super::drawn::{TEST, rules};
use super::{Described, Outline};
use crate::fields::Phrase::Before;
use crate::fields::{Problems, Room, fields, integer};
use crate::surroundings::{Reading, Surroundings};

/// Symbols of BERT's tokenizer for English in small letters.
pub const SYMBOLS: usize = 30_522;
/// Sentences of the training split.
pub const TRAINING_SENTENCES: u32 = 7_995;
/// Sentences of the test split.
pub const TEST_SENTENCES: u32 = 2_048;

fields! {
    /// Sentences of film reviews: is the writer pleased? On the command line only: the sentences are not part of the page.
    #[derive(Copy)]
    pub struct Reviews as "reviews", "Film reviews" {
        /// The longest sentence, in pieces of words; a longer one loses its end.
        sentence_length: u32 = 32, integer("Sentence length", 8, 128, Before("sentence length ")).unit("symbols").step(8);
        test: u32 = 1024, TEST;
    }
}

impl Room for Reviews {
    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        rules(self.test, problems);
        let most = TEST_SENTENCES;
        problems.rule(self.test <= most, "test", format!("must be at most {most}, not {}", self.test));
    }
}

impl Described for Reviews {
    fn outline(&self) -> Outline {
        Outline {
            reading: Reading::Symbols {
                tokens: self.sentence_length as usize,
                vocabulary: SYMBOLS,
                classes: 2,
                padded: true,
            },
            training_examples: TRAINING_SENTENCES,
            test_examples: self.test,
            file: Some("reviews.bin"),
        }
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Reviews {
    fn load(&self, source: super::Source<'_>) -> Result<Box<dyn super::Dataset>, String> {
        let set = format::parse(source.bytes)?;
        Ok(Box::new(engine::sentences(self, &set, source)))
    }
}
