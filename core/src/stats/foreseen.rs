//! Before Start: what these seeds will be able to see.

use super::judged::one_sided_level;
use super::{Looks, Measure, Statement, sentence, smallest_effect};

/// What a plan can see of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreseen {
    /// How far from the claim's threshold a difference must lie to be found in four of five runs, in the unit of the
    /// metric (logarithms where ratios are compared); for "same", the margin within which two equal variants are found
    /// to be so.
    pub distance: f64,
    /// "With 8 seeds, an effect above 3.1 points would be seen in four of five runs."
    pub sentence: String,
}

/// What a plan will see of a row by its last look, if the differences of a seed have the standard deviation `spread`,
/// as in a recorded run: [`super::Spread::used`].
///
/// `family` is the number of the paper's rows if this is one of them, else 1. An earlier look sees less, and its
/// chances are not counted, so that the whole plan sees a little more than this.
pub fn foresee(
    statement: Statement,
    measure: &Measure,
    spread: f64,
    looks: &Looks,
    family: usize,
) -> Foreseen {
    let chain = looks.chain();
    let last = looks.seeds().len() - 1;
    let seeds = looks.seeds()[last];
    let level = one_sided_level(&chain, last, statement.says(), family.max(1));
    let effect = smallest_effect(statement.says(), seeds, level).expect("a plan has three seeds or more");
    let distance = effect * spread;
    let seen = sentence::findable(measure, statement, distance, "would be");
    Foreseen { distance, sentence: format!("With {seeds} seeds, {seen} in four of five runs.") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Margin, Says};

    fn foreseen(says: Says, margin: f64, spread: f64, looks: &[usize], family: usize) -> Foreseen {
        let statement = Statement::new(says, Margin::try_from(margin).unwrap()).unwrap();
        let looks = Looks::try_from(looks.to_vec()).unwrap();
        foresee(statement, &Measure::share_of(1024), spread, &looks, family)
    }

    #[test]
    fn the_asymmetry_of_always_skip_would_be_seen_by_five_seeds_from_32_points_on() {
        // The review's table, section D.2: one removal against the other, spread 18.8 points.
        let seen = foreseen(Says::Lower, 0.0, 0.188, &[5], 1);
        assert_eq!(
            seen.sentence,
            "With 5 seeds, an effect above 32 points would be seen in four of five runs."
        );
        assert_eq!(
            foreseen(Says::Lower, 0.0, 0.188, &[16], 1).sentence,
            "With 16 seeds, an effect above 14 points would be seen in four of five runs."
        );
    }

    #[test]
    fn more_rows_and_more_looks_see_less_and_more_seeds_see_more() {
        let distance = |looks: &[usize], family| foreseen(Says::Higher, 0.0, 0.03, looks, family).distance;
        assert!(distance(&[16], 1) < distance(&[8], 1));
        assert!(distance(&[16], 1) < distance(&[4, 8, 16], 1));
        assert!(distance(&[4, 8, 16], 1) < 1.02 * distance(&[16], 1));
        assert!(distance(&[16], 1) < distance(&[16], 4));
    }

    #[test]
    fn a_margin_of_one_point_is_said_to_be_out_of_reach_before_anything_is_run() {
        // S10: equal networks are found "not lower by a point" only if they are better by two.
        let seen = foreseen(Says::NotLower, 0.01, 0.04, &[16], 1);
        assert_eq!(
            seen.sentence,
            "With 16 seeds, a difference above +2.0 points would be seen in four of five runs."
        );
        let same = foreseen(Says::Same, 0.01, 0.04, &[16], 1);
        assert_eq!(
            same.sentence,
            "With 16 seeds, two that are equal would be found the same within 3.1 points in four of five runs."
        );
    }
}
