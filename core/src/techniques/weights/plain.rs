//! Weights that are their trained numbers.

#[cfg(feature = "engine")]
use burn::tensor::Device;

use crate::fields::{Room, fields};
#[cfg(feature = "engine")]
use crate::parameters::Builder;

fields! {
    /// Nothing is done.
    #[derive(Copy)]
    pub struct Plain {}
}

impl Room for Plain {
    const NAME: &'static str = "plain";
    const LABEL: &'static str = "As they are";
    const HELP: &'static str = "The trained numbers are the weights.";
}

#[cfg(feature = "engine")]
impl super::WeightTechnique for Plain {
    fn conditioner(&self, _: &mut Builder, _: &Device) -> Option<Box<dyn super::Conditioner>> {
        None
    }
}
