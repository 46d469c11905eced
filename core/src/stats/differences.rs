//! Outcomes seed by seed, made into differences, with every run that has no number kept as what it is.
//!
//! ```text
//! one pair         dᵢ = aᵢ − bᵢ
//! two pairs        dᵢ = (aᵢ − bᵢ) − (cᵢ − eᵢ)          a contrast of contrasts: the gain here less the gain there
//! ratios           the same, of logarithms
//! ```
//!
//! All runs of one seed saw the same batches, so what a seed does to all of them cancels. A contrast of contrasts is
//! the interaction of a two-by-two design, within seeds (Maxwell and Delaney, *Designing Experiments and Analyzing
//! Data*, chapter 12): one difference a seed, to which every paired test applies as it is.

use serde::{Deserialize, Serialize};

use super::{Compared, Form, Measure, StatsError};

/// What one seed says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pair {
    /// The difference, in the unit of the metric; the logarithm of a ratio where ratios are compared.
    Difference(f64),
    /// What is judged has no number and what it stands against has one.
    Failed,
    /// What is judged has a number and what it stands against has none.
    AgainstFailed,
    /// Neither has one: this seed says nothing.
    BothFailed,
}

/// The pairs of all seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Differences {
    /// In the order of the seeds.
    pub pairs: Vec<Pair>,
    /// Below this, their standard deviation is not believed; see [`Measure::floor`].
    pub floor: f64,
}

/// The outcome of each seed; `None` is a run that diverged, or a matrix whose κ is beyond measure.
pub type Outcomes<'a> = &'a [Option<f64>];

impl Differences {
    /// `variant − against`, seed by seed.
    ///
    /// # Errors
    /// If the two are not equally long, if there is no seed, if a number is not finite or too large, or if a ratio is
    /// asked of a number that is not positive.
    pub fn new(measure: &Measure, variant: Outcomes<'_>, against: Outcomes<'_>) -> Result<Self, StatsError> {
        Self::signed(measure, &[variant], &[against])
    }

    /// `(variant − against) − (than.0 − than.1)`, seed by seed.
    ///
    /// A run that failed counts on its side of the sum: if `variant` or `than.1` failed and the other two did not, the
    /// contrast is as bad for the variant as can be.
    ///
    /// # Errors
    /// As for [`Differences::new`].
    pub fn contrast(
        measure: &Measure,
        (variant, against): (Outcomes<'_>, Outcomes<'_>),
        than: (Outcomes<'_>, Outcomes<'_>),
    ) -> Result<Self, StatsError> {
        Self::signed(measure, &[variant, than.1], &[against, than.0])
    }

    /// The pairs that a row compares, with the outcomes of each variant by its index: as what is judged, and as what that stands
    /// against.
    ///
    /// # Errors
    /// As for [`Differences::new`].
    pub fn of(
        compared: Compared,
        measure: &Measure,
        [judged, stands]: &[Vec<Vec<Option<f64>>>; 2],
    ) -> Result<Self, StatsError> {
        let pair = |(variant, against): (usize, usize)| (&judged[variant][..], &stands[against][..]);
        let (variant, against) = pair(compared.pair);
        match compared.than {
            None => Self::new(measure, variant, against),
            Some(than) => Self::contrast(measure, (variant, against), pair(than)),
        }
    }

    /// The sum of `plus` less the sum of `minus`.
    fn signed(measure: &Measure, plus: &[Outcomes<'_>], minus: &[Outcomes<'_>]) -> Result<Self, StatsError> {
        let seeds = plus[0].len();
        if let Some(other) = plus.iter().chain(minus).find(|outcomes| outcomes.len() != seeds) {
            return Err(StatsError::Unpaired { variant: seeds, baseline: other.len() });
        }
        if seeds == 0 {
            return Err(StatsError::Empty);
        }
        let pair = |seed: usize| {
            let (plus, minus) = (sum(measure, plus, seed)?, sum(measure, minus, seed)?);
            Ok(match (plus, minus) {
                (Some(plus), Some(minus)) if (plus - minus).is_finite() => Pair::Difference(plus - minus),
                (Some(_), Some(_)) => return Err(StatsError::Overflow),
                (None, Some(_)) => Pair::Failed,
                (Some(_), None) => Pair::AgainstFailed,
                (None, None) => Pair::BothFailed,
            })
        };
        Ok(Self { pairs: (0..seeds).map(pair).collect::<Result<_, _>>()?, floor: measure.floor(plus.len()) })
    }

    /// The differences of the seeds that have one.
    pub fn numbers(&self) -> Vec<f64> {
        let number = |pair: &Pair| if let Pair::Difference(number) = pair { Some(*number) } else { None };
        self.pairs.iter().filter_map(number).collect()
    }

    /// How many seeds are of that kind.
    pub(super) fn count(&self, kind: Pair) -> usize {
        self.pairs.iter().filter(|pair| **pair == kind).count()
    }
}

