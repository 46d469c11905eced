//! One small filter for each channel of a square grid of tokens, of every replica at once.
//!
//! ```text
//! y[(i, j), d] = Σ_u,v w[(u, v), d] · x[(i + u − h, j + v − h), d] + b[d],  h = (f − 1) / 2, zero outside the grid
//!
//! ∂x[(i, j)] = Σ_u,v w[(u, v)] · ∂y[(i − u + h, j − v + h)]        ∂w[(u, v)] = Σ ∂y[(i, j)] · x[(i + u − h, j + v − h)]
//! ```
//!
//! As in every deep learning library this is a correlation: the filter is not turned around.

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::loops::{add_scaled, for_each_chunk};
use super::prelude::*;

/// Filters each channel of each example.
///
/// # Shapes
/// - `x`: `[R, B·N, D]`, N a square number: the `tokens` of an example go row by row
/// - `filter`: `[R, f², D]`, f odd
/// - `bias`: `[R, 1, D]`
/// - returns `[R, B·N, D]`
///
/// # Panics
/// If `tokens` or f² is not a square number, or f is even.
pub fn depthwise(x: Tensor<3>, filter: Tensor<3>, bias: Tensor<3>, tokens: usize) -> Tensor<3> {
    let (edge, kernel) = (tokens.isqrt(), filter.dims()[1].isqrt());
    assert_eq!(edge * edge, tokens, "a filter needs a square grid of tokens");
    assert!(kernel * kernel == filter.dims()[1] && kernel % 2 == 1, "a filter needs an odd edge");
    Tensor::from_dispatch(Dispatch::depthwise_filter(
        x.into_dispatch(),
        filter.into_dispatch(),
        bias.into_dispatch(),
        edge,
        kernel,
    ))
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait DepthwiseOps: Backend {
    #[fusion(dtype = x, shape = x)]
    fn depthwise_filter(
        x: FloatTensor<Self>,
        filter: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        edge: usize,
        kernel: usize,
    ) -> FloatTensor<Self>;
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait DepthwiseGradients: Backend {
    /// `∂x`
    #[fusion(dtype = grad, shape = grad)]
    fn depthwise_input(
        grad: FloatTensor<Self>,
        filter: FloatTensor<Self>,
        edge: usize,
        kernel: usize,
    ) -> FloatTensor<Self>;

    /// `∂w` and `∂b = Σ ∂y`
    #[fusion(meta = |x, _grad, _edge, kernel| {
        let [r, _, d] = x.shape.dims();
        (shaped(x, [r, kernel.pow(2), d]), shaped(x, [r, 1, d]))
    })]
    fn depthwise_weights(
        x: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        edge: usize,
        kernel: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

impl<B: Backend + DepthwiseOps + DepthwiseGradients, C: CheckpointStrategy> DepthwiseOps for Autodiff<B, C> {
    fn depthwise_filter(
        x: FloatTensor<Self>,
        filter: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        edge: usize,
        kernel: usize,
    ) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [x, filter, bias],
            |[x, filter, bias], wanted| {
                let kept = wanted.then(|| (x.clone(), filter.clone(), edge, kernel));
                (kept, B::depthwise_filter(x, filter, bias, edge, kernel))
            },
            |(x, w, edge, kernel), grad, [input, filter, bias]| {
                let dx = input.then(|| B::depthwise_input(grad.clone(), w, edge, kernel));
                // Frozen filters have no gradient, and cost none.
                let weights = (filter || bias).then(|| B::depthwise_weights(x, grad, edge, kernel));
                let (dfilter, dbias) = weights.unzip();
                [dx, dfilter, dbias]
            },
        )
    }
}

/// `Σ w[(u, v)] · values[(i + u − h, j + v − h)]` for this thread's place, on top of `sum`. Turned around, it is
/// `Σ w[(u, v)] · values[(i − u + h, j − v + h)]`: what has gone out comes back.
#[cube]
fn filtered<N: Size>(
    sum: Vector<f32, N>,
    values: &[Vector<f32, N>],
    filter: &[Vector<f32, N>],
    filter_from: usize,
    columns: usize,
    edge: usize,
    kernel: usize,
    #[comptime] turned: bool,
) -> Vector<f32, N> {
    let column = ABSOLUTE_POS % columns;
    let row = ABSOLUTE_POS / columns;
    let token = row % (edge * edge);
    let half = kernel / 2;
    let mut result = sum;
    for u in 0..kernel {
        let mut down = u;
        if turned {
            down = kernel - 1 - u;
        }
        let i = token / edge + down;
        if i >= half && i < edge + half {
            for v in 0..kernel {
                let mut right = v;
                if turned {
                    right = kernel - 1 - v;
                }
                let j = token % edge + right;
                if j >= half && j < edge + half {
                    let weight = filter[filter_from + (u * kernel + v) * columns + column];
                    let from = row + down * edge + right - half * edge - half;
                    result += weight * values[from * columns + column];
                }
            }
        }
    }
    result
}

