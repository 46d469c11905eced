//! How small an effect some seeds find, before they are run from a spread that is known, afterwards from the one that
//! was seen.
//!
//! With `n` pairs, a true difference that lies `d` standard deviations beyond the threshold of a claim, and `u = s/σ`,
//! which is `χ/√ν` with `ν = n − 1`:
//!
//! ```text
//! one-sided   P(T > t) = ∫ f(u) Φ(d √n − t u) du            T: noncentral t, ν degrees of freedom, noncentrality d √n
//! same        P = ∫ f(u) max(0, Φ(b) − Φ(a)) du,   a = (−m − δ) √n + t u,  b = (m − δ) √n − t u
//! f(u) = 2 (ν/2)^(ν/2) u^(ν − 1) e^(−ν u²/2) / Γ(ν/2)
//! ```
//!
//! where `t` is exceeded with the one-sided level, `δ` the true difference and `m` the margin, in standard deviations.
//! Owen 1965 (*Biometrika* 52) for both integrals; Cohen, *Statistical Power Analysis*, chapter 2, for the tables;
//! Schuirmann 1987 for the second.
//!
//! Afterwards, an effect is not put in: power "for the effect that was seen" is the p-value again under another name
//! (Hoenig and Heisey 2001, *The American Statistician* 55). The spread is.

use statrs::function::gamma::ln_gamma;

use super::{Says, normal, student};

/// The share of runs in which an effect should be found to be called one that these seeds find.
pub const POWER: f64 = 0.8;

/// Intervals of Simpson's rule over `u`: enough for thresholds in the hundreds, which three seeds at a first look have.
const INTERVALS: usize = 4000;

/// The smallest distance from the threshold of a claim, in standard deviations of the differences, that `n` pairs find
/// with [`POWER`] at this one-sided level; for "same" the smallest margin for which they show two equal variants to be
/// the same.
///
/// `None` for fewer than two pairs, and for a level so small that no effect is found.
pub fn smallest_effect(says: Says, n: usize, level: f64) -> Option<f64> {
    if n < 2 || student::upper_quantile(level, n - 1).is_infinite() {
        return None;
    }
    let found = |distance: f64| match says {
        Says::Same => finds_same(n, level, distance, 0.0),
        _ => finds(n, level, distance),
    };
    let mut high = 1.0;
    while found(high) < POWER {
        high *= 2.0;
    }
    let mut low = 0.0;
    while high - low > 1e-6 * high {
        let middle = f64::midpoint(low, high);
        if found(middle) < POWER { low = middle } else { high = middle }
    }
    Some(high)
}

/// The probability that `n ≥ 2` pairs decide, at this one-sided level, what lies `distance` standard deviations beyond
/// the threshold.
pub fn finds(n: usize, level: f64, distance: f64) -> f64 {
    let t = student::upper_quantile(level, n - 1);
    let shift = distance * (n as f64).sqrt();
    over_spreads(n - 1, f64::INFINITY, |u| normal::upper_tail(t * u - shift))
}

/// The probability that `n ≥ 2` pairs whose true difference is `difference` are shown to be the same within `margin`,
/// by two tests at this one-sided level. All in standard deviations.
pub fn finds_same(n: usize, level: f64, margin: f64, difference: f64) -> f64 {
    let t = student::upper_quantile(level, n - 1);
    let root = (n as f64).sqrt();
    over_spreads(n - 1, margin * root / t, |u| {
        let (low, high) = ((-margin - difference) * root + t * u, (margin - difference) * root - t * u);
        normal::upper_tail(low) - normal::upper_tail(high)
    })
}

