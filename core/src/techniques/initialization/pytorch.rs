//! The default of PyTorch's linear layer, weights and biases.
//!
//! ```text
//! W, b ~ U(−1/√inputs, 1/√inputs)
//! ```
//!
//! It is what the authors of Structured Initialization (arXiv 2505.19985) call "default": their published commands
//! skip timm's own rule (notes on their code; the paper's text was not at hand).

use crate::fields::{Room, fields};

fields! {
    /// Uniform ±1/√inputs, biases too.
    #[derive(Copy)]
    pub struct Pytorch as "pytorch", "PyTorch's default" {}
}

impl Room for Pytorch {
    fn words(&self) -> String {
        "PyTorch".to_owned()
    }
}

impl super::FirstMaps for Pytorch {}

#[cfg(feature = "engine")]
mod engine {
    use super::Pytorch;
    use crate::parameters::Start;
    use crate::random::fan_in_uniform;

    impl Start for Pytorch {
        fn weights(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
            fan_in_uniform(seed, name, inputs, inputs * outputs)
        }

        fn biases(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
            fan_in_uniform(seed, name, inputs, outputs)
        }
    }
}
