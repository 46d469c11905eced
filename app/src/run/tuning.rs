//! Outcome against the tuned value: one point a value, of each variant that was tuned.

use kappa_core::spec::{Metric, Tried, shown};

use super::results::Reading;
use super::{Point, RunLog};
use crate::chart::columns::Mark;

/// What each variant came to with each value on the validation split, in the unit in which the metric is read.
pub fn points(log: &RunLog) -> Vec<Vec<Mark>> {
    let metric = log.experiment.as_ref().map_or(Metric::Accuracy, |experiment| experiment.compare.metric);
    let of = |tried: &Tried| -> Vec<Mark> {
        let values = tried.values.iter().zip(&tried.outcomes);
        values
            .map(|(value, seeds)| {
                let seeds = seeds.iter().map(|seed| seed.unwrap_or(f64::NAN));
                Mark::even(&Point::of(*value, seeds), Reading::of(metric).scale)
            })
            .collect()
    };
    let of_variant =
        |index| log.tried.iter().find(|tried| tried.variant == index).map(of).unwrap_or_default();
    (0..log.variants.len()).map(of_variant).collect()
}

/// Which value a variant took, and whether there may be a better one beyond those that it tried.
pub fn taken(log: &RunLog, index: usize) -> Option<String> {
    let tried = log.tried.iter().find(|tried| tried.variant == index)?;
    let edge = if tried.is_at_the_edge() { ", at the edge of what was tried" } else { "" };
    Some(shown(tried.value()) + edge)
}

#[cfg(test)]
mod tests {
    use kappa_core::protocol::{Event, VariantInfo};

    use super::*;

    #[test]
    fn a_variant_that_was_tuned_has_a_point_for_each_value() {
        let mut log = RunLog::default();
        let info = VariantInfo { name: "one".to_owned(), parameters: 1, operations: 1, bytes: 1 };
        log.apply(Event::Started { variants: vec![info; 2], step: 0, steps: 10, replicas: 3 }, 0.0);
        let outcomes = vec![vec![Some(0.5), Some(0.7)], vec![None, Some(0.9)]];
        log.tried = vec![Tried::new(1, &[1e-3, 2e-3], outcomes, Metric::Accuracy)];
        let points = points(&log);
        assert!(points[0].is_empty() && points[1].len() == 2);
        assert!((points[1][0].mean - 60.0).abs() < 1e-9 && points[1][0].low < points[1][0].mean);
        assert_eq!((points[1][1].x, points[1][1].mean), (0.002, 90.0), "of the seed that has a number");
        assert_eq!(taken(&log, 1).as_deref(), Some("0.001, at the edge of what was tried"));
        assert_eq!(taken(&log, 0), None);
    }
}
