//! What turns attention scores into attention weights.

#[cfg(feature = "engine")]
use std::rc::Rc;

#[cfg(feature = "engine")]
use burn::tensor::Tensor;

use crate::fields::slot;
#[cfg(feature = "engine")]
use crate::techniques::Own;

slot! {
    /// What turns attention scores into attention weights.
    pub enum Activation does ActivationTechnique {
        softmax::Softmax,
        polynomial::Polynomial,
    }
}

/// What a choice of this slot does.
#[cfg(feature = "engine")]
pub trait ActivationTechnique {
    /// Attention weights.
    ///
    /// # Shapes
    /// - `scores`: `[R, B·H, N, N]`; causal scores are 0 above the diagonal
    /// - returns `[R, B·H, N, N]`
    fn weights(&self, scores: Tensor<4>, causal: bool) -> Tensor<4>;

    /// The same with numbers that are other ones in each replica; `None` if it has none.
    fn with_own(&self, _own: Own<'_>) -> Option<Rc<dyn ActivationTechnique>> {
        None
    }
}

#[cfg(all(test, feature = "engine"))]
mod tests;
