//! Kaiming (He) uniform weights.
//!
//! Delving Deep into Rectifiers (He, Zhang, Ren, Sun; arXiv 1502.01852), section 2.2, its variance as a uniform
//! distribution:
//!
//! ```text
//! W ~ U(−b, b),  b = √(6 / inputs), variance 2 / inputs        biases 0
//! ```

use crate::fields::{Room, fields};

fields! {
    /// Uniform, variance 2 / inputs.
    #[derive(Copy)]
    pub struct Kaiming as "kaiming", "Kaiming" {}
}

impl Room for Kaiming {
    fn words(&self) -> String {
        "Kaiming".to_owned()
    }
}

impl super::FirstMaps for Kaiming {}

#[cfg(feature = "engine")]
mod engine {
    use super::Kaiming;
    use crate::parameters::Start;
    use crate::random::uniform;

    impl Start for Kaiming {
        fn weights(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
            uniform(seed, name, inputs * outputs, libm::sqrt(6.0 / inputs as f64))
        }
    }
}
