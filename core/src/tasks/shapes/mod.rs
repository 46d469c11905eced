//! Ten drawn shapes on a random texture: `shapes`, generated, 24×24 pixels of red, green, blue.
//!
//! A task of the lab, not of a paper: it separates the techniques within a minute where plain digits do not. Two modes:
//!
//! ```text
//! bright:  0.45 (0.8 L + 0.2 Cₖ + 0.3 o), × 0.4 inside the shape, + 1.2 colourₖ there, + 0.15 noise
//! dim:     L + o,                                                 + 0.5 colourₖ there, + 0.02 noise
//! ```
//!
//! L is one 1/f^α field of unit standard deviation for all channels, Cₖ another of each channel (α = 1.5, and 2.2 in
//! `dim`); o is one standard normal number an image; colour is `clip(0.9 + 0.35 normal, 0.2, 2)` a channel. A shape has
//! its centre in U(10, 13), its radius in U(7, 10), and is turned by U(−0.25, 0.25) rad. In `bright` the small singular
//! directions of an image are noise, in `dim` they carry the shape.
//!
//! Every image has its own named stream, so that it is the same everywhere. Normal numbers are looked up among the
//! 65,536 quantiles of a table: drawing 37 million of them one by one would take longer than the training.

#[cfg(feature = "engine")]
mod engine;

use super::images::{self, PATCH};
use super::{Described, Drawn, Outline};
use crate::fields::Phrase::After;
use crate::fields::{Problems, Room, choice, fields, group, named};
use crate::surroundings::Surroundings;

/// Edge of an image in pixels.
const EDGE: u32 = 24;
/// Red, green, blue.
const CHANNELS: u32 = 3;
/// Disc, ring, square, frame, triangle, plus, X, two horizontal bars, two vertical bars, diamond.
const CLASSES: usize = 10;
const TRAINING_IMAGES: u32 = 8_192;

fields! {
    /// Ten drawn shapes of 24×24 colour pixels on a natural texture; 8,192 to learn from.
    #[derive(Copy)]
    pub struct Shapes as "shapes", "Shapes" {
        patch: u32 = 4, PATCH;
        /// Whether the shapes are brighter than their background, or nearly lost in it.
        mode: Mode = Mode::Bright, named("Difficulty", After(" shapes"));
        /// How the images are drawn.
        drawn as "": Drawn = Drawn::default(), group();
    }
}

choice! {
    /// What makes the shapes hard to see.
    pub enum Mode {
        /// Bright shapes on noisy texture: small directions of the tokens are noise.
        Bright: "bright", "Bright";
        /// Faint shapes under large slow shadows: small directions of the tokens are the signal.
        Dim: "dim", "Dim";
    }
}

impl Room for Shapes {
    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        images::rules(EDGE, self.patch, problems);
        self.drawn.rules(problems);
    }
}

impl Described for Shapes {
    fn outline(&self) -> Outline {
        Outline {
            reading: images::reading(EDGE, self.patch, CHANNELS, CLASSES),
            training_examples: TRAINING_IMAGES,
            test_examples: self.drawn.test,
            file: None,
        }
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Shapes {
    fn load(&self, source: super::Source<'_>) -> Result<Box<dyn super::Dataset>, String> {
        Ok(Box::new(engine::shapes(self, source)?))
    }
}
