//! The polar factor on the GPU.
//!
//! An iteration is one launch, one thread for each line of Y (a row, or a column if those are fewer). What a thread
//! has to remember between its products, it keeps in its own part of a scratch buffer: no thread waits for another.
//! Before the iterations come the Gram matrix and its 256th power, five launches.

use cubecl::prelude::*;

use super::super::prelude::*;
use super::{Lines, Polar, PolarOps, TINY};

/// `Gᵢⱼ = xᵢ · xⱼ` over the lines of each example; one thread a number.
#[cube(launch_unchecked)]
fn gram_kernel(
    x: &[f32],
    gram: &mut [f32],
    units: usize,
    lines: usize,
    length: usize,
    line_stride: usize,
    stride: usize,
) {
    end_beyond(units);
    let start = ABSOLUTE_POS / (lines * lines) * lines * length;
    let left = start + ABSOLUTE_POS / lines % lines * line_stride;
    let right = start + ABSOLUTE_POS % lines * line_stride;
    let mut sum = 0.0f32;
    for e in 0..length {
        sum += x[left + e * stride] * x[right + e * stride];
    }
    gram[ABSOLUTE_POS] = sum;
}

/// Sum of the diagonal of the matrix that begins at `start`.
#[cube]
fn trace(matrix: &[f32], start: usize, lines: usize) -> f32 {
    let mut sum = 0.0f32;
    for i in 0..lines {
        sum += matrix[start + i * (lines + 1)];
    }
    max(sum, TINY)
}

/// Products of one launch of [`power_kernel`]: a fourth power.
const PRODUCTS: usize = 3;

/// Launches of [`power_kernel`]: a 256th power.
const POWERS: usize = 4;

/// `(H / tr H)⁴` of a symmetric H; one thread a row, which it multiplies by H three times.
#[cube(launch_unchecked)]
fn power_kernel(
    matrix: &[f32],
    result: &mut [f32],
    scratch: &mut [f32],
    units: usize,
    lines: usize,
    #[comptime] products: usize,
) {
    end_beyond(units);
    let start = ABSOLUTE_POS / lines * lines * lines;
    let row = ABSOLUTE_POS * lines;
    let inverse = 1.0 / trace(matrix, start, lines);
    for j in 0..lines {
        scratch[j * units + ABSOLUTE_POS] = matrix[row + j] * inverse;
    }
    // The scratch holds two rows; each product goes from one to the other.
    let mut from = 0usize;
    #[unroll]
    for _ in 0..products {
        let to = lines - from;
        for j in 0..lines {
            let mut sum = 0.0f32;
            for k in 0..lines {
                sum += scratch[(from + k) * units + ABSOLUTE_POS] * matrix[start + j * lines + k];
            }
            scratch[(to + j) * units + ABSOLUTE_POS] = sum * inverse;
        }
        from = to;
    }
    for j in 0..lines {
        result[row + j] = scratch[(from + j) * units + ABSOLUTE_POS];
    }
}

/// Sums that one thread keeps in registers.
const TILE: usize = 4;

/// One side of an example's Y: its lines, or the columns across them.
#[derive(CubeType)]
struct Side {
    /// The first number of the first one.
    start: usize,
    /// How many there are.
    count: usize,
    /// Distance between the first numbers of two of them.
    apart: usize,
    /// Numbers of each.
    length: usize,
    /// Distance between two of these.
    step: usize,
}

/// The products of a vector with `tile` lines of one side of Y, from line `first` on. The last tile repeats the last
/// line: the caller writes only what exists. The vector's numbers lie `step` apart, the first at `from`.
#[cube]
fn products(
    sums: &mut Array<f32>,
    y: &[f32],
    side: &Side,
    first: usize,
    vector: &[f32],
    from: usize,
    step: usize,
    #[comptime] tile: usize,
) {
    let mut starts = Array::<usize>::new(tile);
    #[unroll]
    for i in 0..tile {
        sums[i] = 0.0f32;
        starts[i] = side.start + min(first + i, side.count - 1) * side.apart;
    }
    for e in 0..side.length {
        let value = vector[from + e * step];
        #[unroll]
        for i in 0..tile {
            sums[i] += value * y[starts[i] + e * side.step];
        }
    }
}

