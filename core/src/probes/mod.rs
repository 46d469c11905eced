//! Measurements inside a network: one file each. [`report`], [`summary`] and what can be asked for are plain data; the rest
//! needs the engine.

mod asked;
#[cfg(feature = "engine")]
pub mod curvature;
pub mod report;
#[cfg(feature = "engine")]
pub mod seen;
#[cfg(feature = "engine")]
pub mod spectrum;
pub mod summary;

pub use asked::{MAX_JACOBIAN, MAX_SCORES, Probes};
