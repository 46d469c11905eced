//! Curves, aligned on one horizontal axis as uPlot wants them.

use crate::run::Point;

/// One column for the axis, then mean, low and high of each curve; NaN where a curve has no point.
///
/// `floor` keeps the lower ends above it: a logarithmic axis has no zero.
pub fn aligned(curves: &[Vec<Point>], scale: f64, floor: Option<f64>) -> Vec<Vec<f64>> {
    let mut axis: Vec<f64> = curves.iter().flatten().map(|point| point.x).collect();
    axis.sort_by(f64::total_cmp);
    axis.dedup();
    let mut columns = vec![axis];
    for curve in curves {
        let [mut mean, mut low, mut high] = [const { Vec::new() }; 3];
        let mut points = curve.iter().peekable();
        for x in &columns[0] {
            let point = points.next_if(|point| point.x == *x).filter(|point| point.n > 0);
            let half = point.and_then(|point| point.half_width).unwrap_or(0.0);
            let at = point.map_or(f64::NAN, |point| point.mean);
            mean.push(floored(at, floor) * scale);
            // On a logarithmic axis an interval that reaches zero would fill the chart.
            low.push(floored(at - half, floor.map(|floor| (at / 10.0).max(floor))) * scale);
            high.push(floored(at + half, floor) * scale);
        }
        columns.extend([mean, low, high]);
    }
    columns
}

/// At least `floor`; NaN stays NaN.
fn floored(value: f64, floor: Option<f64>) -> f64 {
    floor.filter(|floor| value < *floor).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: f64, mean: f64, half: f64) -> Point {
        Point { x, mean, half_width: Some(half), n: 3 }
    }

    #[test]
    fn curves_with_different_steps_share_an_axis() {
        let columns = aligned(
            &[vec![point(1.0, 5.0, 1.0), point(3.0, 4.0, 1.0)], vec![point(2.0, 7.0, 2.0)]],
            1.0,
            None,
        );
        assert_eq!(columns[0], [1.0, 2.0, 3.0]);
        assert_eq!((columns[1][0], columns[1][2]), (5.0, 4.0));
        assert!(columns[1][1].is_nan());
        assert_eq!((columns[4][1], columns[5][1], columns[6][1]), (7.0, 5.0, 9.0));
        assert_eq!(columns.len(), 7);
    }

    #[test]
    fn a_logarithmic_axis_gets_no_zero_and_no_negative_number() {
        let columns = aligned(&[vec![point(1.0, 0.5, 2.0), point(2.0, 0.0, 0.0)]], 1.0, Some(1e-9));
        assert!(columns[1..].iter().flatten().all(|value| *value > 0.0), "{columns:?}");
    }
}
