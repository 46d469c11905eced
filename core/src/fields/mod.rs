//! The machinery of fields: how a room says which numbers and choices it has, and how they are found, read, written and
//! checked. It knows no field by name.
//!
//! A room declares, with one macro each,
//! - [`fields!`]: a struct whose members are fields, each with its default, its range and its words;
//! - [`choice!`]: an enum of names that bring nothing else;
//! - [`slot!`]: an enum of rooms, one line each, of which one is chosen and brings its own fields.
//!
//! The doc comment of a field or a name is its help in the page. What the macros make is a [`Node`] of the tree of an
//! experiment; [`Table`] collects the rows of all of it. A [`Room`] must say what it is called, and whatever else its slot
//! asks for: the compiler does not let it forget.

mod declare;
mod field;
mod nearest;
pub(crate) mod node;
mod problem;
pub(crate) mod room;
mod table;

pub(crate) use declare::{choice, fields, slot};
pub use field::{
    Choice, Field, Kind, Owner, Phrase, Row, decimal, flag, float, group, integer, line, list, logarithmic,
    named, shortest, written,
};
pub use nearest::{nearest, suggestion};
pub use node::Node;
pub(crate) use node::{has_pieces, leaf};
pub use problem::{Problem, quote};
pub use room::{Named, Problems, Room};
pub use table::Table;

#[cfg(test)]
mod tests;
