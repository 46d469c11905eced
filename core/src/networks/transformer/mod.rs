//! The transformer: an encoder for patches of an image (ViT) and for lists, a causal decoder for characters (GPT). The task
//! decides which.

#[cfg(feature = "engine")]
mod attention;
#[cfg(feature = "engine")]
mod block;
#[cfg(feature = "engine")]
mod engine;
#[cfg(feature = "engine")]
mod head;
#[cfg(feature = "engine")]
mod padding;

#[cfg(all(test, feature = "engine"))]
pub(crate) use attention::MultiHeadAttention;
#[cfg(all(test, feature = "engine"))]
pub(crate) use engine::TransformerNetwork;

use super::rows::{ATTENTION_SKIP, DEPTH, MLP_SKIP, MLP_WIDTH, POSITIONS, WIDTH};
use super::{Described, NetworkSize, Outline};
use crate::fields::Phrase::{After, Before, Count};
use crate::fields::{Problems, Room, choice, fields, group, integer, named};
use crate::surroundings::{Mixing, Reading, Surroundings};
use crate::techniques::activation::Activation;
use crate::techniques::initialization::{INITIALIZATION, Initialization};
use crate::techniques::tokens::{TOKENS, Tokens};
use crate::techniques::weights::{ROW_SPREAD, WEIGHTS, Weights};

fields! {
    /// Attention mixes the tokens, an MLP the channels.
    pub struct Transformer as "transformer", "Transformer" {
        depth: u32 = 4, DEPTH;
        width: u32 = 64, WIDTH;
        /// Attention heads of a block, h; each sees the tokens through its own projections.
        heads: u32 = 4, integer("Heads", 1, 64, Count("head", "heads"));
        /// Numbers that one head works with, d.
        head_width: u32 = 0, integer("Head width", 1, 256, Before("head width ")).zero("width / heads");
        /// The attention half of a block.
        attention: Attention = Attention::default(), group();
        /// The MLP half of a block.
        mlp: Mlp = Mlp::default(), group();
        tokens: Tokens = Tokens::default(), TOKENS;
        initialization: Initialization = Initialization::default(), INITIALIZATION;
        positions: f32 = 0.0, POSITIONS;
        weights: Weights = Weights::default(), WEIGHTS;
        row_spread: f32 = 0.0, ROW_SPREAD;
        /// What the answers are read from the last tokens by.
        head: Head = Head::Own, named("Head", After(" head"));
        /// Where layer norms stand: before each half of a block, with one more before the head; or after each sum, with one
        /// more after the embedding, as in the first transformers and BERT.
        norms: Norms = Norms::Before, named("Layer norms", After(""));
    }
}

choice! {
    /// Where the layer norms of a transformer stand.
    pub enum Norms {
        /// x + f(LN(x)) (pre-norm, arXiv 2002.04745).
        Before: "before", "norms before each half";
        /// LN(x + f(x)) with ε = 10⁻¹² (post-norm, arXiv 1706.03762; ε as in BERT, arXiv 1810.04805).
        After: "after", "norms after each sum";
    }
}

choice! {
    /// What the answers are read from the last tokens by.
    pub enum Head {
        /// A matrix of its own.
        Own: "own", "own";
        /// The table of symbols, transposed, as GPT-2 has it (arXiv 1608.05859).
        Tied: "tied", "tied";
    }
}

fields! {
    /// The attention half of a block, with its slots.
    pub struct Attention {
        skip: bool = true, ATTENTION_SKIP;
        /// What turns attention scores into attention weights (Rethinking Softmax, arXiv 2410.18613).
        activation: Activation = Activation::default(), named("Attention activation", After(" attention")).whole();
    }
}

fields! {
    /// The MLP half of a block.
    pub struct Mlp {
        width: u32 = 256, MLP_WIDTH;
        skip: bool = true, MLP_SKIP;
        /// What stands between the two layers of a block's MLP.
        activation: MlpActivation = MlpActivation::Gelu, named("MLP activation", After(" MLP"));
    }
}

choice! {
    /// Between the two layers of a block's MLP.
    pub enum MlpActivation {
        /// x · Φ(x), with Φ exact (arXiv 1606.08415).
        Gelu: "gelu", "GELU";
        /// GPT-2's approximation of it by a hyperbolic tangent.
        GeluTanh: "gelu-tanh", "GELU by tanh";
    }
}

impl Transformer {
    /// Width d of one head, with 0 resolved.
    pub fn resolved_head_width(&self) -> u32 {
        if self.head_width == 0 { self.width / self.heads.max(1) } else { self.head_width }
    }

    /// Width of all heads together, h·d.
    pub fn attention_width(&self) -> u32 {
        self.heads.saturating_mul(self.resolved_head_width())
    }
}

impl Room for Transformer {
    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        problems.rule(
            !matches!(here.reading, Reading::Places { .. } | Reading::Rows { .. }),
            "architecture",
            "must be coordinate for a task of places; a transformer reads patches or symbols",
        );
        problems.rule(
            self.head == Head::Own || here.reading.is_causal(),
            "head",
            "must be own for a task that does not ask for symbols: there is no table of its answers",
        );
        let unmasked = |slot: &str| {
            format!("must be {slot} for lists of different lengths, whose empty places nothing may see")
        };
        problems.rule(
            !here.reading.is_padded() || self.attention.activation == Activation::default(),
            "attention.activation",
            unmasked("softmax"),
        );
        problems.rule(
            !here.reading.is_padded() || self.tokens == Tokens::default(),
            "tokens",
            unmasked("plain"),
        );
        if self.head_width == 0 {
            problems.divides("heads", self.heads, self.width, "the width");
        }
    }
}

impl Described for Transformer {
    fn outline(&self) -> Outline<'_> {
        Outline {
            mixing: Mixing::Attention,
            width: self.width,
            positions: Some(self.positions),
            tokens: Some(&self.tokens),
            initialization: Some(&self.initialization),
            row_spread: self.row_spread,
            weights: &self.weights,
        }
    }

    fn size(&self, reading: &Reading) -> NetworkSize {
        let [tokens, features, outputs] =
            [reading.tokens(), reading.features(), reading.outputs()].map(|count| count as u64);
        let [depth, width, heads, inner, hidden] =
            [self.depth, self.width, self.heads, self.attention_width(), self.mlp.width].map(u64::from);
        // The embedding and the positions; the norm after it, or the last one; the classifier.
        let head = if self.head == Head::Own { width * outputs } else { 0 };
        let ends = features * width + tokens * width + 2 * width + head + outputs;
        // Query, key, value, output; the MLP's two layers; two norms. All with biases.
        let attention = 4 * width * inner + 3 * inner + width;
        let mlp = 2 * width * hidden + hidden + width;
        // Kept of one token: seven vectors of its width, four of the heads', two of the MLP's, and two rows of attention a
        // head.
        let token = 7 * width + 4 * inner + 2 * hidden + 2 * heads * tokens;
        // QKᵀ and the mix of the values, of which a causal network leaves half out.
        let seen = if reading.is_causal() { tokens.div_ceil(2) } else { tokens };
        NetworkSize {
            parameters: depth * (attention + mlp + 4 * width) + ends,
            kept: depth * token + 3 * width,
            // A symbol is looked up.
            first: if reading.is_image() { features * width } else { 0 },
            middle: depth * (4 * width * inner + 2 * seen * inner + 2 * width * hidden),
        }
    }
}
