//! Measurements inside a network: one file each. [`report`] and [`summary`] are plain data; the rest needs the engine.

pub mod report;
#[cfg(feature = "engine")]
pub mod seen;
#[cfg(feature = "engine")]
pub mod spectrum;
pub mod summary;
