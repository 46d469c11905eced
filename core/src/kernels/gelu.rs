//! The Gaussian error linear unit (Hendrycks and Gimpel, arXiv 1606.08415), exact form.
//!
//! ```text
//! y = x · Φ(x),  Φ(x) = (1 + erf(x / √2)) / 2        y' = Φ(x) + x · φ(x),  φ(x) = exp(−x²/2) / √(2π)
//! ```

use std::f32::consts::{FRAC_1_SQRT_2, PI};

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::loops::{for_each_chunk, normal_distribution};
use super::prelude::*;

/// GELU, element by element.
///
/// # Shapes
/// - `x`: `[R, M, D]`
/// - returns `[R, M, D]`
pub fn gelu(x: Tensor<3>) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::gelu_exact(x.into_dispatch()))
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait GeluOps: Backend {
    #[fusion(dtype = x, shape = x)]
    fn gelu_exact(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait GeluGradients: Backend {
    /// `∂x = ∂y · y'(x)`
    #[fusion(dtype = x, shape = x)]
    fn gelu_exact_input(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl<B: Backend + GeluOps + GeluGradients, C: CheckpointStrategy> GeluOps for Autodiff<B, C> {
    fn gelu_exact(x: FloatTensor<Self>) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [x],
            |[x], wanted| (wanted.then(|| x.clone()), B::gelu_exact(x)),
            |x, grad, _| [Some(B::gelu_exact_input(x, grad))],
        )
    }
}

#[cube]
fn cdf<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    (Vector::erf(x * Vector::new(FRAC_1_SQRT_2)) + Vector::new(1.0)) * Vector::new(0.5)
}

#[cube(launch_unchecked)]
fn gelu_kernel<N: Size>(x: &[Vector<f32, N>], y: &mut [Vector<f32, N>], units: usize) {
    end_beyond(units);
    let value = x[ABSOLUTE_POS];
    y[ABSOLUTE_POS] = value * cdf::<N>(value);
}

#[cube(launch_unchecked)]
fn gelu_input_kernel<N: Size>(
    x: &[Vector<f32, N>],
    grad: &[Vector<f32, N>],
    dx: &mut [Vector<f32, N>],
    units: usize,
) {
    end_beyond(units);
    let value = x[ABSOLUTE_POS];
    let density =
        Vector::exp(value * value * Vector::new(-0.5)) * Vector::new(comptime!(1.0 / (2.0 * PI).sqrt()));
    dx[ABSOLUTE_POS] = grad[ABSOLUTE_POS] * (cdf::<N>(value) + value * density);
}

impl GeluOps for CubeBackend {
    fn gelu_exact(x: CubeTensor) -> CubeTensor {
        let x = contiguous(x);
        let y = empty(&x, x.shape());
        let numbers = x.shape().num_elements();
        let n = vector_size(&[numbers]);
        launch!(gelu_kernel[n], numbers / n, [x], [y]);
        y
    }
}

impl GeluGradients for CubeBackend {
    fn gelu_exact_input(x: CubeTensor, grad: CubeTensor) -> CubeTensor {
        let (x, grad) = (contiguous(x), contiguous(grad));
        let dx = empty(&x, x.shape());
        let numbers = x.shape().num_elements();
        let n = vector_size(&[numbers]);
        launch!(gelu_input_kernel[n], numbers / n, [x, grad], [dx]);
        dx
    }
}

/// Numbers of one piece of work.
const PIECE: usize = 4096;

impl GeluOps for Flex {
    fn gelu_exact(x: FlexTensor) -> FlexTensor {
        let mut y = Values::of(&x).to_vec();
        for_each_chunk(&mut y, PIECE, |_, y| {
            y.iter_mut().for_each(|y| *y *= normal_distribution(*y).0);
        });
        tensor(y, x.shape())
    }
}

impl GeluGradients for Flex {
    fn gelu_exact_input(x: FlexTensor, grad: FlexTensor) -> FlexTensor {
        let (shape, x, mut dx) = (x.shape(), &Values::of(&x)[..], Values::of(&grad).to_vec());
        for_each_chunk(&mut dx, PIECE, |piece, dx| {
            for (g, &x) in dx.iter_mut().zip(&x[piece * PIECE..]) {
                let (distribution, density) = normal_distribution(x);
                *g *= distribution + x * density;
            }
        });
        tensor(dx, shape)
    }
}
