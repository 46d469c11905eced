//! MLP-Mixer (Tolstikhin et al., arXiv 2105.01601), section 2: one MLP mixes the tokens, another the channels.
//!
//! ```text
//! X ← (W₂ GELU(W₁ LN(X)ᵀ))ᵀ [+ X]        x ← W₄ GELU(W₃ LN(x)) [+ x], token by token
//! ```
//!
//! The MLP over tokens is the same for all channels. There are no positions: its weights know the places. A norm, the
//! mean over tokens and a linear layer end it. The two skips are those of the transformer's slots.

#[cfg(feature = "engine")]
mod engine;

use super::rows::{ATTENTION_SKIP, DEPTH, MLP_SKIP, MLP_WIDTH, WIDTH};
use super::{Described, NetworkSize, Outline};
use crate::fields::Phrase::Before;
use crate::fields::{Problems, Room, fields, integer};
use crate::surroundings::{Mixing, Reading, Surroundings};
use crate::techniques::initialization::{INITIALIZATION, Initialization};
use crate::techniques::tokens::{TOKENS, Tokens};
use crate::techniques::weights::{ROW_SPREAD, WEIGHTS, Weights};

fields! {
    /// An MLP mixes the tokens, another one the channels (arXiv 2105.01601).
    pub struct Mixer as "mixer", "MLP-Mixer" {
        /// Hidden width of the MLP that mixes the tokens.
        hidden as "architecture.hidden": u32 = 64, integer("Token MLP width", 1, 2048, Before("token MLP width ")).step(8);
        depth: u32 = 4, DEPTH;
        width: u32 = 64, WIDTH;
        mixing_skip as "attention.skip": bool = true, ATTENTION_SKIP;
        mlp_width as "mlp.width": u32 = 256, MLP_WIDTH;
        mlp_skip as "mlp.skip": bool = true, MLP_SKIP;
        tokens: Tokens = Tokens::default(), TOKENS;
        initialization: Initialization = Initialization::default(), INITIALIZATION;
        weights: Weights = Weights::default(), WEIGHTS;
        row_spread: f32 = 0.0, ROW_SPREAD;
    }
}

impl Room for Mixer {
    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        problems.rule(
            here.reading.is_image(),
            "architecture",
            "must be another one here: a mixer mixes the places of an image, and the task has none",
        );
    }
}

impl Described for Mixer {
    fn outline(&self) -> Outline<'_> {
        Outline {
            mixing: Mixing::Matrix,
            width: self.width,
            positions: None,
            tokens: Some(&self.tokens),
            initialization: Some(&self.initialization),
            row_spread: self.row_spread,
            weights: &self.weights,
        }
    }

    fn size(&self, reading: &Reading) -> NetworkSize {
        let [tokens, features, outputs] =
            [reading.tokens(), reading.features(), reading.outputs()].map(|count| count as u64);
        let [depth, width, hidden, over] =
            [self.depth, self.width, self.mlp_width, self.hidden].map(u64::from);
        // The embedding, with one bias for all; the last norm; the classifier.
        let ends = features * width + width + 2 * width + (width * outputs + outputs);
        // Two MLPs, all with biases; two norms.
        let mixing = 2 * tokens * over + over + tokens;
        let mlp = 2 * width * hidden + hidden + width;
        let token = 9 * width + 2 * hidden + 2 * over * width / tokens.max(1);
        NetworkSize {
            parameters: depth * (mixing + mlp + 4 * width) + ends,
            kept: depth * token + 3 * width,
            first: if reading.is_image() { features * width } else { 0 },
            middle: depth * (2 * over * width + 2 * width * hidden),
        }
    }
}
