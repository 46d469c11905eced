//! Normal weights, cut at two standard deviations.
//!
//! ```text
//! W ~ N(0, s²), drawn again while |W| > 2 s        biases 0
//! ```
//!
//! With s = 0.02 it is the default of timm's vision transformers, for their linear layers; the convolution that embeds the
//! patches keeps its framework's default there, and so does the embedding of patches here: with weights of deviation 0.02 a
//! patch of four pixels says too little to be found. Deviation from timm, which cuts at ±2 whatever s is (so, for s = 0.02,
//! not at all): here the cut is at two standard deviations.

use crate::fields::Phrase::Before;
use crate::fields::{Room, fields, logarithmic};

fields! {
    /// Normal, cut at two standard deviations.
    #[derive(Copy)]
    pub struct TruncatedNormal as "truncated-normal", "Truncated normal" {
        /// Standard deviation of the first weights.
        deviation: f32 = 0.02, logarithmic("Deviation", 1e-3, 1.0, Before("deviation "));
    }
}

impl Room for TruncatedNormal {
    fn words(&self) -> String {
        format!("truncated normal ({:?})", self.deviation)
    }
}

impl super::FirstMaps for TruncatedNormal {}

#[cfg(feature = "engine")]
mod engine {
    use super::TruncatedNormal;
    use crate::parameters::Start;
    use crate::random::{fan_in_uniform, truncated_normal};

    impl Start for TruncatedNormal {
        fn weights(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
            truncated_normal(seed, name, inputs * outputs, f64::from(self.deviation))
        }

        fn embedding(&self, seed: u64, name: &str, features: usize, width: usize) -> Vec<f32> {
            fan_in_uniform(seed, name, features, features * width)
        }
    }
}
