//! Token graying: tokens whose singular values lie closer together.
//!
//! Always Skip Attention (Ji, Saratchandran, Moghadam, Lucey; ICCV 2025, arXiv 2505.01996), the paper's remedy for
//! what skips make up for. `X` holds the patches of one image (or its embedded tokens), `0 < ε ≤ 1`:
//!
//! ```text
//! SVD:  X = U Σ Vᵀ          X' = U Σ' Vᵀ,  σ' = σ₁ (σ / σ₁)^ε               κ(X') = κ(X)^ε
//! DCT:  Z = D_N X D_Dᵀ      Z' = sign(Z) m (|Z| / m)^ε,  m = max |Z|        X' = D_Nᵀ Z' D_D
//! ```
//!
//! `D_n` is the orthonormal DCT-II matrix. The paper grays the patches once, before they are embedded, with ε = 0.95;
//! ε = 1 leaves them as they are.
//!
//! What is not known of the paper, and what stands here instead (all inferred): it does not say how the sign of a
//! DCT coefficient is treated, nor the scale afterwards; here signs stay and `σ₁` or `m` is multiplied back.
//!
//! Patches are grayed on the CPU in f64, by either transform, when the data set is made: it is preprocessing, and a
//! training step pays nothing for it. Embedded tokens are grayed on the device at every step, by the DCT only, and the
//! gradient flows through all of it, also through m. There the power turns into a line below 10⁻⁴ of m
//! (`kernels::signed_power`): the derivative of a power has no bound at 0.

#[cfg(feature = "engine")]
mod engine;
#[cfg(all(test, feature = "engine"))]
mod tests;

use crate::fields::Phrase::Before;
use crate::fields::{Problems, Room, choice, fields, float, named};
use crate::surroundings::Surroundings;

fields! {
    /// How strongly to gray, by what, and which tokens.
    #[derive(Copy)]
    pub struct Graying {
        /// Whether singular values or frequencies are raised to the power.
        transform: Transform = Transform::Dct, named("Graying by", Before("graying by "));
        /// The power ε; the paper takes 0.95, and 1 changes nothing (arXiv 2505.01996).
        exponent: f32 = 0.95, float("Exponent", 0.05, 1.0, Before("exponent "));
        /// Which tokens are grayed; the paper grays the patches.
        place: Place = Place::Patches, named("Applied to", Before("graying of "));
    }
}

choice! {
    /// Where the exponent is applied.
    pub enum Transform {
        /// Applied to the coefficients of the discrete cosine transform, on the device.
        Dct: "dct", "Cosine transform";
        /// Applied to the singular values, on the CPU, once for each image.
        Svd: "svd", "Singular values";
    }
}

choice! {
    /// Which tokens are changed.
    pub enum Place {
        /// Before they are embedded, as in the paper.
        Patches: "patches", "Patches";
        /// After they are embedded, before the first block.
        Embedding: "embedding", "Embedded tokens";
    }
}

impl Room for Graying {
    const NAME: &'static str = "graying";
    const LABEL: &'static str = "Grayed";
    const HELP: &'static str =
        "Singular values or frequencies are raised to a power below 1 (token graying, arXiv 2505.01996).";

    fn words(&self) -> String {
        let name = match self.transform {
            Transform::Dct => "DCT",
            Transform::Svd => "SVD",
        };
        let after = if self.place == Place::Embedding { ", embedded" } else { "" };
        format!("{name}-grayed (ε {:?}{after})", self.exponent)
    }

    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        super::mixes_tokens(here, problems);
        problems.rule(
            self.transform == Transform::Dct || self.place == Place::Patches,
            "transform",
            "must be dct for embedded tokens: singular values are found on the CPU, before training",
        );
        problems.rule(
            here.reading.is_image() || self.place == Place::Embedding,
            "place",
            "must be embedding for a task of symbols, which has no patches",
        );
    }
}
