//! A transformer block: attention, then an MLP, each with a skip that can be taken away.
//!
//! ```text
//! norms before:   x ← Attention(LN(x)) [+ x]        x ← W₂ φ(W₁ LN(x)) [+ x]
//! norms after:    x ← LN(Attention(x) [+ x])        x ← LN(W₂ φ(W₁ x) [+ x])
//! ```
//!
//! φ is GELU, exactly or by its tangent ([`MlpActivation`]).

use burn::tensor::Tensor;

use super::attention::MultiHeadAttention;
use super::padding::Padding;
use super::{MlpActivation, Norms, Transformer};
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
    norms: Norms,
}

/// ε of BERT's layer norms.
const POST_NORM_EPSILON: f32 = 1e-12;

/// A layer norm with the ε that goes with its place.
pub(super) fn normalization(builder: &mut Builder, norms: Norms, name: &str, width: usize) -> LayerNorm {
    match norms {
        Norms::Before => LayerNorm::new(builder, name, width),
        Norms::After => LayerNorm::with_epsilon(builder, name, width, POST_NORM_EPSILON),
    }
}

impl Block {
    /// Parameters are named `{name}.attention…` and `{name}.mlp…`.
    pub fn new(builder: &mut Builder, name: &str, model: &Transformer, tokens: usize, causal: bool) -> Self {
        let (width, hidden) = (model.width as usize, model.mlp.width as usize);
        Self {
            attention_norm: normalization(builder, model.norms, &format!("{name}.attention.norm"), width),
            attention: MultiHeadAttention::new(builder, &format!("{name}.attention"), model, tokens, causal),
            attention_skip: model.attention.skip,
            mlp_norm: normalization(builder, model.norms, &format!("{name}.mlp.norm"), width),
            up: Linear::new(builder, &format!("{name}.mlp.up"), width, hidden),
            activation: model.mlp.activation,
            down: Linear::residual(
                builder,
                &format!("{name}.mlp.down"),
                [hidden, width],
                model.depth as usize,
            ),
            mlp_skip: model.mlp.skip,
            norms: model.norms,
        }
    }

    /// # Shapes
    /// - `x`, result: `[R, B·N, D]`
    pub fn forward(&self, parameters: &Parameters, x: Tensor<3>, padding: Option<&Padding>) -> Tensor<3> {
        let read = self.before(parameters, &self.attention_norm, x.clone());
        let attended = self.attention.forward(parameters, read, padding);
        let x = if self.attention_skip { x + attended } else { attended };
        let x = self.after(parameters, &self.attention_norm, x);
        let changed = self.mlp(parameters, x.clone());
        let x = if self.mlp_skip { x + changed } else { changed };
        self.after(parameters, &self.mlp_norm, x)
    }

    /// What a half of the block reads.
    fn before(&self, parameters: &Parameters, norm: &LayerNorm, x: Tensor<3>) -> Tensor<3> {
        if self.norms == Norms::Before { norm.forward(parameters, x) } else { x }
    }

    /// What a half of the block leaves.
    fn after(&self, parameters: &Parameters, norm: &LayerNorm, x: Tensor<3>) -> Tensor<3> {
        if self.norms == Norms::After { norm.forward(parameters, x) } else { x }
    }

    /// The MLP with the norm before it, without the skip.
    fn mlp(&self, parameters: &Parameters, x: Tensor<3>) -> Tensor<3> {
        let hidden = self.up.forward(parameters, self.before(parameters, &self.mlp_norm, x));
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
    pub fn attention_weights(
        &self,
        parameters: &Parameters,
        x: Tensor<3>,
        padding: Option<&Padding>,
    ) -> Tensor<4> {
        self.attention.weights(parameters, self.before(parameters, &self.attention_norm, x), padding).0
    }

    /// The same as [`forward`](Self::forward), shown to a watcher on the way.
    pub fn watch(
        &self,
        parameters: &Parameters,
        x: Tensor<3>,
        watcher: &mut Watcher,
        padding: Option<&Padding>,
    ) -> Tensor<3> {
        let read = self.before(parameters, &self.attention_norm, x.clone());
        let attended = self.attention.watch(parameters, read, watcher, padding);
        watcher.output(Quantity::AttentionOutput, &attended);
        let x = if self.attention_skip { x + attended } else { attended };
        let x = self.after(parameters, &self.attention_norm, x);
        watcher.output(Quantity::AfterAttention, &x);
        let changed = self.mlp(parameters, x.clone());
        watcher.output(Quantity::MlpOutput, &changed);
        let x = if self.mlp_skip { x + changed } else { changed };
        let x = self.after(parameters, &self.mlp_norm, x);
        watcher.output(Quantity::AfterMlp, &x);
        x
    }

    /// The derivative of the attention's output by the *normalized* tokens that it reads, without the skip. `padding` is of
    /// all examples, of which `x` is the first.
    ///
    /// Not by the tokens before the norm: a norm loses two directions of every token, so that derivative is singular
    /// whatever the attention does.
    ///
    /// # Shapes
    /// - `x`: `[R, N, D]`, one example before the norm
    /// - returns `[R, 1, N·D, N·D]`
    pub fn attention_jacobian(
        &self,
        parameters: &Parameters,
        x: Tensor<3>,
        padding: Option<&Padding>,
    ) -> Tensor<4> {
        let read = self.before(parameters, &self.attention_norm, x);
        let constants = parameters.autodiff();
        jacobian(read, |copies| {
            let padding = padding.map(|padding| padding.of_copies(&copies));
            self.attention.forward(&constants, copies, padding.as_ref())
        })
    }
}

#[cfg(test)]
mod tests;
