//! The network as data: its architecture, its sizes, and what fills its slots.

use serde::{Deserialize, Serialize};

/// The network, and what fills its slots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Model {
    /// Which kind of network.
    pub architecture: Architecture,
    /// Number of blocks L (hidden layers of a coordinate network).
    pub depth: u32,
    /// Token width D.
    pub width: u32,
    /// Attention heads h of a block.
    pub heads: u32,
    /// Width d of one head; 0 means `width / heads`, which must then be whole.
    pub head_width: u32,
    /// The attention half of a block.
    pub attention: Attention,
    /// The MLP half of a block.
    pub mlp: Mlp,
    /// What is done to the tokens before the first block.
    pub tokens: Tokens,
    /// What the weights start from.
    pub initialization: Initialization,
    /// Standard deviation of a transformer's first position embeddings; 0 means sines and cosines of row and column for
    /// images, and 0.02 for symbols.
    pub positions: f32,
    /// How a weight matrix is made from its trained numbers.
    pub weights: Weights,
    /// Rows of the first weights are scaled by 10^u with u uniform in ±this; 0 leaves them.
    pub row_spread: f32,
}

/// Which kind of network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Architecture {
    /// A pre-norm transformer; encoder for images and lists, causal decoder for text (the task decides).
    #[default]
    Transformer,
    /// MLP-Mixer (arXiv 2105.01601): tokens are mixed by an MLP in place of attention.
    Mixer {
        /// Hidden width of the MLP over tokens.
        #[serde(default = "sixty_four")]
        hidden: u32,
    },
    /// ConvMixer (arXiv 2201.09792): one small filter a channel mixes the tokens, a linear layer the channels.
    ConvMixer {
        /// Edge f of the filters; odd.
        #[serde(default = "three")]
        kernel: u32,
        /// What the filters are.
        #[serde(default)]
        filters: Filters,
        /// What stands after each half of a block.
        #[serde(default = "batch_norm")]
        norm: Norm,
    },
    /// An MLP from a place to a value: coordinate network.
    Coordinate {
        /// Between its layers.
        #[serde(default)]
        activation: CoordinateActivation,
        /// Octaves of sines and cosines that a coordinate becomes; 0 leaves it as it is.
        #[serde(default)]
        frequencies: u32,
        /// After each hidden layer's linear part.
        #[serde(default)]
        norm: Norm,
    },
}

/// The spatial filters of a ConvMixer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filters {
    /// Learned, from random numbers.
    #[default]
    Trained,
    /// Random and frozen.
    Random,
    /// One 1 at a random place of each filter, frozen.
    Impulse,
    /// All equal and frozen: they span one dimension only.
    Box,
}

/// A normalization layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// None.
    #[default]
    None,
    /// Over the channels of each token.
    Layer,
    /// Over the batch (and all tokens) of each channel; the statistics of the batch at hand, also on the test split.
    Batch,
}

fn batch_norm() -> Norm {
    Norm::Batch
}

/// Between the layers of a coordinate network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoordinateActivation {
    /// max(0, x).
    #[default]
    Relu,
    /// exp(−x² / 2σ²) with σ = 0.2.
    Gaussian,
    /// sin(30 x), with SIREN's first weights.
    Sine,
}

/// What is done to the tokens of an example before the first block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Tokens {
    /// Nothing.
    #[default]
    Plain,
    /// `X + s σ₁ U Vᵀ` (Conditioned Embedded Tokens, arXiv 2505.12789): every singular value grows by sσ₁.
    Conditioned {
        /// s; 1 is the paper's, and gives κ ≤ 2.
        #[serde(default = "one")]
        strength: f32,
        /// Newton-Schulz iterations towards UVᵀ; 0 goes on until it is exact.
        #[serde(default = "nine")]
        iterations: u32,
    },
    /// Singular values or frequencies to the power ε (Token Graying: Always Skip Attention, arXiv 2505.01996).
    Graying {
        /// Where the exponent is applied.
        #[serde(default)]
        transform: Transform,
        /// ε from 0 (all equal) to 1 (nothing).
        #[serde(default = "graying_exponent")]
        exponent: f32,
        /// To which tokens.
        #[serde(default)]
        place: Place,
    },
}

fn one() -> f32 {
    1.0
}
fn nine() -> u32 {
    9
}
fn graying_exponent() -> f32 {
    0.95
}

/// Where token graying applies its exponent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transform {
    /// To the coefficients of the discrete cosine transform, on the device.
    #[default]
    Dct,
    /// To the singular values, on the CPU, once for every image.
    Svd,
}

/// Which tokens token graying changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The patches, before they are embedded: the paper's.
    #[default]
    Patches,
    /// The embedded tokens.
    Embedding,
}

