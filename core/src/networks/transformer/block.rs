//! A pre-norm transformer block: attention, then an MLP, each with a skip that can be taken away.
//!
//! ```text
//! x ← Attention(LN(x)) [+ x]        x ← W₂ φ(W₁ LN(x)) [+ x]
//! ```
//!
//! φ is GELU, exactly or by its tangent ([`MlpActivation`]).

use burn::tensor::Tensor;

use super::attention::MultiHeadAttention;
use super::{MlpActivation, Transformer};
use crate::interface::watch::{Watcher, jacobian};
use crate::kernels::{gelu, gelu_tanh};
use crate::layers::{LayerNorm, Linear};
use crate::parameters::{Builder, Parameters};
use crate::probes::report::Quantity;

/// One block of every replica.
pub struct Block {
    attention_norm: LayerNorm,
    attention: MultiHeadAttention,
    attention_skip: bool,
    mlp_norm: LayerNorm,
    up: Linear,
    activation: MlpActivation,
    down: Linear,
    mlp_skip: bool,
}

impl Block {
    /// Parameters are named `{name}.attention…` and `{name}.mlp…`.
    pub fn new(builder: &mut Builder, name: &str, model: &Transformer, tokens: usize, causal: bool) -> Self {
        let (width, hidden) = (model.width as usize, model.mlp.width as usize);
        Self {
            attention_norm: LayerNorm::new(builder, &format!("{name}.attention.norm"), width),
            attention: MultiHeadAttention::new(builder, &format!("{name}.attention"), model, tokens, causal),
            attention_skip: model.attention.skip,
            mlp_norm: LayerNorm::new(builder, &format!("{name}.mlp.norm"), width),
            up: Linear::new(builder, &format!("{name}.mlp.up"), width, hidden),
            activation: model.mlp.activation,
            down: Linear::residual(
                builder,
                &format!("{name}.mlp.down"),
                [hidden, width],
                model.depth as usize,
            ),
            mlp_skip: model.mlp.skip,
        }
    }

    /// # Shapes
    /// - `x`, result: `[R, B·N, D]`
    pub fn forward(&self, parameters: &Parameters, x: Tensor<3>) -> Tensor<3> {
        let normal = self.attention_norm.forward(parameters, x.clone());
        let attended = self.attention.forward(parameters, normal);
        let x = if self.attention_skip { x + attended } else { attended };
        let changed = self.mlp(parameters, x.clone());
        if self.mlp_skip { x + changed } else { changed }
    }

    /// The MLP with its norm, without the skip.
    fn mlp(&self, parameters: &Parameters, x: Tensor<3>) -> Tensor<3> {
        let hidden = self.up.forward(parameters, self.mlp_norm.forward(parameters, x));
        let active = match self.activation {
            MlpActivation::Gelu => gelu(hidden),
            MlpActivation::GeluTanh => gelu_tanh(hidden),
        };
        self.down.forward(parameters, active)
    }

    /// Attention weights that this block gives its input.
    ///
    /// # Shapes
    /// - `x`: `[R, B·N, D]`
    /// - returns `[R, B·H, N, N]`
    pub fn attention_weights(&self, parameters: &Parameters, x: Tensor<3>) -> Tensor<4> {
        self.attention.weights(parameters, self.attention_norm.forward(parameters, x)).0
    }

    /// The same as [`forward`](Self::forward), shown to a watcher on the way.
    pub fn watch(&self, parameters: &Parameters, x: Tensor<3>, watcher: &mut Watcher) -> Tensor<3> {
        let normal = self.attention_norm.forward(parameters, x.clone());
        let attended = self.attention.watch(parameters, normal, watcher);
        watcher.output(Quantity::AttentionOutput, &attended);
        let x = if self.attention_skip { x + attended } else { attended };
        watcher.output(Quantity::AfterAttention, &x);
        let changed = self.mlp(parameters, x.clone());
        watcher.output(Quantity::MlpOutput, &changed);
        let x = if self.mlp_skip { x + changed } else { changed };
        watcher.output(Quantity::AfterMlp, &x);
        x
    }

    /// The derivative of the attention's output by the *normalized* tokens that it reads, without the skip.
    ///
    /// Not by the tokens before the norm: a norm loses two directions of every token, so that derivative is singular
    /// whatever the attention does.
    ///
    /// # Shapes
    /// - `x`: `[R, N, D]`, one example before the norm
    /// - returns `[R, 1, N·D, N·D]`
    pub fn attention_jacobian(&self, parameters: &Parameters, x: Tensor<3>) -> Tensor<4> {
        let normal = self.attention_norm.forward(parameters, x);
        let constants = parameters.autodiff();
        jacobian(normal, |copies| self.attention.forward(&constants, copies))
    }
}

#[cfg(test)]
mod tests;
