//! What the data say for a statement and against it, whichever test they are asked by.
//!
//! A test answers one-sided questions about the true difference δ: how likely data like these are if δ were not above
//! `x`, or not below it. From those:
//!
//! | says | for it | against it |
//! |---|---|---|
//! | `higher` by m | 2 · p(δ ≤ m) | 2 · p(δ ≥ m) |
//! | `lower` by m | 2 · p(δ ≥ −m) | 2 · p(δ ≤ −m) |
//! | `not_lower` by m | 2 · p(δ < −m) | 2 · p(δ ≥ −m) |
//! | `not_higher` by m | 2 · p(δ > m) | 2 · p(δ ≤ m) |
//! | `same` within m | max(p(δ ≤ −m), p(δ ≥ m)) | 2 · min(p(δ ≤ m), p(δ ≥ −m)) |
//!
//! The four inequalities are decided two-sided, as an interval of 95 % decides them. `same` is shown by two one-sided
//! tests (TOST: Schuirmann 1987, *Journal of Pharmacokinetics and Biopharmaceutics* 15; Wellek, *Testing Statistical
//! Hypotheses of Equivalence and Noninferiority*, section 3.2): both must be below 0.05, no factor of 2, which is to
//! say that the interval of **90 %** lies within the margins. Its error stays at most 5 %, since at most one of the
//! two can be wrong at a time. Against it speaks only what lies beyond a margin two-sided.

use super::{Says, Statement};

/// The level of every decision: the share of wrong verdicts where a claim is on the edge of being true.
pub const ALPHA: f64 = 0.05;

/// One-sided tests of a true difference.
pub(super) trait OneSided {
    /// How likely such data are if the difference is `x` or below; with `or_equal`, below `x`.
    fn above(&self, x: f64, or_equal: bool) -> f64;
    /// How likely such data are if the difference is `x` or above; with `or_equal`, above `x`.
    fn below(&self, x: f64, or_equal: bool) -> f64;
}

/// Two p-values: each decides where it is at most [`ALPHA`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Evidence {
    /// Small if the data speak for the statement.
    pub supports: f64,
    /// Small if they speak against it.
    pub contradicts: f64,
    /// Whether `supports` is of two one-sided tests.
    pub equivalence: bool,
}

impl Evidence {
    /// What `test` says of a statement whose margin is `margin` in the form in which values are compared.
    pub(super) fn of(statement: Statement, margin: f64, test: &impl OneSided) -> Self {
        let m = margin;
        let equivalence = statement.says() == Says::Same;
        let (supports, contradicts) = match statement.says() {
            Says::Higher => (2.0 * test.above(m, false), 2.0 * test.below(m, false)),
            Says::Lower => (2.0 * test.below(-m, false), 2.0 * test.above(-m, false)),
            Says::NotLower => (2.0 * test.above(-m, true), 2.0 * test.below(-m, false)),
            Says::NotHigher => (2.0 * test.below(m, true), 2.0 * test.above(m, false)),
            Says::Same => (
                test.above(-m, false).max(test.below(m, false)),
                2.0 * test.above(m, false).min(test.below(-m, false)),
            ),
        };
        Self { supports: supports.min(1.0), contradicts: contradicts.min(1.0), equivalence }
    }

    /// The one p-value of a row: that of the side on which the data lie.
    pub(super) fn p(&self) -> f64 {
        self.supports.min(self.contradicts)
    }

    /// Whether the interval of 90 % is the one that decides: "same", and the data lie within the margins.
    pub(super) fn within(&self) -> bool {
        self.equivalence && self.supports <= self.contradicts
    }
}

#[cfg(test)]
mod tests;
