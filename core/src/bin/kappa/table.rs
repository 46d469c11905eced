//! The end of a run: means with 95 % intervals, and what came of each claim.

use kappa_core::protocol::Event;
use kappa_core::quantization::{ChangeRounded, QuantizedTo, bjontegaard};
use kappa_core::spec::{JudgedClaim, Metric, Tried, shown};
use kappa_core::stats::Standing;

use crate::about::grouped;
use crate::budget::{Spent, against_budget};

/// What is known of a run so far.
#[derive(Debug, Default)]
pub struct Results {
    /// One a variant, in the experiment's order.
    pub variants: Vec<Outcome>,
    /// Steps of a variant in all.
    pub steps: u32,
    replicas: usize,
    /// Divergence that was told of before the variants were known, after a resume.
    early: Vec<(usize, usize)>,
    /// What tuning found.
    tried: Vec<Tried>,
    /// What came of each claim.
    claims: Vec<JudgedClaim>,
    /// Variants with their matrices rounded.
    quantized: Vec<(usize, Vec<QuantizedTo>)>,
}

/// What is known of a variant.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Computed from its patch.
    pub name: String,
    parameters: u64,
    operations: u64,
    diverged: Vec<bool>,
    metrics: Vec<(Metric, Vec<f32>)>,
}

impl Results {
    /// Takes note of what happened.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Started { variants, replicas, steps, .. } => {
                self.replicas = *replicas as usize;
                self.steps = *steps;
                let outcome = |info: &kappa_core::protocol::VariantInfo| Outcome {
                    name: info.name.clone(),
                    parameters: info.parameters,
                    operations: info.operations,
                    diverged: vec![false; self.replicas],
                    ..Outcome::default()
                };
                self.variants = variants.iter().map(outcome).collect();
                for (variant, replica) in std::mem::take(&mut self.early) {
                    self.mark(variant, replica);
                }
            }
            Event::Diverged { variant, replica, .. } if self.variants.is_empty() => {
                self.early.push((*variant, *replica));
            }
            Event::Diverged { variant, replica, .. } => self.mark(*variant, *replica),
            Event::Evaluated { variant, metrics, .. } => {
                if let Some(variant) = self.variants.get_mut(*variant) {
                    variant.metrics.clone_from(metrics);
                }
            }
            // A resumed run tells of one variant after the other.
            Event::Tuning(tuning) => {
                for tried in tuning.taken().into_iter().flatten() {
                    self.tried.retain(|other| other.variant != tried.variant);
                    self.tried.push(tried.clone());
                }
            }
            Event::Judged { claims, .. } => self.claims.clone_from(claims),
            Event::Quantized { variant, points } => {
                self.quantized.retain(|(other, _)| other != variant);
                self.quantized.push((*variant, points.clone()));
            }
            _ => {}
        }
    }

    fn mark(&mut self, variant: usize, replica: usize) {
        if let Some(diverged) = self.variants.get_mut(variant).and_then(|v| v.diverged.get_mut(replica)) {
            *diverged = true;
        }
    }

    /// The table, and a sentence for every claim.
    pub fn table(&self) -> String {
        let metrics: Vec<Metric> = self
            .variants
            .first()
            .map(|v| v.metrics.iter().map(|(metric, _)| *metric).collect())
            .unwrap_or_default();
        let mut rows = vec![vec!["variant".to_owned(), "parameters".to_owned(), "operations".to_owned()]];
        if !self.tried.is_empty() {
            rows[0].push("tuned".to_owned());
        }
        rows[0].extend(metrics.iter().map(|metric| format!("test {}", metric.word())));
        for (index, variant) in self.variants.iter().enumerate() {
            let mut row = vec![variant.name.clone(), grouped(variant.parameters), short(variant.operations)];
            if !self.tried.is_empty() {
                let tried = self.tried.iter().find(|tried| tried.variant == index);
                row.push(tried.map_or("–".to_owned(), |tried| {
                    shown(tried.value()) + if tried.is_at_the_edge() { " (edge)" } else { "" }
                }));
            }
            row.extend(metrics.iter().map(|metric| variant.mean(*metric)));
            rows.push(row);
        }
        let mut text = columns(&rows);
        text.push_str(
            "Operations: of floating-point numbers, in one training step of one seed, estimated.\n",
        );
        let several = self.replicas > 1;
        if several {
            text.push_str(&format!("Mean ± half of the 95 % interval over {} seeds.\n", self.replicas));
            let judged = self.claims.iter().map(|row| row.judged.pairs.len()).max().unwrap_or(0);
            if judged > self.replicas {
                text.push_str(&format!(
                    "Those are the seeds that were added; claims are judged by all {judged}.\n"
                ));
            }
        }
        if !self.tried.is_empty() {
            text.push_str("Tuned: the value that did best on the validation split, with other seeds.\n");
        }
        text.push_str(&self.by_budget());
        text.push_str(&self.rounded());
        for (index, JudgedClaim { claim, judged }) in self.claims.iter().enumerate() {
            text.push_str(&format!("\n{}. {}\n   {}\n", index + 1, claim.text, judged.sentence));
        }
        text
    }
}

