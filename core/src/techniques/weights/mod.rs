//! How a weight matrix is made from its trained numbers.
//!
//! Here a layer's matrix is `[inputs, outputs]`, so a paper's row, the weights of one output, is a column. All of it happens
//! outside autodiff, on the one tensor that holds all trained numbers: weights are made in one launch before the forward
//! pass, and gradients by the weights become gradients by the trained numbers in one launch after the backward pass.
//!
//! | choice | weights |
//! |---|---|
//! | [`equilibrated`] (arXiv 2409.03424) | `E W`, `W D` or `E W D`: rows, columns or both divided by their norms |
//! | [`normalized`] (arXiv 1602.07868) | `g_i W_i / ‖W_i‖`, `g` trained; starts equal to `W` |
//! | [`standardized`] (arXiv 1903.10520) | `(W_i − mean) / (deviation · √inputs)` |
//! | [`spectral_norm`] (arXiv 1802.05957) | `W / σ₁(W)` |
//! | [`spectral`] (arXiv 2603.07162) | `W + λ I` for query, key and value |
//! | [`frozen`] | `W` as it started; only what trains along is trained |
//! | [`lora`] (arXiv 2106.09685) | `W + s A B` |
//! | [`dora`] (arXiv 2402.09353) | `m (W + s A B) / ‖W + s A B‖` |
//! | [`vera`] (arXiv 2310.11454) | `W + A diag(d) B diag(b)`, A and B drawn and frozen |
//! | [`nola`] (arXiv 2310.02556) | `W + s (Σ αᵢ Aᵢ)(Σ βᵢ Bᵢ)`, all Aᵢ and Bᵢ drawn and frozen |
//! | [`randlora`] (arXiv 2502.00987) | `W + s Σ Bⱼ Λⱼ A Γⱼ`, A and all Bⱼ drawn and frozen |
//! | [`sine`] (arXiv 2403.19243) | `W + s sin(ω A B) / g` |
//!
//! The last seven are adapters ([`adapter`]): the network's own matrices stay as they started, and what is trained is added
//! to them.

#[cfg(feature = "engine")]
mod adapter;
#[cfg(feature = "engine")]
mod lines;
#[cfg(feature = "engine")]
pub mod peft;
mod places;
#[cfg(feature = "engine")]
mod spread;

#[cfg(feature = "engine")]
use burn::tensor::{Device, Tensor};

use crate::fields::Phrase::{After, Before};
use crate::fields::{Problems, Row, float, named, slot};
#[cfg(feature = "engine")]
use crate::parameters::Builder;
use crate::surroundings::Surroundings;

#[cfg(feature = "engine")]
pub use spread::spread_rows;

slot! {
    /// How a weight matrix is made from its trained numbers.
    pub enum Weights does WeightTechnique {
        plain::Plain,
        equilibrated::Equilibrated,
        normalized::Normalized,
        standardized::Standardized,
        spectral_norm::SpectralNorm,
        spectral::Spectral,
        frozen::Frozen,
        lora::Lora,
        dora::Dora,
        vera::Vera,
        nola::Nola,
        randlora::RandLora,
        sine::SineLora,
    }
}

/// The slot's row, the same in every network.
pub const WEIGHTS: Row = named("Weights", After(" weights"))
    .or_help("How a weight matrix is made from its trained numbers.")
    .whole();

/// The rule of a choice that divides by norms of the first weights.
fn rule_of_norms(here: &Surroundings, problems: &mut Problems<'_>) {
    let sentence = "must be another one here: it divides by norms of the first weights, which are zero";
    problems.rule(!here.starts_at_zero, "", sentence);
}

/// The row of a network's uneven start.
pub const ROW_SPREAD: Row = float("Row spread", 0.01, 3.0, Before("row spread "))
    .or_help("Rows of the first weights are scaled by a random factor up to ten to this power, up or down.")
    .zero("none");

/// What a choice of this slot does.
#[cfg(feature = "engine")]
pub trait WeightTechnique {
    /// What makes the weights; `None` where they are their trained numbers.
    ///
    /// Changes first values where the choice asks for that, freezes what it does not train, and adds what is trained beside
    /// the weights: to be called when the network is built.
    ///
    /// # Errors
    /// A sentence, if it names a part that the network does not have.
    fn conditioner(&self, builder: &mut Builder, device: &Device) -> Made;

    /// The same as an adapter that Hugging Face's PEFT has too, if it is one.
    fn exchange(&self) -> Option<Box<dyn peft::Exchange>> {
        None
    }
}

/// What makes the weights, if anything; a sentence where it does not fit the network.
#[cfg(feature = "engine")]
pub type Made = Result<Option<Box<dyn Conditioner>>, String>;

/// Makes weights from trained numbers.
#[cfg(feature = "engine")]
pub trait Conditioner {
    /// Takes drawn matrices of these names in place of its own, the same in every replica; others are not its business.
    fn give(&mut self, _numbers: &peft::Numbers) {}

    /// The weights that the layers see.
    ///
    /// # Shapes
    /// - `raw`: `[R, P]`, the trained numbers
    fn weights(&self, raw: &Tensor<2>) -> Conditioned;

    /// Gradients by the trained numbers, from gradients by the weights that were made from them.
    ///
    /// # Shapes
    /// - `raw`, `gradients`, result: `[R, P]`
    fn gradients(&self, raw: &Tensor<2>, made: Conditioned, gradients: Tensor<2>) -> Tensor<2>;
}

/// Weights, and what the way back needs of how they were made.
#[cfg(feature = "engine")]
pub struct Conditioned {
    /// `[R, P]`: in the places of the trained numbers.
    pub weights: Tensor<2>,
    kept: Kept,
}

/// What the way back needs.
#[cfg(feature = "engine")]
enum Kept {
    /// The trained numbers alone.
    Nothing,
    /// Numbers on the way.
    Numbers(Box<Tensor<2>>),
    /// What adapters added, with what it was made from.
    Changes(Vec<adapter::Change>),
}

#[cfg(all(test, feature = "engine"))]
mod tests;
