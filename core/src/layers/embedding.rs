//! What makes tokens of patches and of symbols.

use burn::tensor::{Int, Tensor};

use super::linear::Linear;
use super::positions::{POSITIONS, positions as first_positions};
use crate::kernels;
use crate::parameters::{Builder, ParameterId, Parameters};
use crate::random::normal;

/// Patches of an image to tokens: a linear layer whose bias is the learned position of each patch, or the same for all.
#[derive(Clone, Copy, Debug)]
pub struct PatchEmbedding(Linear);

impl PatchEmbedding {
    /// Weights by the builder's rule; positions start normal with standard deviation `positions`, or as
    /// [`sine_positions`] of a square grid if that is 0.
    pub fn new(builder: &mut Builder, patch: usize, tokens: usize, width: usize, positions: f32) -> Self {
        let weight = Self::weight(builder, patch, width);
        let bias = builder
            .add(POSITIONS, [tokens, width], false, |seed| first_positions(seed, tokens, width, positions));
        Self(Linear { weight, bias })
    }

    /// Weights and the one bias by the builder's rule.
    pub fn without_positions(builder: &mut Builder, patch: usize, width: usize) -> Self {
        let weight = Self::weight(builder, patch, width);
        let rule = builder.start();
        let name = "embedding.patch.bias";
        let bias = builder.add(name, [1, width], false, |seed| rule.biases(seed, name, patch, width));
        Self(Linear { weight, bias })
    }

    fn weight(builder: &mut Builder, patch: usize, width: usize) -> ParameterId {
        let rule = builder.start();
        let name = "embedding.patch.weight";
        builder.add(name, [patch, width], true, |seed| rule.embedding(seed, name, patch, width))
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
    /// Both by the builder's rule, normal with standard deviation 0.02 by most; positions with `positions` unless that is 0.
    pub fn new(
        builder: &mut Builder,
        vocabulary: usize,
        tokens: usize,
        width: usize,
        positions: f32,
    ) -> Self {
        let rule = builder.start();
        let table = "embedding.token.weight";
        Self {
            table: builder
                .add(table, [vocabulary, width], true, |seed| rule.symbols(seed, table, vocabulary, width)),
            positions: builder.add(POSITIONS, [tokens, width], false, |seed| match positions {
                0.0 => rule.symbols(seed, POSITIONS, tokens, width),
                deviation => normal(seed, POSITIONS, tokens * width, f64::from(deviation)),
            }),
        }
    }

    /// One row a symbol, `[R, vocabulary, D]`.
    pub fn table(&self) -> ParameterId {
        self.table
    }

    /// # Shapes
    /// - `tokens`: `[R, B·N]`
    /// - returns `[R, B·N, D]`
    pub fn forward(&self, parameters: &Parameters, tokens: Tensor<2, Int>) -> Tensor<3> {
        kernels::embedding(tokens, parameters.get(self.table), parameters.get(self.positions))
    }
}
