//! What one variant reached over all its seeds, with the runs that failed counted as failures.
//!
//! A mean over the survivors flatters a variant that fails: so it stands beside the number of failures, and beside the
//! median over all runs, in which a failure is worse than every number.

use serde::{Deserialize, Serialize};

use super::{Direction, Outcomes, StatsError, Summary};

/// One variant's outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// How many runs there were; at least one.
    pub runs: usize,
    /// How many of them have no number.
    pub failed: usize,
    /// Those that have one; `None` if none has. To be shown with `failed` beside it.
    pub numbers: Option<Summary>,
    /// The median over all runs; `None` if it is a failure, or if nobody knows on which side failures lie.
    pub median: Option<f64>,
}

impl Standing {
    /// Of these outcomes of a quantity with this direction.
    ///
    /// # Errors
    /// If there is none, or a number is not finite.
    pub fn of(outcomes: Outcomes<'_>, direction: Direction) -> Result<Self, StatsError> {
        if outcomes.is_empty() {
            return Err(StatsError::Empty);
        }
        let numbers: Vec<f64> = outcomes.iter().copied().flatten().collect();
        let failed = outcomes.len() - numbers.len();
        let median = |failure: f64| {
            let mut all: Vec<f64> = outcomes.iter().map(|outcome| outcome.unwrap_or(failure)).collect();
            all.sort_by(f64::total_cmp);
            let (low, high) = (all[(all.len() - 1) / 2], all[all.len() / 2]);
            Some(f64::midpoint(low, high)).filter(|median| median.is_finite())
        };
        let median = match direction {
            Direction::HigherIsBetter => median(f64::NEG_INFINITY),
            Direction::LowerIsBetter => median(f64::INFINITY),
            Direction::Neither => median(f64::NEG_INFINITY).filter(|low| median(f64::INFINITY) == Some(*low)),
        };
        let numbers = if numbers.is_empty() { None } else { Some(Summary::from_samples(&numbers)?) };
        Ok(Self { runs: outcomes.len(), failed, numbers, median })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_that_fails_in_two_of_five_does_not_look_like_its_survivors() {
        let outcomes = [Some(0.9), None, Some(0.92), None, Some(0.91)];
        let standing = Standing::of(&outcomes, Direction::HigherIsBetter).unwrap();
        assert_eq!((standing.runs, standing.failed, standing.median), (5, 2, Some(0.9)));
        assert!((standing.numbers.unwrap().mean - 0.91).abs() < 1e-12);
        assert_eq!(Standing::of(&outcomes, Direction::LowerIsBetter).unwrap().median, Some(0.92));
        assert_eq!(Standing::of(&outcomes, Direction::Neither).unwrap().median, None);
    }

    #[test]
    fn where_most_fail_the_median_is_a_failure() {
        let standing = Standing::of(&[None, None, Some(1.0)], Direction::LowerIsBetter).unwrap();
        assert_eq!((standing.failed, standing.median), (2, None));
        let all = Standing::of(&[None, None], Direction::LowerIsBetter).unwrap();
        assert_eq!((all.numbers, all.median), (None, None));
        let half = Standing::of(&[None, Some(1.0)], Direction::LowerIsBetter).unwrap();
        assert_eq!(half.median, None);
    }

    #[test]
    fn without_failures_the_direction_does_not_matter() {
        for direction in [Direction::HigherIsBetter, Direction::LowerIsBetter, Direction::Neither] {
            let standing = Standing::of(&[Some(1.0), Some(4.0), Some(2.0), Some(2.5)], direction).unwrap();
            assert_eq!((standing.failed, standing.median), (0, Some(2.25)));
        }
        assert_eq!(Standing::of(&[], Direction::Neither), Err(StatsError::Empty));
        let infinite = Standing::of(&[Some(f64::INFINITY)], Direction::Neither);
        assert!(matches!(infinite, Err(StatsError::NotFinite { .. })));
    }
}
