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
#[cfg(feature = "engine")]
use crate::parameters::Start;
#[cfg(feature = "engine")]
use crate::random::{fan_in_uniform, truncated_normal};

fields! {
    /// How wide.
    #[derive(Copy)]
    pub struct TruncatedNormal {
        /// Standard deviation of the first weights.
        deviation: f32 = 0.02, logarithmic("Deviation", 1e-3, 1.0, Before("deviation "));
    }
}

impl Room for TruncatedNormal {
    const NAME: &'static str = "truncated-normal";
    const LABEL: &'static str = "Truncated normal";
    const HELP: &'static str = "Normal, cut at two standard deviations.";

    fn words(&self) -> String {
        format!("truncated normal ({:?})", self.deviation)
    }
}

impl super::FirstMaps for TruncatedNormal {
    fn offsets(&self) -> Option<&'static [(i32, i32)]> {
        None
    }
}

#[cfg(feature = "engine")]
impl Start for TruncatedNormal {
    fn weights(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
        truncated_normal(seed, name, inputs * outputs, f64::from(self.deviation))
    }

    fn biases(&self, _seed: u64, _name: &str, _inputs: usize, outputs: usize) -> Vec<f32> {
        vec![0.0; outputs]
    }

    fn embedding(&self, seed: u64, name: &str, features: usize, width: usize) -> Vec<f32> {
        fan_in_uniform(seed, name, features, features * width)
    }
}
