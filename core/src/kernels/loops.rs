//! What the plain loops of the CPU engine need: slices in, tensors out.

use burn::backend::DType;
use burn::tensor::{Shape, TensorData};
use burn_flex::FlexTensor;

/// The numbers of a tensor in row-major order; copied only if they lie otherwise.
///
/// Every dereference looks the layout up again: take the slice once, before a loop.
pub(super) struct Values(FlexTensor);

impl Values {
    pub(super) fn of(tensor: &FlexTensor) -> Self {
        Self(tensor.to_contiguous())
    }
}

impl std::ops::Deref for Values {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        self.0.as_slice().expect("contiguous f32")
    }
}

/// A tensor of these numbers.
pub(super) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.into()))
}

/// Class or token numbers, whichever integer the backend keeps them in.
pub(super) fn indices(tensor: &FlexTensor) -> Vec<usize> {
    let tensor = tensor.to_contiguous();
    match tensor.dtype() {
        DType::I64 => tensor.as_slice::<i64>().expect("contiguous i64").iter().map(|&i| i as usize).collect(),
        DType::I32 => tensor.as_slice::<i32>().expect("contiguous i32").iter().map(|&i| i as usize).collect(),
        other => unreachable!("indices are I32 or I64, not {other:?}"),
    }
}

/// Σ aᵢ bᵢ in eight running sums, so that the compiler can use vector instructions.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f32 = left.remainder().iter().zip(right.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in left.zip(right) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum::<f32>() + tail
}

/// `y += a · x`
pub(super) fn add_scaled(y: &mut [f32], a: f32, x: &[f32]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += a * x);
}

/// The exponential function, to about 10⁻⁷ of its value; 0 below −87, and no larger than that of 88.
///
/// Additions and multiplications only: the compiler makes vector instructions of it, and it is the same to the bit
/// on every platform, which the standard library's is not.
pub(super) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 88.0);
    // x = n ln 2 + r with |r| ≤ ln 2 / 2; ln 2 in two parts, the first so short that n times it is exact.
    let n = (x * std::f32::consts::LOG2_E + if x < 0.0 { -0.5 } else { 0.5 }) as i32;
    let r = x - n as f32 * 0.693_359_4 - n as f32 * -2.121_944_4e-4;
    // Taylor's polynomial of degree 7: its remainder at |r| = 0.35 is 5·10⁻⁹.
    let terms = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0f32];
    let power = terms.iter().fold(0.0, |sum, term| sum * r + term);
    power * f32::from_bits(((n + 127) << 23) as u32)
}

/// The distribution Φ and the density φ of the standard normal distribution, to 4·10⁻⁷.
///
/// Abramowitz and Stegun, Handbook of Mathematical Functions, formula 7.1.26.
pub(super) fn normal_distribution(x: f32) -> (f32, f32) {
    let bell = exp(-0.5 * x * x);
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let terms = [1.061_405_4, -1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6f32];
    let tail = 0.5 * bell * t * terms.iter().fold(0.0, |sum, term| sum * t + term);
    (if x < 0.0 { tail } else { 1.0 - tail }, bell * 0.398_942_3)
}
