//! Rotated patches: a shift of the data of which the ideal change is known.
//!
//! A tool of the lab, not of a paper, for fine-tuning: a network that was trained on plain patches meets turned ones.
//!
//! ```text
//! x' = x R,  R = I + Q (O − I) Qᵀ        Q: [F, r], orthonormal columns; O: [r, r], orthogonal, both drawn
//! ```
//!
//! Every patch of every image is turned within the same r of its F directions. A patch embedding W that was right for x is right
//! for x' as Rᵀ W: its ideal change is (Rᵀ − I) W, whose rank is r at most, and which undoes the shift without a rest.
//!
//! Q and O come from a stream of a fixed seed: the shift is part of the data, the same for all replicas.

#[cfg(feature = "engine")]
mod engine;

#[cfg(feature = "engine")]
pub(in crate::techniques::tokens) use engine::rotation;

use crate::fields::Phrase::Before;
use crate::fields::{Problems, Room, Row, fields, integer};
use crate::surroundings::Surroundings;

/// The row of how far is turned.
pub(super) const DIRECTIONS: Row = integer("Directions", 2, 4096, Before("directions ")).or_help(
    "Directions r that are turned into each other; at most as many as a patch has numbers, or a token.",
);

fields! {
    /// Patches turned within some of their directions, the same in all images: a shift for a network trained on plain ones.
    #[derive(Copy)]
    pub struct Rotated as "rotated", "Rotated patches" {
        directions: u32 = 8, DIRECTIONS;
    }
}

impl Room for Rotated {
    fn words(&self) -> String {
        format!("rotated ({} directions)", self.directions)
    }

    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        problems.rule(
            here.reading.is_image(),
            "",
            "must be another one here: what is rotated are the patches of an image, and the task has none",
        );
        let features = here.reading.features();
        problems.rule(
            !here.reading.is_image() || self.directions as usize <= features,
            "directions",
            format!("must be at most {features} here, the numbers of a patch"),
        );
    }
}
