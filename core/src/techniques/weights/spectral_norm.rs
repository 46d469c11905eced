//! Spectral normalization (Miyato et al., arXiv 1802.05957): a matrix divided by its largest singular value.
//!
//! Deviation from the paper: σ₁ is found from the weights alone (`kernels::spectral_norm`), not by
//! one power iteration a step from a vector that is kept.

use crate::fields::{Problems, Room, fields};
use crate::surroundings::Surroundings;

fields! {
    /// Divided by the largest singular value (arXiv 1802.05957).
    #[derive(Copy)]
    pub struct SpectralNorm as "spectral-norm", "Spectral norm" {}
}

impl Room for SpectralNorm {
    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        super::rule_of_norms(here, problems);
    }
}

#[cfg(feature = "engine")]
mod engine {
    use burn::tensor::{Device, Tensor};

    use super::SpectralNorm;
    use crate::kernels::{Placed, SpectralNorms};
    use crate::parameters::{Builder, Matrix};
    use crate::techniques::weights::lines::rest;
    use crate::techniques::weights::{Conditioned, Conditioner, Kept, Made, WeightTechnique};

    impl WeightTechnique for SpectralNorm {
        fn conditioner(&self, builder: &mut Builder, device: &Device) -> Made {
            let place =
                |m: Matrix| Placed { offset: m.offset, rows: m.rows, columns: m.columns, stride: m.stride };
            let matrices: Vec<Placed> = builder.layout().conditioned().into_iter().map(place).collect();
            Ok(Some(Box::new(SpectralNorms::new(&matrices, &rest(builder.layout()), device))))
        }
    }

    impl Conditioner for SpectralNorms {
        fn weights(&self, raw: &Tensor<2>) -> Conditioned {
            let vectors = self.vectors(raw.clone());
            Conditioned {
                weights: self.map(raw.clone(), vectors.clone()),
                kept: Kept::Numbers(Box::new(vectors)),
            }
        }

        fn gradients(&self, raw: &Tensor<2>, made: Conditioned, gradients: Tensor<2>) -> Tensor<2> {
            let Kept::Numbers(vectors) = made.kept else {
                unreachable!("the vectors that the weights were made with")
            };
            self.gradient(raw.clone(), *vectors, gradients)
        }
    }
}
