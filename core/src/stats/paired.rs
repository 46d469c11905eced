//! Two variants on the same seeds, compared seed by seed.
//!
//! Both variants of a pair saw the same batches and started from the same numbers wherever their shapes agree, so what
//! a seed does to both cancels in the difference. That is why a few seeds can decide what separate means cannot.

use serde::{Deserialize, Serialize};

use super::student::two_sided_p;
use super::{Interval, StatsError, Summary};

/// The differences `variant − baseline`, and Student's paired test of their mean against 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paired {
    /// How many pairs; at least one.
    pub n: usize,
    /// Mean of `variant − baseline`.
    pub mean_difference: f64,
    /// Standard deviation of the differences; `None` for one pair.
    pub std_difference: Option<f64>,
    /// The 95 % interval of the mean difference; `None` for one pair. If the differences are all the same it has no
    /// width: true of a quantity that does not depend on the seed, and now and then a coincidence in one that is
    /// counted in whole examples.
    pub ci95: Option<Interval>,
    /// Student's `t = mean / (s / √n)`, with `n − 1` degrees of freedom; `None` where `s` is `None` or 0.
    pub t: Option<f64>,
    /// Probability, if the true difference were 0, of a `t` at least as far from 0; `None` where `t` is. That of a
    /// claim with a margin is another one: [`Judged::p`](super::Judged).
    pub p_value: Option<f64>,
    /// `d_z = mean / s`: the difference in units of its own spread over seeds; `None` where `t` is. A quarter too
    /// large on average for five pairs; [`Judged::standardized`](super::Judged) is not.
    pub effect_size: Option<f64>,
}

impl Paired {
    /// Compares `variant[i]` with `baseline[i]`.
    ///
    /// # Errors
    /// If the two are not equally long, if there is no pair, or if a number is not finite.
    pub fn from_samples(variant: &[f64], baseline: &[f64]) -> Result<Self, StatsError> {
        if variant.len() != baseline.len() {
            return Err(StatsError::Unpaired { variant: variant.len(), baseline: baseline.len() });
        }
        for (index, (&v, &b)) in variant.iter().zip(baseline).enumerate() {
            for value in [v, b] {
                if !value.is_finite() {
                    return Err(StatsError::NotFinite { index, value });
                }
            }
        }
        let differences: Vec<f64> = variant.iter().zip(baseline).map(|(v, b)| v - b).collect();
        let summary = match Summary::from_samples(&differences) {
            // The samples were finite, so it was the subtraction that overflowed.
            Err(StatsError::NotFinite { .. }) => return Err(StatsError::Overflow),
            other => other?,
        };
        let effect_size = summary.std.map(|std| summary.mean / std).filter(|effect| effect.is_finite());
        let t = effect_size.map(|effect| effect * (summary.n as f64).sqrt());
        Ok(Self {
            n: summary.n,
            mean_difference: summary.mean,
            std_difference: summary.std,
            ci95: summary.ci95,
            t,
            p_value: t.map(|t| two_sided_p(t, summary.n - 1)),
            effect_size,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Student (1908): hours of sleep gained by ten patients from two drugs.
    const FIRST: [f64; 10] = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    const SECOND: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    fn close(a: f64, b: f64, tolerance: f64) -> bool {
        (a - b).abs() <= tolerance
    }

    #[test]
    fn students_sleep_data_give_students_result() {
        let paired = Paired::from_samples(&SECOND, &FIRST).unwrap();
        assert_eq!(paired.n, 10);
        assert!(close(paired.mean_difference, 1.58, 1e-12));
        assert!(close(paired.std_difference.unwrap(), 1.229_995, 1e-6));
        assert!(close(paired.t.unwrap(), 4.0621, 5e-5));
        assert!(close(paired.p_value.unwrap(), 0.002_833, 5e-7));
        assert!(close(paired.effect_size.unwrap(), 1.284_56, 1e-5));
        let (low, high) = paired.ci95.unwrap();
        assert!(close(low, 0.700_114, 1e-6) && close(high, 2.459_886, 1e-6), "{low} {high}");
    }

    #[test]
    fn exchanging_the_two_turns_every_sign() {
        let forth = Paired::from_samples(&SECOND, &FIRST).unwrap();
        let back = Paired::from_samples(&FIRST, &SECOND).unwrap();
        assert_eq!(forth.mean_difference, -back.mean_difference);
        assert_eq!(forth.t.unwrap(), -back.t.unwrap());
        assert_eq!(forth.p_value, back.p_value);
        let (low, high) = back.ci95.unwrap();
        assert_eq!(forth.ci95, Some((-high, -low)));
    }

    #[test]
    fn the_interval_leaves_out_zero_exactly_when_p_is_below_five_percent() {
        for shift in -40..=40 {
            let variant: Vec<f64> = SECOND.iter().map(|x| x + 0.1 * f64::from(shift)).collect();
            let paired = Paired::from_samples(&variant, &FIRST).unwrap();
            let (low, high) = paired.ci95.unwrap();
            assert_eq!(low > 0.0 || high < 0.0, paired.p_value.unwrap() < 0.05, "{shift}");
        }
    }

    #[test]
    fn what_a_seed_does_to_both_cancels() {
        let hard_and_easy_seeds = [0.0, 10.0, -30.0];
        let variant: Vec<f64> =
            hard_and_easy_seeds.iter().zip([1.0, 1.25, 0.75]).map(|(s, v)| s + v).collect();
        let paired = Paired::from_samples(&variant, &hard_and_easy_seeds).unwrap();
        assert!(close(paired.mean_difference, 1.0, 1e-12) && paired.ci95.unwrap().0 > 0.0);
    }

    #[test]
    fn differences_that_do_not_vary_have_no_test() {
        let paired = Paired::from_samples(&[3.0, 4.0, 5.0], &[1.0, 2.0, 3.0]).unwrap();
        assert_eq!((paired.ci95, paired.t, paired.p_value), (Some((2.0, 2.0)), None, None));
        let paired = Paired::from_samples(&[1.0, 2.0], &[1.0, 2.0]).unwrap();
        assert_eq!((paired.mean_difference, paired.effect_size), (0.0, None));
    }

    #[test]
    fn one_pair_has_a_difference_and_nothing_more() {
        let paired = Paired::from_samples(&[3.0], &[1.0]).unwrap();
        assert_eq!((paired.n, paired.mean_difference), (1, 2.0));
        assert_eq!((paired.ci95, paired.t, paired.effect_size), (None, None, None));
    }

    #[test]
    fn what_cannot_be_compared_is_an_error() {
        assert_eq!(
            Paired::from_samples(&[1.0, 2.0], &[1.0]),
            Err(StatsError::Unpaired { variant: 2, baseline: 1 })
        );
        assert_eq!(Paired::from_samples(&[], &[]), Err(StatsError::Empty));
        assert!(matches!(
            Paired::from_samples(&[1.0, 2.0], &[1.0, f64::NAN]),
            Err(StatsError::NotFinite { index: 1, .. })
        ));
        assert_eq!(Paired::from_samples(&[f64::MAX], &[-f64::MAX]), Err(StatsError::Overflow));
    }
}