/// What the weights start from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Initialization {
    /// Uniform ±√(6 / (inputs + outputs)) (Glorot and Bengio).
    #[default]
    Xavier,
    /// Uniform ±1/√inputs, biases too: the default of PyTorch's linear layer.
    Pytorch,
    /// Uniform ±√(6 / inputs) (He et al.).
    Kaiming,
    /// Normal, cut at two standard deviations.
    TruncatedNormal {
        /// Standard deviation.
        #[serde(default = "truncated_deviation")]
        deviation: f32,
    },
    /// Mimetic (arXiv 2305.09828): W_Q W_Kᵀ near the identity, W_V W_O near its negative.
    Mimetic,
    /// Structured (arXiv 2505.19985): each head's attention map starts as an impulse filter.
    Impulse {
        /// What the map imitates.
        #[serde(default)]
        target: ImpulseTarget,
        /// Edge f of the filters: 3 or 5.
        #[serde(default = "three")]
        kernel: u32,
        /// Share of its attention that a token starts with on its target.
        #[serde(default = "impulse_mass")]
        mass: f32,
        /// Rank of the pseudo-inverse of the positions; 0 means 3/8 of the tokens.
        #[serde(default)]
        rank: u32,
        /// What values and output start from.
        #[serde(default)]
        values: ImpulseValues,
    },
}

fn truncated_deviation() -> f32 {
    0.02
}
fn impulse_mass() -> f32 {
    0.7
}

/// What an attention map imitates at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImpulseTarget {
    /// A shift by one or two places: the paper's.
    #[default]
    Shift,
    /// A random permutation of the tokens: as sharp, without structure (a control).
    Scrambled,
}

/// Rows and columns that a head looks away where 3×3 filters are imitated, in the order of the paper's released code:
/// centre, up, right, left, down, corners.
pub const IMPULSE_ORDER: [(i32, i32); 9] =
    [(0, 0), (-1, 0), (0, 1), (0, -1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)];

/// What values and output start from beside structured queries and keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImpulseValues {
    /// The mimetic rule, as in the released code.
    #[default]
    Mimetic,
    /// Xavier.
    Xavier,
}

/// How a weight matrix is made from its trained numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Weights {
    /// They are the matrix.
    #[default]
    Plain,
    /// Rows, columns or both divided by their norms (Weight Conditioning, arXiv 2409.03424).
    Equilibrated {
        /// Which norms; a row holds the weights of one output.
        #[serde(default)]
        axis: Axis,
        /// The norms afterwards.
        #[serde(default)]
        scale: RowScale,
        /// At every step, or at the start only.
        #[serde(default)]
        when: When,
        /// Whether the gradient knows of the division.
        #[serde(default)]
        gradient: NormGradient,
    },
    /// Weight normalization (arXiv 1602.07868): direction and length of each row apart.
    Normalized,
    /// Weight standardization (arXiv 1903.10520): each row with mean 0 and variance 1 / inputs.
    Standardized,
    /// Spectral normalization (arXiv 1802.05957): divided by the largest singular value.
    SpectralNorm,
    /// Query, key and value plus λ times the identity (Spectral Conditioning of Attention, arXiv 2603.07162).
    Spectral {
        /// λ; the paper's is 10.
        #[serde(default = "spectral_shift")]
        shift: f32,
    },
}

fn spectral_shift() -> f32 {
    10.0
}

/// Which norms equilibration makes equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    /// Of the weights of one output.
    #[default]
    Row,
    /// Of the weights of one input.
    Column,
    /// Of the outputs, then of the inputs.
    Both,
}

/// The norms after equilibration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowScale {
    /// 1: the paper's.
    #[default]
    Unit,
    /// The root mean square of the first norms (a control: the same scale as without).
    Initial,
}

/// When equilibration happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// At every step.
    #[default]
    Always,
    /// Once, at the start (a control).
    Start,
}

/// Whether the gradient flows through the norms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormGradient {
    /// It does.
    #[default]
    Through,
    /// The norms count as constants.
    Stopped,
}

/// The attention half of a block, with its slots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attention {
    /// Whether the block's input is added to the attention's output.
    pub skip: bool,
    /// What turns scores into weights.
    pub activation: Activation,
}

/// What turns attention scores into attention weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Activation {
    /// The usual row-wise softmax.
    Softmax,
    /// `scale · x^power`, element by element (Rethinking Softmax, arXiv 2410.18613).
    Polynomial {
        /// The power p.
        #[serde(default = "three")]
        power: u32,
        /// The factor before the power; 0 means `1/√N` for N tokens.
        #[serde(default)]
        scale: f32,
    },
}

/// The MLP half of a block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mlp {
    /// Hidden width.
    pub width: u32,
    /// Whether the block's input is added to the MLP's output.
    pub skip: bool,
}

impl Default for Model {
    /// The benchmark model.
    fn default() -> Self {
        Self {
            architecture: Architecture::Transformer,
            depth: 4,
            width: 64,
            heads: 4,
            head_width: 0,
            attention: Attention::default(),
            mlp: Mlp::default(),
            tokens: Tokens::Plain,
            initialization: Initialization::Xavier,
            positions: 0.0,
            weights: Weights::Plain,
            row_spread: 0.0,
        }
    }
}

impl Default for Attention {
    fn default() -> Self {
        Self { skip: true, activation: Activation::Softmax }
    }
}

impl Default for Mlp {
    fn default() -> Self {
        Self { width: 256, skip: true }
    }
}

fn three() -> u32 {
    3
}
fn sixty_four() -> u32 {
    64
}
