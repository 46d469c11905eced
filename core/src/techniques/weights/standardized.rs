//! Weight standardization (Qiao et al., arXiv 1903.10520): each row with mean 0 and a fixed variance.
//!
//! ```text
//! w_i = (v_i − mean) / (deviation · √inputs)
//! ```
//!
//! Deviation from the paper: it divides by √inputs besides, since no normalization need follow it here.

use crate::fields::{Problems, Room, fields};
use crate::surroundings::Surroundings;

fields! {
    /// Each row with mean 0 and fixed variance (arXiv 1903.10520).
    #[derive(Copy)]
    pub struct Standardized as "standardized", "Standardized" {}
}

impl Room for Standardized {
    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        super::rule_of_norms(here, problems);
    }
}

#[cfg(feature = "engine")]
mod engine {
    use burn::tensor::Device;

    use super::Standardized;
    use crate::kernels::{LineMap, Lines};
    use crate::parameters::Builder;
    use crate::techniques::weights::lines::{Along, FIXED, Length, MappedLines, Pass, rest};
    use crate::techniques::weights::{Made, WeightTechnique};

    impl WeightTechnique for Standardized {
        fn conditioner(&self, builder: &mut Builder, device: &Device) -> Made {
            let pass = Pass::new(builder, Along::Outputs, Length::Unit);
            let lines = Lines::new(&pass.lines, &pass.lengths, None, &rest(builder.layout()), device);
            let map = LineMap { centered: true, ..FIXED };
            Ok(Some(Box::new(MappedLines { passes: vec![lines], map })))
        }
    }
}
