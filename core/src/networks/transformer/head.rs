//! What the answers are read from the last tokens by.

use burn::tensor::Tensor;

use crate::kernels;
use crate::layers::Linear;
use crate::parameters::{Builder, ParameterId, Parameters};

/// The last layer: a matrix of its own, or the table of symbols.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reader {
    Own(Linear),
    /// `logits = x · tableᵀ + b`, so that the table has the gradients of both its uses.
    Tied {
        /// `[R, symbols, D]`.
        table: ParameterId,
        /// `[R, 1, symbols]`; zero at first. GPT-2 has none; here every head has.
        bias: ParameterId,
    },
}

impl Reader {
    /// Reads by the table of `symbols` rows.
    pub(super) fn tied(builder: &mut Builder, table: ParameterId, symbols: usize) -> Self {
        let bias = builder.add("head.bias", [1, symbols], false, |_| vec![0.0; symbols]);
        Self::Tied { table, bias }
    }

    /// # Shapes
    /// - `x`: `[R, M, D]`
    /// - returns `[R, M, answers]`
    pub(super) fn forward(&self, parameters: &Parameters, x: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Own(linear) => linear.forward(parameters, x),
            Self::Tied { table, bias } => {
                kernels::linear(x, parameters.get(*table).swap_dims(1, 2), parameters.get(*bias))
            }
        }
    }
}
