//! Student's t distribution, as far as intervals and tests of a mean need it.

use std::sync::LazyLock;

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::normal;

/// Quantiles kept, because charts ask for the same few at every point and one costs microseconds.
const KEPT: usize = 64;

static QUANTILES: LazyLock<[f64; KEPT]> =
    LazyLock::new(|| std::array::from_fn(|index| quantile_975(index as f64 + 1.0)));

/// The 0.975 quantile of the normal distribution, which the quantiles below approach.
const Z_975: f64 = 1.959_963_984_540_054;

/// Degrees of freedom beyond which the expansion takes over: the exact quantile takes seconds for millions.
const NEARLY_NORMAL: f64 = 1e4;

/// The factor of a two-sided 95 % interval: the 0.975 quantile.
///
/// # Panics
/// If `degrees_of_freedom` is 0.
pub(super) fn t_975(degrees_of_freedom: usize) -> f64 {
    match QUANTILES.get(degrees_of_freedom - 1) {
        Some(&quantile) => quantile,
        None => quantile_975(degrees_of_freedom as f64),
    }
}

/// The probability of a value at least as far from 0 as `t`, on either side.
pub(super) fn two_sided_p(t: f64, degrees_of_freedom: usize) -> f64 {
    (2.0 * distribution(degrees_of_freedom as f64).sf(t.abs())).min(1.0)
}

/// The probability of a value above `t`.
///
/// # Panics
/// If `degrees_of_freedom` is 0.
pub(super) fn upper_tail(t: f64, degrees_of_freedom: usize) -> f64 {
    if degrees_of_freedom as f64 > NEARLY_NORMAL {
        return normal::upper_tail(t);
    }
    distribution(degrees_of_freedom as f64).sf(t)
}

/// The value that is exceeded with probability `tail`, below 1; infinite for a tail below 1e-15, of which nobody knows
/// anything.
///
/// # Panics
/// If `degrees_of_freedom` is 0.
pub(super) fn upper_quantile(tail: f64, degrees_of_freedom: usize) -> f64 {
    let quantile = |tail: f64| {
        if tail < 1e-15 {
            return f64::INFINITY;
        }
        let v = degrees_of_freedom as f64;
        if v > NEARLY_NORMAL {
            return expansion(normal::upper_quantile(tail), v);
        }
        // The smaller tail, so that no digits are lost in 1 − tail.
        -distribution(v).inverse_cdf(tail)
    };
    if tail > 0.5 { -quantile(1.0 - tail) } else { quantile(tail) }
}

fn quantile_975(degrees_of_freedom: f64) -> f64 {
    if degrees_of_freedom > NEARLY_NORMAL {
        return expansion(Z_975, degrees_of_freedom);
    }
    distribution(degrees_of_freedom).inverse_cdf(0.975)
}

/// Cornish and Fisher's expansion of the quantile about the normal `z`; the next term is below 1e-11 for the 0.975
/// quantile beyond [`NEARLY_NORMAL`].
fn expansion(z: f64, v: f64) -> f64 {
    z + (z.powi(3) + z) / (4.0 * v) + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * v * v)
}

fn distribution(degrees_of_freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, degrees_of_freedom).expect("at least one degree of freedom")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_printed_tables() {
        for (degrees_of_freedom, printed) in [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (4, 2.776),
            (5, 2.571),
            (9, 2.262),
            (10, 2.228),
            (20, 2.086),
            (30, 2.042),
            (60, 2.000),
            (120, 1.980),
        ] {
            let quantile = t_975(degrees_of_freedom);
            assert!((quantile - printed).abs() < 5.1e-4, "{degrees_of_freedom}: {quantile}");
        }
        // One degree of freedom is the Cauchy distribution: tan(0.475 π). Two have a closed form as well.
        assert!((t_975(1) - (0.475 * std::f64::consts::PI).tan()).abs() < 1e-10);
        assert!((t_975(2) - 0.95 / (2.0f64 * 0.975 * 0.025).sqrt()).abs() < 1e-10);
        // Where the expansion takes over, there is no step beyond the slope of −2.37 / ν².
        assert!((t_975(10_000) - t_975(10_001) - 2.37e-8).abs() < 1e-10);
        assert!((t_975(usize::MAX) - 1.959_963_985).abs() < 1e-9);
    }

    #[test]
    fn the_quantile_has_a_p_value_of_five_percent() {
        for degrees_of_freedom in 1..300 {
            let p = two_sided_p(t_975(degrees_of_freedom), degrees_of_freedom);
            assert!((p - 0.05).abs() < 1e-12, "{degrees_of_freedom}: {p}");
        }
    }

    #[test]
    fn a_quantile_is_exceeded_as_often_as_it_says() {
        for degrees_of_freedom in [2, 3, 7, 15, 60, 1000, 20_000] {
            for tail in [1e-8, 7.6e-6, 0.001, 0.025, 0.05, 0.3, 0.5, 0.9, 0.999] {
                let back = upper_tail(upper_quantile(tail, degrees_of_freedom), degrees_of_freedom);
                // The normal tail beyond 10⁴ degrees of freedom is wrong by about z⁴ / 4ν.
                let tolerance = if degrees_of_freedom > 10_000 { 0.02 } else { 1e-7 };
                assert!((back / tail - 1.0).abs() < tolerance, "{degrees_of_freedom} {tail}: {back}");
            }
        }
    }

    #[test]
    fn p_values_fall_from_one_to_zero_and_do_not_know_the_sign() {
        for degrees_of_freedom in [1, 2, 4, 30] {
            assert_eq!(two_sided_p(0.0, degrees_of_freedom), 1.0);
            let mut last = 1.0;
            for step in 1..100 {
                let t = 0.2 * f64::from(step);
                let p = two_sided_p(t, degrees_of_freedom);
                assert!(p < last && p > 0.0 && p == two_sided_p(-t, degrees_of_freedom));
                last = p;
            }
            assert!(two_sided_p(1e300, degrees_of_freedom) <= 1e-100);
        }
    }
}
