//! Linear layer, layer norm and the embeddings, and how they start.

use burn::tensor::{Int, Tensor};

use super::parameters::{Builder, ParameterId, Parameters};
use crate::kernels;
use crate::techniques::initialization;
pub use crate::techniques::initialization::normal::normal;
use crate::techniques::initialization::positions::POSITIONS;
pub use crate::techniques::initialization::positions::sine_positions;
pub use crate::techniques::initialization::xavier::xavier_uniform;

/// `y = x W + b` (see [`kernels::linear`]).
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    /// `[R, inputs, outputs]`.
    pub weight: ParameterId,
    /// `[R, 1, outputs]`.
    pub bias: ParameterId,
}

impl Linear {
    /// Weights and biases by the builder's rule; Xavier uniform and zero unless the experiment asks for another.
    pub fn new(builder: &mut Builder, name: &str, inputs: usize, outputs: usize) -> Self {
        let rule = builder.initialization().clone();
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        Self::with_start(
            builder,
            name,
            [inputs, outputs],
            |seed| initialization::weights(&rule, seed, &weight, inputs, outputs),
            |seed| initialization::biases(&rule, seed, &bias, inputs, outputs),
        )
    }

    /// Weights of the caller's choice, zero biases.
    pub fn with_weights(
        builder: &mut Builder,
        name: &str,
        inputs: usize,
        outputs: usize,
        weights: impl Fn(u64) -> Vec<f32>,
    ) -> Self {
        Self::with_start(builder, name, [inputs, outputs], weights, |_| vec![0.0; outputs])
    }

    /// Weights and biases of the caller's choice.
    pub fn with_start(
        builder: &mut Builder,
        name: &str,
        [inputs, outputs]: [usize; 2],
        weights: impl Fn(u64) -> Vec<f32>,
        biases: impl Fn(u64) -> Vec<f32>,
    ) -> Self {
        Self {
            weight: builder.add(&format!("{name}.weight"), [inputs, outputs], true, weights),
            bias: builder.add(&format!("{name}.bias"), [1, outputs], false, biases),
        }
    }

    /// # Shapes
    /// - `x`: `[R, M, inputs]`
    /// - returns `[R, M, outputs]`
    pub fn forward(&self, parameters: &Parameters, x: Tensor<3>) -> Tensor<3> {
        kernels::linear(x, parameters.get(self.weight), parameters.get(self.bias))
    }
}

/// Layer norm with gain and shift (see [`kernels::layer_norm`]).
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm {
    scale: ParameterId,
    shift: ParameterId,
}

impl LayerNorm {
    /// Gain 1, shift 0.
    pub fn new(builder: &mut Builder, name: &str, width: usize) -> Self {
        Self {
            scale: builder.add(&format!("{name}.scale"), [1, width], false, |_| vec![1.0; width]),
            shift: builder.add(&format!("{name}.shift"), [1, width], false, |_| vec![0.0; width]),
        }
    }

    /// # Shapes
    /// - `x`, result: `[R, M, D]`
    pub fn forward(&self, parameters: &Parameters, x: Tensor<3>) -> Tensor<3> {
        kernels::layer_norm(x, parameters.get(self.scale), parameters.get(self.shift))
    }
}

/// Patches of an image to tokens: a linear layer whose bias is the learned position of each patch, or the same for all.
#[derive(Clone, Copy, Debug)]
pub struct PatchEmbedding(Linear);

impl PatchEmbedding {
    /// Weights by the builder's rule; positions start normal with standard deviation `positions`, or as
    /// [`sine_positions`] of a square grid if that is 0.
    pub fn new(builder: &mut Builder, patch: usize, tokens: usize, width: usize, positions: f32) -> Self {
        let weight = Self::weight(builder, patch, width);
        let bias = builder.add(POSITIONS, [tokens, width], false, |seed| {
            initialization::positions::positions(seed, tokens, width, positions)
        });
        Self(Linear { weight, bias })
    }

    /// Weights and the one bias by the builder's rule.
    pub fn without_positions(builder: &mut Builder, patch: usize, width: usize) -> Self {
        let weight = Self::weight(builder, patch, width);
        let rule = builder.initialization().clone();
        let name = "embedding.patch.bias";
        let bias = builder
            .add(name, [1, width], false, |seed| initialization::biases(&rule, seed, name, patch, width));
        Self(Linear { weight, bias })
    }

    fn weight(builder: &mut Builder, patch: usize, width: usize) -> ParameterId {
        let rule = builder.initialization().clone();
        let name = "embedding.patch.weight";
        builder.add(name, [patch, width], true, |seed| {
            initialization::embedding(&rule, seed, name, patch, width)
        })
    }

    /// # Shapes
    /// - `patches`: `[R, B·N, F]`
    /// - returns `[R, B·N, D]`
    pub fn forward(&self, parameters: &Parameters, patches: Tensor<3>) -> Tensor<3> {
        self.0.forward(parameters, patches)
    }
}

/// Characters to tokens, with learned positions.
#[derive(Clone, Copy, Debug)]
pub struct TokenEmbedding {
    table: ParameterId,
    positions: ParameterId,
}

impl TokenEmbedding {
    /// Both normal with standard deviation 0.02, as in GPT-2; positions with `positions` unless that is 0.
    pub fn new(
        builder: &mut Builder,
        vocabulary: usize,
        tokens: usize,
        width: usize,
        positions: f32,
    ) -> Self {
        let mut add = |name: &str, rows: usize, decay, deviation: f64| {
            builder.add(name, [rows, width], decay, |seed| normal(seed, name, rows * width, deviation))
        };
        Self {
            table: add("embedding.token.weight", vocabulary, true, 0.02),
            positions: add(
                POSITIONS,
                tokens,
                false,
                if positions == 0.0 { 0.02 } else { f64::from(positions) },
            ),
        }
    }

    /// # Shapes
    /// - `tokens`: `[R, B·N]`
    /// - returns `[R, B·N, D]`
    pub fn forward(&self, parameters: &Parameters, tokens: Tensor<2, Int>) -> Tensor<3> {
        kernels::embedding(tokens, parameters.get(self.table), parameters.get(self.positions))
    }
}
