//! Kaiming (He) uniform weights.
//!
//! Delving Deep into Rectifiers (He, Zhang, Ren, Sun; arXiv 1502.01852), section 2.2, its variance as a uniform
//! distribution:
//!
//! ```text
//! W ~ U(−b, b),  b = √(6 / inputs), variance 2 / inputs        biases 0
//! ```

use super::xavier::uniform;

/// The weights of a linear layer.
pub(super) fn kaiming_uniform(seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
    uniform(seed, name, inputs * outputs, libm::sqrt(6.0 / inputs as f64))
}
