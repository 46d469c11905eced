//! How numbers are printed: in the reader's unit, with as many digits as they are known to and no fewer than honesty
//! needs.

use crate::fields::decimal;

/// How to print a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// Printed after the difference; empty for a bare number.
    pub name: &'static str,
    /// The metric is multiplied by this before it is printed.
    pub scale: f64,
}

impl Unit {
    /// A bare number.
    pub const NONE: Self = Self { name: "", scale: 1.0 };
    /// Percentage points of a metric between 0 and 1.
    pub const POINTS: Self = Self { name: "points", scale: 100.0 };

    /// What is printed after exactly one.
    pub(super) fn singular(&self) -> &'static str {
        if *self == Self::POINTS { "point" } else { self.name }
    }
}

/// How many digits to print.
#[derive(Clone, Copy, Debug)]
pub(super) enum Digits {
    /// That many after the point.
    Decimals(usize),
    /// Very small or very large: one before the point, that many after, and an exponent.
    Scientific(usize),
}

impl Digits {
    /// Two significant digits of the half-width, and more if rounding would move an end of the interval onto a
    /// threshold or across it, or falsify the threshold itself.
    pub(super) fn to_show(mean: f64, low: f64, high: f64, thresholds: &[f64]) -> Self {
        let half = (high - low).abs() / 2.0;
        let largest = low.abs().max(high.abs()).max(mean.abs());
        let (measure, significant) = if half > 0.0 { (half, 1.0) } else { (largest, 2.0) };
        let decimals = if measure > 0.0 { significant - measure.log10().floor() } else { 0.0 };
        let candidates = if decimals > 6.0 || largest >= 1e7 {
            let digits = if measure > 0.0 { (largest / measure).log10().floor() + significant } else { 0.0 };
            let digits = digits.clamp(1.0, 15.0) as usize;
            (digits..=digits + 6).map(Digits::Scientific).collect::<Vec<_>>()
        } else {
            let decimals = decimals.max(0.0) as usize;
            (decimals..=decimals + 6).map(Digits::Decimals).collect()
        };
        let honest = |digits: &Self| {
            thresholds.iter().all(|threshold| {
                let rounded = digits.round(*threshold);
                let same_side = |end: f64| digits.round(end).total_cmp(&rounded) == end.total_cmp(threshold);
                (rounded - threshold).abs() <= 1e-9 * threshold.abs() && same_side(low) && same_side(high)
            })
        };
        candidates.iter().copied().find(honest).unwrap_or(candidates[0])
    }

    fn text(self, value: f64) -> String {
        let value = value + 0.0; // turns −0 into 0
        match self {
            Self::Decimals(digits) => format!("{value:.digits$}"),
            Self::Scientific(digits) => format!("{value:.digits$e}"),
        }
    }

    fn round(self, value: f64) -> f64 {
        decimal(&self.text(value)).unwrap_or(value) + 0.0
    }

    pub(super) fn plain(self, value: f64) -> String {
        let text = self.text(value);
        // A negative number that rounds to zero is printed without its sign.
        let text = if self.round(value) == 0.0 { text.trim_start_matches('-') } else { &text };
        text.replace('-', "−")
    }

    pub(super) fn signed(self, value: f64) -> String {
        let text = self.plain(value);
        if self.round(value) > 0.0 { format!("+{text}") } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_never_moves_the_interval_onto_the_threshold() {
        for (low, high, threshold, shown) in [
            (0.0004, 2.0, 0.0, ["0.0004", "2.0000"]),
            (-2.0, -0.004, 0.0, ["−2.000", "−0.004"]),
            (0.9996, 3.0, 1.0, ["0.9996", "3.0000"]),
            (-1.0, 3.0, 0.0, ["−1.0", "3.0"]),
            (0.04, 3.0, 0.25, ["0.04", "3.00"]),
            (1.2e-9, 3.4e-9, 0.0, ["1.2e−9", "3.4e−9"]),
            (1.234e8, 5.678e8, 0.0, ["1.2e8", "5.7e8"]),
        ] {
            let digits = Digits::to_show((low + high) / 2.0, low, high, &[threshold]);
            assert_eq!([digits.plain(low), digits.plain(high)], shown);
        }
    }
}
