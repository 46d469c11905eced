//! Many numbers of one distribution, each from the stream of a seed and a name: what parameters start from.

use nalgebra::DMatrix;

use super::Stream;

/// Uniform within ±`bound`.
pub fn uniform(seed: u64, name: &str, count: usize, bound: f64) -> Vec<f32> {
    let mut stream = Stream::new(seed, name);
    (0..count).map(|_| ((2.0 * stream.uniform() - 1.0) * bound) as f32).collect()
}

/// Xavier (Glorot) uniform, `[inputs, outputs]`: ±√(6 / (inputs + outputs)).
///
/// Understanding the difficulty of training deep feedforward neural networks (Glorot and Bengio, AISTATS 2010),
/// equation 16.
pub fn xavier_uniform(seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
    let bound = libm::sqrt(6.0 / (inputs + outputs) as f64);
    uniform(seed, name, inputs * outputs, bound)
}

/// `count` weights or biases of a layer with this many inputs, uniform within ±1/√inputs: the default of PyTorch's linear
/// and convolutional layers.
pub fn fan_in_uniform(seed: u64, name: &str, inputs: usize, count: usize) -> Vec<f32> {
    uniform(seed, name, count, 1.0 / libm::sqrt(inputs as f64))
}

/// Normal with this standard deviation.
pub fn normal(seed: u64, name: &str, count: usize, deviation: f64) -> Vec<f32> {
    let mut stream = Stream::new(seed, name);
    (0..count).map(|_| (stream.normal() * deviation) as f32).collect()
}

/// `[rows, columns]` with orthonormal columns: Q of a matrix of standard normal numbers, uniform but for signs.
pub fn orthonormal(seed: u64, name: &str, [rows, columns]: [usize; 2]) -> DMatrix<f64> {
    let mut stream = Stream::new(seed, name);
    DMatrix::from_fn(rows, columns, |_, _| stream.normal()).qr().q()
}

/// Normal, cut at two standard deviations; `deviation` is that before the cut (after it 0.88 of that is left).
pub fn truncated_normal(seed: u64, name: &str, count: usize, deviation: f64) -> Vec<f32> {
    let mut stream = Stream::new(seed, name);
    (0..count).map(|_| (stream.truncated_normal() * deviation) as f32).collect()
}
