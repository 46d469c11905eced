//! Holm's correction: what a p-value is worth if it is one of several.
//!
//! With the `m` values of a family in ascending order,
//!
//! ```text
//! p̃₍ᵢ₎ = min(1, max_{j ≤ i} (m − j + 1) · p₍ⱼ₎)
//! ```
//!
//! The chance that any of them is at most 0.05 wrongly is at most 5 %, whatever they have in common, as rows do that
//! are judged against one baseline. Holm 1979, *Scandinavian Journal of Statistics* 6.

/// The corrected values, in the order of `p`.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&one, &other| p[one].total_cmp(&p[other]));
    let mut corrected = vec![0.0; p.len()];
    let mut largest = 0.0f64;
    for (rank, &index) in order.iter().enumerate() {
        largest = largest.max((p.len() - rank) as f64 * p[index]).min(1.0);
        corrected[index] = largest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::simulated::{Generator, luck, share};
    use crate::stats::student::two_sided_p;
    use crate::stats::summary::Running;

    fn close(corrected: &[f64], expected: &[f64]) {
        let near = corrected.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near && corrected.len() == expected.len(), "{corrected:?}");
    }

    #[test]
    fn the_smallest_is_multiplied_by_all_the_largest_by_one_and_the_order_stays() {
        close(&holm(&[0.01, 0.04, 0.03, 0.005]), &[0.03, 0.06, 0.06, 0.02]); // R's p.adjust gives the same
        close(&holm(&[0.02]), &[0.02]);
        close(&holm(&[]), &[]);
        close(&holm(&[0.5, 0.6]), &[1.0, 1.0]);
        close(&holm(&[0.04, 0.01, 0.04]), &[0.08, 0.03, 0.08]);
    }

    #[test]
    fn a_family_with_one_baseline_errs_in_five_percent_where_single_tests_err_in_twenty() {
        // S5: variants that do not differ, a common baseline, five seeds.
        let mut random = Generator::new(1979);
        let trials = 20_000;
        let seeds = 5;
        let mut singly = 0;
        let variants = 5;
        let wrong = share(trials, || {
            let baseline: Vec<f64> = (0..seeds).map(|_| random.normal()).collect();
            let p: Vec<f64> = (0..variants)
                .map(|_| {
                    let differences: Running = baseline.iter().map(|base| random.normal() - base).collect();
                    let error = differences.std().unwrap() / (seeds as f64).sqrt();
                    two_sided_p(differences.mean() / error, seeds - 1)
                })
                .collect();
            singly += usize::from(p.iter().any(|p| *p <= 0.05));
            holm(&p).iter().any(|p| *p <= 0.05)
        });
        assert!(wrong < 0.05 + luck(0.05, trials), "{wrong}");
        let singly = singly as f64 / trials as f64;
        assert!((0.15..0.23).contains(&singly), "{singly}"); // the review's simulation: 20 %
    }
}