/// `∫ f(u) value(u) du` up to `end`.
fn over_spreads(degrees_of_freedom: usize, end: f64, value: impl Fn(f64) -> f64) -> f64 {
    let v = degrees_of_freedom as f64;
    let constant = std::f64::consts::LN_2 + v / 2.0 * (v / 2.0).ln() - ln_gamma(v / 2.0);
    let (from, to) = ((1.0 - 9.0 / v.sqrt()).max(0.0), (1.0 + 9.0 / v.sqrt()).min(end));
    if to <= from {
        return 0.0;
    }
    let step = (to - from) / INTERVALS as f64;
    let at = |index: usize| {
        let u = from + step * index as f64;
        let power = if degrees_of_freedom == 1 { 0.0 } else { (v - 1.0) * u.ln() };
        (constant + power - v * u * u / 2.0).exp() * value(u)
    };
    let inner: f64 = (1..INTERVALS).map(|index| if index % 2 == 1 { 4.0 } else { 2.0 } * at(index)).sum();
    step / 3.0 * (at(0) + inner + at(INTERVALS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::simulated::{Generator, luck, share};
    use crate::stats::summary::Running;

    #[test]
    fn tails_of_the_noncentral_distribution_are_the_tabulated_ones() {
        // R: pt(q, ν, δ, lower.tail = FALSE), with q the upper 0.025 quantile of ν = 2, 4, 9, 15.
        for (n, noncentrality, tail) in
            [(3, 1.0, 0.091_317_74), (5, 2.0, 0.335_810_93), (10, 3.0, 0.761_155_31), (16, 2.5, 0.647_270_42)]
        {
            let power = finds(n, 0.025, noncentrality / f64::from(n as u32).sqrt());
            assert!((power - tail).abs() < 2e-6, "{n}: {power}");
        }
        // Without an effect, the level.
        for (n, level) in [(2, 0.025), (3, 7.6e-6), (8, 0.05), (400, 0.025)] {
            assert!((finds(n, level, 0.0) / level - 1.0).abs() < 1e-4, "{n}: {}", finds(n, level, 0.0));
        }
    }

    #[test]
    fn the_pairs_that_textbooks_ask_for_are_the_fewest_that_have_the_power() {
        // Two-sided 5 %, power 80 %, d = 0.2, 0.5, 0.8, 1: the tables' 199, 34, 15, 10 pairs.
        for (effect, pairs) in [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)] {
            assert!(finds(pairs, 0.025, effect) >= POWER, "{effect}");
            assert!(finds(pairs - 1, 0.025, effect) < POWER, "{effect}");
        }
    }

    #[test]
    fn the_smallest_effects_are_those_of_the_review() {
        // Section D.2: in standard deviations of the differences.
        for (n, printed) in [(3, 3.26), (5, 1.68), (10, 1.00), (16, 0.75)] {
            let effect = smallest_effect(Says::Lower, n, 0.025).unwrap();
            assert!((effect - printed).abs() < 0.006, "{n}: {effect}");
        }
        assert_eq!(smallest_effect(Says::Higher, 1, 0.025), None);
        assert_eq!(smallest_effect(Says::Same, 8, 0.0), None);
        // An early look needs much more.
        assert!(smallest_effect(Says::Higher, 4, 7.6e-6).unwrap() > 15.0);
    }

    #[test]
    fn a_margin_of_one_point_is_decided_in_as_few_runs_as_the_review_says() {
        // S10: equal networks whose differences have a spread of 2.7 to 6 points, "not lower by a point".
        for (n, least, most) in [(3, 0.03, 0.07), (5, 0.04, 0.10), (16, 0.08, 0.30)] {
            for spread in [2.7, 6.0] {
                let power = finds(n, 0.025, 1.0 / spread);
                assert!((least..most).contains(&power), "{n} {spread}: {power}");
            }
        }
    }

    #[test]
    fn what_is_promised_happens() {
        let mut random = Generator::new(80);
        let trials = 20_000;
        for n in [4usize, 8] {
            let root = (n as f64).sqrt();
            let effect = smallest_effect(Says::Higher, n, 0.025).unwrap();
            let margin = smallest_effect(Says::Same, n, 0.05).unwrap();
            let (t_25, t_50) = (student::upper_quantile(0.025, n - 1), student::upper_quantile(0.05, n - 1));
            let mut same = 0;
            let found = share(trials, || {
                let noise: Running = (0..n).map(|_| random.normal()).collect();
                let error = noise.std().unwrap() / root;
                same += usize::from(noise.mean().abs() + t_50 * error < margin);
                noise.mean() + effect - t_25 * error > 0.0
            });
            assert!((found - POWER).abs() < luck(POWER, trials), "{n}: {found}");
            let same = same as f64 / trials as f64;
            assert!((same - POWER).abs() < luck(POWER, trials), "{n}: {same}");
        }
    }

    #[test]
    fn unequal_variants_on_the_margin_are_called_the_same_in_at_most_five_percent() {
        for (n, margin) in [(3, 1.0), (5, 3.0), (16, 0.5), (16, 5.0)] {
            let wrong = finds_same(n, 0.05, margin, margin);
            assert!(wrong <= 0.05 + 1e-6, "{n} {margin}: {wrong}");
        }
        assert!((finds_same(16, 0.05, 5.0, 5.0) - 0.05).abs() < 1e-5);
    }
}
