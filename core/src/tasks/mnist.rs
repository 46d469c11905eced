//! Handwritten digits of 28×28 pixels (`public/data/README.md` says from where).

#[cfg(feature = "engine")]
use burn::tensor::Device;

use super::TaskOutline;
use super::images::{self, PATCH};
use crate::fields::{Problems, Room, fields};
#[cfg(feature = "engine")]
use crate::interface::PatchMap;
use crate::surroundings::{Reading, Surroundings};

/// Edge of an image in pixels.
const EDGE: u32 = 28;
/// Different digits.
const CLASSES: usize = 10;

fields! {
    /// How the images are cut.
    #[derive(Copy)]
    pub struct Mnist {
        patch: u32 = 4, PATCH;
    }
}

impl Room for Mnist {
    const NAME: &'static str = "mnist";
    const LABEL: &'static str = "MNIST digits";
    const HELP: &'static str = "10,000 handwritten digits of 28×28 pixels, ten classes.";

    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        images::rules(EDGE, self.patch, problems);
    }
}

impl TaskOutline for Mnist {
    fn reading(&self) -> Reading {
        images::reading(EDGE, self.patch, 1, CLASSES)
    }

    fn training_examples(&self) -> u32 {
        9_000
    }

    fn file(&self) -> Option<&'static str> {
        Some("mnist.bin")
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Mnist {
    fn load(
        &self,
        bytes: &[u8],
        patches: Option<Box<dyn PatchMap>>,
        device: &Device,
    ) -> Result<Box<dyn super::Dataset>, String> {
        Ok(Box::new(images::ImageTask::read(bytes, (self.patch, patches), device)?))
    }
}