/// One thread for each vector of the result.
#[cube(launch_unchecked)]
fn depthwise_kernel<N: Size>(
    x: &[Vector<f32, N>],
    filter: &[Vector<f32, N>],
    bias: &[Vector<f32, N>],
    y: &mut [Vector<f32, N>],
    units: usize,
    rows: usize,
    columns: usize,
    edge: usize,
    kernel: usize,
    filter_stride: usize,
    bias_stride: usize,
) {
    end_beyond(units);
    let replica = ABSOLUTE_POS / columns / rows;
    let shift = bias[replica * bias_stride + ABSOLUTE_POS % columns];
    y[ABSOLUTE_POS] = filtered::<N>(shift, x, filter, replica * filter_stride, columns, edge, kernel, false);
}

/// One thread for each vector of the result.
#[cube(launch_unchecked)]
fn depthwise_input_kernel<N: Size>(
    grad: &[Vector<f32, N>],
    filter: &[Vector<f32, N>],
    dx: &mut [Vector<f32, N>],
    units: usize,
    rows: usize,
    columns: usize,
    edge: usize,
    kernel: usize,
    filter_stride: usize,
) {
    end_beyond(units);
    let from = ABSOLUTE_POS / columns / rows * filter_stride;
    let none = Vector::<f32, N>::new(0.0);
    dx[ABSOLUTE_POS] = filtered::<N>(none, grad, filter, from, columns, edge, kernel, true);
}

/// The places 0…edge − 1 from which a step of `along − half` stays among them: first, and one past the last.
#[cube]
fn inside(along: usize, half: usize, edge: usize) -> (usize, usize) {
    let mut first = 0usize;
    if along < half {
        first = half - along;
    }
    let mut last = edge;
    if along > half {
        last = 0;
        if along - half < edge {
            last = edge + half - along;
        }
    }
    (first, last)
}

/// One thread for each vector of `∂w` and of `∂b`.
#[cube(launch_unchecked)]
fn depthwise_weights_kernel<N: Size>(
    x: &[Vector<f32, N>],
    grad: &[Vector<f32, N>],
    dfilter: &mut [Vector<f32, N>],
    dbias: &mut [Vector<f32, N>],
    units: usize,
    rows: usize,
    columns: usize,
    edge: usize,
    kernel: usize,
) {
    end_beyond(units);
    let places = kernel * kernel;
    let column = ABSOLUTE_POS % columns;
    let place = ABSOLUTE_POS / columns % (places + 1);
    let replica = ABSOLUTE_POS / (columns * (places + 1));
    let mut sum = Vector::<f32, N>::new(0.0);
    if place < places {
        let half = kernel / 2;
        let u = place / kernel;
        let v = place % kernel;
        let (top, bottom) = inside(u, half, edge);
        let (left, right) = inside(v, half, edge);
        let mut start = replica * rows;
        while start < (replica + 1) * rows {
            for i in top..bottom {
                for j in left..right {
                    let row = start + i * edge + j;
                    let from = row + u * edge + v - half * edge - half;
                    sum += grad[row * columns + column] * x[from * columns + column];
                }
            }
            start += edge * edge;
        }
        dfilter[(replica * places + place) * columns + column] = sum;
    } else {
        for row in replica * rows..(replica + 1) * rows {
            sum += grad[row * columns + column];
        }
        dbias[replica * columns + column] = sum;
    }
}

impl DepthwiseOps for CubeBackend {
    fn depthwise_filter(
        x: CubeTensor,
        filter: CubeTensor,
        bias: CubeTensor,
        edge: usize,
        kernel: usize,
    ) -> CubeTensor {
        let x = contiguous(x);
        let (filter, filter_stride) = replicas(filter);
        let (bias, bias_stride) = replicas(bias);
        let [r, m, d] = x.shape().dims();
        let y = empty(&x, [r, m, d]);
        let n = vector_size(&[d, filter_stride, bias_stride]);
        let units = r * m * d / n;
        launch!(
            depthwise_kernel[n],
            units,
            [x, filter, bias],
            [y],
            [m, d / n, edge, kernel, filter_stride / n, bias_stride / n]
        );
        y
    }
}

impl DepthwiseGradients for CubeBackend {
    fn depthwise_input(grad: CubeTensor, filter: CubeTensor, edge: usize, kernel: usize) -> CubeTensor {
        let grad = contiguous(grad);
        let (filter, filter_stride) = replicas(filter);
        let [r, m, d] = grad.shape().dims();
        let dx = empty(&grad, [r, m, d]);
        let n = vector_size(&[d, filter_stride]);
        let units = r * m * d / n;
        launch!(
            depthwise_input_kernel[n],
            units,
            [grad, filter],
            [dx],
            [m, d / n, edge, kernel, filter_stride / n]
        );
        dx
    }

