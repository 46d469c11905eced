//! Kaiming (He) uniform weights.
//!
//! Delving Deep into Rectifiers (He, Zhang, Ren, Sun; arXiv 1502.01852), section 2.2, its variance as a uniform
//! distribution:
//!
//! ```text
//! W ~ U(−b, b),  b = √(6 / inputs), variance 2 / inputs        biases 0
//! ```

use crate::fields::{Room, fields};
#[cfg(feature = "engine")]
use crate::parameters::Start;
#[cfg(feature = "engine")]
use crate::random::uniform;

fields! {
    /// Uniform ±√(6 / inputs).
    #[derive(Copy)]
    pub struct Kaiming {}
}

impl Room for Kaiming {
    const NAME: &'static str = "kaiming";
    const LABEL: &'static str = "Kaiming";
    const HELP: &'static str = "Uniform, variance 2 / inputs.";

    fn words(&self) -> String {
        "Kaiming".to_owned()
    }
}

impl super::FirstMaps for Kaiming {
    fn offsets(&self) -> Option<&'static [(i32, i32)]> {
        None
    }
}

#[cfg(feature = "engine")]
impl Start for Kaiming {
    fn weights(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
        uniform(seed, name, inputs * outputs, libm::sqrt(6.0 / inputs as f64))
    }

    fn biases(&self, _seed: u64, _name: &str, _inputs: usize, outputs: usize) -> Vec<f32> {
        vec![0.0; outputs]
    }
}
