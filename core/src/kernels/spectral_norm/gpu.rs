//! The GPU kernels of [`super`]: no workgroup memory, and a thread knows its matrix from the table.

use cubecl::prelude::*;

use super::super::lines::TINY;
use super::super::prelude::*;
use super::{FIELDS, Sizes, SpectralNormOps};

/// Where this thread's matrix stands in the table, and its replica; each matrix has as many threads as the others.
#[cube]
fn matrix_of(threads: usize, matrices: usize) -> (usize, usize) {
    (ABSOLUTE_POS / threads % matrices * FIELDS, ABSOLUTE_POS / (threads * matrices))
}

/// One thread for each number of a Gram matrix of the largest side.
#[cube(launch_unchecked)]
fn gram_kernel(
    raw: &[f32],
    table: &[i32],
    gram: &mut [f32],
    units: usize,
    width: usize,
    matrices: usize,
    side: usize,
    total: usize,
) {
    end_beyond(units);
    let column = ABSOLUTE_POS % side;
    let line = ABSOLUTE_POS / side % side;
    let (entry, replica) = matrix_of(side * side, matrices);
    let n = table[entry + 1] as usize;
    if line < n && column < n {
        let start = replica * width + table[entry] as usize;
        let along_n = table[entry + 2] as usize;
        let along_m = table[entry + 4] as usize;
        let mut sum = 0.0f32;
        for l in 0..table[entry + 3] as usize {
            let at = start + l * along_m;
            sum += raw[at + line * along_n] * raw[at + column * along_n];
        }
        gram[replica * total + table[entry + 5] as usize + line * n + column] = sum;
    }
}

/// The same; the matrix is divided by its trace on the way.
#[cube(launch_unchecked)]
fn square_kernel(
    gram: &[f32],
    table: &[i32],
    squared: &mut [f32],
    units: usize,
    matrices: usize,
    side: usize,
    total: usize,
) {
    end_beyond(units);
    let column = ABSOLUTE_POS % side;
    let line = ABSOLUTE_POS / side % side;
    let (entry, replica) = matrix_of(side * side, matrices);
    let n = table[entry + 1] as usize;
    if line < n && column < n {
        let start = replica * total + table[entry + 5] as usize;
        let mut trace = 0.0f32;
        for k in 0..n {
            trace += gram[start + k * n + k];
        }
        let mut inverse = 0.0f32;
        if trace > 0.0 {
            inverse = 1.0f32 / trace;
        }
        let mut sum = 0.0f32;
        for k in 0..n {
            sum += (gram[start + line * n + k] * inverse) * (gram[start + k * n + column] * inverse);
        }
        squared[start + line * n + column] = sum;
    }
}

/// One thread for each entry of a b of the largest length; the first n of them write a.
#[cube(launch_unchecked)]
fn vectors_kernel(
    raw: &[f32],
    gram: &[f32],
    table: &[i32],
    vectors: &mut [f32],
    units: usize,
    width: usize,
    matrices: usize,
    length: usize,
    total: usize,
    both: usize,
) {
    end_beyond(units);
    let l = ABSOLUTE_POS % length;
    let (entry, replica) = matrix_of(length, matrices);
    let n = table[entry + 1] as usize;
    if l < table[entry + 3] as usize {
        let square = replica * total + table[entry + 5] as usize;
        let mut largest = 0usize;
        for k in 1..n {
            if gram[square + k * n + k] > gram[square + largest * n + largest] {
                largest = k;
            }
        }
        let mut squares = 0.0f32;
        for k in 0..n {
            let value = gram[square + largest * n + k];
            squares += value * value;
        }
        let mut inverse = 0.0f32;
        if squares > 0.0 {
            inverse = 1.0f32 / squares.sqrt();
        }
        let start = replica * width + table[entry] as usize + l * table[entry + 4] as usize;
        let along_n = table[entry + 2] as usize;
        let mut sum = 0.0f32;
        for s in 0..n {
            sum += raw[start + s * along_n] * gram[square + largest * n + s];
        }
        let place = replica * both + table[entry + 6] as usize;
        vectors[place + n + l] = sum * inverse;
        if l < n {
            vectors[place + l] = gram[square + largest * n + l] * inverse;
        }
    }
}

/// ‖b‖ of the matrix whose entry this is.
#[cube]
fn largest_singular_value(vectors: &[f32], table: &[i32], entry: usize, start: usize) -> f32 {
    let first = start + table[entry + 6] as usize + table[entry + 1] as usize;
    let mut squares = 0.0f32;
    for l in first..first + table[entry + 3] as usize {
        squares += vectors[l] * vectors[l];
    }
    squares.sqrt()
}

/// One thread a line.
#[cube(launch_unchecked)]
fn divide_kernel(
    raw: &[f32],
    vectors: &[f32],
    table: &[i32],
    lines: &[i32],
    weights: &mut [f32],
    units: usize,
    count: usize,
    width: usize,
    both: usize,
) {
    end_beyond(units);
    let line = ABSOLUTE_POS % count * 4;
    let replica = ABSOLUTE_POS / count;
    let matrix = lines[line + 3];
    let mut factor = 1.0f32;
    if matrix >= 0 {
        let norm = largest_singular_value(vectors, table, matrix as usize * FIELDS, replica * both);
        factor = 0.0f32;
        if norm > TINY {
            factor = 1.0f32 / norm;
        }
    }
    let mut at = replica * width + lines[line] as usize;
    for _ in 0..lines[line + 1] as usize {
        weights[at] = raw[at] * factor;
        at += lines[line + 2] as usize;
    }
}

