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

use super::DEVIATION;
use crate::fields::Phrase::Before;
use crate::fields::{Room, choice, fields, named};

fields! {
    /// Normal, cut at two standard deviations.
    #[derive(Copy)]
    pub struct TruncatedNormal as "truncated-normal", "Truncated normal" {
        deviation: f32 = 0.02, DEVIATION;
        /// What value and output matrices start from: a control for what a small start does to the size of what attention
        /// hands on.
        handed_on: HandedOn = HandedOn::Alike, named("Value and output", Before("value and output: ")).matters(|here| here.attends());
    }
}

choice! {
    /// What value and output matrices start from.
    pub enum HandedOn {
        /// From the same deviation as all others.
        Alike: "alike", "As all others";
        /// By Xavier's rule, so that what attention hands on has the size of what it reads.
        Xavier: "xavier", "Xavier";
    }
}

impl Room for TruncatedNormal {
    fn words(&self) -> String {
        let mut details = vec![format!("{:?}", self.deviation)];
        if self.handed_on == HandedOn::Xavier {
            details.push("value and output Xavier".to_owned());
        }
        crate::techniques::with_details("truncated normal", &details)
    }
}

impl super::FirstMaps for TruncatedNormal {}

#[cfg(feature = "engine")]
mod engine {
    use super::{HandedOn, TruncatedNormal};
    use crate::parameters::Start;
    use crate::random::{fan_in_uniform, truncated_normal, xavier_uniform};

    impl Start for TruncatedNormal {
        fn weights(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
            let hands_on = name.contains(".attention.value.") || name.contains(".attention.output.");
            match self.handed_on {
                HandedOn::Xavier if hands_on => xavier_uniform(seed, name, inputs, outputs),
                _ => truncated_normal(seed, name, inputs * outputs, f64::from(self.deviation)),
            }
        }

        fn embedding(&self, seed: u64, name: &str, features: usize, width: usize) -> Vec<f32> {
            fan_in_uniform(seed, name, features, features * width)
        }
    }
}
