//! What is known of the run: the engine's events, folded into one value that the page draws from.
//!
//! [`log`] folds, [`curve`] keeps a curve and [`probes`] the measurements in bounded memory, [`clock`] measures time;
//! [`results`], [`conditioning`] and [`scatter`] are what panels draw of it, [`recorded`] makes it from a file. No DOM, no
//! signals: all of it is tested without a browser. [`crate::lab`] puts a signal in front of it.

pub mod clock;
pub mod conditioning;
pub mod curve;
pub mod log;
pub mod offsets;
pub mod probes;
pub mod recorded;
pub mod results;
pub mod scatter;

pub use kappa_core::probes::summary::Geometric;

pub use clock::Clock;
pub use curve::{Curve, Point};
pub use log::{Phase, RunLog, SourceLog, VariantLog};
pub use probes::History;
