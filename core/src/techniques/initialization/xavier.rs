//! Xavier (Glorot) uniform weights: the lab's default.
//!
//! Understanding the difficulty of training deep feedforward neural networks (Glorot and Bengio, AISTATS 2010),
//! equation 16:
//!
//! ```text
//! W ~ U(−b, b),  b = √(6 / (inputs + outputs))        biases 0
//! ```

use crate::random::Stream;

/// Xavier (Glorot) uniform: ±√(6 / (inputs + outputs)).
///
/// Drawn from the stream of the seed and `name`, so that equally named parameters of the same shape start equal.
pub fn xavier_uniform(seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
    let bound = libm::sqrt(6.0 / (inputs + outputs) as f64);
    uniform(seed, name, inputs * outputs, bound)
}

/// Uniform within ±`bound`, from the stream of the seed and `name`.
pub fn uniform(seed: u64, name: &str, count: usize, bound: f64) -> Vec<f32> {
    let mut stream = Stream::new(seed, name);
    (0..count).map(|_| ((2.0 * stream.uniform() - 1.0) * bound) as f32).collect()
}
