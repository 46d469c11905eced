//! The two products of multi-head attention, read straight from the fused projection.
//!
//! ```text
//! S_ij = c · Σₖ Q_ik K_jk        O_ik = Σⱼ A_ij V_jk        for each replica, sample and head
//! ```
//!
//! `Q`, `K` and `V` stay where the projection wrote them, `[R, B·N, 3·W]` with `W = H·d`: no copy, no permutation.
//! What happens between the two products (softmax, a polynomial, …) is a slot of its own.
//! Causal: only `j ≤ i` takes part; the other scores are 0 and the other weights are not looked at.
//!
//! Here for autodiff; the kernels are in [`gpu`], the plain loops in [`cpu`].

mod cpu;
mod gpu;

use burn::tensor::Tensor;

use super::prelude::*;

/// Attention scores of every head.
///
/// # Shapes
/// - `projected`: `[R, B·N, 3·W]`, queries, keys, values
/// - returns `[R, B·H, N, N]`
pub fn attention_scores(
    projected: Tensor<3>,
    heads: usize,
    tokens: usize,
    scale: f32,
    causal: bool,
) -> Tensor<4> {
    let heads = Heads { heads, tokens, causal };
    Tensor::from_dispatch(Dispatch::head_scores(projected.into_dispatch(), heads, scale))
}

/// Values mixed by attention weights.
///
/// # Shapes
/// - `weights`: `[R, B·H, N, N]`
/// - `projected`: `[R, B·N, 3·W]`
/// - returns `[R, B·N, W]`, heads side by side
pub fn attention_mix(weights: Tensor<4>, projected: Tensor<3>, heads: usize, causal: bool) -> Tensor<3> {
    let heads = Heads { heads, tokens: weights.dims()[2], causal };
    Tensor::from_dispatch(Dispatch::head_mix(weights.into_dispatch(), projected.into_dispatch(), heads))
}

/// How the rows of a projection are to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heads {
    heads: usize,
    tokens: usize,
    causal: bool,
}

impl Heads {
    /// Samples B of `[R, B·N, …]`.
    fn samples(&self, shape: &Shape) -> usize {
        shape[1] / self.tokens
    }

    fn scores(&self, projected: &Shape) -> Shape {
        Shape::new([projected[0], self.samples(projected) * self.heads, self.tokens, self.tokens])
    }

    fn mixed(&self, projected: &Shape) -> Shape {
        Shape::new([projected[0], projected[1], projected[2] / 3])
    }

    fn projected(&self, mixed: &Shape) -> Shape {
        Shape::new([mixed[0], mixed[1], 3 * mixed[2]])
    }
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait AttentionOps: Backend {
    #[fusion(dtype = projected, shape = heads.scores(projected))]
    fn head_scores(projected: FloatTensor<Self>, heads: Heads, scale: f32) -> FloatTensor<Self>;

    #[fusion(dtype = projected, shape = heads.mixed(projected))]
    fn head_mix(weights: FloatTensor<Self>, projected: FloatTensor<Self>, heads: Heads) -> FloatTensor<Self>;
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait AttentionGradients: Backend {
    /// `∂Q = c ∂S K`, `∂K = c ∂Sᵀ Q`, 0 for the values, side by side
    #[fusion(dtype = projected, shape = projected)]
    fn head_scores_input(
        projected: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        heads: Heads,
        scale: f32,
    ) -> FloatTensor<Self>;

    /// `∂A = ∂O Vᵀ`
    #[fusion(dtype = projected, shape = heads.scores(projected))]
    fn head_mix_weights(
        projected: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        heads: Heads,
    ) -> FloatTensor<Self>;

    /// `∂V = Aᵀ ∂O`, 0 for queries and keys, side by side
    #[fusion(dtype = grad, shape = heads.projected(grad))]
    fn head_mix_values(
        weights: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        heads: Heads,
    ) -> FloatTensor<Self>;
}

impl<B: Backend + AttentionOps + AttentionGradients, C: CheckpointStrategy> AttentionOps for Autodiff<B, C> {
    fn head_scores(projected: FloatTensor<Self>, heads: Heads, scale: f32) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [projected],
            |[x], wanted| (wanted.then(|| (x.clone(), heads, scale)), B::head_scores(x, heads, scale)),
            |(projected, heads, scale), grad, _| [Some(B::head_scores_input(projected, grad, heads, scale))],
        )
    }

    fn head_mix(weights: FloatTensor<Self>, projected: FloatTensor<Self>, heads: Heads) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [weights, projected],
            |[weights, projected], wanted| {
                let kept = wanted.then(|| (weights.clone(), projected.clone(), heads));
                (kept, B::head_mix(weights, projected, heads))
            },
            |(weights, projected, heads), grad, [left, right]| {
                let dweights = left.then(|| B::head_mix_weights(projected, grad.clone(), heads));
                let dvalues = right.then(|| B::head_mix_values(weights, grad, heads));
                [dweights, dvalues]
            },
        )
    }
}
