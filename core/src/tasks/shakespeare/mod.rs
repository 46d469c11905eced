//! Prediction of the next character: `shakespeare`.
//!
//! A batch is windows of N characters at random places of the training part; the target of each character is the
//! one after it. Loss and metric: cross-entropy in nats a character; the test windows are spread evenly over the
//! test part and are the same for every replica.

#[cfg(feature = "engine")]
mod engine;

#[cfg(feature = "engine")]
use super::format;
use super::{Described, Outline};
use crate::fields::Phrase::Before;
use crate::fields::{Room, fields, integer};
use crate::surroundings::Reading;

/// Different characters of the plays.
const CHARACTERS: usize = 65;
/// Length of the training part.
const TRAINING_CHARACTERS: u32 = 869_879;
/// Test windows, so that an evaluation reads some thousand characters.
const TEST_WINDOWS: u32 = 128;

fields! {
    /// Plays, letter by letter: which character comes next?
    #[derive(Copy)]
    pub struct Shakespeare as "shakespeare", "Shakespeare" {
        /// Characters that the model sees at once.
        context: u32 = 64, integer("Context", 8, 1024, Before("context ")).unit("characters").step(8);
    }
}

impl Room for Shakespeare {}

impl Described for Shakespeare {
    fn outline(&self) -> Outline {
        Outline {
            reading: Reading::Characters { tokens: self.context as usize, vocabulary: CHARACTERS },
            training_examples: TRAINING_CHARACTERS.saturating_sub(self.context),
            test_examples: TEST_WINDOWS * self.context,
            file: Some("shakespeare.bin"),
        }
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Shakespeare {
    fn load(&self, source: super::Source<'_>) -> Result<Box<dyn super::Dataset>, String> {
        let set = format::parse_text(source.bytes).map_err(|error| error.to_string())?;
        Ok(Box::new(engine::TextTask::new(&set, self.context as usize, source)?))
    }
}
