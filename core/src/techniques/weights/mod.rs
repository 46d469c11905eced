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

#[cfg(feature = "engine")]
mod lines;
#[cfg(feature = "engine")]
mod spread;

#[cfg(feature = "engine")]
use burn::tensor::{Device, Tensor};

use crate::fields::Phrase::{After, Before};
use crate::fields::{Row, float, named, slot};
#[cfg(feature = "engine")]
use crate::parameters::Builder;

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
    }
}

/// The slot's row, the same in every network.
pub const WEIGHTS: Row = named("Weights", After(" weights"))
    .or_help("How a weight matrix is made from its trained numbers.")
    .whole();

/// The row of a network's uneven start.
pub const ROW_SPREAD: Row = float("Row spread", 0.01, 3.0, Before("row spread "))
    .or_help("Rows of the first weights are scaled by a random factor up to ten to this power, up or down.")
    .zero("none");

/// What a choice of this slot does.
#[cfg(feature = "engine")]
pub trait WeightTechnique {
    /// What makes the weights; `None` where they are their trained numbers.
    ///
    /// Changes first values where the choice asks for that, and adds what is trained beside the weights: to be called
    /// when the network is built.
    fn conditioner(&self, builder: &mut Builder, device: &Device) -> Option<Box<dyn Conditioner>>;
}

/// Makes weights from trained numbers.
#[cfg(feature = "engine")]
pub trait Conditioner {
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
    kept: Option<Tensor<2>>,
}

#[cfg(all(test, feature = "engine"))]
mod tests;
