//! Handwritten digits of 28×28 pixels (`public/data/README.md` says from where).

use super::images::{self, PATCH};
use super::{Described, Outline};
use crate::fields::{Problems, Room, fields};
use crate::surroundings::Surroundings;

/// Edge of an image in pixels.
const EDGE: u32 = 28;
/// Different digits.
const CLASSES: usize = 10;

fields! {
    /// 10,000 handwritten digits of 28×28 pixels, ten classes.
    #[derive(Copy)]
    pub struct Mnist as "mnist", "MNIST digits" {
        patch: u32 = 4, PATCH;
    }
}

impl Room for Mnist {
    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        images::rules(EDGE, self.patch, problems);
    }
}

impl Described for Mnist {
    fn outline(&self) -> Outline {
        Outline {
            reading: images::reading(EDGE, self.patch, 1, CLASSES),
            training_examples: 9_000,
            test_examples: 1_000,
            file: Some("mnist.bin"),
        }
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Mnist {
    fn load(&self, source: super::Source<'_>) -> Result<Box<dyn super::Dataset>, String> {
        Ok(Box::new(images::ImageTask::read(source, self.patch)?))
    }
}
