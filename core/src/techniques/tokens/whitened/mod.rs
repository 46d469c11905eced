//! Fixed whitening: patches in which no direction is larger than another, by one matrix for all images.
//!
//! A control of the lab, not of a paper, beside conditioned tokens (arXiv 2505.12789): if those help because small directions
//! of the input become visible, then so should this, which costs nothing in a training step. ZCA (Bell and Sejnowski, The
//! "independent components" of natural scenes are edge filters, Vision Research 1997; Krizhevsky 2009, appendix A):
//!
//! ```text
//! x' = (x − μ) W,  W = V (Λ + f λ̄ I)^(−1/2) Vᵀ        V Λ Vᵀ = covariance of all patches of the training split
//! ```
//!
//! λ̄ is the mean of Λ, f the floor: without it, directions in which nothing varies (the corners of digits) would be blown up
//! to noise. Of all whitening matrices this one changes the patches least. μ and W are found on the CPU in f64, once, from the
//! training split alone; the test split is whitened with them.

#[cfg(feature = "engine")]
mod engine;
#[cfg(all(test, feature = "engine"))]
mod tests;

use crate::fields::Phrase::Before;
use crate::fields::{Problems, Room, fields, logarithmic};
use crate::surroundings::Surroundings;

fields! {
    /// How far small directions are raised.
    #[derive(Copy)]
    pub struct Whitened {
        /// Added to the variance of every direction, as a share of the mean variance; keeps noise from being blown up.
        floor: f32 = 1e-3, logarithmic("Floor", 1e-8, 1.0, Before("floor "));
    }
}

impl Room for Whitened {
    const NAME: &'static str = "whitened";
    const LABEL: &'static str = "Whitened patches";
    const HELP: &'static str = "Patches whitened by one fixed matrix, found from the training images (ZCA).";

    fn words(&self) -> String {
        match self.floor {
            1e-3 => "whitened".to_owned(),
            floor => format!("whitened (floor {floor:?})"),
        }
    }

    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        problems.rule(
            here.reading.is_image(),
            "",
            "must be another one here: whitening is one of the patches of an image, and the task has none",
        );
    }
}
