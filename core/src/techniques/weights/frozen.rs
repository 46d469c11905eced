//! Nothing adapts: the network stays as it started, but for what is trained along. What adapters are measured against.

use super::places::{ALONG, head, words_along};
use crate::fields::{Room, fields};

fields! {
    /// As they started; only what is named beside is trained.
    pub struct Frozen as "frozen", "Frozen" {
        along: String = head(), ALONG;
    }
}

impl Room for Frozen {
    fn words(&self) -> String {
        words_along("frozen", Vec::new(), &self.along)
    }
}

#[cfg(feature = "engine")]
mod engine {
    use burn::tensor::Device;

    use super::Frozen;
    use crate::parameters::Builder;
    use crate::techniques::weights::adapter::freeze;
    use crate::techniques::weights::{Made, WeightTechnique};

    impl WeightTechnique for Frozen {
        fn conditioner(&self, builder: &mut Builder, _: &Device) -> Made {
            freeze(builder, &[], &self.along)?;
            Ok(None)
        }
    }
}
