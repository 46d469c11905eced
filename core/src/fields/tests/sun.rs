use super::Warm;
use super::stove::SIZE;
use crate::fields::Phrase::Before;
use crate::fields::{Room, fields, float};

fields! {
    /// Shines.
    pub struct Sun {
        /// Of the window.
        area as "heating.area": f32 = 1.0, float("Area", 0.5, 20.0, Before("area "));
        size: u32 = 3, SIZE;
    }
}

impl Room for Sun {
    const NAME: &'static str = "sun";
    const LABEL: &'static str = "Sun";
    const HELP: &'static str = "Shines.";
}

impl Warm for Sun {
    fn degrees(&self) -> f32 {
        self.area
    }
}
