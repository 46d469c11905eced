//! Xavier (Glorot) uniform weights: the lab's default.
//!
//! Understanding the difficulty of training deep feedforward neural networks (Glorot and Bengio, AISTATS 2010),
//! equation 16:
//!
//! ```text
//! W ~ U(−b, b),  b = √(6 / (inputs + outputs))        biases 0
//! ```

use crate::fields::{Room, fields};
#[cfg(feature = "engine")]
use crate::parameters::Start;
#[cfg(feature = "engine")]
use crate::random::xavier_uniform;

fields! {
    /// Uniform ±√(6 / (inputs + outputs)).
    #[derive(Copy)]
    pub struct Xavier {}
}

impl Room for Xavier {
    const NAME: &'static str = "xavier";
    const LABEL: &'static str = "Xavier";
    const HELP: &'static str = "Uniform, variance 2 / (inputs + outputs).";

    fn words(&self) -> String {
        "Xavier".to_owned()
    }
}

impl super::FirstMaps for Xavier {
    fn offsets(&self) -> Option<&'static [(i32, i32)]> {
        None
    }
}

#[cfg(feature = "engine")]
impl Start for Xavier {
    fn weights(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
        xavier_uniform(seed, name, inputs, outputs)
    }

    fn biases(&self, _seed: u64, _name: &str, _inputs: usize, outputs: usize) -> Vec<f32> {
        vec![0.0; outputs]
    }
}
