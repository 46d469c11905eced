//! The experiment as data, and everything that reads, checks, changes or writes one. It knows no task, network or technique
//! by name: their rooms declare what they have.
//!
//! [`experiment`] has the tree. [`table`] is the one table of its fields: ranges, labels, help. From that table come the
//! checks ([`check`]), the variants with their names ([`patch`], [`names`]) and the files ([`toml`]); the page's controls,
//! the command line's `--set` and the links ([`crate::catalog::link`]) read it too.

pub mod asked;
pub mod check;
pub mod claims;
pub mod digest;
pub mod experiment;
pub mod names;
pub mod parts;
pub mod patch;
pub mod rounding;
pub mod size;
pub mod sources;
pub mod table;
pub mod toml;
pub mod tree;
pub mod tuning;
pub(crate) mod version1;

#[cfg(test)]
pub(crate) mod samples;

pub use self::asked::{Asked, Measured, Probed};
pub use self::check::MAX_VARIANTS;
pub use self::claims::{Claim, JudgedClaim, MAX_CLAIMS};
pub use self::experiment::{
    Comparison, Experiment, MAX_SEEDS, Optimizer, Seeds, Training, Tuning, VERSION, Variant,
};
pub use self::names::Change;
pub use self::patch::set_path;
pub use self::rounding::Rounded;
pub use self::size::Size;
pub use self::sources::{Needed, Source, of_source};
pub use self::table::{FIELDS, field};
pub use self::toml::{from_toml, to_toml};
pub use self::tuning::{Tried, shown};

// What one needs to speak of an experiment.
pub use crate::fields::{Choice, Field, Kind, Problem, nearest};
pub use crate::stats::Metric;
