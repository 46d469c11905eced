//! The exact sign-flip test of a mean, which stands beside Student's and needs no normal distribution.
//!
//! If the differences less `x` are symmetric about 0, each could as well have the other sign. Of all `2ⁿ` ways to
//! choose the signs, p is the share whose sum is at least the one that was seen:
//!
//! ```text
//! p(x) = #{F ⊆ seeds : Σ_F (dᵢ − x) ≤ 0} / 2ⁿ          F: the seeds whose sign is turned
//! ```
//!
//! Fisher 1935, *The Design of Experiments*, section 21; Good, *Permutation Tests*, chapter 3. The subsets are counted
//! exactly by meeting in the middle: two sorted lists of `2^(n/2)` sums (Horowitz and Sahni 1974).

use super::evidence::OneSided;

/// More pairs than this are not counted: beyond, Student's test needs no help, and the lists would be long.
pub const MOST: usize = 32;

/// The differences of one row, ready to be flipped.
pub(super) struct Flips<'a> {
    differences: &'a [f64],
}

impl<'a> Flips<'a> {
    /// `None` for no difference, or more than [`MOST`].
    pub(super) fn new(differences: &'a [f64]) -> Option<Self> {
        (1..=MOST).contains(&differences.len()).then_some(Self { differences })
    }

    /// The share of subsets whose sum of `sign · (d − x)` is 0 or less.
    fn share(&self, x: f64, sign: f64) -> f64 {
        let shifted: Vec<f64> = self.differences.iter().map(|difference| sign * (difference - x)).collect();
        // Sums that should be equal differ in the last bits. A tie counts: that can only make p larger.
        let tie = 1e-9 * shifted.iter().map(|value| value.abs()).sum::<f64>();
        let (one, other) = shifted.split_at(shifted.len() / 2);
        let (one, mut other) = (subset_sums(one), subset_sums(other));
        other.reverse();
        // As the one's sum grows, fewer of the other's are small enough.
        let mut start = 0;
        let mut count = 0;
        for sum in &one {
            while start < other.len() && sum + other[start] > tie {
                start += 1;
            }
            count += other.len() - start;
        }
        count as f64 / (one.len() * other.len()) as f64
    }
}

impl OneSided for Flips<'_> {
    fn above(&self, x: f64, _or_equal: bool) -> f64 {
        self.share(x, 1.0)
    }

    fn below(&self, x: f64, _or_equal: bool) -> f64 {
        self.share(x, -1.0)
    }
}

/// The sums of all subsets, sorted.
fn subset_sums(values: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0];
    for value in values {
        sums.extend(sums.clone().iter().map(|sum| sum + value));
    }
    sums.sort_by(f64::total_cmp);
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::simulated::{Generator, luck, share};

    fn above(differences: &[f64], x: f64) -> f64 {
        Flips::new(differences).unwrap().above(x, false)
    }

    #[test]
    fn darwins_plants_give_fishers_count() {
        // Fisher 1935, section 21: of the 32,768 ways, 863 have a sum of 314 or more, in eighths of an inch.
        let plants =
            [49.0, -67.0, 8.0, 16.0, 6.0, 23.0, 28.0, 41.0, 14.0, 29.0, 56.0, 24.0, 75.0, 60.0, -48.0];
        assert!((above(&plants, 0.0) - 863.0 / 32_768.0).abs() < 1e-12, "{}", above(&plants, 0.0) * 32_768.0);
    }

    #[test]
    fn counting_by_halves_equals_counting_one_by_one() {
        let mut random = Generator::new(21);
        for n in 1..=10 {
            let values: Vec<f64> = (0..n).map(|_| (4.0 * random.normal()).round() / 8.0).collect();
            let counted = (0..1usize << n)
                .filter(|flipped| {
                    let chosen = (0..n).filter(|seed| flipped >> seed & 1 == 1);
                    chosen.map(|seed| values[seed] - 0.25).sum::<f64>() <= 1e-12
                })
                .count();
            assert_eq!(above(&values, 0.25), counted as f64 / (1 << n) as f64, "{values:?}");
        }
    }

    #[test]
    fn the_smallest_p_is_one_of_all_ways() {
        for n in [1, 3, 6, 16, MOST] {
            assert_eq!(above(&vec![1.0; n], 0.0), 0.5f64.powi(n as i32));
        }
        assert!(Flips::new(&[]).is_none() && Flips::new(&vec![1.0; MOST + 1]).is_none());
    }

    #[test]
    fn symmetric_differences_of_any_shape_are_wrongly_decided_in_less_than_five_percent() {
        // Cauchy: no mean, no variance; Student's test has no claim to hold here.
        let mut random = Generator::new(1935);
        let trials = 10_000;
        for n in [6, 9] {
            let wrong = share(trials, || {
                let values: Vec<f64> = (0..n).map(|_| random.normal() / random.normal()).collect();
                let flips = Flips::new(&values).unwrap();
                2.0 * flips.above(0.0, false).min(flips.below(0.0, false)) <= 0.05
            });
            assert!(wrong < 0.05 + luck(0.05, trials), "{n}: {wrong}");
        }
    }
}
