//! Xavier (Glorot) uniform weights: the lab's default.
//!
//! Understanding the difficulty of training deep feedforward neural networks (Glorot and Bengio, AISTATS 2010),
//! equation 16:
//!
//! ```text
//! W ~ U(−b, b),  b = √(6 / (inputs + outputs))        biases 0
//! ```

use crate::fields::{Room, fields};

fields! {
    /// Uniform, variance 2 / (inputs + outputs).
    #[derive(Copy)]
    pub struct Xavier as "xavier", "Xavier" {}
}

impl Room for Xavier {
    fn words(&self) -> String {
        "Xavier".to_owned()
    }
}

impl super::FirstMaps for Xavier {}

#[cfg(feature = "engine")]
mod engine {
    use super::Xavier;
    use crate::parameters::Start;
    use crate::random::xavier_uniform;

    impl Start for Xavier {
        fn weights(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
            xavier_uniform(seed, name, inputs, outputs)
        }
    }
}
