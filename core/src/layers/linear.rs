//! Linear layer and layer norm.

use burn::tensor::Tensor;

use crate::kernels;
use crate::parameters::{Builder, ParameterId, Parameters};

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
        let rule = builder.start();
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        Self::with_start(
            builder,
            name,
            [inputs, outputs],
            |seed| rule.weights(seed, &weight, inputs, outputs),
            |seed| rule.biases(seed, &bias, inputs, outputs),
        )
    }

    /// The second layer of a half block, in a network of `depth` blocks: its output is added to what the half read.
    pub fn residual(builder: &mut Builder, name: &str, [inputs, outputs]: [usize; 2], depth: usize) -> Self {
        let rule = builder.start();
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        Self::with_start(
            builder,
            name,
            [inputs, outputs],
            |seed| rule.residual(seed, &weight, [inputs, outputs], depth),
            |seed| rule.biases(seed, &bias, inputs, outputs),
        )
    }

    /// The network's last layer, `head`: weights by the builder's rule, which are zeros by most, zero biases.
    pub fn head(builder: &mut Builder, inputs: usize, outputs: usize) -> Self {
        let rule = builder.start();
        Self::with_weights(builder, "head", inputs, outputs, |seed| {
            rule.head(seed, "head.weight", inputs, outputs)
        })
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
    epsilon: f32,
}

impl LayerNorm {
    /// PyTorch's default of ε.
    const EPSILON: f32 = 1e-5;

    /// Gain 1, shift 0, ε as PyTorch has it.
    pub fn new(builder: &mut Builder, name: &str, width: usize) -> Self {
        Self::with_epsilon(builder, name, width, Self::EPSILON)
    }

    /// Gain 1, shift 0.
    pub fn with_epsilon(builder: &mut Builder, name: &str, width: usize, epsilon: f32) -> Self {
        Self {
            epsilon,
            scale: builder.add(&format!("{name}.scale"), [1, width], false, |_| vec![1.0; width]),
            shift: builder.add(&format!("{name}.shift"), [1, width], false, |_| vec![0.0; width]),
        }
    }

    /// # Shapes
    /// - `x`, result: `[R, M, D]`
    pub fn forward(&self, parameters: &Parameters, x: Tensor<3>) -> Tensor<3> {
        kernels::layer_norm(x, parameters.get(self.scale), parameters.get(self.shift), self.epsilon)
    }
}
