//! The science of Kappa Lab: techniques, networks, tasks, probes and training. No DOM.
//!
//! Without the feature `engine` this crate is small and free of Burn: what the rooms of [`techniques`], [`networks`] and
//! [`tasks`] say of themselves, the experiment as data ([`spec`]), the catalog of papers ([`catalog`]), what the engine and
//! its shells say to each other ([`protocol`]), and the statistics ([`stats`]). With it come the tensors.

pub mod catalog;
pub mod fields;
pub mod layers;
pub mod networks;
pub mod plain;
pub mod probes;
pub mod protocol;
pub mod quantization;
pub mod spec;
pub mod stats;
pub mod surroundings;
pub mod tasks;
pub mod techniques;

#[cfg(feature = "engine")]
pub mod interface;
#[cfg(feature = "engine")]
pub mod kernels;
#[cfg(feature = "engine")]
pub mod parameters;
#[cfg(feature = "engine")]
pub mod random;
#[cfg(feature = "engine")]
pub mod tensors;
#[cfg(feature = "engine")]
pub mod train;
