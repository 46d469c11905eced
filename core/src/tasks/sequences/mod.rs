//! Sequences of symbols, drawn anew at every step: what tasks of them share. The next symbol is asked for where a rule decides
//! it, and nowhere else.

#[cfg(feature = "engine")]
mod engine;
#[cfg(all(test, feature = "engine"))]
mod tests;

#[cfg(feature = "engine")]
pub use engine::{Sequence, SequenceTask};

use super::drawn;
use crate::fields::Phrase::{Before, Count};
use crate::fields::{Problems, Row, integer};

/// Examples of a training split that never ends.
pub(super) const ENDLESS: u32 = u32::MAX;
/// Symbols of a sequence, at most.
const MAX_CONTEXT: u32 = 1024;
/// Symbols of a test split, at most.
const MAX_TESTED: u32 = 1 << 22;

/// The row of the alphabet V.
pub(super) const SYMBOLS: Row = integer("Symbols", 3, 256, Count("symbol", "symbols"))
    .or_help("V: symbols of an input are 1 to V − 1; separator and padding come on top.")
    .unit("symbols");

/// The row of the length n.
pub(super) const LENGTH: Row = integer("Length", 2, 256, Before("length "))
    .or_help("n: symbols of an input; operations of a stack, brackets of a string, cells of a row.")
    .unit("symbols")
    .step(2);

/// What a test split must be, of sequences that are padded to `context` symbols.
pub(super) fn rules(test: u32, context: u32, problems: &mut Problems<'_>) {
    drawn::rules(test, problems);
    let fits = test.saturating_mul(context) <= MAX_TESTED;
    let most = MAX_TESTED / context.max(1) / 8 * 8;
    let sentence = format!("must be at most {most} where a sequence has {context} symbols; it is {test}");
    problems.rule(fits, "test", sentence);
}

/// Says at `key` that sequences are too long.
pub(super) fn context_rules(key: &str, context: u32, problems: &mut Problems<'_>) {
    let sentence =
        format!("must be smaller: a sequence has at most {MAX_CONTEXT} symbols, and would have {context}");
    problems.rule(context <= MAX_CONTEXT, key, sentence);
}
