//! The two products, taken apart into their factors.

use nalgebra::DMatrix;

use crate::parameters::AttentionShape;
use crate::random::{Stream, xavier_uniform};

/// Factor of Z, and of I, in the product of query and key.
const QUERY_KEY: (f64, f64) = (0.7, 0.7);
/// Factor of Z, and of I, in the product of value and output.
const VALUE_OUTPUT: (f64, f64) = (0.4, -0.4);

/// Query and key weights of a layer, each `[D, h·d]`.
pub fn query_key(seed: u64, name: &str, shape: &AttentionShape) -> (Vec<f32>, Vec<f32>) {
    let (width, head_width, inner) = (shape.width, shape.head_width, shape.inner());
    let mut query = xavier_uniform(seed, &format!("{name}.query.weight"), width, inner);
    let mut key = vec![0.0; width * inner];
    for head in 0..shape.heads {
        let product = near_identity(seed, &format!("{name}.mimetic.{head}"), width, QUERY_KEY);
        let (left, right) = halves(product);
        for column in 0..head_width.min(width) {
            for row in 0..width {
                let at = row * inner + head * head_width + column;
                query[at] = left[(row, column)] as f32;
                key[at] = right[(row, column)] as f32;
            }
        }
    }
    (query, key)
}

/// Value weights `[D, h·d]` and output weights `[h·d, D]` of a layer.
pub fn value_output(seed: u64, name: &str, shape: &AttentionShape) -> (Vec<f32>, Vec<f32>) {
    let (width, inner) = (shape.width, shape.inner());
    let mut value = xavier_uniform(seed, &format!("{name}.value.weight"), width, inner);
    let mut output = vec![0.0; inner * width];
    let (left, right) = halves(near_identity(seed, &format!("{name}.mimetic"), width, VALUE_OUTPUT));
    for column in 0..inner.min(width) {
        for row in 0..width {
            value[row * inner + column] = left[(row, column)] as f32;
            output[column * width + row] = right[(row, column)] as f32;
        }
    }
    (value, output)
}

/// `noise · Z + identity · I`
fn near_identity(seed: u64, name: &str, width: usize, (noise, identity): (f64, f64)) -> DMatrix<f64> {
    let mut stream = Stream::new(seed, name);
    let bound = libm::sqrt(3.0 / width as f64);
    DMatrix::from_row_iterator(
        width,
        width,
        (0..width * width).map(|at| {
            let diagonal = if at % (width + 1) == 0 { identity } else { 0.0 };
            noise * bound * (2.0 * stream.uniform() - 1.0) + diagonal
        }),
    )
}

/// `U √S` and `V √S` of a matrix `U S Vᵀ`, largest singular values first.
pub fn halves(matrix: DMatrix<f64>) -> (DMatrix<f64>, DMatrix<f64>) {
    let svd = matrix.svd(true, true);
    let (mut left, mut right) = (svd.u.expect("was asked for"), svd.v_t.expect("was asked for").transpose());
    for (column, value) in svd.singular_values.iter().enumerate() {
        let root = libm::sqrt(*value);
        left.column_mut(column).scale_mut(root);
        right.column_mut(column).scale_mut(root);
    }
    (left, right)
}
