//! Spectral normalization (Miyato et al., arXiv 1802.05957): a matrix divided by its largest singular value.
//!
//! Deviation from the paper: σ₁ is found from the weights alone (`kernels::spectral_norm`), not by
//! one power iteration a step from a vector that is kept.

#[cfg(feature = "engine")]
use burn::tensor::{Device, Tensor};

use crate::fields::{Room, fields};
#[cfg(feature = "engine")]
use crate::kernels::{Placed, SpectralNorms};
#[cfg(feature = "engine")]
use crate::parameters::{Builder, Matrix};
#[cfg(feature = "engine")]
use crate::techniques::weights::lines::rest;

fields! {
    /// Divided by σ₁.
    #[derive(Copy)]
    pub struct SpectralNorm {}
}

impl Room for SpectralNorm {
    const NAME: &'static str = "spectral-norm";
    const LABEL: &'static str = "Spectral norm";
    const HELP: &'static str = "Divided by the largest singular value (arXiv 1802.05957).";
}

#[cfg(feature = "engine")]
impl super::WeightTechnique for SpectralNorm {
    fn conditioner(&self, builder: &mut Builder, device: &Device) -> Option<Box<dyn super::Conditioner>> {
        let place =
            |m: Matrix| Placed { offset: m.offset, rows: m.rows, columns: m.columns, stride: m.stride };
        let matrices: Vec<Placed> = builder.layout().conditioned().into_iter().map(place).collect();
        Some(Box::new(SpectralNorms::new(&matrices, &rest(builder.layout()), device)))
    }
}

#[cfg(feature = "engine")]
impl super::Conditioner for SpectralNorms {
    fn weights(&self, raw: &Tensor<2>) -> super::Conditioned {
        let vectors = self.vectors(raw.clone());
        super::Conditioned { weights: self.map(raw.clone(), vectors.clone()), kept: Some(vectors) }
    }

    fn gradients(&self, raw: &Tensor<2>, made: super::Conditioned, gradients: Tensor<2>) -> Tensor<2> {
        let vectors = made.kept.expect("the vectors that the weights were made with");
        self.gradient(raw.clone(), vectors, gradients)
    }
}