impl Results {
    /// The first metric of every variant over the numbers that it trains; empty where all train as many.
    fn by_budget(&self) -> String {
        let Some(metric) = self.variants.first().and_then(|first| Some(first.metrics.first()?.0)) else {
            return String::new();
        };
        let spent = |one: &Outcome| {
            let good: Vec<f64> = one.outcomes(metric).into_iter().flatten().collect();
            let mean = good.iter().sum::<f64>() / good.len() as f64;
            Spent { name: one.name.clone(), trained: one.parameters, mean, outcome: one.mean(metric) }
        };
        against_budget(metric.word(), self.variants.iter().map(spent).collect())
    }

    /// Quality against bytes of every variant whose matrices were rounded; empty if none was.
    fn rounded(&self) -> String {
        let Some(metric) =
            self.quantized.first().and_then(|(_, points)| Some(points.first()?.metrics.first()?.0))
        else {
            return String::new();
        };
        let mut rows = vec![vec![
            "rounded".to_owned(),
            "bits".to_owned(),
            "bytes".to_owned(),
            format!("test {}", metric.word()),
            "stable rank of the change".to_owned(),
            "error of the change".to_owned(),
        ]];
        let mut curves: Vec<(usize, Vec<(f64, f64)>)> = Vec::new();
        for (variant, points) in &self.quantized {
            let Some(known) = self.variants.get(*variant) else { continue };
            let mut curve = Vec::new();
            for point in points {
                let outcome = Outcome {
                    metrics: point.metrics.clone(),
                    diverged: known.diverged.clone(),
                    ..Outcome::default()
                };
                let of_change =
                    |of: fn(&ChangeRounded) -> &[f64]| point.change(of).filter(|_| point.bits < 32);
                let whole = points.first().and_then(|whole| whole.change(|one| &one.stable_rank));
                let ranks = whole.zip(of_change(|one| &one.stable_rank));
                let band = of_change(|one| &one.band[0]).zip(of_change(|one| &one.band[1]));
                let ranks = ranks.zip(band).map(|((before, after), (low, high))| {
                    format!("{before:.2} → {after:.2}, within [{low:.2}, {high:.2}]")
                });
                let error = of_change(|one| &one.error).map(|error| format!("{error:.3}"));
                rows.push(vec![
                    known.name.clone(),
                    point.bits.to_string(),
                    grouped(point.bytes),
                    outcome.mean(metric),
                    ranks.unwrap_or_default(),
                    error.unwrap_or_default(),
                ]);
                let good: Vec<f64> = outcome.outcomes(metric).into_iter().flatten().collect();
                if !good.is_empty() && point.bits < 32 {
                    curve.push((point.bytes as f64, good.iter().sum::<f64>() / good.len() as f64));
                }
            }
            curves.push((*variant, curve));
        }
        let mut text = format!("\n{}", columns(&rows));
        text.push_str("Rounded after training; bytes of all that one seed has trained, codebooks counted.\n");
        if let Some(((base, first), others)) = curves.split_first() {
            for (variant, curve) in others {
                if let (Some(gap), Some(known)) = (bjontegaard(curve, first), self.variants.get(*variant)) {
                    let name = &self.variants[*base].name;
                    let difference = gap * metric.unit().scale;
                    let unit = metric.unit().name;
                    text.push_str(&format!(
                        "{} against {name} at equal bytes (Bjøntegaard): {difference:+.3} {unit}\n",
                        known.name
                    ));
                }
            }
        }
        text
    }
}

impl Outcome {
    /// A metric of every replica; `None` of those that diverged.
    fn outcomes(&self, metric: Metric) -> Vec<Option<f64>> {
        let values =
            self.metrics.iter().find(|(other, _)| *other == metric).map_or(&[][..], |(_, values)| values);
        let replicas = values.iter().zip(self.diverged.iter().chain(std::iter::repeat(&false)));
        replicas
            .map(|(value, diverged)| Some(f64::from(*value)).filter(|value| value.is_finite() && !*diverged))
            .collect()
    }

