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

/// Σ f(aᵢ, bᵢ) in eight running sums, so that the compiler can use vector instructions.
#[inline(always)]
pub(super) fn sum_of(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0.0f32; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f32 = left.remainder().iter().zip(right.remainder()).map(|(a, b)| f(*a, *b)).sum();
    for (a, b) in left.zip(right) {
        for i in 0..8 {
            sums[i] += f(a[i], b[i]);
        }
    }
    sums.iter().sum::<f32>() + tail
}

/// Σ aᵢ bᵢ
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    sum_of(a, b, |a, b| a * b)
}

/// Σ aᵢ
pub(super) fn sum(a: &[f32]) -> f32 {
    sum_of(a, a, |a, _| a)
}

/// `y += a · x`
pub(super) fn add_scaled(y: &mut [f32], a: f32, x: &[f32]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += a * x);
}

/// Numbers below which sharing the work among threads costs more than it saves.
#[cfg(not(target_family = "wasm"))]
const SHARE: usize = 1 << 14;

/// Visits `length` numbers after the other, each piece with its index: natively on all cores, since no piece needs
/// another one. The result is the same to the bit however many cores there are.
pub(super) fn for_each_chunk<T: Send>(
    values: &mut [T],
    length: usize,
    visit: impl Fn(usize, &mut [T]) + Sync + Send,
) {
    #[cfg(not(target_family = "wasm"))]
    if values.len() >= 2 * SHARE {
        use rayon::prelude::*;
        let together = (SHARE / length).max(1);
        values.par_chunks_mut(together * length).enumerate().for_each(|(group, pieces)| {
            for (index, piece) in pieces.chunks_mut(length).enumerate() {
                visit(group * together + index, piece);
            }
        });
        return;
    }
    values.chunks_mut(length).enumerate().for_each(|(index, piece)| visit(index, piece));
}

/// The exponential function, to about 10⁻⁷ of its value; 0 below −87, and no larger than that of 88.
///
/// Additions and multiplications only: the compiler makes vector instructions of it, and it is the same to the bit
/// on every platform, which the standard library's is not.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// Added to a number below 2²², it leaves the nearest whole number in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    // x = n ln 2 + r with |r| ≤ ln 2 / 2; ln 2 in two parts, the first so short that n times it is exact.
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * 0.693_359_4 - n * -2.121_944_4e-4;
    // Taylor's polynomial of degree 7: its remainder at |r| = 0.35 is 5·10⁻⁹.
    let terms = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0f32];
    let power = terms.iter().fold(0.0, |sum, term| sum * r + term);
    // 2ⁿ: the exponent of a float, 127 above n; all other bits of `rounded` are shifted out.
    power * f32::from_bits(rounded.to_bits().wrapping_add(127) << 23)
}

/// The distribution Φ and the density φ of the standard normal distribution, to 4·10⁻⁷.
///
/// Abramowitz and Stegun, Handbook of Mathematical Functions, formula 7.1.26.
#[inline(always)]
pub(super) fn normal_distribution(x: f32) -> (f32, f32) {
    let bell = exp(-0.5 * x * x);
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let terms = [1.061_405_4, -1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6f32];
    let tail = 0.5 * bell * t * terms.iter().fold(0.0, |sum, term| sum * t + term);
    (if x < 0.0 { tail } else { 1.0 - tail }, bell * 0.398_942_3)
}
