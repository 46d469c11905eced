//! The linear layer of every replica at once.
//!
//! ```text
//! y[r, m, o] = Σᵢ x[r, m, i] · w[r, i, o] + b[r, m mod P, o]
//! ```
//!
//! With `P = 1` the bias is the usual one; with `P = N` tokens it is a learned position embedding.
//!
//! The kernels keep a tile of the result in registers and use no workgroup memory and no barrier: the matrices of
//! a small network fit a GPU's cache, so what costs is the launch and the latency, not the traffic.

use burn::backend::ops::FloatTensorOps;
use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::prelude::*;

/// A linear layer.
///
/// # Shapes
/// - `x`: `[R, M, I]`, M rows (batch × tokens)
/// - `weight`: `[R, I, O]`
/// - `bias`: `[R, P, O]`, row `m` gets bias `m mod P`
/// - returns `[R, M, O]`
pub fn linear(x: Tensor<3>, weight: Tensor<3>, bias: Tensor<3>) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::replica_linear(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
    ))
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait LinearOps: Backend {
    #[fusion(dtype = x, shape = output_shape(x, weight))]
    fn replica_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// The gradients, which are not themselves differentiated.
#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait LinearGradients: Backend {
    /// `∂x = ∂y · wᵀ`
    #[fusion(dtype = grad, shape = input_shape(grad, weight))]
    fn linear_input(grad: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;

    /// `∂w = xᵀ · ∂y` and `∂b = Σ ∂y`
    #[fusion(meta = |x, grad, period| {
        let [r, _, i] = x.shape.dims();
        (shaped(x, [r, i, grad.shape[2]]), shaped(x, [r, *period, grad.shape[2]]))
    })]
    fn linear_weight(
        x: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        period: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

fn output_shape(x: &Shape, weight: &Shape) -> Shape {
    Shape::new([x[0], x[1], weight[2]])
}

fn input_shape(grad: &Shape, weight: &Shape) -> Shape {
    Shape::new([grad[0], grad[1], weight[1]])
}

impl<B: Backend + LinearOps + LinearGradients, C: CheckpointStrategy> LinearOps for Autodiff<B, C> {
    fn replica_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [x, weight, bias],
            |[x, weight, bias], wanted| {
                let kept = wanted.then(|| (x.clone(), weight.clone(), bias.shape()[1]));
                (kept, B::replica_linear(x, weight, bias))
            },
            |(x, weight, period), grad, [input, matrix, bias]| {
                let dx = input.then(|| B::linear_input(grad.clone(), weight));
                let (dw, db) = (matrix || bias).then(|| B::linear_weight(x, grad, period)).unzip();
                [dx, dw, db]
            },
        )
    }
}

/// Rows of the result that one thread keeps in registers.
const TILE: usize = 4;

#[cube(launch_unchecked)]
fn linear_kernel<N: Size>(
    x: &[f32],
    weight: &[Vector<f32, N>],
    bias: &[Vector<f32, N>],
    y: &mut [Vector<f32, N>],
    units: usize,
    rows: usize,
    inputs: usize,
    outputs: usize,
    weight_stride: usize,
    bias_stride: usize,
    period: usize,
    #[comptime] tile: usize,
) {
    end_beyond(units);
    let tiles = (rows + tile - 1) / tile;
    let column = ABSOLUTE_POS % outputs;
    let first = (ABSOLUTE_POS / outputs) % tiles * tile;
    let replica = ABSOLUTE_POS / (outputs * tiles);

    let mut sums = Array::<Vector<f32, N>>::new(tile);
    let mut starts = Array::<usize>::new(tile);
    #[unroll]
    for i in 0..tile {
        // The last tile may hang over the edge: it repeats the last row and writes only what exists.
        let row = min(first + i, rows - 1);
        sums[i] = bias[replica * bias_stride + row % period * outputs + column];
        starts[i] = (replica * rows + row) * inputs;
    }
    let mut from = replica * weight_stride + column;
    for k in 0..inputs {
        let line = weight[from];
        #[unroll]
        for i in 0..tile {
            sums[i] += Vector::new(x[starts[i] + k]) * line;
        }
        from += outputs;
    }
    #[unroll]
    for i in 0..tile {
        if first + i < rows {
            y[(replica * rows + first + i) * outputs + column] = sums[i];
        }
    }
}

#[cube(launch_unchecked)]
fn linear_input_kernel<N: Size>(
    grad: &[Vector<f32, N>],
    weight: &[Vector<f32, N>],
    dx: &mut [f32],
    units: usize,
    rows: usize,
    inputs: usize,
    outputs: usize,
    weight_stride: usize,
    #[comptime] tile: usize,
) {
    end_beyond(units);
    let tiles = (rows + tile - 1) / tile;
    let column = ABSOLUTE_POS % inputs;
    let first = (ABSOLUTE_POS / inputs) % tiles * tile;
    let replica = ABSOLUTE_POS / (inputs * tiles);

    let mut sums = Array::<Vector<f32, N>>::new(tile);
    let mut starts = Array::<usize>::new(tile);
    #[unroll]
    for i in 0..tile {
        sums[i] = Vector::new(0.0);
        starts[i] = (replica * rows + min(first + i, rows - 1)) * outputs;
    }
    let from = replica * weight_stride + column * outputs;
    for k in 0..outputs {
        let line = weight[from + k];
        #[unroll]
        for i in 0..tile {
            sums[i] += grad[starts[i] + k] * line;
        }
    }
    #[unroll]
    for i in 0..tile {
        if first + i < rows {
            dx[(replica * rows + first + i) * inputs + column] = sums[i].vector_sum();
        }
    }
}

