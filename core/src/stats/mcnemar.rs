//! Whether one variant fails more often than another: McNemar's exact test of paired proportions.
//!
//! Seeds on which both fail or neither does say nothing of which fails more often. Of the `d` others, `b` are failures
//! of the variant alone; if both fail equally often, `b` is binomial:
//!
//! ```text
//! p = min(1, 2 · P(B ≥ max(b, d − b))),  B ~ Binomial(d, ½)
//! ```
//!
//! McNemar 1947 (*Psychometrika* 12), in the exact form of Conover, *Practical Nonparametric Statistics*, section 3.5.
//! The runs of one seed are a pair, so the tests for independent groups (Fisher, Barnard) would be the wrong ones.

use serde::{Deserialize, Serialize};

use super::sign::at_least;
use super::{Differences, Pair};

/// How many runs have no number, and whether that differs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    /// Seeds on which what is judged failed alone.
    pub variant: usize,
    /// Seeds on which what it stands against failed alone.
    pub against: usize,
    /// Seeds on which both failed.
    pub both: usize,
    /// McNemar's exact two-sided p; 1 where none failed alone.
    pub p: f64,
}

impl Failures {
    /// Those of some pairs.
    pub fn of(differences: &Differences) -> Self {
        let variant = differences.count(Pair::Failed);
        let against = differences.count(Pair::AgainstFailed);
        let both = differences.count(Pair::BothFailed);
        let p = (2.0 * at_least(variant.max(against), variant + against)).min(1.0);
        Self { variant, against, both, p }
    }

    /// Seeds on which one of the two failed alone.
    pub fn alone(&self) -> usize {
        self.variant + self.against
    }
}

/// The largest share of failures that `n` runs without one do not exclude at 95 %: `1 − 0.05^(1/n)`.
///
/// About `3/n`, the rule of three (Hanley and Lippman-Hand 1983, *JAMA* 249). Five seeds without a failure do not
/// exclude that 45 % of runs fail; that is why intervals from a few seeds are silent about rare failures.
pub fn unseen_failures(n: usize) -> f64 {
    1.0 - 0.05f64.powf(1.0 / n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::simulated::{Generator, luck, share};

    fn failures(pairs: &[Pair]) -> Failures {
        Failures::of(&Differences { pairs: pairs.to_vec(), floor: 0.0 })
    }

    #[test]
    fn only_seeds_on_which_one_failed_alone_count() {
        use Pair::{AgainstFailed, BothFailed, Difference, Failed};
        let mut pairs = vec![Difference(1.0), BothFailed, AgainstFailed];
        pairs.extend([Failed; 7]);
        let failures = failures(&pairs);
        assert_eq!((failures.variant, failures.against, failures.both), (7, 1, 1));
        // 2 (8 + 1) / 256.
        assert!((failures.p - 18.0 / 256.0).abs() < 1e-12);
    }

    #[test]
    fn three_of_three_and_five_of_five_failures_prove_nothing_and_six_do() {
        for (n, p) in [(0, 1.0), (1, 1.0), (3, 0.25), (5, 0.0625), (6, 0.03125)] {
            assert!((failures(&vec![Pair::Failed; n]).p - p).abs() < 1e-12, "{n}");
        }
    }

    #[test]
    fn two_that_fail_equally_often_are_told_apart_in_less_than_five_percent() {
        let mut random = Generator::new(1947);
        let trials = 20_000;
        for (n, often) in [(5, 0.5), (8, 0.3), (16, 0.5), (40, 0.2)] {
            let wrong = share(trials, || {
                let pair = |random: &mut Generator| match (random.chance(often), random.chance(often)) {
                    (true, false) => Pair::Failed,
                    (false, true) => Pair::AgainstFailed,
                    (true, true) => Pair::BothFailed,
                    (false, false) => Pair::Difference(0.0),
                };
                let pairs: Vec<Pair> = (0..n).map(|_| pair(&mut random)).collect();
                failures(&pairs).p <= 0.05
            });
            assert!(wrong < 0.05 + luck(0.05, trials), "{n}: {wrong}");
        }
    }

    #[test]
    fn what_is_not_excluded_would_have_been_missed_once_in_twenty_times() {
        for (n, share) in [(3, 0.632), (5, 0.451), (16, 0.171)] {
            assert!((unseen_failures(n) - share).abs() < 5e-4);
            assert!(((1.0 - unseen_failures(n)).powi(n as i32) - 0.05).abs() < 1e-12);
        }
    }
}
