//! The two products of multi-head attention, read straight from the fused projection.
//!
//! ```text
//! S_ij = c · Σₖ Q_ik K_jk        O_ik = Σⱼ A_ij V_jk        for each replica, sample and head
//! ```
//!
//! `Q`, `K` and `V` stay where the projection wrote them, `[R, B·N, 3·W]` with `W = H·d`: no copy, no permutation.
//! What happens between the two products (softmax, a polynomial, …) is a slot of its own.
//! Causal: only `j ≤ i` takes part; the other scores are 0 and the other weights are not looked at.

mod on_cpu;

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::prelude::*;

/// Attention scores of every head.
///
/// # Shapes
/// - `projected`: `[R, B·N, 3·W]`, queries, keys, values
/// - returns `[R, B·H, N, N]`
pub fn attention_scores(
    projected: Tensor<3>,
    heads: usize,
    tokens: usize,
    scale: f32,
    causal: bool,
) -> Tensor<4> {
    let heads = Heads { heads, tokens, causal };
    Tensor::from_dispatch(Dispatch::head_scores(projected.into_dispatch(), heads, scale))
}

/// Values mixed by attention weights.
///
/// # Shapes
/// - `weights`: `[R, B·H, N, N]`
/// - `projected`: `[R, B·N, 3·W]`
/// - returns `[R, B·N, W]`, heads side by side
pub fn attention_mix(weights: Tensor<4>, projected: Tensor<3>, heads: usize, causal: bool) -> Tensor<3> {
    let heads = Heads { heads, tokens: weights.dims()[2], causal };
    Tensor::from_dispatch(Dispatch::head_mix(weights.into_dispatch(), projected.into_dispatch(), heads))
}

/// How the rows of a projection are to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heads {
    heads: usize,
    tokens: usize,
    causal: bool,
}

impl Heads {
    /// Samples B of `[R, B·N, …]`.
    fn samples(&self, shape: &Shape) -> usize {
        shape[1] / self.tokens
    }

    fn scores(&self, projected: &Shape) -> Shape {
        Shape::new([projected[0], self.samples(projected) * self.heads, self.tokens, self.tokens])
    }

    fn mixed(&self, projected: &Shape) -> Shape {
        Shape::new([projected[0], projected[1], projected[2] / 3])
    }

    fn projected(&self, mixed: &Shape) -> Shape {
        Shape::new([mixed[0], mixed[1], 3 * mixed[2]])
    }
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait AttentionOps: Backend {
    #[fusion(dtype = projected, shape = heads.scores(projected))]
    fn head_scores(projected: FloatTensor<Self>, heads: Heads, scale: f32) -> FloatTensor<Self>;

    #[fusion(dtype = projected, shape = heads.mixed(projected))]
    fn head_mix(weights: FloatTensor<Self>, projected: FloatTensor<Self>, heads: Heads) -> FloatTensor<Self>;
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait AttentionGradients: Backend {
    /// `∂Q = c ∂S K`, `∂K = c ∂Sᵀ Q`, 0 for the values, side by side
    #[fusion(dtype = projected, shape = projected)]
    fn head_scores_input(
        projected: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        heads: Heads,
        scale: f32,
    ) -> FloatTensor<Self>;

    /// `∂A = ∂O Vᵀ`
    #[fusion(dtype = projected, shape = heads.scores(projected))]
    fn head_mix_weights(
        projected: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        heads: Heads,
    ) -> FloatTensor<Self>;

    /// `∂V = Aᵀ ∂O`, 0 for queries and keys, side by side
    #[fusion(dtype = grad, shape = heads.projected(grad))]
    fn head_mix_values(
        weights: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        heads: Heads,
    ) -> FloatTensor<Self>;
}

impl<B: Backend + AttentionOps + AttentionGradients, C: CheckpointStrategy> AttentionOps for Autodiff<B, C> {
    fn head_scores(projected: FloatTensor<Self>, heads: Heads, scale: f32) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [projected],
            |[x], wanted| (wanted.then(|| (x.clone(), heads, scale)), B::head_scores(x, heads, scale)),
            |(projected, heads, scale), grad, _| [Some(B::head_scores_input(projected, grad, heads, scale))],
        )
    }

    fn head_mix(weights: FloatTensor<Self>, projected: FloatTensor<Self>, heads: Heads) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [weights, projected],
            |[weights, projected], wanted| {
                let kept = wanted.then(|| (weights.clone(), projected.clone(), heads));
                (kept, B::head_mix(weights, projected, heads))
            },
            |(weights, projected, heads), grad, [left, right]| {
                let dweights = left.then(|| B::head_mix_weights(projected, grad.clone(), heads));
                let dvalues = right.then(|| B::head_mix_values(weights, grad, heads));
                [dweights, dvalues]
            },
        )
    }
}

