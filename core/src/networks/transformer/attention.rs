//! Multi-head self-attention with its slots.
//!
//! ```text
//! A = φ(Q Kᵀ / √d)        y = [A₁V₁ … A_hV_h] W_O
//! ```
//!
//! φ is the slot of the attention activation ([`crate::techniques::activation`]).

use std::rc::Rc;

use burn::tensor::Tensor;

use super::Transformer;
use super::padding::Padding;
use crate::interface::Watcher;
use crate::kernels::{attention_mix, attention_scores};
use crate::layers::Linear;
use crate::parameters::{AttentionShape, AttentionStart, Builder, PROJECTIONS, Parameters};
use crate::probes::report::Quantity;
use crate::techniques::activation::ActivationTechnique;

/// One attention layer of every replica.
pub struct MultiHeadAttention {
    projection: Linear,
    output: Linear,
    heads: usize,
    head_width: usize,
    tokens: usize,
    causal: bool,
    activation: Rc<dyn ActivationTechnique>,
}

impl MultiHeadAttention {
    /// Query, key and value projections lie side by side in one matrix, each drawn by its own name.
    pub fn new(builder: &mut Builder, name: &str, model: &Transformer, tokens: usize, causal: bool) -> Self {
        let (width, heads) = (model.width as usize, model.heads as usize);
        let head_width = model.resolved_head_width() as usize;
        let inner = heads * head_width;
        let (positions, depth) = (model.positions, model.depth as usize);
        let shape = AttentionShape { width, heads, head_width, tokens, positions, depth };
        let rule = builder.start();
        let draw = |&seed: &u64| (seed, rule.attention(seed, name, &shape));
        let starts: Vec<(u64, AttentionStart)> = builder.seeds().iter().map(draw).collect();
        let of = |seed: u64| {
            &starts.iter().find(|(other, _)| *other == seed).expect("one for each seed of the builder").1
        };
        let weights = |seed| {
            let parts = &of(seed).projections;
            (0..width)
                .flat_map(|row| parts.each_ref().map(|p| &p[row * inner..][..inner]))
                .flatten()
                .copied()
                .collect()
        };
        let own = |key: &str| builder.own(&format!("model.attention.activation.{key}"));
        let activation = model.attention.activation.engine();
        let activation = activation.with_own(&own).unwrap_or(activation);
        let projection =
            Linear::with_start(builder, &format!("{name}.projection"), [width, 3 * inner], weights, |seed| {
                of(seed).biases.concat()
            });
        builder.name_parts(projection.weight, PROJECTIONS.map(|part| format!("{name}.{part}.weight")));
        let output = Linear::with_start(
            builder,
            &format!("{name}.output"),
            [inner, width],
            |seed| of(seed).output.clone(),
            |seed| of(seed).output_bias.clone(),
        );
        Self { projection, output, heads, head_width, tokens, causal, activation }
    }

    /// # Shapes
    /// - `x`, result: `[R, B·N, D]`
    pub fn forward(&self, parameters: &Parameters, x: Tensor<3>, padding: Option<&Padding>) -> Tensor<3> {
        let (weights, projected) = self.weights(parameters, x, padding);
        let mixed = attention_mix(weights, projected, self.heads, self.causal);
        self.output.forward(parameters, mixed)
    }

    /// Attention weights, and the projections they were made from.
    ///
    /// # Shapes
    /// - `x`: `[R, B·N, D]`
    /// - returns `[R, B·H, N, N]` and `[R, B·N, 3·W]`
    pub fn weights(
        &self,
        parameters: &Parameters,
        x: Tensor<3>,
        padding: Option<&Padding>,
    ) -> (Tensor<4>, Tensor<3>) {
        let projected = self.projection.forward(parameters, x);
        let scale = 1.0 / (self.head_width as f32).sqrt();
        let scores = attention_scores(projected.clone(), self.heads, self.tokens, scale, self.causal);
        let scores = match padding {
            Some(padding) => scores + padding.scores(),
            None => scores,
        };
        (self.activation.weights(scores, self.causal), projected)
    }

    /// The same as [`forward`](Self::forward), shown to a watcher on the way: QKᵀ as it is, without scale and mask, whose
    /// rank is at most that of a head's width; the weights; the heads side by side.
    ///
    /// # Shapes
    /// - `x`, result: `[R, B·N, D]`
    pub fn watch(
        &self,
        parameters: &Parameters,
        x: Tensor<3>,
        watcher: &mut Watcher,
        padding: Option<&Padding>,
    ) -> Tensor<3> {
        let (weights, projected) = self.weights(parameters, x, padding);
        if watcher.probes.scores {
            let products = attention_scores(projected.clone(), self.heads, self.tokens, 1.0, false);
            watcher.heads(Quantity::Scores, products, self.heads, self.head_width.min(self.tokens));
            watcher.heads(Quantity::Attention, weights.clone(), self.heads, self.tokens);
        }
        let mixed = attention_mix(weights, projected, self.heads, self.causal);
        watcher.output(Quantity::Heads, &mixed);
        self.output.forward(parameters, mixed)
    }
}
