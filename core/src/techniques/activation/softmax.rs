//! The usual: a row of weights is the exponential of its scores, divided by their sum.

use crate::fields::{Room, fields};

fields! {
    /// The usual: every row of weights sums to 1.
    #[derive(Copy)]
    pub struct Softmax as "softmax", "Softmax" {}
}

impl Room for Softmax {}

#[cfg(feature = "engine")]
mod engine {
    use burn::tensor::Tensor;

    use super::Softmax;
    use crate::kernels;
    use crate::techniques::activation::ActivationTechnique;

    impl ActivationTechnique for Softmax {
        fn weights(&self, scores: Tensor<4>, causal: bool) -> Tensor<4> {
            kernels::softmax(scores, causal)
        }
    }
}
