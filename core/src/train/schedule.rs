//! Linear warm-up, then a cosine to zero.
//!
//! ```text
//! η(t) = η · t/w                              t ≤ w
//! η(t) = η · (1 + cos(π (t−w)/(T−w))) / 2     t > w
//! ```

use crate::spec::Training;

/// Learning rate of step `t`, from 1 to `training.steps`.
pub fn learning_rate(training: &Training, step: u32) -> f32 {
    let (t, warmup, steps) = (f64::from(step), f64::from(training.warmup), f64::from(training.steps));
    let share = if t <= warmup {
        t / warmup
    } else {
        (1.0 + libm::cos(std::f64::consts::PI * (t - warmup) / (steps - warmup))) / 2.0
    };
    (f64::from(training.learning_rate) * share) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_to_the_full_rate_and_falls_to_zero() {
        let training = Training { steps: 100, warmup: 10, learning_rate: 0.5, ..Training::default() };
        assert_eq!(learning_rate(&training, 5), 0.25);
        assert_eq!(learning_rate(&training, 10), 0.5);
        assert!((learning_rate(&training, 55) - 0.25).abs() < 1e-6);
        assert!(learning_rate(&training, 100).abs() < 1e-6);
    }

    #[test]
    fn no_warm_up_starts_near_the_full_rate() {
        let training = Training { steps: 100, warmup: 0, learning_rate: 0.5, ..Training::default() };
        assert!(learning_rate(&training, 1) > 0.49);
    }
}
