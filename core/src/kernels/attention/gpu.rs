//! The attention products on the GPU; no thread waits for another one.

use cubecl::prelude::*;

use super::super::prelude::*;
use super::{AttentionGradients, AttentionOps, Heads};

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

/// How many tokens this one looks at: itself and those before it, or all.
#[cube]
fn looked_at(token: usize, tokens: usize, #[comptime] causal: bool) -> usize {
    let mut count = tokens;
    if causal {
        count = token + 1;
    }
    count
}

/// The first token that looks at this one: itself, or the first of all.
#[cube]
fn first_looking(token: usize, #[comptime] causal: bool) -> usize {
    let mut first = 0usize;
    if causal {
        first = token;
    }
    first
}

/// Of which number of a projection this thread finds the gradient: column, part (query, key or value), token, sample.
#[cube]
fn place(width: usize, tokens: usize) -> (usize, usize, usize, usize) {
    let row = ABSOLUTE_POS / (3 * width);
    (ABSOLUTE_POS % width, ABSOLUTE_POS / width % 3, row % tokens, row / tokens)
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
    let count = looked_at(token, tokens, causal);
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
    let (column, part, token, sample) = place(width, tokens);
    let scores = (sample * heads + column / depth) * tokens * tokens;
    let lines = sample * tokens * 3 * width + column;
    let mut result = Vector::<f32, N>::new(0.0);
    if part == 0 {
        let count = looked_at(token, tokens, causal);
        let from = scores + token * tokens;
        result = weighted_sum::<N>(grad, from, 1, projected, lines + width, 3 * width, count);
    } else if part == 1 {
        let first = first_looking(token, causal);
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
    let (column, part, token, sample) = place(width, tokens);
    let mut result = Vector::<f32, N>::new(0.0);
    if part == 2 {
        let first = first_looking(token, causal);
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
    let Heads { heads, tokens, causal } = heads;
    let [left_width, left_at] = [left_rows.width / n, left_rows.at / n];
    let [right_width, right_at] = [right_rows.width / n, right_rows.at / n];
    launch!(
        products_kernel[n],
        units,
        [left, right],
        [out],
        [scale, tokens, heads, depth / n, left_width, left_at, right_width, right_at],
        [causal, TILE]
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
        let Heads { heads, tokens, causal } = heads;
        launch!(mix_kernel[n], units, [weights, projected], [out], [tokens, heads, depth / n], [causal]);
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
        let Heads { heads, tokens, causal } = heads;
        launch!(
            scores_input_kernel[n],
            units,
            [projected, grad],
            [out],
            [scale, tokens, heads, depth / n],
            [causal]
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
        let Heads { heads, tokens, causal } = heads;
        launch!(mix_values_kernel[n], units, [weights, grad], [out], [tokens, heads, depth / n], [causal]);
        out
    }
}
