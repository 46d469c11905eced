//! Images that are cut into square patches: what tasks of them share.

#[cfg(feature = "engine")]
mod engine;

#[cfg(feature = "engine")]
pub use engine::{FloatImages, ImageShape, ImageTask};

use crate::fields::Phrase::After;
use crate::fields::{Problems, Row, integer};
use crate::surroundings::Reading;

/// The row of the edge of a patch.
pub(super) const PATCH: Row = integer("Patch", 1, 28, After("-pixel patches"))
    .or_help("Edge of the square patches that become tokens; smaller patches make more tokens.")
    .unit("pixels");

/// What a network reads of square images.
pub(super) fn reading(edge: u32, patch: u32, channels: u32, classes: usize) -> Reading {
    let across = (edge / patch.max(1)) as usize;
    let features = patch.saturating_mul(patch).saturating_mul(channels) as usize;
    Reading::Patches { tokens: across * across, features, classes }
}

/// Patches must cover the image.
pub(super) fn rules(edge: u32, patch: u32, problems: &mut Problems<'_>) {
    problems.divides("patch", patch, edge, "the image's edge");
}
