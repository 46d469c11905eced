//! The exact sign test of a median, and the interval that belongs to it: what is left to say where runs failed.
//!
//! Of `n` differences, `c` lie above `x`. If their median is `x` or below, `c` is at most binomial with probability ½:
//!
//! ```text
//! p(x) = P(B ≥ c),  B ~ Binomial(n, ½)
//! interval: above x(k), the k-th smallest, with the largest k for which P(B < k) ≤ level; −∞ if there is none
//! ```
//!
//! Conover, *Practical Nonparametric Statistics* (3rd edition), sections 3.2 and 3.4.
//!
//! Why signs and not ranks or sums: a run that failed is worse than every number, which is all that can be said of it.
//! Its sign is known, the size of its difference is not, and a rank among the sizes would be made up; and the
//! differences of runs of which some fail are far from symmetric, which every test by ranks or sums needs. The sign
//! test needs neither. The price is the smallest p that can be had: `2^(1 − n)` on both sides, so that fewer than six
//! seeds never decide.

use statrs::distribution::{Binomial, DiscreteCDF};

/// The smallest two-sided p that a sign test, a sign-flip test or McNemar's test of `n` pairs can have.
pub fn smallest_p(n: usize) -> f64 {
    0.5f64.powf(n.saturating_sub(1) as f64)
}

/// The probability, for a median of at most `x`, of as many values above `x` as there are in `sorted`, which may hold
/// infinities. With `or_equal`, of a median below `x`, and values that equal `x` count.
pub(super) fn above(sorted: &[f64], x: f64, or_equal: bool) -> f64 {
    let count = sorted.iter().filter(|value| **value > x || (or_equal && **value == x)).count();
    at_least(count, sorted.len())
}

/// The lower end of the interval that holds the median but for `level` of cases; −∞ if so few values allow none.
pub(super) fn lower_end(sorted: &[f64], level: f64) -> f64 {
    let n = sorted.len();
    // P(B < k) = P(B > n − k).
    let allowed = (1..=n).take_while(|k| at_least(n - k + 1, n) <= level).last();
    allowed.map_or(f64::NEG_INFINITY, |k| sorted[k - 1])
}

/// `P(B ≥ count)` for `B ~ Binomial(n, ½)`.
pub(super) fn at_least(count: usize, n: usize) -> f64 {
    if count == 0 {
        return 1.0;
    }
    Binomial::new(0.5, n as u64).expect("½ is a probability").sf(count as u64 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::simulated::{Generator, luck, share};

    #[test]
    fn tails_are_sums_of_binomial_coefficients() {
        // n = 6: 1, 6, 15, 20, 15, 6, 1 of 64.
        for (count, of_64) in [(0, 64.0), (1, 63.0), (3, 42.0), (5, 7.0), (6, 1.0)] {
            assert!((at_least(count, 6) - of_64 / 64.0).abs() < 1e-12, "{count}");
        }
        assert_eq!(at_least(0, 0), 1.0);
    }

    #[test]
    fn six_seeds_are_the_fewest_that_can_decide_and_three_of_three_has_p_of_a_quarter() {
        let all_worse = |n: usize| 2.0 * above(&vec![f64::INFINITY; n], 0.0, false);
        for (n, p) in [(3, 0.25), (5, 0.0625), (6, 0.03125), (8, 0.0078125)] {
            assert!((all_worse(n) - p).abs() < 1e-12 && (smallest_p(n) - p).abs() < 1e-12, "{n}");
        }
    }

    #[test]
    fn the_interval_is_the_set_of_medians_that_the_test_allows() {
        let sorted = [f64::NEG_INFINITY, -1.0, 0.5, 0.5, 2.0, 3.0, 7.0, f64::INFINITY, f64::INFINITY];
        for level in [0.001, 0.002, 0.02, 0.025, 0.05, 0.1, 0.3, 0.5] {
            let end = lower_end(&sorted, level);
            for x in [-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 2.5, 3.0, 5.0, 7.0, 8.0] {
                assert_eq!(end > x, above(&sorted, x, false) <= level, "{level} {x}: {end}");
                assert_eq!(end >= x, above(&sorted, x, true) <= level, "{level} {x}: {end}");
            }
        }
    }

    #[test]
    fn the_interval_covers_the_median_of_any_distribution_as_promised() {
        // Runs that fail by 45 points in one seed of five (S7): the median is that of those that do not fail.
        let mut random = Generator::new(7);
        let trials = 20_000;
        for n in [3, 5, 6, 8, 16] {
            let covered = share(trials, || {
                let mut values: Vec<f64> = (0..n)
                    .map(|_| 3.0 * random.normal() - if random.chance(0.2) { 45.0 } else { 0.0 })
                    .collect();
                values.sort_by(f64::total_cmp);
                // The median of the mixture solves 0.2 + 0.8 Φ(x / 3) = ½.
                let median = -0.956;
                let mirrored: Vec<f64> = values.iter().rev().map(|value| -value).collect();
                lower_end(&values, 0.025) <= median && median <= -lower_end(&mirrored, 0.025)
            });
            assert!(covered > 0.95 - luck(0.95, trials), "{n}: {covered}");
        }
    }
}
