//! Mean over the tokens of each sample.
//!
//! ```text
//! y[r, b] = 1/N · Σₙ x[r, b·N + n]        ∂x = ∂y / N
//! ```

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::loops::add_scaled;
use super::prelude::*;

/// Mean over `tokens` consecutive rows.
///
/// # Shapes
/// - `x`: `[R, B·N, D]`
/// - returns `[R, B, D]`
pub fn mean_pool(x: Tensor<3>, tokens: usize) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::token_mean(x.into_dispatch(), tokens))
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait PoolOps: Backend {
    #[fusion(dtype = x, shape = Shape::new([x[0], x[1] / tokens, x[2]]))]
    fn token_mean(x: FloatTensor<Self>, tokens: usize) -> FloatTensor<Self>;
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait PoolGradients: Backend {
    /// `∂x`
    #[fusion(dtype = grad, shape = Shape::new([grad[0], grad[1] * tokens, grad[2]]))]
    fn token_mean_input(grad: FloatTensor<Self>, tokens: usize) -> FloatTensor<Self>;
}

impl<B: Backend + PoolOps + PoolGradients, C: CheckpointStrategy> PoolOps for Autodiff<B, C> {
    fn token_mean(x: FloatTensor<Self>, tokens: usize) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [x],
            |[x], wanted| (wanted.then_some(tokens), B::token_mean(x, tokens)),
            |tokens, grad, _| [Some(B::token_mean_input(grad, tokens))],
        )
    }
}

/// One thread for each number of the result.
#[cube(launch_unchecked)]
fn pool_kernel(x: &[f32], y: &mut [f32], units: usize, tokens: usize, columns: usize) {
    end_beyond(units);
    let start = ABSOLUTE_POS / columns * tokens * columns + ABSOLUTE_POS % columns;
    let mut sum = 0.0f32;
    for n in 0..tokens {
        sum += x[start + n * columns];
    }
    y[ABSOLUTE_POS] = sum / f32::cast_from(tokens);
}

/// One thread for each number of the result.
#[cube(launch_unchecked)]
fn pool_input_kernel(grad: &[f32], dx: &mut [f32], units: usize, tokens: usize, columns: usize) {
    end_beyond(units);
    let sample = ABSOLUTE_POS / (columns * tokens);
    dx[ABSOLUTE_POS] = grad[sample * columns + ABSOLUTE_POS % columns] / f32::cast_from(tokens);
}

impl PoolOps for CubeBackend {
    fn token_mean(x: CubeTensor, tokens: usize) -> CubeTensor {
        let x = contiguous(x);
        let [r, m, d] = x.shape().dims();
        let y = empty(&x, [r, m / tokens, d]);
        let units = r * m / tokens * d;
        launch!(pool_kernel, units, [x], [y], [tokens, d]);
        y
    }
}

impl PoolGradients for CubeBackend {
    fn token_mean_input(grad: CubeTensor, tokens: usize) -> CubeTensor {
        let grad = contiguous(grad);
        let [r, b, d] = grad.shape().dims();
        let dx = empty(&grad, [r, b * tokens, d]);
        let units = r * b * tokens * d;
        launch!(pool_input_kernel, units, [grad], [dx], [tokens, d]);
        dx
    }
}

impl PoolOps for Flex {
    fn token_mean(x: FlexTensor, tokens: usize) -> FlexTensor {
        let [r, m, d] = x.shape().dims();
        let mut y = vec![0.0; r * m / tokens * d];
        for (row, line) in Values::of(&x).chunks_exact(d).enumerate() {
            add_scaled(&mut y[row / tokens * d..][..d], 1.0 / tokens as f32, line);
        }
        tensor(y, [r, m / tokens, d])
    }
}

impl PoolGradients for Flex {
    fn token_mean_input(grad: FlexTensor, tokens: usize) -> FlexTensor {
        let [r, b, d] = grad.shape().dims();
        let mut dx = Vec::with_capacity(r * b * tokens * d);
        for line in Values::of(&grad).chunks_exact(d) {
            for _ in 0..tokens {
                dx.extend(line.iter().map(|g| g / tokens as f32));
            }
        }
        tensor(dx, [r, b * tokens, d])
    }
}
