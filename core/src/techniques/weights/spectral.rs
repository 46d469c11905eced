//! Spectral conditioning of attention (arXiv 2603.07162): query, key and value plus a multiple of the identity.
//!
//! ```text
//! W' = W + λ I
//! ```
//!
//! `I` is that of the matrix of all heads side by side: head i gets the channels from i·d on (and begins again at the first
//! where the heads together are wider than the tokens). Whether the paper adds it to each head or to all together is not
//! known.

use crate::fields::Phrase::Before;
use crate::fields::{Problems, Room, fields, logarithmic};
use crate::surroundings::Surroundings;

fields! {
    /// Query, key and value plus a multiple of the identity (arXiv 2603.07162).
    #[derive(Copy)]
    pub struct Spectral as "spectral", "Spectral conditioning" {
        /// The multiple of the identity that is added; the paper takes 10 (arXiv 2603.07162).
        shift: f32 = 10.0, logarithmic("Shift λ", 1e-2, 100.0, Before("λ ")).each();
    }
}

impl Room for Spectral {
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
mod engine {
    use burn::tensor::{Device, Tensor, TensorData};

    use super::Spectral;
    use crate::parameters::{Builder, Layout, Matrix, PROJECTIONS};
    use crate::techniques::weights::{Conditioned, Conditioner, Kept, Made, WeightTechnique};

    impl WeightTechnique for Spectral {
        fn conditioner(&self, builder: &mut Builder, device: &Device) -> Made {
            let shifts = builder.own("model.weights.shift").unwrap_or_else(|| vec![self.shift]);
            Ok(Some(Box::new(Shift(identity(builder.layout(), &shifts, device)))))
        }
    }

    /// `[1, P]`, or `[R, P]` where each replica has a λ of its own; added.
    struct Shift(Tensor<2>);

    impl Conditioner for Shift {
        fn weights(&self, raw: &Tensor<2>) -> Conditioned {
            Conditioned { weights: raw.clone() + self.0.clone(), kept: Kept::Nothing }
        }

        fn gradients(&self, _: &Tensor<2>, _: Conditioned, gradients: Tensor<2>) -> Tensor<2> {
            gradients
        }
    }

    /// λ where the identity of a query, key or value matrix is 1; a row for each λ.
    fn identity(layout: &Layout, shifts: &[f32], device: &Device) -> Tensor<2> {
        let width = layout.width();
        let mut added = vec![0.0; shifts.len() * width];
        let shifted = |matrix: &&Matrix| {
            PROJECTIONS.iter().any(|part| matrix.name.ends_with(&format!(".{part}.weight")))
        };
        for (row, shift) in added.chunks_exact_mut(width).zip(shifts) {
            for matrix in layout.conditioned().iter().filter(shifted) {
                for column in 0..matrix.columns {
                    row[matrix.offset + column % matrix.rows * matrix.stride + column] = *shift;
                }
            }
        }
        Tensor::from_data(TensorData::new(added, [shifts.len(), width]), device)
    }
}
