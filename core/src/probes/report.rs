//! What a probe reports: plain numbers, no Burn.

use serde::{Deserialize, Serialize};

/// One measurement of all that an experiment asked for, at one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// Spectra of matrices, in the order of the network.
    pub spectra: Vec<Spectrum>,
    /// Attention maps.
    pub attention: Vec<AttentionMap>,
    /// Milliseconds that measuring took.
    pub milliseconds: f32,
}

/// Singular values of one matrix of one replica.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spectrum {
    /// Name of the matrix, for example `blocks.0.attention.query.weight`.
    pub name: String,
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
