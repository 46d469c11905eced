//! Structured initialization: every head's attention map starts as an impulse filter of a convolution.
//!
//! Structured Initialization for Vision Transformers (Zheng, Li, Saratchandran, Lucey; NeurIPS 2025, arXiv 2505.19985),
//! as its released code has it:
//!
//! ```text
//! P = LayerNorm(positions) = U Σ Vᵀ        T = 1000 H + 1.8 Z where H is 0        Z ~ N(0, 1), new in each layer
//! A = P⁺ T P⁺ᵀ,  P⁺ of rank R        A ≈ W_Q W_Kᵀ from the first d of its singular values        ‖W_Q‖ = ‖W_K‖ = g
//! ```
//!
//! H is the target ([`super::targets`]), d the width of a head. The map of a token that is nothing but its position is
//! then softmax(P W_Q W_Kᵀ Pᵀ / √d) ≈ H. With G = U_R Σ_R⁻¹ it is A = V_R (Gᵀ T G) V_Rᵀ, so that one singular value
//! decomposition of the positions and one of R × R numbers a head are all it takes, in f64.
//!
//! Deviations from the released code, after the notes' measurements at the lab's size:
//! - R is 3/8 of the tokens unless asked otherwise, not d: with d = 16 and 64 tokens rank d misses its target in four
//!   rows of ten. With sines and cosines as positions it is √N, rounded down to an even number and at most 12: there
//!   higher ranks ask for weights of a norm far above 12, and what is left of them below it is a uniform map.
//! - The gain g is found by bisection, so that a token has the share `mass` of its attention on its target on average
//!   (rows without a target do not count), and is at most 12; the code's fixed 7 fits its width 64 only.
//! - Z is normal with deviation 1.8; the code draws three times a normal of 0.6 that is cut beyond three deviations.
//! - Biases of query and key are zero, not PyTorch's; everything else starts by Xavier's rule, values and output by the
//!   mimetic rule as in the code, or by Xavier's.
//!
//! With another activation than softmax a map starts as that activation of the same scores, and is no filter.
//!
//! The paper's text, as far as it is known here (from notes on it), gives 40 : 1 for the ratio of H to Z and a norm of 2;
//! which norm was not established.

#[cfg(feature = "engine")]
mod maps;
#[cfg(feature = "engine")]
mod mixing;
#[cfg(feature = "engine")]
pub mod targets;

use crate::fields::Phrase::{After, Before};
use crate::fields::{Problems, Room, choice, fields, float, integer, named};
#[cfg(feature = "engine")]
use crate::parameters::{AttentionShape, AttentionStart, Start};
#[cfg(feature = "engine")]
use crate::random::xavier_uniform;
use crate::surroundings::{Mixing, Surroundings};
#[cfg(feature = "engine")]
use crate::techniques::initialization::mimetic::products;

fields! {
    /// What the maps imitate, and how closely.
    #[derive(Copy)]
    pub struct Impulse {
        /// What each head's attention map imitates at the start.
        target: Target = Target::Shift, named("Target", Before("target "));
        /// Edge of the filters that are imitated, in tokens: 3 or 5.
        kernel: u32 = 3, integer("Filter", 3, 5, After("-token filters")).step(2);
        /// Share of its attention that a token starts with on its target.
        mass: f32 = 0.7, float("Sharpness", 0.1, 0.99, Before("sharpness ")).matters(|here| here.attends());
        /// Directions of the positions that are inverted.
        rank: u32 = 0, integer("Rank", 1, 256, Before("rank ")).zero("3/8 of the tokens").matters(|here| here.attends());
        /// What values and outputs start from.
        values: Values = Values::Mimetic, named("Values", Before("values: ")).matters(|here| here.attends());
    }
}

choice! {
    /// What an attention map imitates at the start.
    pub enum Target {
        /// A neighbour in a fixed direction: an impulse filter, as in the paper.
        Shift: "shift", "Shift";
        /// A random token for each token: as sharp, but without structure.
        Scrambled: "scrambled", "Scrambled";
    }
}

choice! {
    /// What values and output start from beside structured queries and keys.
    pub enum Values {
        /// The rule of the released code.
        Mimetic: "mimetic", "Mimetic";
        /// As without structure.
        Xavier: "xavier", "Xavier";
    }
}

/// Rows and columns that a head looks away where 3×3 filters are imitated, in the order of the paper's released code:
/// centre, up, right, left, down, corners.
const ORDER: [(i32, i32); 9] = [(0, 0), (-1, 0), (0, 1), (0, -1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)];

impl super::FirstMaps for Impulse {
    fn offsets(&self) -> Option<&'static [(i32, i32)]> {
        (self.target == Target::Shift && self.kernel == 3).then_some(&ORDER)
    }
}

impl Room for Impulse {
    const NAME: &'static str = "impulse";
    const LABEL: &'static str = "Structured";
    const HELP: &'static str =
        "Each head's attention starts as a small shift, like a convolution (arXiv 2505.19985).";

    fn words(&self) -> String {
        let mut details = Vec::new();
        if self.kernel != 3 {
            details.push(format!("{0}×{0}", self.kernel));
        }
        if self.mass != 0.7 {
            details.push(format!("sharpness {:?}", self.mass));
        }
        if self.rank != 0 {
            details.push(format!("rank {}", self.rank));
        }
        if self.values == Values::Xavier {
            details.push("Xavier values".to_owned());
        }
        let name = if self.target == Target::Shift { "structured" } else { "scrambled" };
        crate::techniques::with_details(name, &details)
    }

    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        problems.rule(self.kernel % 2 == 1, "kernel", "must be 3 or 5");
        problems.rule(
            here.positions != Some(0.0) || (self.rank * self.rank) as usize <= here.reading.tokens(),
            "rank",
            "must be at most the edge of the token grid where positions are sines and cosines (model.positions = 0): \
             with more directions of those every map starts uniform",
        );
        problems.rule(
            here.reading.is_image() && matches!(here.mixing, Mixing::Attention | Mixing::Matrix),
            "",
            "must be another one here: structured initialization imitates filters on the tokens of an image, in a \
             transformer or a mixer",
        );
    }
}

#[cfg(feature = "engine")]
impl Start for Impulse {
    fn weights(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
        xavier_uniform(seed, name, inputs, outputs)
    }

    fn biases(&self, _seed: u64, _name: &str, _inputs: usize, outputs: usize) -> Vec<f32> {
        vec![0.0; outputs]
    }

    fn attention(&self, seed: u64, name: &str, shape: &AttentionShape) -> AttentionStart {
        let (width, inner) = (shape.width, shape.inner());
        let (query, key) = maps::query_key(seed, name, shape, self);
        let (value, output) = match self.values {
            Values::Mimetic => products::value_output(seed, name, shape),
            Values::Xavier => (
                self.weights(seed, &format!("{name}.value.weight"), width, inner),
                self.weights(seed, &format!("{name}.output.weight"), inner, width),
            ),
        };
        AttentionStart::unbiased([query, key, value], output, shape)
    }

    fn mixing(&self, seed: u64, name: &str, block: usize, sizes: [usize; 2]) -> Option<[Vec<f32>; 2]> {
        let (up, down) = mixing::mixing(self.target, self.kernel, seed, name, block, sizes);
        Some([up, down])
    }
}