/// Columns of a row of scores that one thread computes.
const TILE: usize = 4;

/// `out[i, j] = scale · left[i] · right[j]` over the vectors of one head; one thread for each row and `tile` columns.
///
/// A row of `left` is `left_width` vectors long and the head's part starts at `left_at`; `right` likewise.
#[cube(launch_unchecked)]
fn products_kernel<N: Size>(
    left: &[Vector<f32, N>],
    right: &[Vector<f32, N>],
    out: &mut [f32],
    units: usize,
    scale: f32,
    tokens: usize,
    heads: usize,
    depth: usize,
    left_width: usize,
    left_at: usize,
    right_width: usize,
    right_at: usize,
    #[comptime] causal: bool,
    #[comptime] tile: usize,
) {
    end_beyond(units);
    let tiles = (tokens + tile - 1) / tile;
    let first = ABSOLUTE_POS % tiles * tile;
    let row = ABSOLUTE_POS / tiles;
    let i = row % tokens;
    let head = row / tokens % heads;
    let sample = row / (tokens * heads);

    let mut sums = Array::<Vector<f32, N>>::new(tile);
    let mut starts = Array::<usize>::new(tile);
    #[unroll]
    for t in 0..tile {
        sums[t] = Vector::new(0.0);
        let j = min(first + t, tokens - 1);
        starts[t] = (sample * tokens + j) * right_width + right_at + head * depth;
    }
    let from = (sample * tokens + i) * left_width + left_at + head * depth;
    for k in 0..depth {
        let value = left[from + k];
        #[unroll]
        for t in 0..tile {
            sums[t] += value * right[starts[t] + k];
        }
    }
    #[unroll]
    for t in 0..tile {
        let j = first + t;
        if j < tokens {
            let mut product = sums[t].vector_sum() * scale;
            if causal {
                product = select(j > i, 0.0f32, product);
            }
            out[row * tokens + j] = product;
        }
    }
}

/// `Σ weights · lines` over `count` tokens.
#[cube]
fn weighted_sum<N: Size>(
    weights: &[f32],
    weights_from: usize,
    weights_step: usize,
    lines: &[Vector<f32, N>],
    lines_from: usize,
    lines_step: usize,
    count: usize,
) -> Vector<f32, N> {
    let mut sum = Vector::<f32, N>::new(0.0);
    let mut w = weights_from;
    let mut l = lines_from;
    for _ in 0..count {
        sum += Vector::new(weights[w]) * lines[l];
        w += weights_step;
        l += lines_step;
    }
    sum
}

/// One thread for each vector of the result `[R, B·N, W]`.
#[cube(launch_unchecked)]
fn mix_kernel<N: Size>(
    weights: &[f32],
    projected: &[Vector<f32, N>],
    out: &mut [Vector<f32, N>],
    units: usize,
    tokens: usize,
    heads: usize,
    depth: usize,
    #[comptime] causal: bool,
) {
    end_beyond(units);
    let width = heads * depth;
    let column = ABSOLUTE_POS % width;
    let row = ABSOLUTE_POS / width;
    let token = row % tokens;
    let sample = row / tokens;
    let head = sample * heads + column / depth;
    let mut count = tokens;
    if causal {
        count = token + 1;
    }
    let lines = sample * tokens * 3 * width + 2 * width + column;
    out[ABSOLUTE_POS] =
        weighted_sum::<N>(weights, (head * tokens + token) * tokens, 1, projected, lines, 3 * width, count);
}

/// One thread for each vector of `∂Q | ∂K | 0`.
#[cube(launch_unchecked)]
fn scores_input_kernel<N: Size>(
    projected: &[Vector<f32, N>],
    grad: &[f32],
    out: &mut [Vector<f32, N>],
    units: usize,
    scale: f32,
    tokens: usize,
    heads: usize,
    depth: usize,
    #[comptime] causal: bool,
) {
    end_beyond(units);
    let width = heads * depth;
    let column = ABSOLUTE_POS % width;
    let part = ABSOLUTE_POS / width % 3;
    let row = ABSOLUTE_POS / (3 * width);
    let token = row % tokens;
    let sample = row / tokens;
    let scores = (sample * heads + column / depth) * tokens * tokens;
    let lines = sample * tokens * 3 * width + column;
    let mut result = Vector::<f32, N>::new(0.0);
    if part == 0 {
        let mut count = tokens;
        if causal {
            count = token + 1;
        }
        let from = scores + token * tokens;
        result = weighted_sum::<N>(grad, from, 1, projected, lines + width, 3 * width, count);
    } else if part == 1 {
        let mut first = 0usize;
        if causal {
            first = token;
        }
        let from = scores + first * tokens + token;
        let queries = lines + first * 3 * width;
        result = weighted_sum::<N>(grad, from, tokens, projected, queries, 3 * width, tokens - first);
    }
    out[ABSOLUTE_POS] = result * Vector::new(scale);
}

