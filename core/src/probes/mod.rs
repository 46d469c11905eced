//! Measurements inside a network: one file each. [`report`] and [`summary`] are plain data; the rest needs the engine.

#[cfg(feature = "engine")]
pub mod curvature;
pub mod report;
#[cfg(feature = "engine")]
pub mod seen;
#[cfg(feature = "engine")]
pub mod spectrum;
pub mod summary;
