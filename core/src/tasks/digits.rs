//! Handwritten digits of 8×8 pixels (`public/data/README.md` says from where).

use super::images::{self, PATCH};
use super::{Described, Outline};
use crate::fields::{Problems, Room, fields};
use crate::surroundings::Surroundings;

/// Edge of an image in pixels.
const EDGE: u32 = 8;
/// Different digits.
const CLASSES: usize = 10;

fields! {
    /// 1,797 handwritten digits of 8×8 pixels, ten classes.
    #[derive(Copy)]
    pub struct Digits as "digits", "Small digits" {
        patch: u32 = 2, PATCH;
    }
}

impl Room for Digits {
    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        images::rules(EDGE, self.patch, problems);
    }
}

impl Described for Digits {
    fn outline(&self) -> Outline {
        Outline {
            reading: images::reading(EDGE, self.patch, 1, CLASSES),
            training_examples: 1_442,
            test_examples: 355,
            file: Some("digits.bin"),
        }
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Digits {
    fn load(&self, source: super::Source<'_>) -> Result<Box<dyn super::Dataset>, String> {
        Ok(Box::new(images::ImageTask::read(source, self.patch)?))
    }
}
