//! The experiment as data, and everything that reads, checks, changes or writes one. Free of Burn.
//!
//! [`experiment`] has the types. [`fields`] is the one table of their fields: ranges, labels, help. From that table
//! come the checks ([`check`]), the variants with their names ([`patch`], [`names`]), the files ([`toml`]) and the
//! links ([`link`]); the page's controls and the command line's `--set` read it too.
//!
//! A new field needs its line in [`experiment`] and its row in [`fields`], nothing else.

pub mod check;
pub mod experiment;
pub mod field;
pub mod fields;
pub mod link;
pub mod model;
pub mod names;
pub mod nearest;
pub mod patch;
pub mod problem;
mod rules;
pub mod size;
pub mod task;
pub mod toml;
pub mod tree;

#[cfg(test)]
pub(crate) mod samples;

pub use self::check::{MAX_SEEDS, MAX_VARIANTS};
pub use self::experiment::{
    Comparison, Experiment, Metric, Optimizer, Probes, Seeds, Training, VERSION, Variant,
};
pub use self::field::{Choice, Field, Kind};
pub use self::fields::{FIELDS, field};
pub use self::link::{from_link, to_link};
pub use self::model::*;
pub use self::names::Change;
pub use self::nearest::nearest;
pub use self::patch::set_path;
pub use self::problem::Problem;
pub use self::size::{LISTOPS_SYMBOLS, PICTURE_EDGE, Size};
pub use self::task::{ShapesMode, Task};
pub use self::toml::{from_toml, to_toml};
