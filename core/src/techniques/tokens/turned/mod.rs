//! Turned tokens: a shift of what a network reads, of which the ideal change is known.
//!
//! A tool of the lab, not of a paper, for fine-tuning: a network that has learned from plain embeddings meets turned ones. As
//! [`super::rotated`], for networks that read symbols.
//!
//! ```text
//! x' = x R,  R = I + Q (O − I) Qᵀ        Q: [D, r], orthonormal columns; O: [r, r], orthogonal, both drawn
//! ```
//!
//! Every embedded token, its position added, is turned within the same r of its D directions. A table of embeddings E that was right
//! is right as E Rᵀ: its ideal change is E (Rᵀ − I), whose rank is r at most, and so is that of the positions. Together they undo the
//! shift without a rest.
//!
//! Q and O come from a stream of a fixed seed: the shift is the same for all replicas.

#[cfg(feature = "engine")]
mod engine;

use super::rotated::DIRECTIONS;
use crate::fields::{Problems, Room, fields};
use crate::surroundings::Surroundings;

fields! {
    /// Embedded tokens turned within some of their directions, the same everywhere: a shift for a network trained on plain ones.
    #[derive(Copy)]
    pub struct Turned as "turned", "Turned tokens" {
        directions: u32 = 8, DIRECTIONS;
    }
}

impl Room for Turned {
    fn words(&self) -> String {
        format!("turned ({} directions)", self.directions)
    }

    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        problems.rule(
            self.directions <= here.width,
            "directions",
            format!("must be at most {} here, the width of a token", here.width),
        );
    }
}
