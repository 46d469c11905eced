//! What the plain loops of the CPU engine need: slices in, tensors out.

use burn::backend::DType;
use burn::tensor::{Shape, TensorData};
use burn_flex::FlexTensor;

/// The numbers of a tensor in row-major order; copied only if they lie otherwise.
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