    /// "96.2 ± 0.4 %": over the replicas that did not diverge. Where some did: how many, and the median of all, in which they
    /// are worse than every number.
    pub fn mean(&self, metric: Metric) -> String {
        let Ok(standing) = Standing::of(&self.outcomes(metric), metric.measure(1).direction) else {
            return "–".to_owned();
        };
        let (scale, digits, unit) = match metric {
            Metric::Accuracy | Metric::ExactMatch => (100.0, 1, " %"),
            Metric::Loss | Metric::RelativeError => (1.0, 3, ""),
            Metric::Psnr => (1.0, 2, " dB"),
        };
        let number = |value: f64| format!("{:.digits$}", scale * value);
        let failed = match (standing.failed, standing.median) {
            (0, _) => String::new(),
            (failed, Some(median)) => format!(" ({failed} diverged; median {}{unit})", number(median)),
            (failed, None) => format!(" ({failed} diverged)"),
        };
        let Some(summary) = standing.numbers else {
            return format!("–{failed}");
        };
        let half = summary.ci95.map(|(low, high)| format!(" ± {}", number((high - low) / 2.0)));
        format!("{}{}{unit}{failed}", number(summary.mean), half.unwrap_or_default())
    }
}

/// Three digits and a word: "1.23 billion".
fn short(number: u64) -> String {
    let number = number as f64;
    let (unit, word) = match number {
        n if n >= 1e12 => (1e12, " trillion"),
        n if n >= 1e9 => (1e9, " billion"),
        n if n >= 1e6 => (1e6, " million"),
        n if n >= 1e3 => (1e3, " thousand"),
        _ => (1.0, ""),
    };
    let digits = 2usize.saturating_sub((number / unit).max(1.0).log10() as usize);
    format!("{:.digits$}{word}", number / unit)
}

/// Rows of cells, each column as wide as its widest cell.
pub fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("   ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use kappa_core::catalog;
    use kappa_core::protocol::VariantInfo;

    use super::*;

    fn started() -> Event {
        let info = |name: &str| VariantInfo {
            name: name.to_owned(),
            parameters: 14_282,
            operations: 1_234_567,
            bytes: 0,
        };
        Event::Started {
            variants: vec![info("softmax"), info("x³ / √N")], step: 0, steps: 30, replicas: 3
        }
    }

    fn evaluated(variant: usize, accuracy: [f32; 3]) -> Event {
        let metrics = vec![(Metric::Accuracy, accuracy.to_vec()), (Metric::Loss, vec![0.5, 0.25, f32::NAN])];
        Event::Evaluated { variant, step: 30, metrics }
    }

    #[test]
    fn the_table_has_means_intervals_differences_and_verdicts() {
        let experiment = catalog::find("tiny").unwrap().experiment();
        let mut results = Results::default();
        let accuracies = [[0.90f32, 0.91, 0.92], [0.95, 0.955, 0.965]];
        let claims = experiment
            .judge(|variant, _| accuracies[variant].iter().map(|value| Some(f64::from(*value))).collect());
        for event in [
            started(),
            evaluated(0, accuracies[0]),
            evaluated(1, accuracies[1]),
            Event::Judged { claims, measured: Vec::new() },
        ] {
            results.take(&event);
        }
        let table = results.table();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "variant   parameters   operations     test accuracy   test loss");
        assert!(lines[1].starts_with("softmax   14,282       1.23 million   91.0 ± 2.5 %"), "{table}");
        assert!(lines[1].ends_with("(1 diverged; median 0.500)"), "{table}");
        let claim = "1. The accuracy of x³ / √N attention is not lower than that of softmax attention.\n   Holds here \
                     (claimed: not lower by more than 2 points): +4.67 points";
        assert!(table.contains(claim), "{table}");
    }

    #[test]
    fn a_replica_that_diverged_does_not_count_even_if_it_has_a_number() {
        let mut results = Results::default();
        // After a resume, the old divergence comes first.
        results.take(&Event::Diverged { variant: 0, replica: 1, step: 3 });
        results.take(&started());
        results.take(&evaluated(0, [0.5, 0.1, 0.5]));
        assert_eq!(results.variants[0].mean(Metric::Accuracy), "50.0 ± 0.0 % (1 diverged; median 50.0 %)");
        results.take(&Event::Diverged { variant: 0, replica: 0, step: 4 });
        results.take(&Event::Diverged { variant: 0, replica: 2, step: 4 });
        assert_eq!(results.variants[0].mean(Metric::Accuracy), "– (3 diverged)");
    }

    #[test]
    fn large_numbers_have_three_digits_and_a_word() {
        assert_eq!(short(7), "7.00");
        assert_eq!(short(12_345), "12.3 thousand");
        assert_eq!(short(999_000_000), "999 million");
        assert_eq!(short(6_040_000_000), "6.04 billion");
        assert_eq!(short(2_000_000_000_000), "2.00 trillion");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["a".to_owned(), "1".to_owned()], vec!["√√√".to_owned(), "2".to_owned()]];
        assert_eq!(columns(&rows), "a     1\n√√√   2\n");
    }
}
