//! A coordinate network: an MLP from a place to the values there.
//!
//! ```text
//! x₀ = γ(place)        x_k = φ(norm(W_k x_{k−1} + b_k))        y = W_L x_{L−1} + b_L
//! ```
//!
//! γ is a row of octaves, φ an activation: ReLU, the Gaussian of "Beyond Periodicity" (arXiv 2111.15135), or
//! SIREN's sine (arXiv 2006.09661) with its first weights. As in SIREN's code, ω multiplies the bias too. The last layer is
//! linear.

#[cfg(feature = "engine")]
mod engine;
#[cfg(all(test, feature = "engine"))]
mod tests;

use super::rows::{DEPTH, NORM, WIDTH};
use super::{Described, NetworkSize, Outline};
use crate::fields::Phrase::{After, Count};
use crate::fields::{Problems, Room, choice, fields, integer, named};
use crate::layers::Norm;
use crate::surroundings::{Mixing, Reading, Surroundings};
use crate::techniques::initialization::{INITIALIZATION, Initialization};
use crate::techniques::weights::{ROW_SPREAD, WEIGHTS, Weights};

fields! {
    /// An MLP from a place to a value.
    pub struct Coordinate as "coordinate", "Coordinate network" {
        /// What stands between the layers of a coordinate network.
        activation as "architecture.activation": Activation = Activation::Relu, named("Activation", After(" activation"));
        /// Sines and cosines that a coordinate is turned into, each pair of twice the frequency.
        frequencies as "architecture.frequencies": u32 = 0, integer("Octaves", 1, 12, Count("octave", "octaves")).zero("none");
        norm as "architecture.norm": Norm = Norm::None, NORM;
        depth: u32 = 4, DEPTH;
        width: u32 = 64, WIDTH;
        initialization: Initialization = Initialization::default(), INITIALIZATION;
        weights: Weights = Weights::default(), WEIGHTS;
        row_spread: f32 = 0.0, ROW_SPREAD;
    }
}

choice! {
    /// Between the layers.
    pub enum Activation {
        /// max(0, x).
        Relu: "relu", "ReLU";
        /// exp(−x² / 2σ²) with σ = 0.2.
        Gaussian: "gaussian", "Gaussian";
        /// sin(30 x), with SIREN's first weights.
        Sine: "sine", "Sine";
    }
}

impl Room for Coordinate {
    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        problems.rule(
            matches!(here.reading, Reading::Places { .. }),
            "architecture",
            "must be another one here: a coordinate network reads places, and the task has none",
        );
    }
}

impl Described for Coordinate {
    fn outline(&self) -> Outline<'_> {
        Outline {
            mixing: Mixing::Nothing,
            width: self.width,
            positions: None,
            tokens: None,
            initialization: Some(&self.initialization),
            row_spread: self.row_spread,
            weights: &self.weights,
        }
    }

    fn size(&self, reading: &Reading) -> NetworkSize {
        let [depth, width, frequencies] = [self.depth, self.width, self.frequencies].map(u64::from);
        let outputs = reading.outputs() as u64;
        let inputs = if frequencies == 0 { 2 } else { 2 + 4 * frequencies };
        let between = depth - depth.min(1);
        NetworkSize {
            // `depth` hidden layers and the last one, of which two vectors each are kept.
            parameters: inputs * width
                + width
                + between * (width * width + width)
                + width * outputs
                + outputs,
            kept: 2 * depth * width + inputs,
            first: inputs * width,
            middle: between * width * width,
        }
    }
}
