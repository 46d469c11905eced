//! Layers with a replica axis, of which networks are made.
//!
//! A layer owns no tensors: it knows where its parameters lie in one long row for each replica
//! (`crate::parameters`), and is given them at every forward pass.

#[cfg(feature = "engine")]
mod embedding;
#[cfg(feature = "engine")]
mod linear;
mod normalization;
#[cfg(feature = "engine")]
mod positions;

#[cfg(feature = "engine")]
pub use embedding::{PatchEmbedding, TokenEmbedding};
#[cfg(feature = "engine")]
pub use linear::{LayerNorm, Linear};
pub use normalization::Norm;
#[cfg(feature = "engine")]
pub use normalization::Normalization;
#[cfg(feature = "engine")]
pub use positions::{positions, sine_positions};
