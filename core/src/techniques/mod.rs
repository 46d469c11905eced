//! One file a technique: the papers' mathematics, each a small hook in a slot of [`crate::nn`].

pub mod activation;
pub mod conditioned_tokens;
pub mod graying;
pub mod initialization;
pub mod tokens;
pub mod weights;
