//! Handwritten digits of 8×8 pixels (`public/data/README.md` says from where).

#[cfg(feature = "engine")]
use burn::tensor::Device;

use super::TaskOutline;
use super::images::{self, PATCH};
use crate::fields::{Problems, Room, fields};
#[cfg(feature = "engine")]
use crate::interface::PatchMap;
use crate::surroundings::{Reading, Surroundings};

/// Edge of an image in pixels.
const EDGE: u32 = 8;
/// Different digits.
const CLASSES: usize = 10;

fields! {
    /// How the images are cut.
    #[derive(Copy)]
    pub struct Digits {
        patch: u32 = 2, PATCH;
    }
}

impl Room for Digits {
    const NAME: &'static str = "digits";
    const LABEL: &'static str = "Small digits";
    const HELP: &'static str = "1,797 handwritten digits of 8×8 pixels, ten classes.";

    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        images::rules(EDGE, self.patch, problems);
    }
}

impl TaskOutline for Digits {
    fn reading(&self) -> Reading {
        images::reading(EDGE, self.patch, 1, CLASSES)
    }

    fn training_examples(&self) -> u32 {
        1_442
    }

    fn file(&self) -> Option<&'static str> {
        Some("digits.bin")
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Digits {
    fn load(
        &self,
        bytes: &[u8],
        patches: Option<Box<dyn PatchMap>>,
        device: &Device,
    ) -> Result<Box<dyn super::Dataset>, String> {
        Ok(Box::new(images::ImageTask::read(bytes, (self.patch, patches), device)?))
    }
}
