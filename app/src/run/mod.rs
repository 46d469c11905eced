//! What is known of the run: the engine's events, folded into one value that the page draws from.
//!
//! [`log`] folds, [`curve`] keeps a curve in constant memory, [`clock`] measures. No DOM, no signals: all of it is
//! tested without a browser. [`crate::lab`] puts a signal in front of it.

pub mod clock;
pub mod curve;
pub mod log;
pub mod results;

pub use clock::Clock;
pub use curve::{Curve, Point};
pub use log::{Phase, RunLog, VariantLog};
