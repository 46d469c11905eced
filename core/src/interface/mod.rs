//! What passes between tasks, networks and probes: what a network reads, what it should answer, what a network is to those
//! who train it, and what it shows to a probe. It stands below all of them, so that none needs to know another.

mod batch;
mod network;
pub mod watch;

pub use batch::{Batch, Input, PatchMap, Targets};
pub use network::Network;
pub use watch::{Seen, Watcher};
