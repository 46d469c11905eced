//! What a probe reports: plain numbers, no Burn.

use serde::{Deserialize, Serialize};

use crate::plain::{read_by_serde, table};

read_by_serde!(Quantity);
table!(ProbeReport { spectra, attention, curvatures, milliseconds });
table!(Curvature { replica, largest, smallest, steps });
table!(AttentionMap { block, head, replica, tokens, weights });
table!(Spectrum {
    quantity,
    name,
    head,
    samples,
    replica,
    singular_values,
    condition_number,
    stable_rank,
    frobenius_norm,
    numerical_rank
});

/// One measurement of all that an experiment asked for, at one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// Spectra of matrices, in the order of the network.
    pub spectra: Vec<Spectrum>,
    /// Attention maps.
    pub attention: Vec<AttentionMap>,
    /// Extreme curvatures of the loss, one a replica.
    pub curvatures: Vec<Curvature>,
    /// Milliseconds that measuring took.
    pub milliseconds: f32,
}

/// What a matrix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// A weight matrix, as the network uses it.
    Weight,
    /// The last update of a weight matrix.
    Update,
    /// A weight matrix, minus itself before the first step; not there before it, nor where it never changes.
    Change,
    /// The embedded tokens of an example, before the slot of tokens does anything to them.
    Embedded,
    /// The tokens of an example that enter a block.
    Tokens,
    /// QKᵀ of a head, before what turns scores into weights.
    Scores,
    /// The attention matrix of a head.
    Attention,
    /// The heads of a block side by side, before the output matrix.
    Heads,
    /// What the attention puts out, without its skip.
    AttentionOutput,
    /// The same with its skip.
    AfterAttention,
    /// What the MLP puts out, without its skip.
    MlpOutput,
    /// The same with its skip.
    AfterMlp,
    /// The derivative of the attention's output by the tokens that enter it.
    Jacobian,
    /// The same with the skip: plus the identity.
    JacobianWithSkip,
}

impl Quantity {
    /// Whether it is of a weight matrix, whose name it then has, and not of what flows through the network.
    pub fn is_of_weights(self) -> bool {
        matches!(self, Self::Weight | Self::Update | Self::Change)
    }
}

/// Singular values of one matrix of one replica, or of the same matrix of several examples: geometric means then,
/// and the median of the condition numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spectrum {
    /// What the matrix is.
    pub quantity: Quantity,
    /// Its name, for example `blocks.0.attention.query.weight`, or its place, `blocks.0`.
    pub name: String,
    /// Head, where heads are told apart.
    pub head: Option<usize>,
    /// Examples that were averaged.
    pub samples: usize,
    /// Replica.
    pub replica: usize,
    /// Largest first.
    pub singular_values: Vec<f32>,
    /// σ₁ / σ_k; infinite when σ_k is zero to rounding.
    pub condition_number: f64,
    /// ‖A‖_F² / σ₁².
    pub stable_rank: f64,
    /// ‖A‖_F.
    pub frobenius_norm: f64,
    /// Number of singular values above rounding.
    pub numerical_rank: usize,
}

/// Extreme eigenvalues of the Hessian of one replica's training loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curvature {
    /// Replica.
    pub replica: usize,
    /// Largest Ritz value.
    pub largest: f64,
    /// Smallest Ritz value; negative where the loss curves down.
    pub smallest: f64,
    /// Lanczos steps.
    pub steps: usize,
}

/// Attention weights of one head for one example.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttentionMap {
    /// Block, from 0.
    pub block: usize,
    /// Head, from 0.
    pub head: usize,
    /// Replica.
    pub replica: usize,
    /// Number of tokens N.
    pub tokens: usize,
    /// N × N, row by row: weight of token j for token i.
    pub weights: Vec<f32>,
}