/// One thread for each vector of `0 | 0 | ∂V`.
#[cube(launch_unchecked)]
fn mix_values_kernel<N: Size>(
    weights: &[f32],
    grad: &[Vector<f32, N>],
    out: &mut [Vector<f32, N>],
    units: usize,
    tokens: usize,
    heads: usize,
    depth: usize,
    #[comptime] causal: bool,
) {
    end_beyond(units);
    let width = heads * depth;
    let column = ABSOLUTE_POS % width;
    let part = ABSOLUTE_POS / width % 3;
    let row = ABSOLUTE_POS / (3 * width);
    let token = row % tokens;
    let sample = row / tokens;
    let mut result = Vector::<f32, N>::new(0.0);
    if part == 2 {
        let mut first = 0usize;
        if causal {
            first = token;
        }
        let head = sample * heads + column / depth;
        let from = head * tokens * tokens + first * tokens + token;
        let lines = (sample * tokens + first) * width + column;
        result = weighted_sum::<N>(weights, from, tokens, grad, lines, width, tokens - first);
    }
    out[ABSOLUTE_POS] = result;
}

/// Where the rows of one operand of [`products_kernel`] begin: width of a row and offset, in numbers.
struct Rows {
    width: usize,
    at: usize,
}

fn products(
    left: CubeTensor,
    left_rows: Rows,
    right: CubeTensor,
    right_rows: Rows,
    heads: Heads,
    scale: f32,
) -> CubeTensor {
    let shape = heads.scores(&left.shape());
    let out = empty(&left, shape.clone());
    let depth = right_rows.width / 3 / heads.heads;
    let n = vector_size(&[depth]);
    let units = shape[0] * shape[1] * heads.tokens * heads.tokens.div_ceil(TILE);
    launch!(
        products_kernel[n],
        units,
        [left, right],
        [out],
        [
            scale,
            heads.tokens,
            heads.heads,
            depth / n,
            left_rows.width / n,
            left_rows.at / n,
            right_rows.width / n,
            right_rows.at / n
        ],
        [heads.causal, TILE]
    );
    out
}

impl AttentionOps for CubeBackend {
    fn head_scores(projected: CubeTensor, heads: Heads, scale: f32) -> CubeTensor {
        let projected = contiguous(projected);
        let width = projected.shape()[2];
        let (queries, keys) = (Rows { width, at: 0 }, Rows { width, at: width / 3 });
        products(projected.clone(), queries, projected, keys, heads, scale)
    }

    fn head_mix(weights: CubeTensor, projected: CubeTensor, heads: Heads) -> CubeTensor {
        let (weights, projected) = (contiguous(weights), contiguous(projected));
        let shape = heads.mixed(&projected.shape());
        let out = empty(&projected, shape.clone());
        let depth = shape[2] / heads.heads;
        let n = vector_size(&[depth]);
        let units = shape.num_elements() / n;
        launch!(
            mix_kernel[n],
            units,
            [weights, projected],
            [out],
            [heads.tokens, heads.heads, depth / n],
            [heads.causal]
        );
        out
    }
}

impl AttentionGradients for CubeBackend {
    fn head_scores_input(projected: CubeTensor, grad: CubeTensor, heads: Heads, scale: f32) -> CubeTensor {
        let (projected, grad) = (contiguous(projected), contiguous(grad));
        let shape = projected.shape();
        let out = empty(&projected, shape.clone());
        let depth = shape[2] / 3 / heads.heads;
        let n = vector_size(&[depth]);
        let units = shape.num_elements() / n;
        launch!(
            scores_input_kernel[n],
            units,
            [projected, grad],
            [out],
            [scale, heads.tokens, heads.heads, depth / n],
            [heads.causal]
        );
        out
    }

    fn head_mix_weights(projected: CubeTensor, grad: CubeTensor, heads: Heads) -> CubeTensor {
        let (projected, grad) = (contiguous(projected), contiguous(grad));
        let width = projected.shape()[2];
        let (left, values) = (Rows { width: width / 3, at: 0 }, Rows { width, at: 2 * width / 3 });
        products(grad, left, projected, values, heads, 1.0)
    }

    fn head_mix_values(weights: CubeTensor, grad: CubeTensor, heads: Heads) -> CubeTensor {
        let (weights, grad) = (contiguous(weights), contiguous(grad));
        let shape = heads.projected(&grad.shape());
        let out = empty(&grad, shape.clone());
        let depth = shape[2] / 3 / heads.heads;
        let n = vector_size(&[depth]);
        let units = shape.num_elements() / n;
        launch!(
            mix_values_kernel[n],
            units,
            [weights, grad],
            [out],
            [heads.tokens, heads.heads, depth / n],
            [heads.causal]
        );
        out
    }
}