/// The sum of one side at one seed; `None` if a run of it has no number.
fn sum(measure: &Measure, side: &[Outcomes<'_>], seed: usize) -> Result<Option<f64>, StatsError> {
    let mut total = Some(0.0);
    for outcomes in side {
        let value = match outcomes[seed] {
            Some(value) if !value.is_finite() => return Err(StatsError::NotFinite { index: seed, value }),
            Some(value) if measure.form == Form::Ratio && value <= 0.0 => {
                return Err(StatsError::NotPositive { index: seed, value });
            }
            Some(value) if measure.form == Form::Ratio => Some(value.ln()),
            other => other,
        };
        total = total.zip(value).map(|(total, value)| total + value);
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::Pair::{AgainstFailed, BothFailed, Difference, Failed};
    use super::*;
    use crate::stats::Direction;

    const PSNR: Measure = Measure {
        direction: Direction::HigherIsBetter,
        form: Form::Difference,
        unit: crate::stats::Unit::NONE,
        step: 0.0,
    };

    #[test]
    fn every_seed_keeps_its_difference_or_its_failure() {
        let differences =
            Differences::new(&PSNR, &[Some(3.0), None, Some(1.0), None], &[Some(1.0), Some(2.0), None, None])
                .unwrap();
        assert_eq!(differences.pairs, [Difference(2.0), Failed, AgainstFailed, BothFailed]);
        assert_eq!(differences.numbers(), [2.0]);
    }

    #[test]
    fn a_contrast_is_the_difference_of_the_two_differences_and_failures_keep_their_side() {
        let some = [Some(5.0), Some(7.0)];
        let contrast = |a, b, c, d| Differences::contrast(&PSNR, (a, b), (c, d)).map(|d| d.pairs);
        let (a, b, c, d): ([_; 2], [_; 2], [_; 2], [_; 2]) =
            ([Some(9.0), Some(8.0)], [Some(5.0), Some(5.0)], [Some(3.0), Some(4.0)], [Some(2.0), Some(2.0)]);
        assert_eq!(contrast(&a, &b, &c, &d).unwrap(), [Difference(3.0), Difference(1.0)]);
        let none = [None, Some(1.0)];
        assert_eq!(contrast(&none, &some, &some, &some).unwrap()[0], Failed);
        assert_eq!(contrast(&some, &some, &some, &none).unwrap()[0], Failed);
        assert_eq!(contrast(&some, &none, &some, &some).unwrap()[0], AgainstFailed);
        assert_eq!(contrast(&some, &some, &none, &some).unwrap()[0], AgainstFailed);
        assert_eq!(contrast(&none, &none, &some, &some).unwrap()[0], BothFailed);
        assert_eq!(contrast(&none, &some, &none, &some).unwrap()[0], BothFailed);
    }

    #[test]
    fn a_row_takes_the_outcomes_of_the_variants_that_it_names() {
        let outcomes = vec![vec![Some(1.0)], vec![Some(3.0)], vec![Some(10.0)], vec![None]];
        let others = vec![vec![Some(2.0)], vec![Some(4.0)], vec![Some(7.0)], vec![None]];
        let of = |pair, than, sides| Differences::of(Compared { pair, than }, &PSNR, sides).unwrap().pairs[0];
        let alike = &[outcomes.clone(), outcomes.clone()];
        assert_eq!(of((2, 1), None, alike), Difference(7.0));
        assert_eq!(of((2, 1), Some((1, 0)), alike), Difference(5.0));
        assert_eq!(of((2, 1), Some((3, 0)), alike), AgainstFailed);
        let sides = &[outcomes, others];
        assert_eq!(of((2, 2), None, sides), Difference(3.0), "a variant against itself, read another way");
        assert_eq!(of((2, 2), Some((1, 1)), sides), Difference(4.0));
    }

    #[test]
    fn what_a_seed_does_to_all_four_cancels() {
        // The seeds differ by hundreds, the two gains by 2 in each.
        let of = |gain: f64| -> Vec<Option<f64>> {
            [0.0, 300.0, -500.0].iter().map(|seed| Some(seed + gain)).collect()
        };
        let differences = Differences::contrast(&PSNR, (&of(7.0), &of(2.0)), (&of(4.0), &of(1.0))).unwrap();
        assert_eq!(differences.pairs, [Difference(2.0); 3]);
    }

    #[test]
    fn ratios_are_differences_of_logarithms() {
        let kappa = Measure::factor(Direction::LowerIsBetter);
        let differences = Differences::new(&kappa, &[Some(20.0)], &[Some(10.0)]).unwrap();
        assert!((differences.numbers()[0] - 2.0f64.ln()).abs() < 1e-15);
        let zero = Differences::new(&kappa, &[Some(0.0)], &[Some(10.0)]);
        assert_eq!(zero, Err(StatsError::NotPositive { index: 0, value: 0.0 }));
    }

    #[test]
    fn what_cannot_be_compared_is_an_error() {
        let new = |variant: Outcomes<'_>, against: Outcomes<'_>| Differences::new(&PSNR, variant, against);
        assert_eq!(new(&[], &[]), Err(StatsError::Empty));
        assert_eq!(new(&[None], &[]), Err(StatsError::Unpaired { variant: 1, baseline: 0 }));
        assert!(matches!(new(&[Some(f64::NAN)], &[None]), Err(StatsError::NotFinite { index: 0, .. })));
        assert_eq!(new(&[Some(f64::MAX)], &[Some(-f64::MAX)]), Err(StatsError::Overflow));
    }

    #[test]
    fn the_floor_is_one_example_for_a_difference_and_more_for_a_contrast() {
        let accuracy = Measure::share_of(1024);
        let one = [Some(0.5)];
        assert_eq!(Differences::new(&accuracy, &one, &one).unwrap().floor, 1.0 / 1024.0);
        let contrast = Differences::contrast(&accuracy, (&one, &one), (&one, &one)).unwrap();
        assert!((contrast.floor - 2.0f64.sqrt() / 1024.0).abs() < 1e-15);
    }
}