/// Each thread owns `NI` rows and `NO` columns of `∂w`, or one vector of `∂b`.
#[cube(launch_unchecked)]
fn linear_weight_kernel<NI: Size, NO: Size>(
    x: &[Vector<f32, NI>],
    grad: &[Vector<f32, NO>],
    dw: &mut [Vector<f32, NO>],
    db: &mut [Vector<f32, NO>],
    units: usize,
    rows: usize,
    inputs: usize,
    outputs: usize,
    period: usize,
) {
    end_beyond(units);
    let lines = inputs + period;
    let column = ABSOLUTE_POS % outputs;
    let line = (ABSOLUTE_POS / outputs) % lines;
    let replica = ABSOLUTE_POS / (outputs * lines);
    let first = replica * rows;

    if line < inputs {
        let height = NI::value();
        let mut sums = Array::<Vector<f32, NO>>::new(height);
        #[unroll]
        for i in 0..height {
            sums[i] = Vector::new(0.0);
        }
        for row in first..first + rows {
            let left = x[row * inputs + line];
            let right = grad[row * outputs + column];
            #[unroll]
            for i in 0..height {
                sums[i] += Vector::new(left.extract(i)) * right;
            }
        }
        #[unroll]
        for i in 0..height {
            dw[((replica * inputs + line) * height + i) * outputs + column] = sums[i];
        }
    } else {
        let phase = line - inputs;
        let mut sum = Vector::<f32, NO>::new(0.0);
        let mut row = first + phase;
        while row < first + rows {
            sum += grad[row * outputs + column];
            row += period;
        }
        db[(replica * period + phase) * outputs + column] = sum;
    }
}

impl LinearOps for CubeBackend {
    fn replica_linear(x: CubeTensor, weight: CubeTensor, bias: CubeTensor) -> CubeTensor {
        let x = contiguous(x);
        let (weight, weight_stride) = replicas(weight);
        let (bias, bias_stride) = replicas(bias);
        let [r, m, i] = x.shape().dims();
        let o = weight.shape()[2];
        let period = bias.shape()[1];
        let y = empty(&x, [r, m, o]);
        let n = vector_size(&[o, weight_stride, bias_stride]);
        let units = r * m.div_ceil(TILE) * (o / n);
        launch!(
            linear_kernel[n],
            units,
            [x, weight, bias],
            [y],
            [m, i, o / n, weight_stride / n, bias_stride / n, period],
            [TILE]
        );
        y
    }
}

impl LinearGradients for CubeBackend {
    fn linear_input(grad: CubeTensor, weight: CubeTensor) -> CubeTensor {
        let grad = contiguous(grad);
        let (weight, weight_stride) = replicas(weight);
        let [r, m, o] = grad.shape().dims();
        let i = weight.shape()[1];
        let dx = empty(&grad, [r, m, i]);
        let n = vector_size(&[o, weight_stride]);
        let units = r * m.div_ceil(TILE) * i;
        launch!(
            linear_input_kernel[n],
            units,
            [grad, weight],
            [dx],
            [m, i, o / n, weight_stride / n],
            [TILE]
        );
        dx
    }

    fn linear_weight(x: CubeTensor, grad: CubeTensor, period: usize) -> (CubeTensor, CubeTensor) {
        let (x, grad) = (contiguous(x), contiguous(grad));
        let [r, m, i] = x.shape().dims();
        let o = grad.shape()[2];
        let (dw, db) = (empty(&x, [r, i, o]), empty(&x, [r, period, o]));
        let (ni, no) = (vector_size(&[i]), vector_size(&[o]));
        let units = r * (i / ni + period) * (o / no);
        launch!(linear_weight_kernel[ni, no], units, [x, grad], [dw, db], [m, i / ni, o / no, period]);
        (dw, db)
    }
}

impl LinearOps for Flex {
    fn replica_linear(x: FlexTensor, weight: FlexTensor, bias: FlexTensor) -> FlexTensor {
        let bias_values = Values::of(&bias);
        let [_, period, outputs] = bias.shape().dims();
        let rows = x.shape()[1];
        let mut y = Flex::float_matmul(x, weight);
        for (index, line) in y.storage_mut::<f32>().chunks_exact_mut(outputs).enumerate() {
            let (replica, row) = (index / rows, index % rows);
            let start = (replica * period + row % period) * outputs;
            line.iter_mut().zip(&bias_values[start..start + outputs]).for_each(|(y, b)| *y += b);
        }
        y
    }
}

impl LinearGradients for Flex {
    fn linear_input(grad: FlexTensor, weight: FlexTensor) -> FlexTensor {
        Flex::float_matmul(grad, Flex::float_swap_dims(weight, 1, 2))
    }

    fn linear_weight(x: FlexTensor, grad: FlexTensor, period: usize) -> (FlexTensor, FlexTensor) {
        let [replicas, rows, outputs] = grad.shape().dims();
        let values = Values::of(&grad);
        let mut bias = vec![0.0; replicas * period * outputs];
        for (index, line) in values.chunks_exact(outputs).enumerate() {
            let (replica, row) = (index / rows, index % rows);
            let start = (replica * period + row % period) * outputs;
            bias[start..start + outputs].iter_mut().zip(line).for_each(|(b, g)| *b += g);
        }
        let weight = Flex::float_matmul(Flex::float_swap_dims(x, 1, 2), grad);
        (weight, tensor(bias, [replicas, period, outputs]))
    }
}
