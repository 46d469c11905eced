//! Weight standardization (Qiao et al., arXiv 1903.10520): each row with mean 0 and a fixed variance.
//!
//! ```text
//! w_i = (v_i − mean) / (deviation · √inputs)
//! ```
//!
//! Deviation from the paper: it divides by √inputs besides, since no normalization need follow it here.

#[cfg(feature = "engine")]
use burn::tensor::Device;

use crate::fields::{Room, fields};
#[cfg(feature = "engine")]
use crate::kernels::{LineMap, Lines};
#[cfg(feature = "engine")]
use crate::parameters::Builder;
#[cfg(feature = "engine")]
use crate::techniques::weights::lines::{Along, FIXED, Length, MappedLines, Pass, rest};

fields! {
    /// Mean 0, variance 1 / inputs.
    #[derive(Copy)]
    pub struct Standardized {}
}

impl Room for Standardized {
    const NAME: &'static str = "standardized";
    const LABEL: &'static str = "Standardized";
    const HELP: &'static str = "Each row with mean 0 and fixed variance (arXiv 1903.10520).";
}

#[cfg(feature = "engine")]
impl super::WeightTechnique for Standardized {
    fn conditioner(&self, builder: &mut Builder, device: &Device) -> Option<Box<dyn super::Conditioner>> {
        let pass = Pass::new(builder, Along::Outputs, Length::Unit);
        let lines = Lines::new(&pass.lines, &pass.lengths, None, &rest(builder.layout()), device);
        let map = LineMap { centered: true, ..FIXED };
        Some(Box::new(MappedLines { passes: vec![lines], map }))
    }
}
