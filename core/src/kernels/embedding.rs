//! Token and position embedding of every replica at once.
//!
//! ```text
//! x[r, m] = table[r, token[r, m]] + positions[r, m mod N]
//! ```
//!
//! The gradient of the table is gathered, not scattered (WebGPU has no atomic addition of floats): the thread of
//! one table entry walks through all tokens. Right for alphabets of some hundred characters, not for word pieces.

use burn::tensor::{Int, Tensor};
use cubecl::prelude::*;

use super::loops::{add_scaled, indices};
use super::prelude::*;

/// Looks up tokens and adds their positions.
///
/// # Shapes
/// - `tokens`: `[R, M]`, M = B·N, numbers 0 to V − 1
/// - `table`: `[R, V, D]`
/// - `positions`: `[R, N, D]`
/// - returns `[R, M, D]`
pub fn embedding(tokens: Tensor<2, Int>, table: Tensor<3>, positions: Tensor<3>) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::token_embedding(
        table.into_dispatch(),
        positions.into_dispatch(),
        tokens.into_dispatch(),
    ))
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait EmbeddingOps: Backend {
    #[fusion(meta = |table, _positions, tokens| {
        shaped(table, [table.shape[0], tokens.shape[1], table.shape[2]])
    })]
    fn token_embedding(
        table: FloatTensor<Self>,
        positions: FloatTensor<Self>,
        tokens: IntTensor<Self>,
    ) -> FloatTensor<Self>;
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait EmbeddingGradients: Backend {
    /// `∂table` for a vocabulary of V and `∂positions` for N positions.
    #[fusion(meta = |grad, _tokens, vocabulary, positions| {
        let [r, _, d] = grad.shape.dims();
        (shaped(grad, [r, *vocabulary, d]), shaped(grad, [r, *positions, d]))
    })]
    fn token_embedding_weights(
        grad: FloatTensor<Self>,
        tokens: IntTensor<Self>,
        vocabulary: usize,
        positions: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

impl<B: Backend + EmbeddingOps + EmbeddingGradients, C: CheckpointStrategy> EmbeddingOps for Autodiff<B, C> {
    fn token_embedding(
        table: FloatTensor<Self>,
        positions: FloatTensor<Self>,
        tokens: IntTensor<Self>,
    ) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [table, positions],
            |[table, positions], wanted| {
                let kept = wanted.then(|| (tokens.clone(), table.shape()[1], positions.shape()[1]));
                (kept, B::token_embedding(table, positions, tokens))
            },
            |(tokens, vocabulary, length), grad, _| {
                let (dtable, dpositions) = B::token_embedding_weights(grad, tokens, vocabulary, length);
                [Some(dtable), Some(dpositions)]
            },
        )
    }
}

/// One thread for each number of the result.
#[cube(launch_unchecked)]
fn embedding_kernel(
    table: &[f32],
    positions: &[f32],
    tokens: &[i32],
    x: &mut [f32],
    units: usize,
    rows: usize,
    length: usize,
    columns: usize,
    table_stride: usize,
    positions_stride: usize,
) {
    end_beyond(units);
    let column = ABSOLUTE_POS % columns;
    let row = ABSOLUTE_POS / columns;
    let replica = row / rows;
    let token = tokens[row] as usize;
    x[ABSOLUTE_POS] = table[replica * table_stride + token * columns + column]
        + positions[replica * positions_stride + row % rows % length * columns + column];
}

/// One thread for each number of `∂table` and of `∂positions`.
#[cube(launch_unchecked)]
fn embedding_weights_kernel(
    grad: &[f32],
    tokens: &[i32],
    dtable: &mut [f32],
    dpositions: &mut [f32],
    units: usize,
    rows: usize,
    vocabulary: usize,
    length: usize,
    columns: usize,
) {
    end_beyond(units);
    let lines = vocabulary + length;
    let column = ABSOLUTE_POS % columns;
    let line = ABSOLUTE_POS / columns % lines;
    let replica = ABSOLUTE_POS / (columns * lines);
    let mut sum = 0.0f32;
    if line < vocabulary {
        for row in replica * rows..(replica + 1) * rows {
            if tokens[row] as usize == line {
                sum += grad[row * columns + column];
            }
        }
        dtable[(replica * vocabulary + line) * columns + column] = sum;
    } else {
        let position = line - vocabulary;
        let mut row = replica * rows + position;
        while row < (replica + 1) * rows {
            sum += grad[row * columns + column];
            row += length;
        }
        dpositions[(replica * length + position) * columns + column] = sum;
    }
}

impl EmbeddingOps for CubeBackend {
    fn token_embedding(table: CubeTensor, positions: CubeTensor, tokens: CubeTensor) -> CubeTensor {
        let tokens = contiguous(tokens);
        let (table, table_stride) = replicas(table);
        let (positions, positions_stride) = replicas(positions);
        let [r, m] = tokens.shape().dims();
        let (n, d) = (positions.shape()[1], positions.shape()[2]);
        let x = empty(&table, [r, m, d]);
        launch!(
            embedding_kernel,
            r * m * d,
            [table, positions, tokens],
            [x],
            [m, n, d, table_stride, positions_stride]
        );
        x
    }
}

impl EmbeddingGradients for CubeBackend {
    fn token_embedding_weights(
        grad: CubeTensor,
        tokens: CubeTensor,
        vocabulary: usize,
        positions: usize,
    ) -> (CubeTensor, CubeTensor) {
        let (grad, tokens) = (contiguous(grad), contiguous(tokens));
        let [r, m, d] = grad.shape().dims();
        let (dtable, dpositions) = (empty(&grad, [r, vocabulary, d]), empty(&grad, [r, positions, d]));
        let units = r * (vocabulary + positions) * d;
        launch!(
            embedding_weights_kernel,
            units,
            [grad, tokens],
            [dtable, dpositions],
            [m, vocabulary, positions, d]
        );
        (dtable, dpositions)
    }
}

impl EmbeddingOps for Flex {
    fn token_embedding(table: FlexTensor, positions: FlexTensor, tokens: FlexTensor) -> FlexTensor {
        let [r, m] = tokens.shape().dims();
        let [_, v, d] = table.shape().dims();
        let n = positions.shape()[1];
        let (table, positions, tokens) = (Values::of(&table), Values::of(&positions), indices(&tokens));
        let mut x = Vec::with_capacity(r * m * d);
        for (row, token) in tokens.into_iter().enumerate() {
            let (entry, place) = ((row / m * v + token) * d, (row / m * n + row % m % n) * d);
            x.extend(table[entry..][..d].iter().zip(&positions[place..][..d]).map(|(t, p)| t + p));
        }
        tensor(x, [r, m, d])
    }
}

impl EmbeddingGradients for Flex {
    fn token_embedding_weights(
        grad: FlexTensor,
        tokens: FlexTensor,
        vocabulary: usize,
        positions: usize,
    ) -> (FlexTensor, FlexTensor) {
        let [r, m, d] = grad.shape().dims();
        let (grad, tokens) = (Values::of(&grad), indices(&tokens));
        let (mut dtable, mut dpositions) = (vec![0.0; r * vocabulary * d], vec![0.0; r * positions * d]);
        for (row, token) in tokens.into_iter().enumerate() {
            let line = &grad[row * d..][..d];
            add_scaled(&mut dtable[(row / m * vocabulary + token) * d..][..d], 1.0, line);
            add_scaled(&mut dpositions[(row / m * positions + row % m % positions) * d..][..d], 1.0, line);
        }
        (tensor(dtable, [r, vocabulary, d]), tensor(dpositions, [r, positions, d]))
    }
}
