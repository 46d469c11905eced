//! Measurements inside a network: one file each. [`report`] is plain data; the rest needs the engine.

#[cfg(feature = "engine")]
pub mod curvature;
pub mod report;
#[cfg(feature = "engine")]
pub mod spectrum;
