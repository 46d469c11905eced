//! Conditioned embedded tokens: a correction that gives the tokens of every example a small condition number.
//!
//! Enhancing Transformers Through Conditioned Embedded Tokens (Saratchandran and Lucey; ICCV 2025,
//! arXiv 2505.12789), theorem 4.4:
//!
//! ```text
//! X = U Σ Vᵀ        X' = X + C,  C = s σ₁ U Vᵀ        so σᵢ' = σᵢ + s σ₁ and, with s = 1, κ(X') ≤ 2
//! ```
//!
//! `X` holds the embedded tokens of one example, positions included; `C` is found anew for every example at every
//! step, on the test split too. No parameter is added. Why it should help is proposition 4.2: without softmax,
//! κ of an attention head's output is at most `κ(W_Q) κ(W_K) κ(W_V) κ(X)³` (for at least as many tokens as
//! channels, where the products cannot lose rank).
//!
//! What is not known of the paper, and what stands here instead:
//! - C is not printed in the sources at hand; this is the form of the same authors' paper on weights (inferred).
//! - Whether the gradient flows through C is not known. Here C counts as a constant: the derivative of `U Vᵀ` has
//!   terms `1 / (σᵢ + σⱼ)`, and is largest just where the tokens are badly conditioned.
//! - Whether positions are added before or after is not known; after is what the first block sees, and did better
//!   when it was tried.
//! - The paper takes a singular value decomposition in every forward pass. Here `U Vᵀ` is iterated towards by
//!   products ([`crate::kernels::add_polar_factor`]): exactly, or, as the default, in nine iterations, which leave
//!   κ at 2.2 or less as long as κ(X) is below 10⁴.
//! - Not for causal networks: C mixes all tokens of an example, so that a token would see those after it.

use burn::tensor::Tensor;

use crate::kernels::{Polar, add_polar_factor};

/// Steep iterations of the exact form: 3.4¹² = 3·10⁶, so that whatever f32 tells from zero arrives.
const EXACT_STEEP: u32 = 12;

/// Settling iterations of the exact form: what is left differs from 1 by less than f32 can say.
const EXACT_SETTLING: u32 = 3;

/// The correction of one network's tokens.
#[derive(Clone, Copy, Debug)]
pub struct ConditionedTokens {
    polar: Polar,
    tokens: usize,
}

impl ConditionedTokens {
    /// `strength` is s; of the `iterations` the last one settles what the steep ones before it leave; 0 goes on until
    /// f32 knows no difference.
    pub fn new(strength: f32, iterations: u32, tokens: usize) -> Self {
        let (steep, settling) =
            if iterations == 0 { (EXACT_STEEP, EXACT_SETTLING) } else { (iterations - 1, 1) };
        Self { polar: Polar { strength, steep, settling }, tokens }
    }

    /// # Shapes
    /// - `x`, result: `[R, B·N, D]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        add_polar_factor(x, self.tokens, self.polar)
    }
}

#[cfg(test)]
mod tests;
