//! Outcome against something: against size, one point a variant, where a smaller network and a better outcome lie at opposite
//! ends; against the number by which variants were tuned, one point a value.

use kappa_core::protocol::VariantInfo;
use kappa_core::spec::{Metric, shown};

use super::results::{Reading, thousands};
use super::{Point, RunLog};
use crate::chart::columns::Mark;

/// What the outcome is drawn against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// Trainable numbers of one replica.
    #[default]
    Parameters,
    /// Floating-point operations of one training step of one replica.
    Operations,
    /// The number by which it was tuned; the outcome is that on the validation split.
    Tuned,
}

impl Size {
    /// Below the axis.
    pub fn label(self) -> &'static str {
        match self {
            Self::Parameters => "parameters",
            Self::Operations => "operations a step",
            Self::Tuned => "tuned value",
        }
    }

    fn of(self, info: &VariantInfo) -> f64 {
        match self {
            Self::Parameters => info.parameters as f64,
            Self::Operations => info.operations as f64,
            Self::Tuned => f64::NAN,
        }
    }
}

/// The newest outcome of each variant over its size, in the unit in which the metric is read; a variant without an
/// evaluation has no point.
pub fn points(log: &RunLog, metric: Metric, size: Size) -> Vec<Vec<Mark>> {
    let point = |variant: &super::VariantLog| {
        let (_, values) = variant.newest(metric)?;
        let point = Point::of(size.of(&variant.info), values.iter().map(|value| f64::from(*value)));
        Some(Mark::even(&point, Reading::of(metric).scale))
    };
    match size {
        Size::Tuned => (0..log.variants.len()).map(|index| tried(log, index)).collect(),
        _ => log.variants.iter().map(|variant| point(variant).into_iter().collect()).collect(),
    }
}

/// What a variant came to with each value on the validation split; nothing if it was not tuned.
fn tried(log: &RunLog, index: usize) -> Vec<Mark> {
    let metric = log.experiment.as_ref().map_or(Metric::Accuracy, |experiment| experiment.compare.metric);
    let Some(tried) = log.tried.iter().find(|tried| tried.variant == index) else { return Vec::new() };
    let mark = |(value, seeds): (&f64, &Vec<Option<f64>>)| {
        let seeds = seeds.iter().map(|seed| seed.unwrap_or(f64::NAN));
        Mark::even(&Point::of(*value, seeds), Reading::of(metric).scale)
    };
    tried.values.iter().zip(&tried.outcomes).map(mark).collect()
}

/// Which value a variant took, and whether there may be a better one beyond those that it tried.
pub fn taken(log: &RunLog, index: usize) -> Option<String> {
    let tried = log.tried.iter().find(|tried| tried.variant == index)?;
    Some(shown(tried.value()) + if tried.is_at_the_edge() { " (edge)" } else { "" })
}

/// A size in words: "139,000", "3.2 million", "850 billion".
pub fn words(size: f64) -> String {
    let digits = |size: f64| format!("{size:.*}", if size < 10.0 { 1 } else { 0 });
    match size {
        size if size < 10.0 => shown(size),
        size if size < 1e6 => thousands(size as u64),
        size if size < 1e9 => digits(size / 1e6) + " million",
        size => digits(size / 1e9) + " billion",
    }
}

/// Whether the variants have different sizes: otherwise there is nothing to see.
pub fn is_telling(curves: &[Vec<Mark>]) -> bool {
    let mut sizes = curves.iter().flatten().map(|mark| mark.x);
    sizes.next().is_some_and(|first| sizes.any(|size| size != first))
}

/// The ends of a horizontal axis of sizes, and whether it is logarithmic: from a factor of six on.
pub fn axis(curves: &[Vec<Mark>]) -> (f64, f64, bool) {
    let sizes = || curves.iter().flatten().map(|mark| mark.x);
    if sizes().next().is_none() {
        return (0.0, 1.0, false);
    }
    let (least, most) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(0.0, f64::max));
    if least > 0.0 && most >= 6.0 * least {
        (least / 1.3, most * 1.3, true)
    } else {
        let space = 0.12 * (most - least).max(0.1 * most);
        ((least - space).max(0.0), most + space, false)
    }
}

#[cfg(test)]
mod tests {
    use kappa_core::protocol::Event;

    use super::*;

    fn log(sizes: &[u64]) -> RunLog {
        let mut log = RunLog::default();
        let info = |parameters: &u64| {
            let name = "one".to_owned();
            VariantInfo { name, parameters: *parameters, operations: 3 * parameters, bytes: 1 }
        };
        let variants = sizes.iter().map(info).collect();
        log.apply(Event::Started { variants, step: 0, steps: 10, replicas: 3 }, 0.0);
        for variant in 0..sizes.len() {
            let metrics = vec![(Metric::Accuracy, vec![0.5, 0.7, f32::NAN])];
            log.apply(Event::Evaluated { variant, step: 10, metrics }, 0.0);
        }
        log
    }

    #[test]
    fn a_variant_is_one_point_with_its_interval() {
        let points = points(&log(&[205_000, 73_000]), Metric::Accuracy, Size::Parameters);
        let mark = points[1][0];
        assert!(
            mark.x == 73_000.0
                && (mark.mean - 60.0).abs() < 1e-4
                && mark.low < mark.mean
                && mark.mean < mark.high
        );
        assert!(is_telling(&points));
        assert_eq!(super::points(&log(&[5]), Metric::Accuracy, Size::Operations)[0][0].x, 15.0);
        assert!(
            super::points(&log(&[1]), Metric::Psnr, Size::Parameters)[0].is_empty(),
            "it was not measured"
        );
    }

    #[test]
    fn a_variant_that_was_tuned_has_a_point_for_each_value() {
        let mut log = log(&[5, 5]);
        let outcomes = vec![vec![Some(0.5), Some(0.7)], vec![None, Some(0.9)]];
        log.tried = vec![kappa_core::spec::Tried::new(1, &[1e-4, 2e-3], outcomes, Metric::Accuracy)];
        let points = points(&log, Metric::Accuracy, Size::Tuned);
        assert!(points[0].is_empty() && points[1].len() == 2);
        assert!((points[1][0].mean - 60.0).abs() < 1e-9 && points[1][0].low < points[1][0].mean);
        assert_eq!((points[1][1].x, points[1][1].mean), (0.002, 90.0), "of the seed that has a number");
        assert_eq!((taken(&log, 1).as_deref(), taken(&log, 0)), (Some("0.0001 (edge)"), None));
        let (least, most, logarithmic) = axis(&points);
        assert!(least < 1e-4 && most > 2e-3 && logarithmic, "{least} {most}");
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!([139_000.0, 3.21e6, 8.5e11].map(words), ["139,000", "3.2 million", "850 billion"]);
    }

    #[test]
    fn equal_sizes_tell_nothing() {
        assert!(!is_telling(&points(&log(&[10, 10]), Metric::Accuracy, Size::Parameters)));
        assert!(!is_telling(&points(&log(&[10]), Metric::Accuracy, Size::Parameters)));
        assert!(!is_telling(&[]));
    }

    #[test]
    fn every_size_lies_within_the_axis() {
        for sizes in [&[205_000, 73_000][..], &[5, 5_000_000], &[10, 10]] {
            let points = points(&log(sizes), Metric::Accuracy, Size::Parameters);
            let (least, most, logarithmic) = axis(&points);
            assert!(points.iter().flatten().all(|mark| least < mark.x && mark.x < most), "{sizes:?}");
            assert_eq!(logarithmic, sizes[1] > 1_000_000);
        }
    }
}
