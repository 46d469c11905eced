//! ConvMixer (Trockman and Kolter, Patches Are All You Need?, arXiv 2201.09792), section 2: a small filter a channel
//! mixes the tokens, a linear layer the channels.
//!
//! ```text
//! X ← Norm(GELU(W_p patch + b))
//! X ← Norm(GELU(c_d * X_d + b_d)) + X, channel by channel        x ← Norm(GELU(W x + b)), token by token
//! ```
//!
//! `*` is a convolution of the token grid with an f×f filter and zeros around it. The filters can be frozen
//! ([`filters`]); their biases then are too. The mean over tokens and a linear layer
//! end it; there are no positions.
//!
//! Deviation from the paper: its batch norm has running means for the test split, this one takes the statistics of the
//! batch at hand ([`Norm::Batch`]).

#[cfg(feature = "engine")]
mod engine;
pub mod filters;

use self::filters::Filters;
use super::rows::{DEPTH, NORM, WIDTH};
use super::{Described, NetworkSize, Outline};
use crate::fields::Phrase::After;
use crate::fields::{Problems, Room, fields, integer, named};
use crate::layers::Norm;
use crate::surroundings::{Mixing, Reading, Surroundings};
use crate::techniques::initialization::{INITIALIZATION, Initialization};
use crate::techniques::tokens::{TOKENS, Tokens};
use crate::techniques::weights::{ROW_SPREAD, WEIGHTS, Weights};

fields! {
    /// One small filter a channel mixes the tokens, a linear layer the channels (arXiv 2201.09792).
    pub struct ConvMixer as "conv-mixer", "ConvMixer" {
        /// Edge of the filters, in tokens; odd.
        kernel as "architecture.kernel": u32 = 3, integer("Filter", 1, 9, After("-token filters")).step(2);
        /// Whether the filters learn, and what they are if not (arXiv 2505.19985).
        filters as "architecture.filters": Filters = Filters::Trained, named("Filters", After(" filters"));
        norm as "architecture.norm": Norm = Norm::Batch, NORM;
        depth: u32 = 4, DEPTH;
        width: u32 = 64, WIDTH;
        tokens: Tokens = Tokens::default(), TOKENS;
        initialization: Initialization = Initialization::default(), INITIALIZATION;
        weights: Weights = Weights::default(), WEIGHTS;
        row_spread: f32 = 0.0, ROW_SPREAD;
    }
}

impl Room for ConvMixer {
    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        problems.rule(
            here.reading.is_image(),
            "architecture",
            "must be another one here: a ConvMixer mixes the places of an image, and the task has none",
        );
        problems.rule(
            self.kernel % 2 == 1,
            "architecture.kernel",
            "must be odd, so that a filter has a middle",
        );
    }
}

impl Described for ConvMixer {
    fn outline(&self) -> Outline<'_> {
        Outline {
            mixing: Mixing::Filters,
            width: self.width,
            positions: None,
            tokens: Some(&self.tokens),
            initialization: Some(&self.initialization),
            row_spread: self.row_spread,
            weights: &self.weights,
        }
    }

    fn size(&self, reading: &Reading) -> NetworkSize {
        let [features, outputs] = [reading.features(), reading.outputs()].map(|count| count as u64);
        let [depth, width, places] = [self.depth, self.width, self.kernel * self.kernel].map(u64::from);
        // A filter and a bias a channel; the linear layer; a norm after each. Seven vectors a token.
        let filters = if self.filters == Filters::Trained { places + 1 } else { 0 };
        let norms = if self.norm == Norm::None { 0 } else { 4 * width };
        // The embedding with one bias for all, and the norm after it; the classifier.
        let ends = features * width + width + norms / 2 + (width * outputs + outputs);
        NetworkSize {
            parameters: depth * (filters * width + width * width + width + norms) + ends,
            kept: depth * 7 * width + 3 * width,
            first: if reading.is_image() { features * width } else { 0 },
            middle: depth * (places * width + width * width),
        }
    }
}
