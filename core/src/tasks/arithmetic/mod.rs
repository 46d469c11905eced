//! Equations digit by digit: what tasks of arithmetic share.

#[cfg(feature = "engine")]
mod engine;

#[cfg(feature = "engine")]
pub use engine::{Form, PADDING, equation, number};

use crate::fields::Phrase::Count;
use crate::fields::{Row, flag, integer};

/// Different symbols V.
pub(super) const VOCABULARY: usize = 31;

/// The row of the digits of a number.
pub(super) const DIGITS: Row = integer("Digits", 1, 16, Count("digit", "digits"))
    .or_help("Digits of each of the two numbers, the first of which is not 0.")
    .unit("digits");

/// The row of whether all of an answer is asked for.
pub(super) const WHOLE: Row = flag("First digit asked", "first digit asked").or_help(
    "Whether the first digit of the answer is asked for, too; the paper leaves it out of loss and accuracy.",
);
