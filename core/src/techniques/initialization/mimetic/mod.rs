//! Mimetic initialization: attention starts near what trained vision transformers show.
//!
//! Mimetic Initialization of Self-Attention Layers (Trockman and Kolter, ICML 2023, arXiv 2305.09828):
//!
//! ```text
//! W_Q W_Kᵀ ≈ 0.7 Z + 0.7 I, head by head        W_V W_O = 0.4 Z − 0.4 I, once a layer        Z ~ U ±√(3/D)
//!
//! A = U S Vᵀ  →  W_Q = U √S, W_K = V √S, the first d columns of each        B = U S Vᵀ  →  W_V = U √S, W_O = √S Vᵀ
//! ```
//!
//! Factors and the uniform Z (variance 1/D) are those of the code of Structured Initialization (arXiv 2505.19985);
//! that the paper itself says the same is from memory, not checked. That code sets its value and output matrices
//! without the transpose that its framework asks for, so that their product is another one; here the product is the
//! one above. Everything else starts by Xavier's rule; the paper recommends fixed sines and cosines as positions, here
//! `model.positions` decides, and positions are trained.
//!
//! Where the heads together are narrower than the tokens, `W_V W_O` is the best approximation of their rank; where
//! they are wider, the columns left over start by Xavier's rule in `W_V` and `W_Q`, and at zero in `W_O` and `W_K`.

#[cfg(feature = "engine")]
pub mod products;

use crate::fields::{Problems, Room, fields};
#[cfg(feature = "engine")]
use crate::parameters::{AttentionShape, AttentionStart, Start};
#[cfg(feature = "engine")]
use crate::random::xavier_uniform;
use crate::surroundings::Surroundings;

fields! {
    /// Attention starts near the identity.
    #[derive(Copy)]
    pub struct Mimetic {}
}

impl Room for Mimetic {
    const NAME: &'static str = "mimetic";
    const LABEL: &'static str = "Mimetic";
    const HELP: &'static str = "Attention starts near the identity (arXiv 2305.09828).";

    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        problems.rule(
            here.attends(),
            "",
            "must be another one here: mimetic initialization is one of attention",
        );
    }
}

impl super::FirstMaps for Mimetic {
    fn offsets(&self) -> Option<&'static [(i32, i32)]> {
        None
    }
}

#[cfg(feature = "engine")]
impl Start for Mimetic {
    fn weights(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
        xavier_uniform(seed, name, inputs, outputs)
    }

    fn biases(&self, _seed: u64, _name: &str, _inputs: usize, outputs: usize) -> Vec<f32> {
        vec![0.0; outputs]
    }

    fn attention(&self, seed: u64, name: &str, shape: &AttentionShape) -> AttentionStart {
        let (query, key) = products::query_key(seed, name, shape);
        let (value, output) = products::value_output(seed, name, shape);
        AttentionStart::unbiased([query, key, value], output, shape)
    }
}
