//! The activations of coordinate networks, element by element.
//!
//! ```text
//! ReLU      y = max(0, x)                 y' = 1 where x > 0
//! Gaussian  y = exp(−x² / 2σ²)            y' = −x y / σ²           (arXiv 2111.15135)
//! sine      y = sin(ω x)                  y' = ω cos(ω x)          (SIREN, arXiv 2006.09661)
//! ```
//!
//! The angle ωx is brought between −π and π before its sine is taken, which many GPUs do badly for large angles.

use std::f32::consts::TAU;

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::loops::exp;
use super::prelude::*;

/// An activation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pointwise {
    /// max(0, x).
    Relu,
    /// exp(−x² / 2σ²) with this σ.
    Gaussian(f32),
    /// sin(ω x) with this ω.
    Sine(f32),
}

/// Which kernel is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    Relu,
    Gaussian,
    Sine,
}

impl Pointwise {
    /// The kernel, and the number that it multiplies with: `−1 / 2σ²` or `ω / 2π`.
    fn form(self) -> (Form, f32) {
        match self {
            Self::Relu => (Form::Relu, 0.0),
            Self::Gaussian(deviation) => (Form::Gaussian, -0.5 / (deviation * deviation)),
            Self::Sine(frequency) => (Form::Sine, frequency / TAU),
        }
    }
}

/// The activation of every number.
///
/// # Shapes
/// - `x`, result: `[R, M, D]`
pub fn pointwise(x: Tensor<3>, activation: Pointwise) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::pointwise_map(x.into_dispatch(), activation))
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait PointwiseOps: Backend {
    #[fusion(dtype = x, shape = x)]
    fn pointwise_map(x: FloatTensor<Self>, activation: Pointwise) -> FloatTensor<Self>;
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait PointwiseGradients: Backend {
    /// `∂x = ∂y · y'(x)`
    #[fusion(dtype = x, shape = x)]
    fn pointwise_input(
        x: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        activation: Pointwise,
    ) -> FloatTensor<Self>;
}

impl<B: Backend + PointwiseOps + PointwiseGradients, C: CheckpointStrategy> PointwiseOps for Autodiff<B, C> {
    fn pointwise_map(x: FloatTensor<Self>, activation: Pointwise) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [x],
            |[x], wanted| (wanted.then(|| (x.clone(), activation)), B::pointwise_map(x, activation)),
            |(x, activation), grad, _| [Some(B::pointwise_input(x, grad, activation))],
        )
    }
}

/// One thread a number.
#[cube(launch_unchecked)]
fn pointwise_kernel(x: &[f32], y: &mut [f32], units: usize, factor: f32, #[comptime] form: Form) {
    end_beyond(units);
    let value = x[ABSOLUTE_POS];
    if comptime!(form == Form::Relu) {
        // Not the maximum, which may hide that a number is none.
        let mut positive = value;
        if value < 0.0 {
            positive = 0.0f32;
        }
        y[ABSOLUTE_POS] = positive;
    } else if comptime!(form == Form::Gaussian) {
        y[ABSOLUTE_POS] = (value * value * factor).exp();
    } else {
        let turns = value * factor;
        y[ABSOLUTE_POS] = ((turns - turns.round()) * TAU).sin();
    }
}

/// One thread a number.
#[cube(launch_unchecked)]
fn pointwise_input_kernel(
    x: &[f32],
    grad: &[f32],
    dx: &mut [f32],
    units: usize,
    factor: f32,
    #[comptime] form: Form,
) {
    end_beyond(units);
    let value = x[ABSOLUTE_POS];
    let mut slope = 0.0f32;
    if comptime!(form == Form::Relu) {
        if value > 0.0 {
            slope = 1.0f32;
        }
    } else if comptime!(form == Form::Gaussian) {
        slope = 2.0f32 * factor * value * (value * value * factor).exp();
    } else {
        let turns = value * factor;
        slope = factor * TAU * ((turns - turns.round()) * TAU).cos();
    }
    dx[ABSOLUTE_POS] = grad[ABSOLUTE_POS] * slope;
}

impl PointwiseOps for CubeBackend {
    fn pointwise_map(x: CubeTensor, activation: Pointwise) -> CubeTensor {
        let x = contiguous(x);
        let y = empty(&x, x.shape());
        let units = x.shape().num_elements();
        let (form, factor) = activation.form();
        launch!(pointwise_kernel, units, [x], [y], [factor], [form]);
        y
    }
}

impl PointwiseGradients for CubeBackend {
    fn pointwise_input(x: CubeTensor, grad: CubeTensor, activation: Pointwise) -> CubeTensor {
        let (x, grad) = (contiguous(x), contiguous(grad));
        let dx = empty(&x, x.shape());
        let units = x.shape().num_elements();
        let (form, factor) = activation.form();
        launch!(pointwise_input_kernel, units, [x, grad], [dx], [factor], [form]);
        dx
    }
}

/// `ω x` between −π and π, where `factor` is `ω / 2π`.
fn angle(x: f32, factor: f32) -> f32 {
    let turns = x * factor;
    (turns - turns.round()) * TAU
}

impl PointwiseOps for Flex {
    fn pointwise_map(x: FlexTensor, activation: Pointwise) -> FlexTensor {
        let (form, factor) = activation.form();
        let values = Values::of(&x);
        let values = values.iter();
        let values = match form {
            Form::Relu => values.map(|&x| if x < 0.0 { 0.0 } else { x }).collect(),
            Form::Gaussian => values.map(|&x| exp(x * x * factor)).collect(),
            Form::Sine => values.map(|&x| libm::sinf(angle(x, factor))).collect(),
        };
        tensor(values, x.shape())
    }
}

impl PointwiseGradients for Flex {
    fn pointwise_input(x: FlexTensor, grad: FlexTensor, activation: Pointwise) -> FlexTensor {
        let (form, factor) = activation.form();
        let (values, grad) = (Values::of(&x), Values::of(&grad));
        let pairs = values.iter().zip(grad.iter());
        let values = match form {
            Form::Relu => pairs.map(|(&x, &g)| if x > 0.0 { g } else { 0.0 }).collect(),
            Form::Gaussian => pairs.map(|(&x, &g)| 2.0 * factor * x * exp(x * x * factor) * g).collect(),
            Form::Sine => pairs.map(|(&x, &g)| factor * TAU * libm::cosf(angle(x, factor)) * g).collect(),
        };
        tensor(values, x.shape())
    }
}
