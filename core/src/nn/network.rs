//! The network of an experiment, whichever its architecture: what training, evaluation and probes see of it.

use burn::tensor::{Int, Tensor};

use super::conv_mixer::ConvMixer;
use super::coordinate::Coordinate;
use super::mixer::Mixer;
use super::parameters::{Builder, Parameters};
use super::transformer::Transformer;
use crate::probes::report::Quantity;
use crate::spec::{Architecture, Model, Probes};

/// What a network reads.
#[derive(Clone)]
pub enum Input {
    /// `[R, B·N, F]`: patches of images.
    Patches(Tensor<3>),
    /// `[R, B·N]`: characters or symbols.
    Tokens(Tensor<2, Int>),
    /// `[R, M, 2]`: places in a picture, each coordinate from −1 to 1.
    Places(Tensor<3>),
}

/// The shape of a task, as far as a network must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Images: one class each.
    Patches {
        /// N, a square number: patches go row by row.
        tokens: usize,
        /// Numbers F of one patch.
        features: usize,
        /// Classes.
        classes: usize,
    },
    /// Text: the next character at every place.
    Characters {
        /// N.
        tokens: usize,
        /// Different characters V.
        vocabulary: usize,
    },
    /// Lists of symbols: one class each.
    Symbols {
        /// N.
        tokens: usize,
        /// Different symbols V.
        vocabulary: usize,
        /// Classes.
        classes: usize,
    },
    /// Places: values at each.
    Places {
        /// Values of a place.
        outputs: usize,
    },
}

impl Reading {
    /// N; 1 where places are read.
    pub fn tokens(&self) -> usize {
        match *self {
            Reading::Patches { tokens, .. }
            | Reading::Characters { tokens, .. }
            | Reading::Symbols { tokens, .. } => tokens,
            Reading::Places { .. } => 1,
        }
    }
}

/// A network of every replica.
#[derive(Clone, Debug)]
pub enum Network {
    /// Encoder or causal decoder.
    Transformer(Transformer),
    /// Tokens mixed by an MLP.
    Mixer(Mixer),
    /// Tokens mixed by a filter a channel.
    ConvMixer(ConvMixer),
    /// An MLP from a place to the values there.
    Coordinate(Coordinate),
}

/// Matrices that a probe sees on their way through a network.
pub struct Seen {
    /// What they are.
    pub quantity: Quantity,
    /// Where, for example `blocks.2`.
    pub place: String,
    /// `[R, S·H, rows, columns]`: of every replica, example and head.
    pub matrices: Tensor<4>,
    /// H; 1 where heads are not told apart.
    pub heads: usize,
    /// The largest rank that such a matrix can have: singular values after that many are zero by construction.
    pub rank: usize,
}

impl Network {
    /// The network that the model asks for, its parameters drawn for every seed of the builder.
    pub fn new(builder: &mut Builder, model: &Model, reading: Reading) -> Self {
        builder.initialize_by(model.initialization.clone());
        match model.architecture {
            Architecture::Transformer => Self::Transformer(Transformer::new(builder, model, reading)),
            Architecture::Mixer { hidden } => {
                Self::Mixer(Mixer::new(builder, model, hidden as usize, reading))
            }
            Architecture::ConvMixer { kernel, filters, norm } => {
                Self::ConvMixer(ConvMixer::new(builder, model, (kernel as usize, filters, norm), reading))
            }
            Architecture::Coordinate { .. } => Self::Coordinate(Coordinate::new(builder, model, reading)),
        }
    }

    /// # Shapes
    /// - returns `[R, B, classes]` for images and lists, `[R, B·N, V]` for text, `[R, M, O]` for places
    pub fn forward(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
        match self {
            Self::Transformer(network) => network.forward(parameters, input),
            Self::Mixer(network) => network.forward(parameters, input),
            Self::ConvMixer(network) => network.forward(parameters, input),
            Self::Coordinate(network) => network.forward(parameters, input),
        }
    }

    /// Attention weights of every block; none where there is no attention.
    ///
    /// # Shapes
    /// - returns one `[R, B·H, N, N]` a block
    pub fn attention_weights(&self, parameters: &Parameters, input: Input) -> Vec<Tensor<4>> {
        match self {
            Self::Transformer(network) => network.attention_weights(parameters, input),
            Self::Mixer(_) | Self::ConvMixer(_) | Self::Coordinate(_) => Vec::new(),
        }
    }

    /// The matrices that the probes ask for, of every replica and of as many examples as there is time for.
    pub fn watch(&self, parameters: &Parameters, input: Input, probes: &Probes) -> Vec<Seen> {
        match self {
            Self::Transformer(network) => network.watch(parameters, input, probes),
            Self::Mixer(network) => network.watch(parameters, input, probes),
            Self::ConvMixer(network) => network.watch(parameters, input, probes),
            // Its matrices are weights, which are probed as such.
            Self::Coordinate(_) => Vec::new(),
        }
    }
}
