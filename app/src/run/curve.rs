//! A training curve of one variant in constant memory: the steps of a run are shared out over at most
//! [`BUCKETS`] buckets, each with a sum for every replica. Drawing costs the same however long the run is.

use kappa_core::stats::mean_ci;

/// Points of a curve, at most: what an eye can tell apart, so that the noise of single batches averages out.
pub const BUCKETS: u32 = 240;

/// Losses of all replicas of one variant, averaged over stretches of steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    replicas: usize,
    stride: u32,
    /// `sums[bucket * replicas + replica]`; NaN once a replica has diverged.
    sums: Vec<f64>,
    counts: Vec<u32>,
}

/// One point of a chart: a mean over the replicas, with the ends of its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Step, or whatever the horizontal axis counts.
    pub x: f64,
    /// Mean.
    pub mean: f64,
    /// Half the width of the interval; `None` with fewer than two replicas.
    pub half_width: Option<f64>,
    /// Replicas in the mean.
    pub n: usize,
}

impl Point {
    /// The point of these replicas; those that are not finite are left out, and `n` says how many are left.
    pub fn of(x: f64, values: impl IntoIterator<Item = f64>) -> Self {
        let finite: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        let (mean, half_width) = mean_ci(&finite);
        Self { x, mean, half_width, n: finite.len() }
    }
}

impl Curve {
    /// An empty curve for a run of `steps` steps.
    pub fn new(steps: u32, replicas: u32) -> Self {
        Self { replicas: replicas as usize, stride: steps.div_ceil(BUCKETS).max(1), ..Self::default() }
    }

    /// A curve of means over stretches of `stride` steps, one line a stretch and in it one number a replica.
    pub fn recorded(stride: u32, replicas: usize, means: impl IntoIterator<Item = Vec<f64>>) -> Self {
        let sums: Vec<f64> = means.into_iter().flatten().collect();
        let counts = vec![1; sums.len() / replicas.max(1)];
        Self { replicas, stride, sums, counts }
    }

    /// Adds the losses of the replicas at `step`, counted from 1.
    pub fn push(&mut self, step: u32, losses: &[f32]) {
        if step == 0 || losses.len() != self.replicas {
            return;
        }
        let bucket = ((step - 1) / self.stride) as usize;
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
            self.sums.resize((bucket + 1) * self.replicas, 0.0);
        }
        self.counts[bucket] += 1;
        for (sum, loss) in self.sums[bucket * self.replicas..].iter_mut().zip(losses) {
            *sum += f64::from(*loss);
        }
    }

    /// Forgets everything after `step`: training went back to a checkpoint.
    pub fn rewind(&mut self, step: u32) {
        let keep = (step / self.stride.max(1)) as usize;
        self.counts.truncate(keep);
        self.sums.truncate(keep * self.replicas);
    }

    /// The points so far; buckets without a step are left out.
    pub fn points(&self) -> impl Iterator<Item = Point> + '_ {
        self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(bucket, count)| {
            let of = &self.sums[bucket * self.replicas..(bucket + 1) * self.replicas];
            Point::of(self.x(bucket), of.iter().map(|sum| sum / f64::from(*count)))
        })
    }

    /// The step in the middle of a bucket.
    fn x(&self, bucket: usize) -> f64 {
        bucket as f64 * f64::from(self.stride) + (f64::from(self.stride) + 1.0) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_has_no_more_points_than_a_short_one() {
        let mut curve = Curve::new(100_000, 2);
        (1..=100_000).for_each(|step| curve.push(step, &[1.0, 3.0]));
        let points: Vec<_> = curve.points().collect();
        assert!(points.len() <= BUCKETS as usize && points.len() > 200);
        assert!(points.iter().all(|point| point.mean == 2.0 && point.n == 2));
    }

    #[test]
    fn a_short_run_has_a_point_for_every_step() {
        let mut curve = Curve::new(3, 1);
        for (step, loss) in [(1, 3.0), (2, 2.0), (3, 1.0)] {
            curve.push(step, &[loss]);
        }
        let points: Vec<_> = curve.points().map(|point| (point.x, point.mean, point.half_width)).collect();
        assert_eq!(points, [(1.0, 3.0, None), (2.0, 2.0, None), (3.0, 1.0, None)]);
    }

    #[test]
    fn a_diverged_replica_is_left_out_and_counted_so() {
        let mut curve = Curve::new(1, 3);
        curve.push(1, &[1.0, f32::NAN, 2.0]);
        let point = curve.points().next().unwrap();
        assert_eq!((point.mean, point.n), (1.5, 2));
    }

    #[test]
    fn a_run_that_goes_back_draws_its_steps_again() {
        let mut curve = Curve::new(10, 1);
        (1..=8).for_each(|step| curve.push(step, &[8.0]));
        curve.rewind(4);
        (5..=6).for_each(|step| curve.push(step, &[2.0]));
        let means: Vec<_> = curve.points().map(|point| point.mean).collect();
        assert_eq!(means, [8.0, 8.0, 8.0, 8.0, 2.0, 2.0]);
    }
}
