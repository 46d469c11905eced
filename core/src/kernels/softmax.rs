//! Row-wise softmax of attention scores, causal or not.
//!
//! ```text
//! p_j = exp(s_j − max s) / Σ_k exp(s_k − max s)        ∂s_j = p_j · (∂p_j − Σ_k p_k ∂p_k)
//! ```
//!
//! Causal: row `i` sees columns `j ≤ i` only; the others get weight 0.

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::loops::{dot, exp, for_each_chunk, sum};
use super::prelude::*;

/// Softmax over the last axis.
///
/// # Shapes
/// - `scores`: `[R, B·H, N, N]`
/// - returns `[R, B·H, N, N]`
pub fn softmax(scores: Tensor<4>, causal: bool) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::row_softmax(scores.into_dispatch(), causal))
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait SoftmaxOps: Backend {
    #[fusion(dtype = scores, shape = scores)]
    fn row_softmax(scores: FloatTensor<Self>, causal: bool) -> FloatTensor<Self>;
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait SoftmaxGradients: Backend {
    /// `∂s` from the weights `p` and `∂p`
    #[fusion(dtype = weights, shape = weights)]
    fn row_softmax_input(weights: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl<B: Backend + SoftmaxOps + SoftmaxGradients, C: CheckpointStrategy> SoftmaxOps for Autodiff<B, C> {
    fn row_softmax(scores: FloatTensor<Self>, causal: bool) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [scores],
            |[scores], wanted| {
                let weights = B::row_softmax(scores, causal);
                (wanted.then(|| weights.clone()), weights)
            },
            |weights, grad, _| [Some(B::row_softmax_input(weights, grad))],
        )
    }
}

/// One thread a row.
#[cube(launch_unchecked)]
fn softmax_kernel(
    scores: &[f32],
    weights: &mut [f32],
    units: usize,
    columns: usize,
    #[comptime] causal: bool,
) {
    end_beyond(units);
    let start = ABSOLUTE_POS * columns;
    let mut end = start + columns;
    if causal {
        end = start + ABSOLUTE_POS % columns + 1;
    }
    let mut largest = scores[start];
    for j in start + 1..end {
        largest = max(largest, scores[j]);
    }
    let mut sum = 0.0f32;
    for j in start..end {
        let value = (scores[j] - largest).exp();
        weights[j] = value;
        sum += value;
    }
    let inverse = 1.0 / sum;
    for j in start..end {
        weights[j] *= inverse;
    }
    for j in end..start + columns {
        weights[j] = 0.0;
    }
}

/// One thread a row.
#[cube(launch_unchecked)]
fn softmax_input_kernel(weights: &[f32], grad: &[f32], ds: &mut [f32], units: usize, columns: usize) {
    end_beyond(units);
    let start = ABSOLUTE_POS * columns;
    let mut along = 0.0f32;
    for j in start..start + columns {
        along += weights[j] * grad[j];
    }
    for j in start..start + columns {
        ds[j] = weights[j] * (grad[j] - along);
    }
}

/// Number of rows, and their length.
fn rows(shape: &Shape) -> (usize, usize) {
    let columns = shape[shape.num_dims() - 1];
    (shape.num_elements() / columns, columns)
}

impl SoftmaxOps for CubeBackend {
    fn row_softmax(scores: CubeTensor, causal: bool) -> CubeTensor {
        let scores = contiguous(scores);
        let weights = empty(&scores, scores.shape());
        let (units, columns) = rows(&scores.shape());
        launch!(softmax_kernel, units, [scores], [weights], [columns], [causal]);
        weights
    }
}

impl SoftmaxGradients for CubeBackend {
    fn row_softmax_input(weights: CubeTensor, grad: CubeTensor) -> CubeTensor {
        let (weights, grad) = (contiguous(weights), contiguous(grad));
        let ds = empty(&weights, weights.shape());
        let (units, columns) = rows(&weights.shape());
        launch!(softmax_input_kernel, units, [weights, grad], [ds], [columns]);
        ds
    }
}

impl SoftmaxOps for Flex {
    fn row_softmax(scores: FlexTensor, causal: bool) -> FlexTensor {
        let shape = scores.shape();
        let (_, columns) = rows(&shape);
        let mut values = Values::of(&scores).to_vec();
        for_each_chunk(&mut values, columns, |index, row| {
            let (seen, rest) = row.split_at_mut(if causal { index % columns + 1 } else { columns });
            let largest = seen.iter().copied().fold(f32::MIN, f32::max);
            seen.iter_mut().for_each(|value| *value = exp(*value - largest));
            let total = sum(seen);
            seen.iter_mut().for_each(|value| *value /= total);
            rest.fill(0.0);
        });
        tensor(values, shape)
    }
}

impl SoftmaxGradients for Flex {
    fn row_softmax_input(weights: FlexTensor, grad: FlexTensor) -> FlexTensor {
        let shape = weights.shape();
        let (_, columns) = rows(&shape);
        let (weights, mut ds) = (&Values::of(&weights)[..], Values::of(&grad).to_vec());
        for_each_chunk(&mut ds, columns, |index, ds| {
            let p = &weights[index * columns..][..columns];
            let along = dot(p, ds);
            ds.iter_mut().zip(p).for_each(|(g, p)| *g = p * (*g - along));
        });
        tensor(ds, shape)
    }
}
