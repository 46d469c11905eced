//! What share of its learning rate a part of the network takes in a step: linear warm-up, then its schedule.
//!
//! ```text
//! s(t) = f · t/w                                       t ≤ w
//! s(t) = f · (1 + cos(π (t−w)/(T−w))) / 2              cosine
//! s(t) = f · (T−t)/(T−w)                               linear
//! s(t) = f                                             constant
//! ```
//!
//! f is the factor of the part, 1 of what no part names.

use crate::kernels::{PARTS, Shares};
use crate::spec::Training;
use crate::spec::parts::{MAX_PARTS, Part, Schedule};

const _: () = assert!(MAX_PARTS + 1 == PARTS);

/// The shares of step `t`, from 1 to `training.steps`: of what no part names, then of each of the parts.
pub fn shares(training: &Training, parts: &[Part], step: u32) -> Shares {
    let mut shares = [0.0; PARTS];
    shares[0] = share(training, Schedule::Cosine, step) as f32;
    for (place, part) in shares.iter_mut().skip(1).zip(parts) {
        *place = (f64::from(part.factor) * share(training, part.schedule, step)) as f32;
    }
    shares
}

fn share(training: &Training, schedule: Schedule, step: u32) -> f64 {
    let (t, warmup, steps) = (f64::from(step), f64::from(training.warmup), f64::from(training.steps));
    if t <= warmup {
        return t / warmup;
    }
    match schedule {
        Schedule::Cosine => (1.0 + libm::cos(std::f64::consts::PI * (t - warmup) / (steps - warmup))) / 2.0,
        Schedule::Linear => (steps - t) / (steps - warmup),
        Schedule::Constant => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::parts;

    #[test]
    fn rises_to_the_full_rate_and_falls_to_zero() {
        let training = Training { steps: 100, warmup: 10, ..Training::default() };
        let rest = |step| shares(&training, &[], step)[0];
        assert_eq!((rest(5), rest(10)), (0.5, 1.0));
        assert!((rest(55) - 0.5).abs() < 1e-6);
        assert!(rest(100).abs() < 1e-6);
    }

    #[test]
    fn no_warm_up_starts_near_the_full_rate() {
        let training = Training { steps: 100, warmup: 0, ..Training::default() };
        assert!(shares(&training, &[], 1)[0] > 0.99);
    }

    #[test]
    fn each_part_goes_by_its_own_factor_and_schedule() {
        let training = Training { steps: 110, warmup: 10, ..Training::default() };
        let parts = parts::read("a 2 constant, b 0.5 linear, c 0").unwrap();
        assert_eq!(shares(&training, &parts, 5)[..4], [0.5, 1.0, 0.25, 0.0]);
        assert_eq!(shares(&training, &parts, 85)[1..4], [2.0, 0.125, 0.0]);
    }
}