    fn depthwise_weights(
        x: CubeTensor,
        grad: CubeTensor,
        edge: usize,
        kernel: usize,
    ) -> (CubeTensor, CubeTensor) {
        let (x, grad) = (contiguous(x), contiguous(grad));
        let [r, m, d] = x.shape().dims();
        let (dfilter, dbias) = (empty(&x, [r, kernel * kernel, d]), empty(&x, [r, 1, d]));
        let n = vector_size(&[d]);
        let units = r * (kernel * kernel + 1) * d / n;
        launch!(depthwise_weights_kernel[n], units, [x, grad], [dfilter, dbias], [m, d / n, edge, kernel]);
        (dfilter, dbias)
    }
}

/// Visits every token with each place of the filter and the token that lies there.
fn for_each_neighbour(edge: usize, kernel: usize, mut visit: impl FnMut(usize, usize, usize)) {
    let half = kernel / 2;
    for (i, j) in (0..edge).flat_map(|i| (0..edge).map(move |j| (i, j))) {
        for (u, v) in (0..kernel).flat_map(|u| (0..kernel).map(move |v| (u, v))) {
            let (row, column) = (i + u, j + v);
            if (half..edge + half).contains(&row) && (half..edge + half).contains(&column) {
                visit(i * edge + j, u * kernel + v, (row - half) * edge + column - half);
            }
        }
    }
}

/// `y += a · b`, number by number.
fn add_product(y: &mut [f32], a: &[f32], b: &[f32]) {
    y.iter_mut().zip(a.iter().zip(b)).for_each(|(y, (a, b))| *y += a * b);
}

impl DepthwiseOps for Flex {
    fn depthwise_filter(
        x: FlexTensor,
        filter: FlexTensor,
        bias: FlexTensor,
        edge: usize,
        kernel: usize,
    ) -> FlexTensor {
        let [r, m, d] = x.shape().dims();
        let (x, filter, bias) = (&Values::of(&x)[..], &Values::of(&filter)[..], &Values::of(&bias)[..]);
        let mut y: Vec<f32> = bias.chunks_exact(d).flat_map(|bias| bias.repeat(m)).collect();
        for_each_chunk(&mut y, edge * edge * d, |index, y| {
            let x = &x[index * edge * edge * d..];
            let filter = &filter[index * edge * edge / m * kernel * kernel * d..];
            for_each_neighbour(edge, kernel, |token, place, other| {
                add_product(&mut y[token * d..][..d], &filter[place * d..], &x[other * d..]);
            });
        });
        tensor(y, [r, m, d])
    }
}

impl DepthwiseGradients for Flex {
    fn depthwise_input(grad: FlexTensor, filter: FlexTensor, edge: usize, kernel: usize) -> FlexTensor {
        let [r, m, d] = grad.shape().dims();
        let (grad, filter) = (&Values::of(&grad)[..], &Values::of(&filter)[..]);
        let mut dx = vec![0.0; r * m * d];
        for_each_chunk(&mut dx, edge * edge * d, |index, dx| {
            let grad = &grad[index * edge * edge * d..];
            let filter = &filter[index * edge * edge / m * kernel * kernel * d..];
            for_each_neighbour(edge, kernel, |token, place, other| {
                add_product(&mut dx[other * d..][..d], &filter[place * d..], &grad[token * d..]);
            });
        });
        tensor(dx, [r, m, d])
    }

    fn depthwise_weights(
        x: FlexTensor,
        grad: FlexTensor,
        edge: usize,
        kernel: usize,
    ) -> (FlexTensor, FlexTensor) {
        let [r, m, d] = x.shape().dims();
        let places = kernel * kernel;
        let (x, grad) = (&Values::of(&x)[..], &Values::of(&grad)[..]);
        let (mut dfilter, mut dbias) = (vec![0.0; r * places * d], vec![0.0; r * d]);
        for (index, (x, grad)) in
            x.chunks_exact(edge * edge * d).zip(grad.chunks_exact(edge * edge * d)).enumerate()
        {
            let replica = index * edge * edge / m;
            let dfilter = &mut dfilter[replica * places * d..];
            for_each_neighbour(edge, kernel, |token, place, other| {
                add_product(&mut dfilter[place * d..][..d], &grad[token * d..], &x[other * d..]);
            });
            let dbias = &mut dbias[replica * d..][..d];
            grad.chunks_exact(d).for_each(|line| add_scaled(dbias, 1.0, line));
        }
        (tensor(dfilter, [r, places, d]), tensor(dbias, [r, 1, d]))
    }
}
