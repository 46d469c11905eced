//! Student's t distribution, as far as intervals and tests of a mean need it.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::normal;

/// The 0.975 quantiles of 1, 2, 3, … degrees of freedom. A table, because the page needs no more of the distribution
/// than this for its intervals, and every chart needs it at every point.
#[rustfmt::skip] // one number a line would be 64 lines
const QUANTILES_975: [f64; 64] = [
    12.706_204_736_174_7, 4.302_652_729_749_5, 3.182_446_305_283_7, 2.776_445_105_197_8, 2.570_581_835_636_3,
    2.446_911_851_145, 2.364_624_251_592_8, 2.306_004_135_204_2, 2.262_157_162_798_2, 2.228_138_851_986_3,
    2.200_985_160_091_6, 2.178_812_829_667_2, 2.160_368_656_462_8, 2.144_786_687_917_8, 2.131_449_545_559_7,
    2.119_905_299_221_2, 2.109_815_577_833_3, 2.100_922_040_241, 2.093_024_054_408_2, 2.085_963_447_265_8,
    2.079_613_844_727_5, 2.073_873_067_903_9, 2.068_657_610_418_9, 2.063_898_561_627_9, 2.059_538_552_753_1,
    2.055_529_438_642_7, 2.051_830_516_480_1, 2.048_407_141_795_1, 2.045_229_642_132_4, 2.042_272_456_301_1,
    2.039_513_446_396_2, 2.036_933_343_459_8, 2.034_515_297_449, 2.032_244_509_317_4, 2.030_107_928_250_1,
    2.028_094_000_980_2, 2.026_192_463_028_8, 2.024_394_163_911_7, 2.022_690_920_036_4, 2.021_075_390_306,
    2.019_540_970_441_1, 2.018_081_702_818_1, 2.016_692_199_227_5, 2.015_367_574_443_4, 2.014_103_388_880_6,
    2.012_895_598_919_1, 2.011_740_513_729_4, 2.010_634_757_623_9, 2.009_575_237_128_8, 2.008_559_112_100_5,
    2.007_583_770_315_5, 2.006_646_805_061_3, 2.005_745_995_317_5, 2.004_879_288_187_7, 2.004_044_783_288_7,
    2.003_240_718_847_5, 2.002_465_459_290_6, 2.001_717_484_144_9, 2.000_995_378_087_8, 2.000_297_822_013_8,
    1.999_623_584_994_5, 1.998_971_517_033, 1.998_340_542_520_2, 1.997_729_654_317_3,
];

/// The 0.975 quantile of the normal distribution, which those above approach.
const Z_975: f64 = 1.959_963_984_540_054;

/// Degrees of freedom beyond which the expansion takes over: the exact quantile takes seconds for millions.
const NEARLY_NORMAL: f64 = 1e4;

/// The factor of a two-sided 95 % interval: the 0.975 quantile.
///
/// # Panics
/// If `degrees_of_freedom` is 0.
pub(super) fn t_975(degrees_of_freedom: usize) -> f64 {
    match QUANTILES_975.get(degrees_of_freedom - 1) {
        Some(&quantile) => quantile,
        None => expansion(Z_975, degrees_of_freedom as f64),
    }
}

/// The probability of a value at least as far from 0 as `t`, on either side.
#[cfg(test)]
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

/// Cornish and Fisher's expansion of the quantile about the normal `z` (Abramowitz and Stegun, 26.7.5); for the 0.975
/// quantile it errs by less than 1e-9 beyond the table.
fn expansion(z: f64, v: f64) -> f64 {
    let square = z * z;
    // The coefficients of z, z³, z⁵, …, the highest first, and what divides them.
    let orders: [(&[f64], f64); 4] = [
        (&[1.0, 1.0], 4.0),
        (&[5.0, 16.0, 3.0], 96.0),
        (&[3.0, 19.0, 17.0, -15.0], 384.0),
        (&[79.0, 776.0, 1482.0, -1920.0, -945.0], 92160.0),
    ];
    let polynomial = |of: &[f64]| z * of.iter().fold(0.0, |sum, coefficient| sum * square + coefficient);
    z + orders.iter().rev().fold(0.0, |sum, (of, divisor)| (sum + polynomial(of) / divisor) / v)
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
        assert!((t_975(usize::MAX) - 1.959_963_985).abs() < 1e-9);
    }

    #[test]
    fn the_table_and_the_expansion_are_the_quantile() {
        for degrees_of_freedom in 1..2000 {
            let error =
                t_975(degrees_of_freedom) - distribution(degrees_of_freedom as f64).inverse_cdf(0.975);
            let tolerance = if degrees_of_freedom <= QUANTILES_975.len() { 1e-11 } else { 1e-9 };
            assert!(error.abs() < tolerance, "{degrees_of_freedom}: {error:e}");
            let p = two_sided_p(t_975(degrees_of_freedom), degrees_of_freedom);
            assert!((p - 0.05).abs() < tolerance, "{degrees_of_freedom}: {p}");
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
