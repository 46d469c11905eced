//! What is learned: the choice of a task, as data. How large each is, is in [`super::size`].

use serde::{Deserialize, Serialize};

/// What is learned, from which data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Task {
    /// 1,797 handwritten digits of 8×8 pixels, ten classes.
    Digits {
        /// Edge of a square patch in pixels; divides 8.
        #[serde(default = "two")]
        patch: u32,
    },
    /// 10,000 handwritten digits of 28×28 pixels, ten classes.
    Mnist {
        /// Edge of a square patch in pixels; divides 28.
        #[serde(default = "four")]
        patch: u32,
    },
    /// Ten drawn shapes of 24×24 colour pixels on a 1/f texture.
    Shapes {
        /// Bright shapes on noisy texture, or faint ones under large slow shadows.
        #[serde(default)]
        mode: ShapesMode,
        /// Edge of a square patch in pixels; divides 24.
        #[serde(default = "four")]
        patch: u32,
    },
    /// Oriented waves of 16×16 pixels in noise: five orientations, two wavelengths.
    Gratings {
        /// Edge of a square patch in pixels; divides 16.
        #[serde(default = "two")]
        patch: u32,
        /// Training examples of each class.
        #[serde(default = "hundred")]
        examples: u32,
    },
    /// Nested operations on lists of digits (Long-Range Arena): what is the result?
    Listops {
        /// Longest expression, in symbols; shorter ones are padded.
        #[serde(default = "hundred_twenty_eight")]
        length: u32,
    },
    /// One picture of 48×48 pixels: its brightness as a function of place.
    Picture {},
    /// Characters of plays; the next one is predicted from those before it.
    Shakespeare {
        /// Characters that the model sees at once.
        #[serde(default = "sixty_four")]
        context: u32,
    },
}

/// What makes the ten shapes hard to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShapesMode {
    /// Bright shapes on a noisy texture: small directions of the tokens are noise.
    #[default]
    Bright,
    /// Faint shapes under large slow shadows (`dim2` of the notes): small directions of the tokens are the signal.
    Dim,
}

fn two() -> u32 {
    2
}
fn four() -> u32 {
    4
}
fn sixty_four() -> u32 {
    64
}
fn hundred() -> u32 {
    100
}
fn hundred_twenty_eight() -> u32 {
    128
}
