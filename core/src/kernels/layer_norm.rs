//! Layer normalization (Ba, Kiros and Hinton, arXiv 1607.06450) of every replica at once.
//!
//! ```text
//! x̂ = (x − μ) · s,  s = 1/√(σ² + ε)        y = x̂ · γ + β        μ, σ² over the last axis
//!
//! ∂γ = Σ ∂y · x̂    ∂β = Σ ∂y    ∂x = s · (g − mean(g) − x̂ · mean(g · x̂)),  g = ∂y · γ
//! ```

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::loops::{for_each_chunk, sum, sum_of};
use super::prelude::*;

/// Layer normalization over the last axis; `epsilon` is ε.
///
/// # Shapes
/// - `x`: `[R, M, D]`
/// - `scale` γ, `shift` β: `[R, 1, D]`
/// - returns `[R, M, D]`
pub fn layer_norm(x: Tensor<3>, scale: Tensor<3>, shift: Tensor<3>, epsilon: f32) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::layer_norm_affine(
        x.into_dispatch(),
        scale.into_dispatch(),
        shift.into_dispatch(),
        epsilon,
    ))
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait LayerNormOps: Backend {
    #[fusion(dtype = x, shape = x)]
    fn layer_norm_affine(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait LayerNormGradients: Backend {
    /// `∂x`, and `[μ, s]` of every row for [`layer_norm_affine_weights`](Self::layer_norm_affine_weights).
    #[fusion(meta = |x, _scale, _grad, _epsilon| (x.clone(), shaped(x, [x.shape[0], x.shape[1], 2])))]
    fn layer_norm_affine_input(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// `∂γ` and `∂β`
    #[fusion(meta = |x, _moments, _grad| {
        let weight = shaped(x, [x.shape[0], 1, x.shape[2]]);
        (weight.clone(), weight)
    })]
    fn layer_norm_affine_weights(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

impl<B: Backend + LayerNormOps + LayerNormGradients, C: CheckpointStrategy> LayerNormOps for Autodiff<B, C> {
    fn layer_norm_affine(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [x, scale, shift],
            |[x, scale, shift], wanted| {
                let kept = wanted.then(|| (x.clone(), scale.clone(), epsilon));
                (kept, B::layer_norm_affine(x, scale, shift, epsilon))
            },
            |(x, scale, epsilon), grad, [_, gamma, beta]| {
                // The weights' gradients need the moments, so the input's gradient is never left out.
                let (dx, moments) = B::layer_norm_affine_input(x.clone(), scale, grad.clone(), epsilon);
                let weights = (gamma || beta).then(|| B::layer_norm_affine_weights(x, moments, grad));
                let (dscale, dshift) = weights.unzip();
                [Some(dx), dscale, dshift]
            },
        )
    }
}

/// Mean and inverse standard deviation of `columns` vectors from `start`.
#[cube]
fn moments<N: Size>(x: &[Vector<f32, N>], start: usize, columns: usize, epsilon: f32) -> (f32, f32) {
    let width = f32::cast_from(columns * N::value());
    let mut sum = Vector::<f32, N>::new(0.0);
    for c in start..start + columns {
        sum += x[c];
    }
    let mean = sum.vector_sum() / width;
    let mut squares = Vector::<f32, N>::new(0.0);
    for c in start..start + columns {
        let centered = x[c] - Vector::new(mean);
        squares += centered * centered;
    }
    (mean, (squares.vector_sum() / width + epsilon).inverse_sqrt())
}

/// One thread a row.
#[cube(launch_unchecked)]
fn layer_norm_kernel<N: Size>(
    x: &[Vector<f32, N>],
    scale: &[Vector<f32, N>],
    shift: &[Vector<f32, N>],
    y: &mut [Vector<f32, N>],
    units: usize,
    rows: usize,
    columns: usize,
    scale_stride: usize,
    shift_stride: usize,
    epsilon: f32,
) {
    end_beyond(units);
    let replica = ABSOLUTE_POS / rows;
    let start = ABSOLUTE_POS * columns;
    let (mean, inverse) = moments::<N>(x, start, columns, epsilon);
    for c in 0..columns {
        let normal = (x[start + c] - Vector::new(mean)) * Vector::new(inverse);
        y[start + c] = normal * scale[replica * scale_stride + c] + shift[replica * shift_stride + c];
    }
}

/// One thread a row.
#[cube(launch_unchecked)]
fn layer_norm_input_kernel<N: Size>(
    x: &[Vector<f32, N>],
    scale: &[Vector<f32, N>],
    grad: &[Vector<f32, N>],
    dx: &mut [Vector<f32, N>],
    saved: &mut [f32],
    units: usize,
    rows: usize,
    columns: usize,
    scale_stride: usize,
    epsilon: f32,
) {
    end_beyond(units);
    let start = ABSOLUTE_POS * columns;
    let gamma = ABSOLUTE_POS / rows * scale_stride;
    let width = f32::cast_from(columns * N::value());
    let (mean, inverse) = moments::<N>(x, start, columns, epsilon);
    let mut sum = Vector::<f32, N>::new(0.0);
    let mut along = Vector::<f32, N>::new(0.0);
    for c in 0..columns {
        let g = grad[start + c] * scale[gamma + c];
        sum += g;
        along += g * (x[start + c] - Vector::new(mean));
    }
    let mean_grad = sum.vector_sum() / width;
    let mean_along = along.vector_sum() * inverse / width;
    for c in 0..columns {
        let g = grad[start + c] * scale[gamma + c];
        let normal = (x[start + c] - Vector::new(mean)) * Vector::new(inverse);
        dx[start + c] =
            (g - Vector::new(mean_grad) - normal * Vector::new(mean_along)) * Vector::new(inverse);
    }
    saved[2 * ABSOLUTE_POS] = mean;
    saved[2 * ABSOLUTE_POS + 1] = inverse;
}

/// One thread a column and replica.
#[cube(launch_unchecked)]
fn layer_norm_weights_kernel(
    x: &[f32],
    saved: &[f32],
    grad: &[f32],
    dscale: &mut [f32],
    dshift: &mut [f32],
    units: usize,
    rows: usize,
    columns: usize,
) {
    end_beyond(units);
    let column = ABSOLUTE_POS % columns;
    let first = ABSOLUTE_POS / columns * rows;
    let mut scale = 0.0f32;
    let mut shift = 0.0f32;
    for row in first..first + rows {
        let g = grad[row * columns + column];
        scale += g * (x[row * columns + column] - saved[2 * row]) * saved[2 * row + 1];
        shift += g;
    }
    dscale[ABSOLUTE_POS] = scale;
    dshift[ABSOLUTE_POS] = shift;
}

impl LayerNormOps for CubeBackend {
    fn layer_norm_affine(x: CubeTensor, scale: CubeTensor, shift: CubeTensor, epsilon: f32) -> CubeTensor {
        let x = contiguous(x);
        let (scale, scale_stride) = replicas(scale);
        let (shift, shift_stride) = replicas(shift);
        let [r, m, d] = x.shape().dims();
        let y = empty(&x, [r, m, d]);
        let n = vector_size(&[d, scale_stride, shift_stride]);
        launch!(
            layer_norm_kernel[n],
            r * m,
            [x, scale, shift],
            [y],
            [m, d / n, scale_stride / n, shift_stride / n, epsilon]
        );
        y
    }
}

impl LayerNormGradients for CubeBackend {
    fn layer_norm_affine_input(
        x: CubeTensor,
        scale: CubeTensor,
        grad: CubeTensor,
        epsilon: f32,
    ) -> (CubeTensor, CubeTensor) {
        let (x, grad) = (contiguous(x), contiguous(grad));
        let (scale, scale_stride) = replicas(scale);
        let [r, m, d] = x.shape().dims();
        let (dx, saved) = (empty(&x, [r, m, d]), empty(&x, [r, m, 2]));
        let n = vector_size(&[d, scale_stride]);
        launch!(
            layer_norm_input_kernel[n],
            r * m,
            [x, scale, grad],
            [dx, saved],
            [m, d / n, scale_stride / n, epsilon]
        );
        (dx, saved)
    }

    fn layer_norm_affine_weights(
        x: CubeTensor,
        moments: CubeTensor,
        grad: CubeTensor,
    ) -> (CubeTensor, CubeTensor) {
        let (x, grad) = (contiguous(x), contiguous(grad));
        let [r, m, d] = x.shape().dims();
        let (dscale, dshift) = (empty(&x, [r, 1, d]), empty(&x, [r, 1, d]));
        launch!(layer_norm_weights_kernel, r * d, [x, moments, grad], [dscale, dshift], [m, d]);
        (dscale, dshift)
    }
}

/// Mean and inverse standard deviation of a row.
fn row_moments(row: &[f32], epsilon: f32) -> (f32, f32) {
    let width = row.len() as f32;
    let mean = sum(row) / width;
    let variance = sum_of(row, row, |x, _| (x - mean) * (x - mean)) / width;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

impl LayerNormOps for Flex {
    fn layer_norm_affine(x: FlexTensor, scale: FlexTensor, shift: FlexTensor, epsilon: f32) -> FlexTensor {
        let [_, m, d] = x.shape().dims();
        let (shape, scale, shift) = (x.shape(), &Values::of(&scale)[..], &Values::of(&shift)[..]);
        let mut y = Values::of(&x).to_vec();
        for_each_chunk(&mut y, d, |index, row| {
            let (mean, inverse) = row_moments(row, epsilon);
            let (scale, shift) = (&scale[index / m * d..][..d], &shift[index / m * d..][..d]);
            for ((value, scale), shift) in row.iter_mut().zip(scale).zip(shift) {
                *value = (*value - mean) * inverse * scale + shift;
            }
        });
        tensor(y, shape)
    }
}

impl LayerNormGradients for Flex {
    fn layer_norm_affine_input(
        x: FlexTensor,
        scale: FlexTensor,
        grad: FlexTensor,
        epsilon: f32,
    ) -> (FlexTensor, FlexTensor) {
        let [r, m, d] = x.shape().dims();
        let (x, scale, mut dx) = (&Values::of(&x)[..], &Values::of(&scale)[..], Values::of(&grad).to_vec());
        let mut saved = vec![0.0; 2 * r * m];
        for_each_chunk(&mut saved, 2, |index, saved| {
            let (mean, inverse) = row_moments(&x[index * d..][..d], epsilon);
            saved.copy_from_slice(&[mean, inverse]);
        });
        for_each_chunk(&mut dx, d, |index, out| {
            let (row, scale) = (&x[index * d..][..d], &scale[index / m * d..][..d]);
            let (mean, inverse) = (saved[2 * index], saved[2 * index + 1]);
            out.iter_mut().zip(scale).for_each(|(g, scale)| *g *= scale);
            let width = d as f32;
            let part = sum(out) / width;
            let along = sum_of(out, row, |g, x| g * (x - mean)) * inverse / width;
            for (g, x) in out.iter_mut().zip(row) {
                *g = inverse * (*g - part - (x - mean) * inverse * along);
            }
        });
        (tensor(dx, [r, m, d]), tensor(saved, [r, m, 2]))
    }

    fn layer_norm_affine_weights(
        x: FlexTensor,
        moments: FlexTensor,
        grad: FlexTensor,
    ) -> (FlexTensor, FlexTensor) {
        let [r, m, d] = x.shape().dims();
        let (x, moments, grad) = (&Values::of(&x)[..], &Values::of(&moments)[..], &Values::of(&grad)[..]);
        let (mut dscale, mut dshift) = (vec![0.0; r * d], vec![0.0; r * d]);
        for index in 0..r * m {
            let (mean, inverse) = (moments[2 * index], moments[2 * index + 1]);
            let from = index / m * d;
            for c in 0..d {
                let g = grad[index * d + c];
                dscale[from + c] += g * (x[index * d + c] - mean) * inverse;
                dshift[from + c] += g;
            }
        }
        (tensor(dscale, [r, 1, d]), tensor(dshift, [r, 1, d]))
    }
}
