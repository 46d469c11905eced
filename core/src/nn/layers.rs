//! Linear layer, layer norm and the embeddings, and how they start.

use burn::tensor::{Int, Tensor};

use super::parameters::{Builder, ParameterId, Parameters};
use crate::kernels;
use crate::random::Stream;

/// Xavier (Glorot) uniform: ±√(6 / (inputs + outputs)).
///
/// Drawn from the stream of the seed and `name`, so that equally named parameters of the same shape start equal.
pub fn xavier_uniform(seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
    let bound = libm::sqrt(6.0 / (inputs + outputs) as f64);
    let mut stream = Stream::new(seed, name);
    (0..inputs * outputs).map(|_| ((2.0 * stream.uniform() - 1.0) * bound) as f32).collect()
}

/// Normal with this standard deviation.
pub fn normal(seed: u64, name: &str, count: usize, deviation: f64) -> Vec<f32> {
    let mut stream = Stream::new(seed, name);
    (0..count).map(|_| (stream.normal() * deviation) as f32).collect()
}

/// `y = x W + b` (see [`kernels::linear`]).
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    /// `[R, inputs, outputs]`.
    pub weight: ParameterId,
    /// `[R, 1, outputs]`.
    pub bias: ParameterId,
}

impl Linear {
    /// Xavier uniform weights, zero biases.
    pub fn new(builder: &mut Builder, name: &str, inputs: usize, outputs: usize) -> Self {
        let path = format!("{name}.weight");
        Self::with_weights(builder, name, inputs, outputs, |seed| {
            xavier_uniform(seed, &path, inputs, outputs)
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
        Self {
            weight: builder.add(&format!("{name}.weight"), [inputs, outputs], true, weights),
            bias: builder.add(&format!("{name}.bias"), [1, outputs], false, |_| vec![0.0; outputs]),
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

/// Patches of an image to tokens: a linear layer whose bias is the learned position of each patch.
#[derive(Clone, Copy, Debug)]
pub struct PatchEmbedding(Linear);

impl PatchEmbedding {
    /// Xavier weights; positions start as [`sine_positions`] of a square grid.
    pub fn new(builder: &mut Builder, patch: usize, tokens: usize, width: usize) -> Self {
        let weight = builder.add("embedding.patch.weight", [patch, width], true, |seed| {
            xavier_uniform(seed, "embedding.patch.weight", patch, width)
        });
        let bias =
            builder.add("embedding.position", [tokens, width], false, |_| sine_positions(tokens, width));
        Self(Linear { weight, bias })
    }

    /// # Shapes
    /// - `patches`: `[R, B·N, F]`
    /// - returns `[R, B·N, D]`
    pub fn forward(&self, parameters: &Parameters, patches: Tensor<3>) -> Tensor<3> {
        self.0.forward(parameters, patches)
    }
}

/// Sines and cosines of row and column of a patch, with wavelengths up to 30 patches, amplitude 1.
///
/// Learned positions that start near 0 keep a small ViT on a plateau for hundreds of steps (measured in advance);
/// these do not. A quarter of the channels each: sine and cosine of the row, sine and cosine of the column.
pub fn sine_positions(tokens: usize, width: usize) -> Vec<f32> {
    let edge = libm::sqrt(tokens as f64).ceil() as usize;
    let quarter = width.div_ceil(4);
    let at = |token: usize, channel: usize| {
        let frequency = libm::pow(30.0, -((channel % quarter) as f64) / quarter as f64);
        let place = if channel / quarter < 2 { token / edge } else { token % edge } as f64;
        if (channel / quarter).is_multiple_of(2) {
            libm::sin(place * frequency)
        } else {
            libm::cos(place * frequency)
        }
    };
    (0..tokens * width).map(|i| at(i / width, i % width) as f32).collect()
}

/// Characters to tokens, with learned positions.
#[derive(Clone, Copy, Debug)]
pub struct TokenEmbedding {
    table: ParameterId,
    positions: ParameterId,
}

impl TokenEmbedding {
    /// Both normal with standard deviation 0.02, as in GPT-2.
    pub fn new(builder: &mut Builder, vocabulary: usize, tokens: usize, width: usize) -> Self {
        let mut add = |name: &str, rows: usize, decay| {
            builder.add(name, [rows, width], decay, |seed| normal(seed, name, rows * width, 0.02))
        };
        Self {
            table: add("embedding.token.weight", vocabulary, true),
            positions: add("embedding.position", tokens, false),
        }
    }

    /// # Shapes
    /// - `tokens`: `[R, B·N]`
    /// - returns `[R, B·N, D]`
    pub fn forward(&self, parameters: &Parameters, tokens: Tensor<2, Int>) -> Tensor<3> {
        kernels::embedding(tokens, parameters.get(self.table), parameters.get(self.positions))
    }
}
