//! The usual: a row of weights is the exponential of its scores, divided by their sum.

#[cfg(feature = "engine")]
use burn::tensor::Tensor;

use crate::fields::{Room, fields};
#[cfg(feature = "engine")]
use crate::kernels;

fields! {
    /// Row-wise softmax.
    #[derive(Copy)]
    pub struct Softmax {}
}

impl Room for Softmax {
    const NAME: &'static str = "softmax";
    const LABEL: &'static str = "Softmax";
    const HELP: &'static str = "The usual: every row of weights sums to 1.";
}

#[cfg(feature = "engine")]
impl super::ActivationTechnique for Softmax {
    fn weights(&self, scores: Tensor<4>, causal: bool) -> Tensor<4> {
        kernels::softmax(scores, causal)
    }
}
