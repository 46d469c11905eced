//! What turns attention scores into attention weights: softmax, or a polynomial.
//!
//! Rethinking Softmax (Saratchandran, Zheng, Ji, Zhang, Lucey; arXiv 2410.18613), sections 3 and 4:
//!
//! ```text
//! φ(x) = c · x^p, element by element        c = 1/√N for N tokens
//! ```
//!
//! No row sum, no maximum: the weights may be negative and need not add up to 1. What the paper keeps of softmax
//! is the order √N of the Frobenius norm of the attention matrix and of its gradient.
//!
//! Deviations from the paper: the usual `1/√d` stays in the scores (inferred: the paper does not print it).
//! For causal attention the paper gives no rule; masked scores are 0 and `c` is the same for all rows.

use burn::tensor::Tensor;

use crate::kernels::softmax;
use crate::spec::Activation;

/// Attention weights of the chosen activation.
///
/// # Shapes
/// - `scores`: `[R, B·H, N, N]`; causal scores are 0 above the diagonal
/// - returns `[R, B·H, N, N]`
pub fn forward(activation: &Activation, scores: Tensor<4>, causal: bool) -> Tensor<4> {
    match *activation {
        Activation::Softmax => softmax(scores, causal),
        Activation::Polynomial { power, scale } => {
            let tokens = scores.dims()[3];
            let scale = if scale == 0.0 { 1.0 / (tokens as f32).sqrt() } else { scale };
            polynomial(scores, power, scale)
        }
    }
}

/// `scale · x^power`, by repeated multiplication: `pow` of a negative base is undefined in WGSL.
fn polynomial(scores: Tensor<4>, power: u32, scale: f32) -> Tensor<4> {
    let mut result = scores.clone() * scale;
    for _ in 1..power {
        result = result * scores.clone();
    }
    result
}

#[cfg(test)]
mod tests;
