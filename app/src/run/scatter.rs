//! Outcome against size: one point a variant, where fewer parameters and a better outcome lie at opposite ends.

use kappa_core::spec::Metric;

use super::results::Reading;
use super::{Point, RunLog};
use crate::chart::columns::Mark;

/// The newest outcome of each variant over its parameters, in the unit in which the metric is read; a variant without
/// an evaluation has no point.
pub fn points(log: &RunLog, metric: Metric) -> Vec<Vec<Mark>> {
    let point = |variant: &super::VariantLog| {
        let (_, values) = variant.newest(metric)?;
        let size = variant.info.parameters as f64;
        let point = Point::of(size, values.iter().map(|value| f64::from(*value)));
        Some(Mark::even(&point, Reading::of(metric).scale))
    };
    log.variants.iter().map(|variant| point(variant).into_iter().collect()).collect()
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
    let (least, most) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(1.0, f64::max));
    if most >= 6.0 * least.max(1.0) {
        (least / 1.3, most * 1.3, true)
    } else {
        let space = 0.12 * (most - least).max(0.1 * most);
        ((least - space).max(0.0), most + space, false)
    }
}

#[cfg(test)]
mod tests {
    use kappa_core::protocol::{Event, VariantInfo};

    use super::*;

    fn log(sizes: &[u64]) -> RunLog {
        let mut log = RunLog::default();
        let info =
            |parameters: &u64| VariantInfo { name: "one".to_owned(), parameters: *parameters, bytes: 1 };
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
        let points = points(&log(&[205_000, 73_000]), Metric::Accuracy);
        let mark = points[1][0];
        assert!(
            mark.x == 73_000.0
                && (mark.mean - 60.0).abs() < 1e-4
                && mark.low < mark.mean
                && mark.mean < mark.high
        );
        assert!(is_telling(&points));
        assert!(super::points(&log(&[1]), Metric::Psnr)[0].is_empty(), "it was not measured");
    }

    #[test]
    fn equal_sizes_tell_nothing() {
        assert!(!is_telling(&points(&log(&[10, 10]), Metric::Accuracy)));
        assert!(!is_telling(&points(&log(&[10]), Metric::Accuracy)));
        assert!(!is_telling(&[]));
    }

    #[test]
    fn every_size_lies_within_the_axis() {
        for sizes in [&[205_000, 73_000][..], &[5, 5_000_000], &[10, 10]] {
            let points = points(&log(sizes), Metric::Accuracy);
            let (least, most, logarithmic) = axis(&points);
            assert!(points.iter().flatten().all(|mark| least < mark.x && mark.x < most), "{sizes:?}");
            assert_eq!(logarithmic, sizes[1] > 1_000_000);
        }
    }
}