/// One thread for each entry of a b.
#[cube(launch_unchecked)]
fn products_kernel(
    gradients: &[f32],
    raw: &[f32],
    table: &[i32],
    products: &mut [f32],
    units: usize,
    width: usize,
    matrices: usize,
    length: usize,
    both: usize,
) {
    end_beyond(units);
    let l = ABSOLUTE_POS % length;
    let (entry, replica) = matrix_of(length, matrices);
    let n = table[entry + 1] as usize;
    if l < table[entry + 3] as usize {
        let start = replica * width + table[entry] as usize + l * table[entry + 4] as usize;
        let along_n = table[entry + 2] as usize;
        let mut sum = 0.0f32;
        for s in 0..n {
            sum += gradients[start + s * along_n] * raw[start + s * along_n];
        }
        products[replica * both + table[entry + 6] as usize + n + l] = sum;
    }
}

/// One thread for each entry of a b: n gradients.
#[cube(launch_unchecked)]
fn divided_gradient_kernel(
    products: &[f32],
    vectors: &[f32],
    table: &[i32],
    gradients: &mut [f32],
    units: usize,
    width: usize,
    matrices: usize,
    length: usize,
    both: usize,
) {
    end_beyond(units);
    let l = ABSOLUTE_POS % length;
    let (entry, replica) = matrix_of(length, matrices);
    let n = table[entry + 1] as usize;
    let m = table[entry + 3] as usize;
    if l < m {
        let norm = largest_singular_value(vectors, table, entry, replica * both);
        let mut inverse = 0.0f32;
        if norm > TINY {
            inverse = 1.0f32 / norm;
        }
        let place = replica * both + table[entry + 6] as usize;
        let mut product = 0.0f32;
        for k in 0..m {
            product += products[place + n + k];
        }
        let along = product * inverse * inverse * vectors[place + n + l];
        let start = replica * width + table[entry] as usize + l * table[entry + 4] as usize;
        let along_n = table[entry + 2] as usize;
        for s in 0..n {
            let at = start + s * along_n;
            gradients[at] = (gradients[at] - along * vectors[place + s]) * inverse;
        }
    }
}

impl SpectralNormOps for CubeBackend {
    fn gram_matrices(raw: CubeTensor, table: CubeTensor, sizes: Sizes) -> CubeTensor {
        let raw = contiguous(raw);
        let [r, width] = raw.shape().dims();
        let Sizes { matrices, side, gram: total, .. } = sizes;
        let gram = empty(&raw, [r, total]);
        let units = r * matrices * side * side;
        launch!(gram_kernel, units, [raw, table], [gram], [width, matrices, side, total]);
        gram
    }

    fn square_matrices(gram: CubeTensor, table: CubeTensor, sizes: Sizes) -> CubeTensor {
        let gram = contiguous(gram);
        let Sizes { matrices, side, gram: total, .. } = sizes;
        let squared = empty(&gram, gram.shape());
        let units = gram.shape()[0] * matrices * side * side;
        launch!(square_kernel, units, [gram, table], [squared], [matrices, side, total]);
        squared
    }

    fn first_vectors(raw: CubeTensor, gram: CubeTensor, table: CubeTensor, sizes: Sizes) -> CubeTensor {
        let raw = contiguous(raw);
        let [r, width] = raw.shape().dims();
        let Sizes { matrices, length, gram: total, vectors: both, .. } = sizes;
        let vectors = empty(&raw, [r, both]);
        let units = r * matrices * length;
        launch!(
            vectors_kernel,
            units,
            [raw, contiguous(gram), table],
            [vectors],
            [width, matrices, length, total, both]
        );
        vectors
    }

    fn divide_matrices(
        raw: CubeTensor,
        vectors: CubeTensor,
        table: CubeTensor,
        lines: CubeTensor,
    ) -> CubeTensor {
        let (raw, vectors) = (contiguous(raw), contiguous(vectors));
        let [r, width] = raw.shape().dims();
        let (both, all) = (vectors.shape()[1], lines.shape()[0] / 4);
        let weights = empty(&raw, [r, width]);
        let units = r * all;
        launch!(divide_kernel, units, [raw, vectors, table, lines], [weights], [all, width, both]);
        weights
    }

    fn inner_products(gradients: CubeTensor, raw: CubeTensor, table: CubeTensor, sizes: Sizes) -> CubeTensor {
        let raw = contiguous(raw);
        let [r, width] = raw.shape().dims();
        let Sizes { matrices, length, vectors: both, .. } = sizes;
        let products = empty(&raw, [r, both]);
        let units = r * matrices * length;
        launch!(
            products_kernel,
            units,
            [contiguous(gradients), raw, table],
            [products],
            [width, matrices, length, both]
        );
        products
    }

    fn divided_gradient(
        gradients: CubeTensor,
        products: CubeTensor,
        vectors: CubeTensor,
        table: CubeTensor,
        sizes: Sizes,
    ) -> CubeTensor {
        let gradients = own(gradients);
        let [r, width] = gradients.shape().dims();
        let Sizes { matrices, length, vectors: both, .. } = sizes;
        let units = r * matrices * length;
        launch!(
            divided_gradient_kernel,
            units,
            [contiguous(products), contiguous(vectors), table],
            [gradients],
            [width, matrices, length, both]
        );
        gradients
    }
}
