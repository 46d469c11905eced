//! The normal distribution, as far as bounds and power need it.

use statrs::function::erf::{erfc, erfc_inv};

/// The probability of a value above `z`.
pub(super) fn upper_tail(z: f64) -> f64 {
    erfc(z * std::f64::consts::FRAC_1_SQRT_2) / 2.0
}

/// The value that is exceeded with probability `tail`, in (0, 1).
pub(super) fn upper_quantile(tail: f64) -> f64 {
    std::f64::consts::SQRT_2 * erfc_inv(2.0 * tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_and_quantiles_are_those_of_the_printed_tables() {
        for (z, tail) in
            [(0.0, 0.5), (1.644_854, 0.05), (1.959_964, 0.025), (3.090_232, 0.001), (4.753_424, 1e-6)]
        {
            assert!((upper_tail(z) / tail - 1.0).abs() < 1e-5, "{z}");
            assert!((upper_quantile(tail) - z).abs() < 1e-6, "{tail}");
            assert!((upper_tail(-z) - (1.0 - tail)).abs() < 1e-7, "−{z}");
        }
    }
}
