//! AdamW on all parameters of all replicas at once, with clipping by each replica's own global gradient norm.
//!
//! ```text
//! g ← g · min(1, clip / (‖g‖ + 10⁻⁶))                       ‖g‖ over all parameters of one replica
//! p ← p − η λ p;   m ← β₁ m + (1−β₁) g;   v ← β₂ v + (1−β₂) g²
//! p ← p − η · m/(1−β₁ᵗ) / (√(v/(1−β₂ᵗ)) + ε)
//! ```
//!
//! The order and the 10⁻⁶ are those of PyTorch's `AdamW` and `clip_grad_norm_`. η is the replica's learning rate times the
//! share of the part that the number belongs to, λ the replica's weight decay, or 0 where none applies ([`Rates`]).

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::flat::{clip_factor, clipping};
use super::prelude::*;
use super::rates::{Rates, Shares, Stretches, rate};

/// The numbers of one update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// What each part takes of its replica's η in this step.
    pub shares: Shares,
    /// β₁.
    pub beta1: f32,
    /// β₂.
    pub beta2: f32,
    /// ε.
    pub epsilon: f32,
    /// Largest gradient norm; 0 does not clip.
    pub clip: f32,
    /// Number t of this step, from 1.
    pub step: u32,
}

impl AdamW {
    /// `1 − β₁ᵗ` and `1 − β₂ᵗ`
    fn corrections(&self) -> (f32, f32) {
        let power = |beta: f32| (1.0 - f64::from(beta).powi(self.step as i32)) as f32;
        (power(self.beta1), power(self.beta2))
    }
}

/// Parameters and the optimizer's two moments, each `[R, P]`.
pub struct State {
    /// p.
    pub parameters: Tensor<2>,
    /// m.
    pub mean: Tensor<2>,
    /// v.
    pub square: Tensor<2>,
}

/// One update, in place where nothing else holds the tensors.
///
/// # Shapes
/// - `state`, `gradients`: `[R, P]`
/// - `norms`: `[R]`
pub fn adamw(state: State, gradients: Tensor<2>, norms: Tensor<1>, rates: &Rates, config: AdamW) -> State {
    let (parameters, mean, square) = Dispatch::adamw(
        state.parameters.into_dispatch(),
        state.mean.into_dispatch(),
        state.square.into_dispatch(),
        gradients.into_dispatch(),
        norms.into_dispatch(),
        rates.replicas.clone().into_dispatch(),
        rates.rules.clone().into_dispatch(),
        config,
    );
    State {
        parameters: Tensor::from_dispatch(parameters),
        mean: Tensor::from_dispatch(mean),
        square: Tensor::from_dispatch(square),
    }
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait AdamWOps: Backend {
    #[fusion(meta = |p, _m, _v, _g, _n, _r, _d, _c| (p.clone(), p.clone(), p.clone()))]
    fn adamw(
        parameters: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        square: FloatTensor<Self>,
        gradients: FloatTensor<Self>,
        norms: FloatTensor<Self>,
        rates: FloatTensor<Self>,
        rules: FloatTensor<Self>,
        config: AdamW,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// One thread for each vector.
#[cube(launch_unchecked)]
fn adamw_kernel<N: Size>(
    gradients: &[Vector<f32, N>],
    norms: &[f32],
    rates: &[f32],
    rules: &[Vector<f32, N>],
    parameters: &mut [Vector<f32, N>],
    mean: &mut [Vector<f32, N>],
    square: &mut [Vector<f32, N>],
    units: usize,
    width: usize,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    clip: f32,
    correction1: f32,
    correction2: f32,
    s0: f32,
    s1: f32,
    s2: f32,
    s3: f32,
    s4: f32,
    s5: f32,
) {
    end_beyond(units);
    let at = ABSOLUTE_POS;
    let replica = at / width;
    let factor = clipping(norms, replica, clip);
    let (learning_rate, kept) = rate(rates, replica, rules[at % width], s0, s1, s2, s3, s4, s5);
    let gradient = gradients[at] * Vector::new(factor);
    let m = mean[at] * Vector::new(beta1) + gradient * Vector::new(1.0 - beta1);
    let v = square[at] * Vector::new(beta2) + gradient * gradient * Vector::new(1.0 - beta2);
    let shrunk = parameters[at] * kept;
    let root = Vector::sqrt(v * Vector::new(1.0 / correction2)) + Vector::new(epsilon);
    parameters[at] = shrunk - m * Vector::new(learning_rate / correction1) / root;
    mean[at] = m;
    square[at] = v;
}

impl AdamWOps for CubeBackend {
    fn adamw(
        parameters: CubeTensor,
        mean: CubeTensor,
        square: CubeTensor,
        gradients: CubeTensor,
        norms: CubeTensor,
        rates: CubeTensor,
        rules: CubeTensor,
        config: AdamW,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let (parameters, mean, square) = (own(parameters), own(mean), own(square));
        let [r, width] = parameters.shape().dims();
        let n = vector_size(&[width]);
        let units = r * width / n;
        let (first, second) = config.corrections();
        let AdamW { shares: [s0, s1, s2, s3, s4, s5], beta1, beta2, epsilon, clip, .. } = config;
        launch!(
            adamw_kernel[n],
            units,
            [contiguous(gradients), norms, rates, rules],
            [parameters, mean, square],
            [width / n, beta1, beta2, epsilon, clip, first, second, s0, s1, s2, s3, s4, s5]
        );
        (parameters, mean, square)
    }
}

impl AdamWOps for Flex {
    fn adamw(
        mut parameters: FlexTensor,
        mut mean: FlexTensor,
        mut square: FlexTensor,
        gradients: FlexTensor,
        norms: FlexTensor,
        rates: FlexTensor,
        rules: FlexTensor,
        config: AdamW,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let AdamW { shares, beta1, beta2, epsilon, clip, .. } = config;
        let (correction1, correction2) = config.corrections();
        let width = rules.shape()[0];
        let (gradients, norms) = (&Values::of(&gradients)[..], &Values::of(&norms)[..]);
        let (rates, rules) = (&Values::of(&rates)[..], &Values::of(&rules)[..]);
        let stretches = Stretches::of(rules);
        let rows = parameters.storage_mut::<f32>().chunks_exact_mut(width);
        let moments = mean.storage_mut::<f32>().chunks_exact_mut(width);
        let squares = square.storage_mut::<f32>().chunks_exact_mut(width);
        for (replica, ((p, m), v)) in rows.zip(moments).zip(squares).enumerate() {
            let factor = clip_factor(norms[replica], clip);
            let g = &gradients[replica * width..][..width];
            for pace in stretches.paces(&rates[2 * replica..], &shares) {
                let learning_rate = pace.learning_rate;
                for i in pace.numbers.clone() {
                    let g = g[i] * factor;
                    m[i] = beta1 * m[i] + (1.0 - beta1) * g;
                    v[i] = beta2 * v[i] + (1.0 - beta2) * g * g;
                    let root = (v[i] / correction2).sqrt() + epsilon;
                    p[i] = p[i] * pace.keeps(rules[i]) - learning_rate * m[i] / correction1 / root;
                }
            }
        }
        (parameters, mean, square)
    }
}
