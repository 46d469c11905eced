//! Layers with a replica axis, and the models made from them.
//!
//! A layer owns no tensors: it knows where its parameters lie in one long row for each replica
//! ([`parameters`]), and is given them at every forward pass. Baseline and variant run the same layers; only what
//! fills a slot differs, and what fills it is in [`crate::techniques`].

pub mod attention;
pub mod block;
pub mod conv_mixer;
pub mod coordinate;
pub mod layers;
pub mod mixer;
pub mod network;
pub mod normalization;
pub mod parameters;
pub mod transformer;
pub mod watch;

#[cfg(test)]
mod tests;
