//! Curves, aligned on one horizontal axis as uPlot wants them.

use crate::run::{Geometric, Point};

/// One point of a curve, with the ends of its interval; what is not a number is a gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// Where on the horizontal axis.
    pub x: f64,
    /// The mean; infinite is drawn at the top.
    pub mean: f64,
    /// Lower end; the mean itself where there is no interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Mark {
    /// A mean with the same interval on both sides, all of it times `scale`.
    pub fn even(point: &Point, scale: f64) -> Self {
        let mean = if point.n > 0 { point.mean * scale } else { f64::NAN };
        let half = point.half_width.unwrap_or(0.0) * scale;
        Self { x: point.x, mean, low: mean - half, high: mean + half }
    }

    /// A geometric mean.
    pub fn geometric(x: f64, of: &Geometric) -> Self {
        let (low, high) = of.ends();
        Self { x, mean: of.mean, low, high }
    }

    /// A number without an interval.
    pub fn plain(x: f64, number: f64) -> Self {
        Self { x, mean: number, low: number, high: number }
    }
}

/// What uPlot draws.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// One column for the axis, then mean, low and high of each curve; NaN where a curve has no point.
    pub all: Vec<Vec<f64>>,
    /// The height at which the infinite is drawn, above everything that is finite; `None` where nothing is infinite.
    pub infinity: Option<f64>,
}

/// Every place at which a curve has a point, each once.
pub fn axis(curves: &[Vec<Mark>]) -> Vec<f64> {
    let mut axis: Vec<f64> = curves.iter().flatten().map(|mark| mark.x).collect();
    axis.sort_by(f64::total_cmp);
    axis.dedup();
    axis
}

/// The columns of some curves. A logarithmic axis has no zero: what is zero or less is drawn below all that is not.
pub fn aligned(curves: &[Vec<Mark>], logarithmic: bool) -> Columns {
    let positive = curves.iter().flatten().map(|mark| mark.mean).filter(|mean| *mean > 0.0);
    let floor = logarithmic.then(|| positive.fold(1.0, f64::min) / 10.0);
    let infinity = infinity(curves);
    let level = infinity.unwrap_or(f64::INFINITY);
    let within = |value: f64, floor: Option<f64>| {
        let above = floor.filter(|floor| value < *floor).unwrap_or(value);
        // Not `min`, which would make a number of a gap.
        if above > level { level } else { above }
    };
    let mut all = vec![axis(curves)];
    for curve in curves {
        let [mut mean, mut low, mut high] = [const { Vec::new() }; 3];
        let mut marks = curve.iter().peekable();
        for x in &all[0] {
            let mark = marks.next_if(|mark| mark.x == *x);
            let at = mark.map_or(f64::NAN, |mark| mark.mean);
            mean.push(within(at, floor));
            // On a logarithmic axis an interval that reaches zero would fill the chart.
            low.push(within(mark.map_or(at, |mark| mark.low), floor.map(|floor| (at / 10.0).max(floor))));
            high.push(within(mark.map_or(at, |mark| mark.high), floor));
        }
        all.extend([mean, low, high]);
    }
    Columns { all, infinity }
}

/// A power of ten that is clearly above every finite number, if some number is infinite.
fn infinity(curves: &[Vec<Mark>]) -> Option<f64> {
    let numbers = || curves.iter().flatten().flat_map(|mark| [mark.mean, mark.high]);
    numbers().any(|number| number == f64::INFINITY).then(|| {
        let most = numbers().filter(|number| number.is_finite()).fold(1.0, f64::max);
        10_f64.powi((most * 2.0).log10().ceil() as i32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(x: f64, mean: f64, half: f64) -> Mark {
        Mark::even(&Point { x, mean, half_width: Some(half), n: 3 }, 1.0)
    }

    #[test]
    fn curves_with_different_steps_share_an_axis() {
        let curves = [vec![mark(1.0, 5.0, 1.0), mark(3.0, 4.0, 1.0)], vec![mark(2.0, 7.0, 2.0)]];
        let columns = aligned(&curves, false).all;
        assert_eq!(columns[0], [1.0, 2.0, 3.0]);
        assert_eq!((columns[1][0], columns[1][2]), (5.0, 4.0));
        assert!(columns[1][1].is_nan());
        assert_eq!((columns[4][1], columns[5][1], columns[6][1]), (7.0, 5.0, 9.0));
        assert_eq!(columns.len(), 7);
    }

    #[test]
    fn a_logarithmic_axis_gets_no_zero_and_no_negative_number() {
        let columns = aligned(&[vec![mark(1.0, 0.5, 2.0), mark(2.0, 0.0, 0.0)]], true).all;
        assert!(columns[1..].iter().flatten().all(|value| *value > 0.0), "{columns:?}");
        assert_eq!((columns[1][0], columns[1][1]), (0.5, 0.05));
    }

    #[test]
    fn the_infinite_is_drawn_above_everything_and_a_gap_stays_a_gap() {
        let curves = [
            vec![mark(1.0, 300.0, 0.0), Mark::plain(2.0, f64::INFINITY), Mark::plain(3.0, f64::NAN)],
            vec![mark(1.0, 20.0, 5.0)],
        ];
        let columns = aligned(&curves, true);
        assert_eq!((columns.infinity, &columns.all[1][..2]), (Some(1000.0), &[300.0, 1000.0][..]));
        assert!(columns.all[1][2].is_nan() && columns.all[3][2].is_nan(), "{columns:?}");
        assert!(columns.all[4][1].is_nan(), "{columns:?}");
        assert_eq!(aligned(&curves[1..], false).infinity, None);
    }

    #[test]
    fn nothing_but_infinity_has_a_height_too() {
        let columns = aligned(&[vec![Mark::plain(0.0, f64::INFINITY)]], true);
        assert_eq!((columns.infinity, columns.all[1][0]), (Some(10.0), 10.0));
    }

    #[test]
    fn a_mean_is_scaled_with_its_interval_and_one_of_no_replica_is_a_gap() {
        let point = |n| Point { x: 1.0, mean: 0.5, half_width: Some(0.25), n };
        assert_eq!(Mark::even(&point(3), 100.0), Mark { x: 1.0, mean: 50.0, low: 25.0, high: 75.0 });
        assert!(Mark::even(&point(0), 100.0).mean.is_nan());
        let geometric = Geometric { mean: 8.0, factor: Some(2.0), n: 3 };
        assert_eq!(Mark::geometric(4.0, &geometric), Mark { x: 4.0, mean: 8.0, low: 4.0, high: 16.0 });
    }
}
