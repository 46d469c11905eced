//! Batch normalization (Ioffe and Szegedy, arXiv 1502.03167, algorithm 1) of every replica at once, with the statistics
//! of the batch at hand.
//!
//! ```text
//! x̂ = (x − μ) · s,  s = 1/√(σ² + ε)        y = x̂ · γ + β        μ, σ² over the M rows of a channel, replica by replica
//!
//! ∂γ = Σ ∂y · x̂    ∂β = Σ ∂y    ∂x = γ · s · (∂y − ∂β / M − x̂ · ∂γ / M)
//! ```

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::loops::for_each_chunk;
use super::prelude::*;

/// PyTorch's default.
const EPSILON: f32 = 1e-5;

/// Batch normalization over the middle axis.
///
/// # Shapes
/// - `x`: `[R, M, D]`
/// - `scale` γ, `shift` β: `[R, 1, D]`
/// - returns `[R, M, D]`
pub fn batch_norm(x: Tensor<3>, scale: Tensor<3>, shift: Tensor<3>) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::batch_norm_affine(
        x.into_dispatch(),
        scale.into_dispatch(),
        shift.into_dispatch(),
    ))
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait BatchNormOps: Backend {
    #[fusion(dtype = x, shape = x)]
    fn batch_norm_affine(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// The parts that the forward pass is made of, and its gradients.
#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait BatchNormParts: Backend {
    /// μ and s of every channel, `[R, 2, D]`.
    #[fusion(dtype = x, shape = Shape::new([x[0], 2, x[2]]))]
    fn batch_moments(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// `y`
    #[fusion(dtype = x, shape = x)]
    fn batch_normalize(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// `∂γ` and `∂β`
    #[fusion(meta = |x, _moments, _grad| {
        let weight = shaped(x, [x.shape[0], 1, x.shape[2]]);
        (weight.clone(), weight)
    })]
    fn batch_norm_weights(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// `∂x`
    #[fusion(dtype = x, shape = x)]
    fn batch_norm_input(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        scale_grad: FloatTensor<Self>,
        shift_grad: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl<B: Backend + BatchNormOps + BatchNormParts, C: CheckpointStrategy> BatchNormOps for Autodiff<B, C> {
    fn batch_norm_affine(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [x, scale, shift],
            |[x, scale, shift], wanted| {
                let moments = B::batch_moments(x.clone());
                let kept = wanted.then(|| (x.clone(), moments.clone(), scale.clone()));
                (kept, B::batch_normalize(x, moments, scale, shift))
            },
            |(x, moments, scale), grad, [input, ..]| {
                // The input's gradient needs both sums, so they are never left out.
                let (dscale, dshift) = B::batch_norm_weights(x.clone(), moments.clone(), grad.clone());
                let sums = (dscale.clone(), dshift.clone());
                let dx = input.then(|| B::batch_norm_input(x, moments, scale, grad, sums.0, sums.1));
                [dx, Some(dscale), Some(dshift)]
            },
        )
    }
}

/// One thread for each vector of channels of a replica.
#[cube(launch_unchecked)]
fn batch_moments_kernel<N: Size>(
    x: &[Vector<f32, N>],
    moments: &mut [Vector<f32, N>],
    units: usize,
    rows: usize,
    columns: usize,
) {
    end_beyond(units);
    let column = ABSOLUTE_POS % columns;
    let replica = ABSOLUTE_POS / columns;
    let count = Vector::<f32, N>::new(f32::cast_from(rows));
    let mut sum = Vector::<f32, N>::new(0.0);
    for row in replica * rows..(replica + 1) * rows {
        sum += x[row * columns + column];
    }
    let mean = sum / count;
    let mut squares = Vector::<f32, N>::new(0.0);
    for row in replica * rows..(replica + 1) * rows {
        let centered = x[row * columns + column] - mean;
        squares += centered * centered;
    }
    moments[2 * replica * columns + column] = mean;
    moments[(2 * replica + 1) * columns + column] =
        Vector::inverse_sqrt(squares / count + Vector::new(EPSILON));
}

/// μ and s of a vector of channels.
#[cube]
fn channel<N: Size>(
    moments: &[Vector<f32, N>],
    replica: usize,
    columns: usize,
    column: usize,
) -> (Vector<f32, N>, Vector<f32, N>) {
    (moments[2 * replica * columns + column], moments[(2 * replica + 1) * columns + column])
}

/// One thread for each vector of the result.
#[cube(launch_unchecked)]
fn batch_normalize_kernel<N: Size>(
    x: &[Vector<f32, N>],
    moments: &[Vector<f32, N>],
    scale: &[Vector<f32, N>],
    shift: &[Vector<f32, N>],
    y: &mut [Vector<f32, N>],
    units: usize,
    rows: usize,
    columns: usize,
    scale_stride: usize,
    shift_stride: usize,
) {
    end_beyond(units);
    let column = ABSOLUTE_POS % columns;
    let replica = ABSOLUTE_POS / columns / rows;
    let (mean, inverse) = channel::<N>(moments, replica, columns, column);
    y[ABSOLUTE_POS] = (x[ABSOLUTE_POS] - mean) * inverse * scale[replica * scale_stride + column]
        + shift[replica * shift_stride + column];
}

/// One thread for each vector of channels of a replica.
#[cube(launch_unchecked)]
fn batch_norm_weights_kernel<N: Size>(
    x: &[Vector<f32, N>],
    moments: &[Vector<f32, N>],
    grad: &[Vector<f32, N>],
    dscale: &mut [Vector<f32, N>],
    dshift: &mut [Vector<f32, N>],
    units: usize,
    rows: usize,
    columns: usize,
) {
    end_beyond(units);
    let column = ABSOLUTE_POS % columns;
    let replica = ABSOLUTE_POS / columns;
    let (mean, inverse) = channel::<N>(moments, replica, columns, column);
    let mut scale = Vector::<f32, N>::new(0.0);
    let mut shift = Vector::<f32, N>::new(0.0);
    for row in replica * rows..(replica + 1) * rows {
        let g = grad[row * columns + column];
        scale += g * (x[row * columns + column] - mean);
        shift += g;
    }
    dscale[ABSOLUTE_POS] = scale * inverse;
    dshift[ABSOLUTE_POS] = shift;
}

/// One thread for each vector of the result.
#[cube(launch_unchecked)]
fn batch_norm_input_kernel<N: Size>(
    x: &[Vector<f32, N>],
    moments: &[Vector<f32, N>],
    scale: &[Vector<f32, N>],
    grad: &[Vector<f32, N>],
    dscale: &[Vector<f32, N>],
    dshift: &[Vector<f32, N>],
    dx: &mut [Vector<f32, N>],
    units: usize,
    rows: usize,
    columns: usize,
    scale_stride: usize,
) {
    end_beyond(units);
    let column = ABSOLUTE_POS % columns;
    let replica = ABSOLUTE_POS / columns / rows;
    let count = Vector::<f32, N>::new(f32::cast_from(rows));
    let (mean, inverse) = channel::<N>(moments, replica, columns, column);
    let normal = (x[ABSOLUTE_POS] - mean) * inverse;
    let at = replica * columns + column;
    let centered = grad[ABSOLUTE_POS] - dshift[at] / count - normal * dscale[at] / count;
    dx[ABSOLUTE_POS] = scale[replica * scale_stride + column] * inverse * centered;
}

impl BatchNormOps for CubeBackend {
    fn batch_norm_affine(x: CubeTensor, scale: CubeTensor, shift: CubeTensor) -> CubeTensor {
        let moments = Self::batch_moments(x.clone());
        Self::batch_normalize(x, moments, scale, shift)
    }
}

impl BatchNormParts for CubeBackend {
    fn batch_moments(x: CubeTensor) -> CubeTensor {
        let x = contiguous(x);
        let [r, m, d] = x.shape().dims();
        let moments = empty(&x, [r, 2, d]);
        let n = vector_size(&[d]);
        launch!(batch_moments_kernel[n], r * d / n, [x], [moments], [m, d / n]);
        moments
    }

    fn batch_normalize(
        x: CubeTensor,
        moments: CubeTensor,
        scale: CubeTensor,
        shift: CubeTensor,
    ) -> CubeTensor {
        let (x, moments) = (contiguous(x), contiguous(moments));
        let (scale, scale_stride) = replicas(scale);
        let (shift, shift_stride) = replicas(shift);
        let [r, m, d] = x.shape().dims();
        let y = empty(&x, [r, m, d]);
        let n = vector_size(&[d, scale_stride, shift_stride]);
        let units = r * m * d / n;
        launch!(
            batch_normalize_kernel[n],
            units,
            [x, moments, scale, shift],
            [y],
            [m, d / n, scale_stride / n, shift_stride / n]
        );
        y
    }

    fn batch_norm_weights(x: CubeTensor, moments: CubeTensor, grad: CubeTensor) -> (CubeTensor, CubeTensor) {
        let (x, moments, grad) = (contiguous(x), contiguous(moments), contiguous(grad));
        let [r, m, d] = x.shape().dims();
        let (dscale, dshift) = (empty(&x, [r, 1, d]), empty(&x, [r, 1, d]));
        let n = vector_size(&[d]);
        launch!(batch_norm_weights_kernel[n], r * d / n, [x, moments, grad], [dscale, dshift], [m, d / n]);
        (dscale, dshift)
    }

    fn batch_norm_input(
        x: CubeTensor,
        moments: CubeTensor,
        scale: CubeTensor,
        grad: CubeTensor,
        scale_grad: CubeTensor,
        shift_grad: CubeTensor,
    ) -> CubeTensor {
        let (x, moments, grad) = (contiguous(x), contiguous(moments), contiguous(grad));
        let (scale, scale_stride) = replicas(scale);
        let [r, m, d] = x.shape().dims();
        let dx = empty(&x, [r, m, d]);
        let n = vector_size(&[d, scale_stride]);
        let units = r * m * d / n;
        launch!(
            batch_norm_input_kernel[n],
            units,
            [x, moments, scale, grad, contiguous(scale_grad), contiguous(shift_grad)],
            [dx],
            [m, d / n, scale_stride / n]
        );
        dx
    }
}

impl BatchNormOps for Flex {
    fn batch_norm_affine(x: FlexTensor, scale: FlexTensor, shift: FlexTensor) -> FlexTensor {
        let moments = Self::batch_moments(x.clone());
        Self::batch_normalize(x, moments, scale, shift)
    }
}

impl BatchNormParts for Flex {
    fn batch_moments(x: FlexTensor) -> FlexTensor {
        let [r, m, d] = x.shape().dims();
        let x = Values::of(&x);
        let mut moments = vec![0.0f32; 2 * r * d];
        for (x, moments) in x.chunks_exact(m * d).zip(moments.chunks_exact_mut(2 * d)) {
            let (mean, inverse) = moments.split_at_mut(d);
            for row in x.chunks_exact(d) {
                mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            }
            mean.iter_mut().for_each(|sum| *sum /= m as f32);
            for row in x.chunks_exact(d) {
                let centered = row.iter().zip(mean.iter()).map(|(x, mean)| x - mean);
                inverse.iter_mut().zip(centered).for_each(|(sum, x)| *sum += x * x);
            }
            inverse.iter_mut().for_each(|sum| *sum = 1.0 / (*sum / m as f32 + EPSILON).sqrt());
        }
        tensor(moments, [r, 2, d])
    }

    fn batch_normalize(
        x: FlexTensor,
        moments: FlexTensor,
        scale: FlexTensor,
        shift: FlexTensor,
    ) -> FlexTensor {
        let [r, m, d] = x.shape().dims();
        let (moments, scale, shift) =
            (&Values::of(&moments)[..], &Values::of(&scale)[..], &Values::of(&shift)[..]);
        let mut y = Values::of(&x).to_vec();
        for_each_chunk(&mut y, d, |index, row| {
            let replica = index / m;
            let (mean, inverse) = moments[2 * replica * d..][..2 * d].split_at(d);
            let (scale, shift) = (&scale[replica * d..][..d], &shift[replica * d..][..d]);
            for (c, value) in row.iter_mut().enumerate() {
                *value = (*value - mean[c]) * inverse[c] * scale[c] + shift[c];
            }
        });
        tensor(y, [r, m, d])
    }

    fn batch_norm_weights(x: FlexTensor, moments: FlexTensor, grad: FlexTensor) -> (FlexTensor, FlexTensor) {
        let [r, m, d] = x.shape().dims();
        let (x, moments, grad) = (&Values::of(&x)[..], &Values::of(&moments)[..], &Values::of(&grad)[..]);
        let (mut dscale, mut dshift) = (vec![0.0; r * d], vec![0.0; r * d]);
        for (index, (x, grad)) in x.chunks_exact(d).zip(grad.chunks_exact(d)).enumerate() {
            let replica = index / m;
            let (mean, inverse) = moments[2 * replica * d..][..2 * d].split_at(d);
            for c in 0..d {
                dscale[replica * d + c] += grad[c] * (x[c] - mean[c]) * inverse[c];
                dshift[replica * d + c] += grad[c];
            }
        }
        (tensor(dscale, [r, 1, d]), tensor(dshift, [r, 1, d]))
    }

    fn batch_norm_input(
        x: FlexTensor,
        moments: FlexTensor,
        scale: FlexTensor,
        grad: FlexTensor,
        scale_grad: FlexTensor,
        shift_grad: FlexTensor,
    ) -> FlexTensor {
        let [r, m, d] = x.shape().dims();
        let count = m as f32;
        let (x, moments, scale) = (&Values::of(&x)[..], &Values::of(&moments)[..], &Values::of(&scale)[..]);
        let (dscale, dshift) = (&Values::of(&scale_grad)[..], &Values::of(&shift_grad)[..]);
        let mut dx = Values::of(&grad).to_vec();
        for_each_chunk(&mut dx, d, |index, dx| {
            let (x, replica) = (&x[index * d..][..d], index / m);
            let (mean, inverse) = moments[2 * replica * d..][..2 * d].split_at(d);
            for c in 0..d {
                let (at, normal) = (replica * d + c, (x[c] - mean[c]) * inverse[c]);
                dx[c] = scale[at] * inverse[c] * (dx[c] - dshift[at] / count - normal * dscale[at] / count);
            }
        });
        tensor(dx, [r, m, d])
    }
}