/// One iteration; one thread for each line `y` of an example's Y:
///
/// ```text
/// v = Y y    u = Yᵀ v    w = Y u        result = a y + b u + c Yᵀ w
/// ```
///
/// The first one divides Y by its norm, the last one adds the result to X.
#[cube(launch_unchecked)]
fn iteration_kernel(
    x: &[f32],
    y: &[f32],
    gram: &[f32],
    power: &[f32],
    scratch: &mut [f32],
    result: &mut [f32],
    units: usize,
    a: f32,
    b: f32,
    c: f32,
    strength: f32,
    lines: usize,
    length: usize,
    line_stride: usize,
    stride: usize,
    #[comptime] first: bool,
    #[comptime] last: bool,
    #[comptime] tile: usize,
) {
    end_beyond(units);
    let example = ABSOLUTE_POS / lines;
    let start = example * lines * length;
    let own = start + ABSOLUTE_POS % lines * line_stride;
    let grams = example * lines * lines;
    let mut scale = 1.0f32;
    if first {
        scale = trace(gram, grams, lines).inverse_sqrt();
    }
    let rows = Side { start, count: lines, apart: line_stride, length, step: stride };
    let columns = Side { start, count: length, apart: stride, length: lines, step: line_stride };
    let mut sums = Array::<f32>::new(tile);
    let line_tiles = (lines + tile - 1) / tile;
    let element_tiles = (length + tile - 1) / tile;

    // v = Y y, to the scratch.
    for t in 0..line_tiles {
        products(&mut sums, y, &rows, t * tile, y, own, stride, tile);
        #[unroll]
        for i in 0..tile {
            if t * tile + i < lines {
                scratch[(t * tile + i) * units + ABSOLUTE_POS] = sums[i] * scale * scale;
            }
        }
    }
    // u = Yᵀ v, to the result's line.
    for t in 0..element_tiles {
        products(&mut sums, y, &columns, t * tile, &*scratch, ABSOLUTE_POS, units, tile);
        #[unroll]
        for i in 0..tile {
            if t * tile + i < length {
                result[own + (t * tile + i) * stride] = sums[i] * scale;
            }
        }
    }
    // w = Y u, to the scratch.
    for t in 0..line_tiles {
        products(&mut sums, y, &rows, t * tile, &*result, own, stride, tile);
        #[unroll]
        for i in 0..tile {
            if t * tile + i < lines {
                scratch[(t * tile + i) * units + ABSOLUTE_POS] = sums[i] * scale;
            }
        }
    }
    let mut share = 1.0f32;
    if last {
        let mut along = 0.0f32;
        for i in grams..grams + lines * lines {
            along += gram[i] * power[i];
        }
        share = strength * (along / trace(power, grams, lines)).sqrt();
    }
    for t in 0..element_tiles {
        products(&mut sums, y, &columns, t * tile, &*scratch, ABSOLUTE_POS, units, tile);
        #[unroll]
        for i in 0..tile {
            if t * tile + i < length {
                let at = own + (t * tile + i) * stride;
                let mut value = scale * (a * y[at] + c * sums[i]) + b * result[at];
                if last {
                    value = x[at] + share * value;
                }
                result[at] = value;
            }
        }
    }
}

/// `(G / tr G)²⁵⁶`, up to a factor.
fn high_power(gram: CubeTensor, lines: usize) -> CubeTensor {
    let units = gram.shape().num_elements() / lines;
    let scratch = empty(&gram, [2 * lines, units]);
    (0..POWERS).fold(gram, |matrix, _| {
        let result = empty(&matrix, matrix.shape());
        launch!(power_kernel, units, [matrix], [result, scratch], [lines], [PRODUCTS]);
        result
    })
}

impl PolarOps for CubeBackend {
    fn add_polar_factor(x: CubeTensor, tokens: usize, polar: Polar) -> CubeTensor {
        let x = contiguous(x);
        let Lines { examples, lines, length, line_stride, stride } = Lines::of(&x.shape(), tokens);
        let gram = empty(&x, [examples, lines, lines]);
        let entries = examples * lines * lines;
        launch!(gram_kernel, entries, [x.clone()], [gram], [lines, length, line_stride, stride]);
        let power = high_power(gram.clone(), lines);
        let units = examples * lines;
        let scratch = empty(&x, [lines, units]);
        let steps = polar.coefficients();
        let last = steps.len() - 1;
        steps.enumerate().fold(x.clone(), |y, (step, [a, b, c])| {
            let result = empty(&x, x.shape());
            launch!(
                iteration_kernel,
                units,
                [x.clone(), y, gram.clone(), power.clone()],
                [scratch, result],
                [a, b, c, polar.strength, lines, length, line_stride, stride],
                [step == 0, step == last, TILE]
            );
            result
        })
    }
}
