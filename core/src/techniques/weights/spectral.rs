//! Spectral conditioning of attention (arXiv 2603.07162): query, key and value plus a multiple of the identity.
//!
//! ```text
//! W' = W + λ I
//! ```
//!
//! `I` is that of the matrix of all heads side by side: head i gets the channels from i·d on (and begins again at the first
//! where the heads together are wider than the tokens). Whether the paper adds it to each head or to all together is not
//! known.

#[cfg(feature = "engine")]
use burn::tensor::{Device, Tensor, TensorData};

use crate::fields::Phrase::Before;
use crate::fields::{Problems, Room, fields, logarithmic};
#[cfg(feature = "engine")]
use crate::parameters::{Builder, Layout, Matrix, PROJECTIONS};
use crate::surroundings::Surroundings;

fields! {
    /// How large a multiple.
    #[derive(Copy)]
    pub struct Spectral {
        /// The multiple of the identity that is added; the paper takes 10 (arXiv 2603.07162).
        shift: f32 = 10.0, logarithmic("Shift λ", 1e-2, 100.0, Before("λ "));
    }
}

impl Room for Spectral {
    const NAME: &'static str = "spectral";
    const LABEL: &'static str = "Spectral conditioning";
    const HELP: &'static str = "Query, key and value plus a multiple of the identity (arXiv 2603.07162).";

    fn words(&self) -> String {
        format!("spectrally conditioned (λ {:?})", self.shift)
    }

    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        problems.rule(
            here.attends(),
            "",
            "must be another one here: spectral conditioning is one of attention",
        );
    }
}

#[cfg(feature = "engine")]
impl super::WeightTechnique for Spectral {
    fn conditioner(&self, builder: &mut Builder, device: &Device) -> Option<Box<dyn super::Conditioner>> {
        Some(Box::new(Shift(identity(builder.layout(), self.shift, device))))
    }
}

/// `[1, P]`, added.
#[cfg(feature = "engine")]
struct Shift(Tensor<2>);

#[cfg(feature = "engine")]
impl super::Conditioner for Shift {
    fn weights(&self, raw: &Tensor<2>) -> super::Conditioned {
        super::Conditioned { weights: raw.clone() + self.0.clone(), kept: None }
    }

    fn gradients(&self, _: &Tensor<2>, _: super::Conditioned, gradients: Tensor<2>) -> Tensor<2> {
        gradients
    }
}

/// λ where the identity of a query, key or value matrix is 1.
#[cfg(feature = "engine")]
fn identity(layout: &Layout, shift: f32, device: &Device) -> Tensor<2> {
    let mut added = vec![0.0; layout.width()];
    let shifted =
        |matrix: &&Matrix| PROJECTIONS.iter().any(|part| matrix.name.ends_with(&format!(".{part}.weight")));
    for matrix in layout.conditioned().iter().filter(shifted) {
        for column in 0..matrix.columns {
            added[matrix.offset + column % matrix.rows * matrix.stride + column] = shift;
        }
    }
    Tensor::from_data(TensorData::new(added, [1, layout.width()]), device)
}
