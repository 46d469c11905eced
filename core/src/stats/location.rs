//! Where the true difference lies: an interval whose two ends may come from two tests, because failures lie on one
//! side.
//!
//! Each end answers by itself: by **Student's** test of the mean,
//!
//! ```text
//! p(x) = P(T > (d̄ − x) / (s / √n)),  n − 1 degrees of freedom,  s at least the floor of the measure
//! ```
//!
//! or by the **exact sign test** of the median ([`super::sign`]), with each failure as an infinite difference on its
//! side.
//!
//! Which of the two, for the lower end (the upper one is its mirror image):
//!
//! 1. A failure on the lower side, −∞, must be counted, and no mean can: the end is exact.
//! 2. A failure on the upper side only could raise the lower end. Student's test leaves it out, which makes the end
//!    more careful: what fails upwards would not have spoken for a low difference. This needs at least three numbers,
//!    and more numbers than failures; else the exact test, which counts them, is the one that sees more.
//! 3. Without spread there is no Student's test, and the end is exact.
//!
//! Between 1 and 2 the choice looks at which runs failed, never at the numbers, so that each end keeps its level
//! whatever is chosen; the tests simulate this, also for failures of runs that would have been bad anyway. A run whose
//! direction nobody knows ([`Direction::Neither`]) lies on the lower side for the lower end and on the upper side for
//! the upper one. A seed on which both failed says nothing and is left out.

use serde::{Deserialize, Serialize};

use super::evidence::OneSided;
use super::summary::Running;
use super::{Differences, Direction, MIN_REPLICAS, Pair, sign, student};

/// By what an interval's ends were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Student's test of the mean, at both ends.
    Student,
    /// The exact sign test of the median, at both ends.
    Exact,
    /// The exact test at the end on whose side runs failed, Student's on the other.
    Mixed,
}

/// An end of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// A number.
    At(f64),
    /// Nothing bounds the difference on this side: −∞ as a lower end, ∞ as an upper one.
    Open,
    /// Even this end is a failure on the far side: ∞ as a lower end, −∞ as an upper one.
    Beyond,
}

impl Limit {
    /// The number, if it is one.
    pub fn number(self) -> Option<f64> {
        if let Self::At(number) = self { Some(number) } else { None }
    }
}

/// Both ends.
pub(super) struct Location {
    low: End,
    /// That of the differences with the other sign.
    high: End,
    /// The middle of the differences with failures as infinities; `None` if it is one, or if there is none.
    pub median: Option<f64>,
}

/// A lower end.
enum End {
    Student { n: usize, mean: f64, spread: f64 },
    Exact { sorted: Vec<f64> },
}

impl Location {
    /// Of these differences of a quantity with this direction.
    pub(super) fn new(differences: &Differences, direction: Direction) -> Self {
        let sorted = |sign: f64| {
            let value = |pair: &Pair| {
                let worse = match direction {
                    Direction::HigherIsBetter => -sign,
                    Direction::LowerIsBetter => sign,
                    Direction::Neither => f64::NAN,
                };
                // A direction that nobody knows counts as the low one: against what this end shows.
                let low_if_unknown = |side: f64| if side.is_nan() { -1.0 } else { side };
                match pair {
                    Pair::Difference(difference) => Some(sign * difference),
                    Pair::Failed => Some(low_if_unknown(worse) * f64::INFINITY),
                    Pair::AgainstFailed => Some(low_if_unknown(-worse) * f64::INFINITY),
                    Pair::BothFailed => None,
                }
            };
            let mut values: Vec<f64> = differences.pairs.iter().filter_map(value).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let (up, down) = (sorted(1.0), sorted(-1.0));
        let median = middle(&up).zip(middle(&down)).filter(|(up, down)| *up == -down).map(|(up, _)| up);
        Self { low: End::new(up, differences.floor), high: End::new(down, differences.floor), median }
    }

    /// By what the ends are found.
    pub(super) fn method(&self) -> Method {
        match (&self.low, &self.high) {
            (End::Student { .. }, End::Student { .. }) => Method::Student,
            (End::Exact { .. }, End::Exact { .. }) => Method::Exact,
            _ => Method::Mixed,
        }
    }

    /// The interval that leaves out `level` in all, half on each side.
    pub(super) fn interval(&self, level: f64) -> (Limit, Limit) {
        let limit = |end: f64, sign: f64| match end {
            f64::NEG_INFINITY => Limit::Open,
            f64::INFINITY => Limit::Beyond,
            end => Limit::At(sign * end),
        };
        (limit(self.low.at(level / 2.0), 1.0), limit(self.high.at(level / 2.0), -1.0))
    }
}

impl OneSided for Location {
    fn above(&self, x: f64, or_equal: bool) -> f64 {
        self.low.above(x, or_equal)
    }

    fn below(&self, x: f64, or_equal: bool) -> f64 {
        self.high.above(-x, or_equal)
    }
}

impl End {
    fn new(sorted: Vec<f64>, floor: f64) -> Self {
        let numbers: Running = sorted.iter().copied().filter(|value| value.is_finite()).collect();
        let low_failures = sorted.first().is_some_and(|value| *value == f64::NEG_INFINITY);
        let high_failures = sorted.iter().filter(|value| **value == f64::INFINITY).count();
        let spread = numbers.std().unwrap_or(0.0).max(floor);
        let enough = numbers.n() >= MIN_REPLICAS && numbers.n() > high_failures;
        if low_failures || !enough || spread == 0.0 {
            return Self::Exact { sorted };
        }
        Self::Student { n: numbers.n(), mean: numbers.mean(), spread }
    }

    /// How likely such data are if the difference is `x` or below.
    fn above(&self, x: f64, or_equal: bool) -> f64 {
        match self {
            Self::Student { n, mean, spread } => {
                student::upper_tail((mean - x) / (spread / (*n as f64).sqrt()), n - 1)
            }
            Self::Exact { sorted } => sign::above(sorted, x, or_equal),
        }
    }

    /// Below it the difference lies with probability `level`; −∞ if nothing can be said.
    fn at(&self, level: f64) -> f64 {
        match self {
            Self::Student { n, mean, spread } => {
                mean - student::upper_quantile(level, n - 1) * spread / (*n as f64).sqrt()
            }
            Self::Exact { sorted } => sign::lower_end(sorted, level),
        }
    }
}

/// The median of sorted values, if it is a number.
fn middle(sorted: &[f64]) -> Option<f64> {
    let n = sorted.len();
    let middle = if n.is_multiple_of(2) {
        (sorted.get(n.wrapping_sub(1) / 2)? + sorted[n / 2]) / 2.0
    } else {
        sorted[n / 2]
    };
    middle.is_finite().then_some(middle)
}

#[cfg(test)]
mod tests;
