//! Training: the recipe, one variant's run, the session of all variants, checkpoints and devices.
//!
//! Knows no technique by name. One asynchronous loop serves the page and the command line: a shell calls
//! [`Session::advance`] again and again and handles the events that come back.

pub mod checkpoint;
mod curvature;
pub mod device;
mod loss;
mod measure;
mod probe;
mod run;
mod schedule;
mod session;

pub use device::Engine;
#[cfg(test)]
pub(crate) use session::share_data;
pub use session::{LARGEST_ADVANCE, Session, Wish};

#[cfg(test)]
mod tests;
