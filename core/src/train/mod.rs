//! Training: the recipe, one variant's run, the session of all variants, checkpoints and devices.
//!
//! Knows no technique by name. One asynchronous loop serves the page and the command line: a shell calls
//! [`Session::advance`] again and again and handles the events that come back.

pub mod checkpoint;
mod comparison;
mod curvature;
mod data;
pub mod device;
mod encode;
pub mod exchange;
mod kept;
mod lanes;
mod loss;
mod measure;
mod origins;
mod preparing;
pub mod pretrained;
mod probe;
mod quantized;
mod run;
mod schedule;
mod session;
mod tuning;

#[cfg(test)]
pub(crate) use data::share_data;
pub use device::Engine;
pub use encode::encode;
pub use kept::{Kept, LIMITS as KEPT_LIMITS, Provenance};
pub use lanes::{LARGEST_ADVANCE, Wish};
pub use run::trained_numbers;
pub use session::Session;

#[cfg(test)]
mod mutated;
#[cfg(test)]
mod tests;
