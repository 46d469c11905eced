//! Oriented waves in noise: `gratings`, generated, 16×16 grey pixels, ten classes.
//!
//! A task of the lab, not of a paper, for the claim of Structured Initialization (arXiv 2505.19985) that convolutional
//! structure at the start helps where data is scarce. Class c has orientation o = c mod 5 and the longer wavelength from
//! c = 5 on:
//!
//! ```text
//! a · exp(−‖p − q‖² / 2s²) · cos(2π (1 + 0.05 n) / λ · (x cos θ + y sin θ) + φ) + 0.35 noise
//! θ = π o / 5 + 0.06 n,  λ = 3.2 or 5.0,  φ ~ U(0, 2π),  a ~ U(0.7, 1.3),  s ~ U(2.5, 4.5),  q ~ U(4, 11)²
//! ```
//!
//! with pixels p = (x, y), each n another standard normal number. A patch of 2×2 pixels cannot tell the classes apart: its
//! neighbours are needed. The numbers are those of the notes, but for the place q of the window, which they leave open.
//!
//! Every image has its own named stream, so that it is the same everywhere, and a smaller training set is the beginning
//! of a larger one.

#[cfg(feature = "engine")]
mod engine;

use super::images::{self, PATCH};
use super::{Described, Drawn, Outline};
use crate::fields::Phrase::After;
use crate::fields::{Problems, Room, fields, group, integer};
use crate::surroundings::Surroundings;

/// Edge of an image in pixels.
const EDGE: u32 = 16;
/// Five orientations, two wavelengths.
const CLASSES: usize = 10;

fields! {
    /// Oriented waves of 16×16 pixels in noise; ten classes that no single patch tells apart.
    #[derive(Copy)]
    pub struct Gratings as "gratings", "Gratings" {
        patch: u32 = 2, PATCH;
        /// Training examples of each class; few examples show what a network assumes by itself.
        examples: u32 = 100, integer("Examples", 10, 1000, After(" examples a class")).unit("examples").step(10);
        /// How the images are drawn.
        drawn as "": Drawn = Drawn::testing(1_000), group();
    }
}

impl Room for Gratings {
    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        images::rules(EDGE, self.patch, problems);
        self.drawn.rules(problems);
    }
}

impl Described for Gratings {
    fn outline(&self) -> Outline {
        Outline {
            reading: images::reading(EDGE, self.patch, 1, CLASSES),
            training_examples: self.examples.saturating_mul(CLASSES as u32),
            test_examples: self.drawn.test,
            file: None,
        }
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Gratings {
    fn load(&self, source: super::Source<'_>) -> Result<Box<dyn super::Dataset>, String> {
        Ok(Box::new(engine::gratings(self, source)?))
    }
}
