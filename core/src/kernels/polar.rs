//! Every example's matrix plus a multiple of its polar factor: all of its singular values grow alike.
//!
//! ```text
//! X = U Σ Vᵀ        y = X + s σ₁ U Vᵀ        ∂x = ∂y: the second term counts as a constant
//! ```
//!
//! No singular value decomposition: `U Vᵀ` is the limit of a Newton-Schulz iteration, products only, which leaves
//! `U` and `V` alone and drives every singular value towards 1,
//!
//! ```text
//! Y₀ = X / ‖X‖_F        Y ← a Y + b (Y Yᵀ) Y + c (Y Yᵀ)² Y
//! ```
//!
//! and σ₁² is what `G = X Xᵀ` has along its own 256th power, `tr(G · G²⁵⁶) / tr G²⁵⁶`: never too large, and too small by
//! less than 10⁻³ of it even where many singular values lie close to the largest.
//!
//! Here for the CPU engine; the GPU's kernels are in [`gpu`].

mod gpu;

use burn::backend::ops::FloatTensorOps;
use burn::tensor::Tensor;

use super::prelude::*;

/// How far to go towards the polar factor, and how much of it to add.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polar {
    /// s.
    pub strength: f32,
    /// Iterations that raise small singular values by 3.4 each and leave the large ones between 0.68 and 1.21.
    pub steep: u32,
    /// Iterations after them that converge to 1: from 0.68 to 0.94, 0.9994 and 1 − 10⁻⁹.
    pub settling: u32,
}

/// The quintic of Muon (Jordan et al., 2024), steep at 0; it does not settle.
const STEEP: [f32; 3] = [3.4445, -4.775, 2.0315];

/// Taylor's polynomial of x / √x² around x² = 1, of degree two in x²: `x (15 − 10 x² + 3 x⁴) / 8`.
const SETTLING: [f32; 3] = [1.875, -1.25, 0.375];

/// Keeps an example of zeros from being divided by zero.
const TINY: f32 = 1e-30;

/// `X + s σ₁ U Vᵀ` for each example; the gradient passes as if the second term were a constant.
///
/// # Shapes
/// - `x`, result: `[R, B·N, D]`, N = `tokens` rows each example
///
/// # Panics
/// If there is no iteration.
pub fn add_polar_factor(x: Tensor<3>, tokens: usize, polar: Polar) -> Tensor<3> {
    assert!(polar.steep + polar.settling > 0, "at least one iteration");
    Tensor::from_dispatch(Dispatch::add_polar_factor(x.into_dispatch(), tokens, polar))
}

impl Polar {
    /// a, b, c of every iteration.
    fn coefficients(self) -> impl ExactSizeIterator<Item = [f32; 3]> {
        let total = self.steep + self.settling;
        (0..total).map(move |step| if step < self.steep { STEEP } else { SETTLING })
    }
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait PolarOps: Backend {
    #[fusion(dtype = x, shape = x)]
    fn add_polar_factor(x: FloatTensor<Self>, tokens: usize, polar: Polar) -> FloatTensor<Self>;
}

impl<B: Backend + PolarOps, C: CheckpointStrategy> PolarOps for Autodiff<B, C> {
    fn add_polar_factor(x: FloatTensor<Self>, tokens: usize, polar: Polar) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [x],
            |[x], wanted| (wanted.then_some(()), B::add_polar_factor(x, tokens, polar)),
            |(), grad, _| [Some(grad)],
        )
    }
}

/// The lines of the examples: rows, or columns if those are fewer.
struct Lines {
    examples: usize,
    lines: usize,
    length: usize,
    line_stride: usize,
    stride: usize,
}

impl Lines {
    fn of(shape: &Shape, tokens: usize) -> Self {
        let [r, m, d] = shape.dims();
        let examples = r * m / tokens;
        if tokens <= d {
            Self { examples, lines: tokens, length: d, line_stride: d, stride: 1 }
        } else {
            Self { examples, lines: d, length: tokens, line_stride: 1, stride: d }
        }
    }
}

/// Squarings that make the 256th power.
const SQUARINGS: usize = 8;

/// Largest singular value of each example, from its Gram matrix.
fn largest(gram: &FlexTensor, lines: usize) -> Vec<f32> {
    let trace = |matrix: &[f32]| matrix.iter().step_by(lines + 1).sum::<f32>().max(TINY);
    let normalized = |matrix: FlexTensor| {
        let shape = matrix.shape();
        let mut values = Values::of(&matrix).to_vec();
        for one in values.chunks_exact_mut(lines * lines) {
            let inverse = 1.0 / trace(one);
            one.iter_mut().for_each(|value| *value *= inverse);
        }
        tensor(values, shape)
    };
    let power = (0..SQUARINGS).fold(gram.clone(), |matrix, _| {
        let matrix = normalized(matrix);
        Flex::float_matmul(matrix.clone(), matrix)
    });
    let (gram, power) = (Values::of(gram), Values::of(&power));
    let along =
        |(g, p): (&[f32], &[f32])| (g.iter().zip(p).map(|(g, p)| g * p).sum::<f32>() / trace(p)).sqrt();
    gram.chunks_exact(lines * lines).zip(power.chunks_exact(lines * lines)).map(along).collect()
}

impl PolarOps for Flex {
    fn add_polar_factor(x: FlexTensor, tokens: usize, polar: Polar) -> FlexTensor {
        let shape = x.shape();
        let Lines { examples, lines, length, stride, .. } = Lines::of(&shape, tokens);
        let tall = stride > 1;
        let gram = |y: &FlexTensor| {
            let transposed = Flex::float_swap_dims(y.clone(), 1, 2);
            if tall {
                Flex::float_matmul(transposed, y.clone())
            } else {
                Flex::float_matmul(y.clone(), transposed)
            }
        };
        let examples_shape = Shape::new([examples, tokens, shape[2]]);
        let x = Flex::float_reshape(x, examples_shape.clone());
        let first = gram(&x);
        let mut values = Values::of(&x).to_vec();
        for example in values.chunks_exact_mut(lines * length) {
            let norm = example.iter().map(|x| x * x).sum::<f32>().max(TINY).sqrt();
            example.iter_mut().for_each(|value| *value /= norm);
        }
        let y = polar.coefficients().fold(tensor(values, examples_shape), |y, [a, b, c]| {
            let gram = gram(&y);
            let square = Flex::float_matmul(gram.clone(), gram.clone());
            let mut factor = Values::of(&square).to_vec();
            factor.iter_mut().zip(Values::of(&gram).iter()).for_each(|(s, g)| *s = c * *s + b * g);
            for one in factor.chunks_exact_mut(lines * lines) {
                one.iter_mut().step_by(lines + 1).for_each(|value| *value += a);
            }
            let factor = tensor(factor, gram.shape());
            if tall { Flex::float_matmul(y, factor) } else { Flex::float_matmul(factor, y) }
        });
        let mut values = Values::of(&y).to_vec();
        let size = lines * length;
        let sigmas = largest(&first, lines);
        for ((y, x), sigma) in
            values.chunks_exact_mut(size).zip(Values::of(&x).chunks_exact(size)).zip(sigmas)
        {
            y.iter_mut().zip(x).for_each(|(y, x)| *y = x + polar.strength * sigma * *y);
        }
        tensor(values, shape)
    }
}
