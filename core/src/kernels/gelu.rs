//! The Gaussian error linear unit (Hendrycks and Gimpel, arXiv 1606.08415), exact form, and by a hyperbolic tangent, as in
//! GPT-2.
//!
//! ```text
//! exact  y = x · Φ(x),  Φ(x) = (1 + erf(x / √2)) / 2        y' = Φ(x) + x · φ(x),  φ(x) = exp(−x²/2) / √(2π)
//! tanh   y = x · p(x),  p(x) = (1 + tanh u) / 2,  u = √(2/π) (x + 0.044715 x³)
//!        y' = p + x · p'(x),  p' = 2 p (1 − p) u',  u' = √(2/π) (1 + 3 · 0.044715 x²)
//! ```
//!
//! (1 + tanh u) / 2 is 1 / (1 + exp(−2u)), and is found so: of a large number some GPUs find no tangent. Beyond ±10, where
//! p is 0 or 1, u stays what it is there, so that nothing overflows.

use std::f32::consts::{FRAC_1_SQRT_2, PI};

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::loops::{exp, for_each_chunk, normal_distribution};
use super::prelude::*;

/// GELU, element by element.
///
/// # Shapes
/// - `x`: `[R, M, D]`
/// - returns `[R, M, D]`
pub fn gelu(x: Tensor<3>) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::gelu_exact(x.into_dispatch()))
}

/// GELU by a hyperbolic tangent, element by element.
///
/// # Shapes
/// - `x`: `[R, M, D]`
/// - returns `[R, M, D]`
pub fn gelu_tanh(x: Tensor<3>) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::gelu_by_tanh(x.into_dispatch()))
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait GeluOps: Backend {
    #[fusion(dtype = x, shape = x)]
    fn gelu_exact(x: FloatTensor<Self>) -> FloatTensor<Self>;

    #[fusion(dtype = x, shape = x)]
    fn gelu_by_tanh(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait GeluGradients: Backend {
    /// `∂x = ∂y · y'(x)`
    #[fusion(dtype = x, shape = x)]
    fn gelu_exact_input(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The same of the other form.
    #[fusion(dtype = x, shape = x)]
    fn gelu_by_tanh_input(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl<B: Backend + GeluOps + GeluGradients, C: CheckpointStrategy> GeluOps for Autodiff<B, C> {
    fn gelu_exact(x: FloatTensor<Self>) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [x],
            |[x], wanted| (wanted.then(|| x.clone()), B::gelu_exact(x)),
            |x, grad, _| [Some(B::gelu_exact_input(x, grad))],
        )
    }

    fn gelu_by_tanh(x: FloatTensor<Self>) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [x],
            |[x], wanted| (wanted.then(|| x.clone()), B::gelu_by_tanh(x)),
            |x, grad, _| [Some(B::gelu_by_tanh_input(x, grad))],
        )
    }
}

/// Factor of x³ in u.
const CUBE: f32 = 0.044_715;
/// 2 √(2/π), that of 2u.
const TWICE: f32 = 1.595_769;
/// |x| beyond which p is 0 or 1 to the last bit that counts.
const LIMIT: f32 = 10.0;

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

/// p, and 2u'.
#[cube]
fn share<N: Size>(x: Vector<f32, N>) -> (Vector<f32, N>, Vector<f32, N>) {
    let x = x.clamp(Vector::new(-LIMIT), Vector::new(LIMIT));
    let square = x * x;
    let twice = Vector::new(TWICE) * x * (Vector::new(1.0) + Vector::new(CUBE) * square);
    let slope = Vector::new(TWICE) * (Vector::new(1.0) + Vector::new(3.0 * CUBE) * square);
    (Vector::new(1.0) / (Vector::new(1.0) + Vector::exp(-twice)), slope)
}

#[cube(launch_unchecked)]
fn gelu_tanh_kernel<N: Size>(x: &[Vector<f32, N>], y: &mut [Vector<f32, N>], units: usize) {
    end_beyond(units);
    let value = x[ABSOLUTE_POS];
    let (share, _) = share::<N>(value);
    y[ABSOLUTE_POS] = value * share;
}

#[cube(launch_unchecked)]
fn gelu_tanh_input_kernel<N: Size>(
    x: &[Vector<f32, N>],
    grad: &[Vector<f32, N>],
    dx: &mut [Vector<f32, N>],
    units: usize,
) {
    end_beyond(units);
    let value = x[ABSOLUTE_POS];
    let (share, slope) = share::<N>(value);
    dx[ABSOLUTE_POS] = grad[ABSOLUTE_POS] * (share + value * share * (Vector::new(1.0) - share) * slope);
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

    fn gelu_by_tanh(x: CubeTensor) -> CubeTensor {
        let x = contiguous(x);
        let y = empty(&x, x.shape());
        let numbers = x.shape().num_elements();
        let n = vector_size(&[numbers]);
        launch!(gelu_tanh_kernel[n], numbers / n, [x], [y]);
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

    fn gelu_by_tanh_input(x: CubeTensor, grad: CubeTensor) -> CubeTensor {
        let (x, grad) = (contiguous(x), contiguous(grad));
        let dx = empty(&x, x.shape());
        let numbers = x.shape().num_elements();
        let n = vector_size(&[numbers]);
        launch!(gelu_tanh_input_kernel[n], numbers / n, [x, grad], [dx]);
        dx
    }
}

/// Numbers of one piece of work.
const PIECE: usize = 4096;

/// p, and 2u'.
#[inline(always)]
fn share_and_slope(x: f32) -> (f32, f32) {
    let x = x.clamp(-LIMIT, LIMIT);
    let square = x * x;
    (1.0 / (1.0 + exp(-TWICE * x * (1.0 + CUBE * square))), TWICE * (1.0 + 3.0 * CUBE * square))
}

impl GeluOps for Flex {
    fn gelu_exact(x: FlexTensor) -> FlexTensor {
        let mut y = Values::of(&x).to_vec();
        for_each_chunk(&mut y, PIECE, |_, y| {
            y.iter_mut().for_each(|y| *y *= normal_distribution(*y).0);
        });
        tensor(y, x.shape())
    }

    fn gelu_by_tanh(x: FlexTensor) -> FlexTensor {
        let mut y = Values::of(&x).to_vec();
        for_each_chunk(&mut y, PIECE, |_, y| {
            y.iter_mut().for_each(|y| *y *= share_and_slope(*y).0);
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

    fn gelu_by_tanh_input(x: FlexTensor, grad: FlexTensor) -> FlexTensor {
        let (shape, x, mut dx) = (x.shape(), &Values::of(&x)[..], Values::of(&grad).to_vec());
        for_each_chunk(&mut dx, PIECE, |piece, dx| {
            for (g, &x) in dx.iter_mut().zip(&x[piece * PIECE..]) {
                let (share, slope) = share_and_slope(x);
                *g *= share + x * share * (1.0 - share) * slope;
            }
        });
        tensor(dx, shape)
    }
}
