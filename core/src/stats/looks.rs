//! A plan of looks: at how many seeds a verdict may be read, fixed before the first one was.
//!
//! "Not decided: add seeds until it is" is honest if the looks were planned and are paid for. The plan says at which
//! numbers of seeds; each look then decides at a level of its own, small at first, and all of them together err in at
//! most 5 %. How the levels come about is at the top of [`super::chain`].
//!
//! The interval of a look leaves out that look's level. All intervals of a plan together hold the true difference in
//! 95 % of cases (repeated confidence intervals; Jennison and Turnbull, *Group Sequential Methods*, chapter 9), so one
//! may also go on after a decision, or stop without one.

use serde::{Deserialize, Serialize};

use super::MIN_REPLICAS;
use super::chain::Chain;

/// The most looks that can be planned, and the most seeds.
const MOST_LOOKS: usize = 20;
const MOST_SEEDS: usize = 1000;

/// Planned numbers of seeds, ascending, for example `[4, 8, 16]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<usize>", into = "Vec<usize>")]
pub struct Looks(Vec<usize>);

/// Which look of a plan a row was judged at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// Its number, counted from 1.
    pub number: usize,
    /// How many are planned.
    pub of: usize,
}

impl Looks {
    /// A single look, at all seeds that were planned.
    ///
    /// # Errors
    /// If there are fewer than three seeds, or more than a thousand.
    pub fn once(seeds: usize) -> Result<Self, String> {
        Self::try_from(vec![seeds])
    }

    /// The planned numbers of seeds.
    pub fn seeds(&self) -> &[usize] {
        &self.0
    }

    /// The index of the look at that many seeds, if one is planned there.
    pub fn at(&self, seeds: usize) -> Option<usize> {
        self.0.iter().position(|planned| *planned == seeds)
    }

    /// The two-sided level at which each look decides, for an error of `alpha` in all, in (0, 1); its interval holds
    /// the difference with one less that. Each is computed anew: a few milliseconds a look.
    pub fn levels(&self, alpha: f64) -> Vec<f64> {
        self.chain().levels(alpha, self.0.len() - 1)
    }

    pub(super) fn chain(&self) -> Chain {
        Chain::new(&self.0)
    }
}

impl TryFrom<Vec<usize>> for Looks {
    type Error = String;

    fn try_from(seeds: Vec<usize>) -> Result<Self, String> {
        let (Some(&first), Some(&last)) = (seeds.first(), seeds.last()) else {
            return Err("No look is planned; name at least one number of seeds.".to_owned());
        };
        if !seeds.is_sorted_by(|one, next| one < next) {
            return Err("The numbers of seeds of the looks must grow.".to_owned());
        }
        if first < MIN_REPLICAS || last > MOST_SEEDS || seeds.len() > MOST_LOOKS {
            return Err(format!(
                "Looks are planned at {first} to {last} seeds, {} of them; there may be {MOST_LOOKS}, at \
                 {MIN_REPLICAS} to {MOST_SEEDS} seeds.",
                seeds.len()
            ));
        }
        Ok(Self(seeds))
    }
}

