//! Prediction of the next character: `shakespeare`.
//!
//! A batch is windows of N characters at random places of the training part; the target of each character is the
//! one after it. Loss and metric: cross-entropy in nats a character; the test windows are spread evenly over the
//! test part and are the same for every replica.

#[cfg(feature = "engine")]
mod engine;

#[cfg(feature = "engine")]
use burn::tensor::Device;

use super::TaskOutline;
#[cfg(feature = "engine")]
use super::format;
use crate::fields::Phrase::Before;
use crate::fields::{Room, fields, integer};
#[cfg(feature = "engine")]
use crate::interface::PatchMap;
use crate::surroundings::Reading;

/// Different characters of the plays.
const CHARACTERS: usize = 65;
/// Length of the training part.
const TRAINING_CHARACTERS: u32 = 869_879;

fields! {
    /// How much is seen at once.
    #[derive(Copy)]
    pub struct Shakespeare {
        /// Characters that the model sees at once.
        context: u32 = 64, integer("Context", 8, 1024, Before("context ")).unit("characters").step(8);
    }
}

impl Room for Shakespeare {
    const NAME: &'static str = "shakespeare";
    const LABEL: &'static str = "Shakespeare";
    const HELP: &'static str = "Plays, letter by letter: which character comes next?";
}

impl TaskOutline for Shakespeare {
    fn reading(&self) -> Reading {
        Reading::Characters { tokens: self.context as usize, vocabulary: CHARACTERS }
    }

    fn training_examples(&self) -> u32 {
        TRAINING_CHARACTERS.saturating_sub(self.context)
    }

    fn file(&self) -> Option<&'static str> {
        Some("shakespeare.bin")
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Shakespeare {
    fn load(
        &self,
        bytes: &[u8],
        _: Option<Box<dyn PatchMap>>,
        device: &Device,
    ) -> Result<Box<dyn super::Dataset>, String> {
        let set = format::parse_text(bytes).map_err(|error| error.to_string())?;
        Ok(Box::new(engine::TextTask::new(&set, self.context as usize, device)?))
    }
}
