//! The table of results: what the newest evaluation says about every variant, and about its difference to the first.

use kappa_core::spec::Metric;

use super::{Point, RunLog};

/// One variant in the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Computed from the patch.
    pub name: String,
    /// Steps done when it was evaluated.
    pub step: u32,
    /// The metric over the replicas that have a number.
    pub value: Point,
    /// Replicas in all.
    pub replicas: usize,
    /// The value by which it was tuned.
    pub tuned: Option<String>,
    /// Trainable numbers of one replica.
    pub parameters: u64,
    /// Difference to the first variant, seed by seed; `None` for the first one.
    pub paired: Option<Point>,
}

/// The rows, as far as there are evaluations.
pub fn rows(log: &RunLog, metric: Metric) -> Vec<Row> {
    let first = log.variants.first().and_then(|variant| variant.newest(metric));
    let row = |(index, variant): (usize, &super::VariantLog)| {
        let (step, values) = variant.newest(metric)?;
        Some(Row {
            name: variant.info.name.clone(),
            step,
            value: Point::of(f64::from(step), values.iter().map(|value| f64::from(*value))),
            replicas: values.len(),
            tuned: super::scatter::taken(log, index),
            parameters: variant.info.parameters,
            paired: first
                .as_ref()
                .filter(|(at, _)| index > 0 && *at == step)
                .and_then(|(_, base)| paired(&values, base)),
        })
    };
    log.variants.iter().enumerate().filter_map(row).collect()
}

/// Over the seeds on which both have a number; `None` if there is none.
fn paired(values: &[f32], base: &[f32]) -> Option<Point> {
    let differences = values.iter().zip(base).map(|(value, base)| f64::from(*value) - f64::from(*base));
    Some(Point::of(0.0, differences)).filter(|point| point.n > 0)
}

/// A metric in the unit in which people read it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Name of the metric.
    pub name: &'static str,
    /// What its numbers are multiplied by.
    pub scale: f64,
    /// After a number.
    pub unit: &'static str,
    /// After a difference.
    pub difference: &'static str,
    /// Decimals.
    pub decimals: usize,
}

impl Reading {
    /// How a metric is read.
    pub fn of(metric: Metric) -> Self {
        match metric {
            Metric::Accuracy => {
                Self { name: "Test accuracy", scale: 100.0, unit: " %", difference: " points", decimals: 1 }
            }
            Metric::ExactMatch => {
                Self { name: "Exact match", scale: 100.0, unit: " %", difference: " points", decimals: 1 }
            }
            Metric::Loss => Self { name: "Test loss", scale: 1.0, unit: "", difference: "", decimals: 3 },
            Metric::Psnr => Self { name: "PSNR", scale: 1.0, unit: " dB", difference: " dB", decimals: 2 },
            Metric::RelativeError => {
                Self { name: "Relative error", scale: 1.0, unit: "", difference: "", decimals: 3 }
            }
        }
    }

    /// "91.2 % ± 0.4"
    pub fn value(&self, point: &Point) -> String {
        if point.n == 0 {
            return "diverged".to_owned();
        }
        let decimals = self.decimals;
        let mean = point.mean * self.scale;
        match point.half_width {
            Some(half) => format!("{mean:.decimals$}{} ± {:.decimals$}", self.unit, half * self.scale),
            None => format!("{mean:.decimals$}{}", self.unit),
        }
    }

    /// "+3.1 points [1.2, 5.0]"
    pub fn difference(&self, paired: &Point) -> String {
        let decimals = self.decimals;
        let mean = paired.mean * self.scale;
        let unit = self.difference;
        match paired.half_width {
            Some(half) => {
                let (low, high) = (mean - half * self.scale, mean + half * self.scale);
                format!(
                    "{}{unit} [{}, {}]",
                    signed(mean, decimals),
                    signed(low, decimals),
                    signed(high, decimals)
                )
            }
            None => format!("{}{unit}", signed(mean, decimals)),
        }
    }
}

/// With a sign that is as wide as a plus.
fn signed(number: f64, decimals: usize) -> String {
    format!("{number:+.decimals$}").replace('-', "−")
}

/// 203,402
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use kappa_core::protocol::{Event, VariantInfo};

    use super::*;

    fn evaluated(values: &[&[f32]]) -> RunLog {
        let mut log = RunLog::default();
        let info = VariantInfo { name: "base".to_owned(), parameters: 203_402, operations: 1, bytes: 1 };
        log.apply(
            Event::Started { variants: vec![info; values.len()], step: 0, steps: 10, replicas: 3 },
            0.0,
        );
        for (variant, values) in values.iter().enumerate() {
            let metrics = vec![(Metric::Accuracy, values.to_vec())];
            log.apply(Event::Evaluated { variant, step: 10, metrics }, 0.0);
        }
        log
    }

    #[test]
    fn differences_are_paired_by_seed() {
        let log = evaluated(&[&[0.1, 0.5, 0.9], &[0.2, 0.6, 1.0]]);
        let rows = rows(&log, Metric::Accuracy);
        assert!(rows[0].paired.is_none());
        let paired = rows[1].paired.unwrap();
        assert!((paired.mean - 0.1).abs() < 1e-6 && paired.half_width.unwrap() < 0.01);
    }

    #[test]
    fn a_seed_without_a_number_is_left_out_and_the_count_says_so() {
        let log = evaluated(&[&[0.5, 0.5, 0.5], &[f32::NAN, 0.6, 0.6]]);
        let rows = rows(&log, Metric::Accuracy);
        assert_eq!((rows[1].value.n, rows[1].replicas, rows[1].paired.unwrap().n), (2, 3, 2));
    }

    #[test]
    fn numbers_read_as_people_write_them() {
        let accuracy = Reading::of(Metric::Accuracy);
        let point = Point { x: 0.0, mean: 0.912, half_width: Some(0.004), n: 5 };
        assert_eq!(accuracy.value(&point), "91.2 % ± 0.4");
        assert_eq!(signed(-1.25, 1), "−1.2");
        assert_eq!(thousands(203_402), "203,402");
        assert_eq!(thousands(12), "12");
    }
}
