//! Conditioned embedded tokens: a correction that gives the tokens of every example a small condition number.
//!
//! Enhancing Transformers Through Conditioned Embedded Tokens (Saratchandran and Lucey; ICCV 2025,
//! arXiv 2505.12789), theorem 4.4:
//!
//! ```text
//! X = U Σ Vᵀ        X' = X + C,  C = s σ₁ U Vᵀ        so σᵢ' = σᵢ + s σ₁ and, with s = 1, κ(X') ≤ 2
//! ```
//!
//! The tokens grow with it, ‖X'‖ ≈ 5 ‖X‖ for natural textures; a control keeps their size (`size = "kept"`: X' ‖X‖ / ‖X'‖).
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
//!   products (`kernels::add_polar_factor`): exactly, or, as the default, in nine iterations, which leave κ near 2.1 as long
//!   as κ(X) √(stable rank) is below about 2·10⁴: at κ(X) = 10⁴ what is left is 2.6, 3.5 and 4.5 for a stable rank of 16, 36
//!   and 63. Where the tokens do not have full rank, the exact form raises rounding: what is left then depends on the order
//!   of sums.
//! - Not for causal networks: C mixes all tokens of an example, so that a token would see those after it.

#[cfg(feature = "engine")]
mod engine;
#[cfg(all(test, feature = "engine"))]
mod tests;

use crate::fields::Phrase::{Before, Count};
use crate::fields::{Problems, Room, choice, fields, float, integer, named};
use crate::surroundings::Surroundings;

fields! {
    /// Every singular value grows by the largest one (Conditioned Embedded Tokens, arXiv 2505.12789).
    #[derive(Copy)]
    pub struct Conditioned as "conditioned", "Conditioned" {
        /// How many times the largest singular value is added to each (arXiv 2505.12789 adds it once).
        strength: f32 = 1.0, float("Strength", 0.0, 10.0, Before("strength ")).each();
        /// Newton-Schulz iterations towards the correction; 9 leave κ near 2 where κ times the root of the stable
        /// rank is below 20,000.
        iterations: u32 = 9, integer("Iterations", 1, 30, Count("iteration", "iterations")).zero("until exact");
        /// Whether the tokens become larger by the correction, as in the paper; a control of the lab keeps their size.
        size: Size = Size::Grown, named("Size", Before("size "));
    }
}

choice! {
    /// What becomes of the size of the tokens.
    pub enum Size {
        /// They grow with the correction: by five times or so.
        Grown: "grown", "Grows";
        /// The tokens of every example are scaled back to the size they had: ‖X'‖ = ‖X‖ in Frobenius' norm.
        Kept: "kept", "Kept";
    }
}

impl Room for Conditioned {
    fn words(&self) -> String {
        let name = match self.strength {
            1.0 => "conditioned".to_owned(),
            strength => format!("{strength:?} C conditioned"),
        };
        let mut details = Vec::new();
        match self.iterations {
            9 => {}
            0 => details.push("exact".to_owned()),
            n => details.push(format!("{n} iterations")),
        }
        if self.size == Size::Kept {
            details.push("size kept".to_owned());
        }
        crate::techniques::with_details(&name, &details)
    }

    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        super::mixes_tokens(here, problems);
    }
}
