//! What the numbers of a layer start from, as far as a layer must know it: a rule, whichever it is.

use crate::random::{normal, xavier_uniform};

/// A rule for first values. All draws are from named streams, on the CPU, so that the first weights of a seed are the
/// same in the browser and natively; equally named parameters of one shape start equal.
pub trait Start {
    /// First weights of a linear layer; `name` is that of the parameter.
    ///
    /// # Shapes
    /// - returns `[inputs, outputs]`
    fn weights(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32>;

    /// First biases of a linear layer, zeros unless the rule says otherwise; `name` is that of the parameter.
    ///
    /// # Shapes
    /// - returns `[1, outputs]`
    fn biases(&self, _seed: u64, _name: &str, _inputs: usize, outputs: usize) -> Vec<f32> {
        vec![0.0; outputs]
    }

    /// First weights of the layer that patches of an image are embedded by.
    ///
    /// # Shapes
    /// - returns `[features, width]`
    fn embedding(&self, seed: u64, name: &str, features: usize, width: usize) -> Vec<f32> {
        self.weights(seed, name, features, width)
    }

    /// First numbers of a table of symbols, and of their positions unless those have a deviation of their own: normal with
    /// GPT-2's deviation 0.02.
    ///
    /// # Shapes
    /// - returns `[rows, width]`
    fn symbols(&self, seed: u64, name: &str, rows: usize, width: usize) -> Vec<f32> {
        normal(seed, name, rows * width, 0.02)
    }

    /// First weights of a linear layer whose output a block adds to what it read, where the network has `depth` blocks.
    ///
    /// # Shapes
    /// - returns `[inputs, outputs]`
    fn residual(&self, seed: u64, name: &str, [inputs, outputs]: [usize; 2], _depth: usize) -> Vec<f32> {
        self.weights(seed, name, inputs, outputs)
    }

    /// First weights of the head, zeros unless the rule says otherwise, so that all variants start from the same loss.
    ///
    /// # Shapes
    /// - returns `[inputs, outputs]`
    fn head(&self, _seed: u64, _name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
        vec![0.0; inputs * outputs]
    }

    /// First weights of the attention layer `name`.
    fn attention(&self, seed: u64, name: &str, shape: &AttentionShape) -> AttentionStart {
        let (width, inner) = (shape.width, shape.inner());
        AttentionStart {
            projections: PROJECTIONS
                .map(|part| self.weights(seed, &format!("{name}.{part}.weight"), width, inner)),
            biases: PROJECTIONS.map(|part| self.biases(seed, &format!("{name}.{part}.bias"), width, inner)),
            output: self.residual(seed, &format!("{name}.output.weight"), [inner, width], shape.depth),
            output_bias: self.biases(seed, &format!("{name}.output.bias"), inner, width),
        }
    }

    /// First weights of the MLP over tokens `name` of a block, `[tokens, hidden]` and `[hidden, tokens]`; `None` where they
    /// are linear layers like all others.
    fn mixing(&self, _seed: u64, _name: &str, _block: usize, _sizes: [usize; 2]) -> Option<[Vec<f32>; 2]> {
        None
    }
}

/// What an attention layer is, as far as its first weights depend on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttentionShape {
    /// Token width D.
    pub width: usize,
    /// Heads h.
    pub heads: usize,
    /// Width d of one head.
    pub head_width: usize,
    /// Tokens N.
    pub tokens: usize,
    /// Deviation of the first positions; 0 for sines and cosines.
    pub positions: f32,
    /// Blocks L of the network.
    pub depth: usize,
}

impl AttentionShape {
    /// Width of all heads together, h·d.
    pub fn inner(&self) -> usize {
        self.heads * self.head_width
    }
}

/// First weights of an attention layer.
#[derive(Clone, Debug, PartialEq)]
pub struct AttentionStart {
    /// Query, key and value, each `[D, h·d]`.
    pub projections: [Vec<f32>; 3],
    /// Their biases, each `[1, h·d]`.
    pub biases: [Vec<f32>; 3],
    /// `[h·d, D]`.
    pub output: Vec<f32>,
    /// `[1, D]`.
    pub output_bias: Vec<f32>,
}

impl AttentionStart {
    /// With biases of 0.
    pub fn unbiased(projections: [Vec<f32>; 3], output: Vec<f32>, shape: &AttentionShape) -> Self {
        let biases = std::array::from_fn(|_| vec![0.0; shape.inner()]);
        Self { projections, biases, output, output_bias: vec![0.0; shape.width] }
    }
}

/// Names of [`AttentionStart::projections`].
pub const PROJECTIONS: [&str; 3] = ["query", "key", "value"];

/// The rule of a builder that was told no other: Xavier uniform weights, biases 0.
pub(super) struct Xavier;

impl Start for Xavier {
    fn weights(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
        xavier_uniform(seed, name, inputs, outputs)
    }
}
