//! The default of PyTorch's linear layer, weights and biases.
//!
//! ```text
//! W, b ~ U(−1/√inputs, 1/√inputs)
//! ```
//!
//! It is what the authors of Structured Initialization (arXiv 2505.19985) call "default": their published commands
//! skip timm's own rule (notes on their code; the paper's text was not at hand).

use crate::fields::{Room, fields};
#[cfg(feature = "engine")]
use crate::parameters::Start;
#[cfg(feature = "engine")]
use crate::random::fan_in_uniform;

fields! {
    /// Uniform ±1/√inputs, biases too.
    #[derive(Copy)]
    pub struct Pytorch {}
}

impl Room for Pytorch {
    const NAME: &'static str = "pytorch";
    const LABEL: &'static str = "PyTorch's default";
    const HELP: &'static str = "Uniform ±1/√inputs, biases too.";

    fn words(&self) -> String {
        "PyTorch".to_owned()
    }
}

impl super::FirstMaps for Pytorch {
    fn offsets(&self) -> Option<&'static [(i32, i32)]> {
        None
    }
}

#[cfg(feature = "engine")]
impl Start for Pytorch {
    fn weights(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
        fan_in_uniform(seed, name, inputs, inputs * outputs)
    }

    fn biases(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
        fan_in_uniform(seed, name, inputs, outputs)
    }
}
