//! Weights that are their trained numbers.

use crate::fields::{Room, fields};

fields! {
    /// The trained numbers are the weights.
    #[derive(Copy)]
    pub struct Plain as "plain", "As they are" {}
}

impl Room for Plain {}

#[cfg(feature = "engine")]
mod engine {
    use burn::tensor::Device;

    use super::Plain;
    use crate::parameters::Builder;
    use crate::techniques::weights::{Made, WeightTechnique};

    impl WeightTechnique for Plain {
        fn conditioner(&self, _: &mut Builder, _: &Device) -> Made {
            Ok(None)
        }
    }
}
