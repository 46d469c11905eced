//! The default of PyTorch's linear layer, weights and biases.
//!
//! ```text
//! W, b ~ U(−1/√inputs, 1/√inputs)
//! ```
//!
//! It is what the authors of Structured Initialization (arXiv 2505.19985) call "default": their published commands
//! skip timm's own rule (notes on their code; the paper's text was not at hand).

use super::xavier::uniform;

/// `count` weights or biases of a layer with this many inputs.
pub(crate) fn pytorch_uniform(seed: u64, name: &str, inputs: usize, count: usize) -> Vec<f32> {
    uniform(seed, name, count, 1.0 / libm::sqrt(inputs as f64))
}
