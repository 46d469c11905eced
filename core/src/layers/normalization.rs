//! The slot of a normalization layer: none, layer norm, or batch norm.
//!
//! ```text
//! y = (x − μ) / √(σ² + ε) · γ + β        μ, σ² over the channels of a token (layer) or over all rows of a channel (batch)
//! ```
//!
//! Batch norm (Ioffe and Szegedy, arXiv 1502.03167) takes the statistics of the batch at hand, on the test split too:
//! there are no running means here, so that an accuracy is of a network that sees about a hundred examples at once.

use crate::fields::choice;

choice! {
    /// A normalization layer.
    pub enum Norm {
        /// No normalization.
        None: "none", "None";
        /// Over the channels of each token.
        Layer: "layer", "Layer norm";
        /// Over the batch, channel by channel.
        Batch: "batch", "Batch norm";
    }
}

#[cfg(feature = "engine")]
pub use engine::Normalization;

#[cfg(feature = "engine")]
mod engine {
    use burn::tensor::Tensor;

    use super::Norm;
    use crate::kernels;
    use crate::layers::LayerNorm;
    use crate::parameters::{Builder, ParameterId, Parameters};

    /// A normalization layer of every replica.
    #[derive(Clone, Copy, Debug)]
    pub enum Normalization {
        /// None: no parameters, and nothing is computed.
        None,
        /// Over the channels of each token.
        Layer(LayerNorm),
        /// Over all rows of each channel.
        Batch {
            /// γ, `[R, 1, D]`.
            scale: ParameterId,
            /// β, `[R, 1, D]`.
            shift: ParameterId,
        },
    }

    impl Normalization {
        /// Gain 1, shift 0.
        pub fn new(builder: &mut Builder, name: &str, norm: Norm, width: usize) -> Self {
            match norm {
                Norm::None => Self::None,
                Norm::Layer => Self::Layer(LayerNorm::new(builder, name, width)),
                Norm::Batch => Self::Batch {
                    scale: builder.add(&format!("{name}.scale"), [1, width], false, |_| vec![1.0; width]),
                    shift: builder.add(&format!("{name}.shift"), [1, width], false, |_| vec![0.0; width]),
                },
            }
        }

        /// # Shapes
        /// - `x`, result: `[R, M, D]`
        pub fn forward(&self, parameters: &Parameters, x: Tensor<3>) -> Tensor<3> {
            match self {
                Self::None => x,
                Self::Layer(norm) => norm.forward(parameters, x),
                Self::Batch { scale, shift } => {
                    kernels::batch_norm(x, parameters.get(*scale), parameters.get(*shift))
                }
            }
        }
    }
}