impl From<Looks> for Vec<usize> {
    fn from(looks: Looks) -> Self {
        looks.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::evidence::OneSided;
    use crate::stats::location::Location;
    use crate::stats::simulated::{Generator, luck, share};
    use crate::stats::{ALPHA, Differences, Direction, Pair};

    const TRIALS: usize = 20_000;

    /// Draws the pairs of a whole plan, and asks at each look whether what is known there is enough for its level.
    fn ever(
        looks: &Looks,
        alpha: f64,
        mut pair: impl FnMut() -> Pair,
        enough: impl Fn(&Location, f64) -> bool,
    ) -> f64 {
        let levels = looks.levels(alpha);
        share(TRIALS, || {
            let mut pairs = Vec::new();
            let mut crossed = false;
            for (&seeds, &level) in looks.seeds().iter().zip(&levels) {
                pairs.resize_with(seeds, &mut pair);
                let known = Differences { pairs: pairs.clone(), floor: 0.0 };
                crossed |= enough(&Location::new(&known, Direction::HigherIsBetter), level);
            }
            crossed
        })
    }

    #[test]
    fn a_plan_reads_as_its_numbers_and_is_refused_with_a_reason() {
        let looks: Looks = serde_json::from_str("[4, 8, 16]").unwrap();
        assert_eq!((looks.at(8), looks.at(9)), (Some(1), None));
        assert_eq!(serde_json::to_string(&looks).unwrap(), "[4,8,16]");
        for (wrong, reason) in [
            ("[]", "No look is planned"),
            ("[8, 4]", "must grow"),
            ("[4, 4]", "must grow"),
            ("[2, 8]", "Looks are planned at 2 to 8 seeds, 2 of them"),
            ("[8, 2000]", "at 3 to 1000 seeds"),
        ] {
            let error = serde_json::from_str::<Looks>(wrong).unwrap_err().to_string();
            assert!(error.contains(reason), "{wrong}: {error}");
        }
        assert!(Looks::once(2).is_err() && Looks::once(5).is_ok());
    }

    #[test]
    fn early_looks_cost_next_to_nothing_and_the_last_one_little() {
        let levels = Looks::try_from(vec![4, 8, 16]).unwrap().levels(0.05);
        assert!(levels[0] < 2e-5 && (0.002..0.004).contains(&levels[1]), "{levels:?}");
        assert!((0.047..0.05).contains(&levels[2]), "{levels:?}");
    }

    #[test]
    fn the_intervals_of_all_looks_together_hold_the_difference_in_95_of_100_cases() {
        let looks = Looks::try_from(vec![4, 8, 16]).unwrap();
        let mut random = Generator::new(9);
        let missed = ever(
            &looks,
            ALPHA,
            || Pair::Difference(0.8 + random.normal()),
            |location, level| {
                let (low, high) = location.interval(level);
                low.number().is_some_and(|low| low > 0.8) || high.number().is_some_and(|high| high < 0.8)
            },
        );
        assert!(missed < 0.05 + luck(0.05, TRIALS), "{missed}");
    }

    #[test]
    fn planned_looks_call_the_unequal_the_same_in_at_most_five_percent() {
        let looks = Looks::try_from(vec![5, 8, 12, 16]).unwrap();
        let mut random = Generator::new(1987);
        for margin in [1.0, 3.0] {
            let wrong = ever(
                &looks,
                2.0 * ALPHA,
                || Pair::Difference(margin + random.normal()),
                |location, level| {
                    location.above(-margin, false).max(location.below(margin, false)) <= level / 2.0
                },
            );
            assert!(wrong < 0.05 + luck(0.05, TRIALS), "{margin}: {wrong}");
        }
    }

    #[test]
    fn planned_looks_at_runs_of_which_some_fail_err_in_at_most_five_percent() {
        let mut random = Generator::new(1990);
        for (seeds, often) in [(vec![6, 10, 16], 0.2), (vec![8, 16, 32], 0.5), (vec![4, 8, 16], 0.05)] {
            let looks = Looks::try_from(seeds).unwrap();
            let pair = || {
                let mut run = || (!random.chance(often)).then(|| random.normal());
                match (run(), run()) {
                    (Some(one), Some(other)) => Pair::Difference(one - other),
                    (None, Some(_)) => Pair::Failed,
                    (Some(_), None) => Pair::AgainstFailed,
                    (None, None) => Pair::BothFailed,
                }
            };
            let wrong = ever(&looks, ALPHA, pair, |location, level| {
                2.0 * location.above(0.0, false).min(location.below(0.0, false)) <= level
            });
            assert!(wrong < 0.05 + luck(0.05, TRIALS), "{looks:?} {often}: {wrong}");
        }
    }
}
