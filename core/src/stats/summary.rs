//! The mean of some samples, and how well it is known.

use serde::{Deserialize, Serialize};

use super::student::t_975;
use super::{Interval, StatsError};

/// Mean, spread and 95 % interval of samples of one quantity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// How many samples; at least one.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, with `n − 1` below the line; `None` for one sample.
    pub std: Option<f64>,
    /// The 95 % interval of the mean; `None` for one sample, which says nothing about its own spread.
    pub ci95: Option<Interval>,
}

impl Summary {
    /// The summary of `samples`.
    ///
    /// # Errors
    /// If there are none, if one is not finite, or if they are too large for their spread to be one.
    pub fn from_samples(samples: &[f64]) -> Result<Self, StatsError> {
        if let Some(index) = samples.iter().position(|sample| !sample.is_finite()) {
            return Err(StatsError::NotFinite { index, value: samples[index] });
        }
        let running: Running = samples.iter().copied().collect();
        if running.n == 0 {
            return Err(StatsError::Empty);
        }
        let (mean, half_width) = (running.mean(), running.half_width());
        let ci95 = half_width.map(|half| (mean - half, mean + half));
        let ends = ci95.unwrap_or((mean, mean));
        if !(ends.0.is_finite() && ends.1.is_finite()) {
            return Err(StatsError::Overflow);
        }
        Ok(Self { n: running.n, mean, std: running.std(), ci95 })
    }
}

/// Mean and half-width of the 95 % interval of the values at one point of a live chart.
///
/// The half-width is `None` for fewer than two values. The mean of no value is NaN, and a value that is not finite
/// makes the mean so, too: leave diverged replicas out before.
pub fn mean_ci(values: &[f64]) -> (f64, Option<f64>) {
    let running: Running = values.iter().copied().collect();
    (running.mean(), running.half_width())
}

/// Mean and spread of a stream of values, in constant memory (Welford 1962).
///
/// Not the sum of squares minus the square of the sum, which loses every digit when the spread is small beside the
/// mean, as it is for the losses of replicas late in training.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Running {
    n: usize,
    mean: f64,
    /// Sum of the squared distances from the mean.
    squares: f64,
}

impl Running {
    /// Takes one more value into account.
    pub fn push(&mut self, value: f64) {
        self.n += 1;
        let before = value - self.mean;
        self.mean += before / self.n as f64;
        self.squares += before * (value - self.mean);
    }

    /// How many values there were.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Their mean; NaN if there were none.
    pub fn mean(&self) -> f64 {
        if self.n == 0 { f64::NAN } else { self.mean }
    }

    /// Their standard deviation, with `n − 1` below the line, from two values on.
    pub fn std(&self) -> Option<f64> {
        (self.n > 1).then(|| (self.squares / (self.n - 1) as f64).sqrt())
    }

    /// Half the width of the 95 % interval of the mean, from two values on.
    pub fn half_width(&self) -> Option<f64> {
        self.std().map(|std| t_975(self.n - 1) * std / (self.n as f64).sqrt())
    }
}

impl FromIterator<f64> for Running {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut running = Self::default();
        values.into_iter().for_each(|value| running.push(value));
        running
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, tolerance: f64) -> bool {
        (a - b).abs() <= tolerance
    }

    #[test]
    fn summary_of_a_few_numbers_is_what_one_gets_by_hand() {
        // 2, 4, 6: mean 4, s = 2, half-width 4.302653 · 2 / √3 = 4.968276.
        let summary = Summary::from_samples(&[2.0, 4.0, 6.0]).unwrap();
        assert_eq!((summary.n, summary.mean, summary.std), (3, 4.0, Some(2.0)));
        let (low, high) = summary.ci95.unwrap();
        assert!(close(low, 4.0 - 4.968_276, 1e-5) && close(high, 4.0 + 4.968_276, 1e-5));
    }

    #[test]
    fn one_sample_has_a_mean_and_no_interval() {
        let summary = Summary::from_samples(&[0.25]).unwrap();
        assert_eq!(summary, Summary { n: 1, mean: 0.25, std: None, ci95: None });
        assert_eq!(mean_ci(&[0.25]), (0.25, None));
    }

    #[test]
    fn samples_that_are_not_numbers_are_errors() {
        assert_eq!(Summary::from_samples(&[]), Err(StatsError::Empty));
        assert!(matches!(
            Summary::from_samples(&[1.0, f64::NAN]),
            Err(StatsError::NotFinite { index: 1, .. })
        ));
        let error = Summary::from_samples(&[f64::INFINITY]).unwrap_err().to_string();
        assert_eq!(error, "Sample 0 is inf, which is not a finite number.");
        assert_eq!(Summary::from_samples(&[f64::MAX, -f64::MAX]), Err(StatsError::Overflow));
    }

    #[test]
    fn no_value_has_no_mean() {
        let (mean, half_width) = mean_ci(&[]);
        assert!(mean.is_nan() && half_width.is_none());
        assert!(mean_ci(&[1.0, f64::NAN, 2.0]).0.is_nan());
    }

    #[test]
    fn a_large_mean_does_not_drown_a_small_spread() {
        // NIST's reference data sets "NumAcc1", certified 10 000 002 and 1, and "NumAcc4", 10 000 000.2 and 0.1.
        let summary = Summary::from_samples(&[10_000_001.0, 10_000_003.0, 10_000_002.0]).unwrap();
        assert_eq!((summary.mean, summary.std), (10_000_002.0, Some(1.0)));
        let pairs = (0..500).flat_map(|_| [10_000_000.1, 10_000_000.3]);
        let running: Running = std::iter::once(10_000_000.2).chain(pairs).collect();
        assert!(close(running.mean(), 10_000_000.2, 1e-8));
        assert!(close(running.std().unwrap(), 0.1, 1e-8));
    }

    #[test]
    fn intervals_move_and_scale_with_the_samples() {
        let samples = [0.3, 1.1, -0.4, 2.2, 0.9];
        let (mean, half) = mean_ci(&samples);
        let moved: Vec<f64> = samples.iter().map(|x| 3.0 - 2.0 * x).collect();
        let (moved_mean, moved_half) = mean_ci(&moved);
        assert!(close(moved_mean, 3.0 - 2.0 * mean, 1e-12));
        assert!(close(moved_half.unwrap(), 2.0 * half.unwrap(), 1e-12));
    }

    #[test]
    fn ninety_five_of_a_hundred_intervals_hold_the_true_mean() {
        let mut state = 1u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
        };
        let trials = 20_000;
        let mut hits = 0;
        for _ in 0..trials {
            // Normal, by Box and Muller.
            let sample: [f64; 5] = std::array::from_fn(|_| {
                (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()
            });
            let (mean, half) = mean_ci(&sample);
            hits += usize::from(mean.abs() <= half.unwrap());
        }
        let share = hits as f64 / trials as f64;
        assert!(close(share, 0.95, 0.006), "{share}"); // 4 standard errors of the count
    }

    #[test]
    fn a_summary_survives_the_way_through_serde() {
        let summary = Summary::from_samples(&[0.1, 0.2, 0.4]).unwrap();
        let value = serde_json::to_value(summary).unwrap();
        assert_eq!(serde_json::from_value::<Summary>(value).unwrap(), summary);
        assert!(serde_json::from_str::<Summary>(r#"{"n":1,"mean":0,"std":null,"ci95":null,"x":1}"#).is_err());
    }
}
