//! The science of Kappa Lab: techniques, models, tasks, probes and training. No DOM.
//!
//! Without the feature `engine` this crate is small and free of Burn: the experiment as data ([`spec`]),
//! the catalog of papers ([`catalog`]), what the engine and its shells say to each other ([`protocol`]), and the
//! statistics ([`stats`]). With it come the layers, tasks, probes and training loop.

pub mod catalog;
pub mod probes;
pub mod protocol;
pub mod spec;
pub mod stats;
pub mod tasks;

#[cfg(feature = "engine")]
pub mod kernels;
#[cfg(feature = "engine")]
pub mod nn;
#[cfg(feature = "engine")]
pub mod random;
#[cfg(feature = "engine")]
pub mod techniques;
#[cfg(feature = "engine")]
pub mod train;
