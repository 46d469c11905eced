//! What a claim compares: a metric of the task, or something that a probe measures.
//!
//! ```toml
//! of = "accuracy"
//! of = { number = "kappa", matrix = "tokens", place = "blocks.1", step = "last" }
//! of = { number = "largest_curvature", step = "first" }
//! ```
//!
//! Both also after rounding: see [`super::rounding`].

use serde::{Deserialize, Serialize};

use super::experiment::Experiment;
use super::rounding::Rounded;
use crate::fields::quote;
use crate::plain::{read_by_serde, table};
use crate::probes::report::{ProbeReport, Quantity};
use crate::stats::{Direction, Form, Measure, Metric, Unit};

read_by_serde!(Asked);
table!(Measured { asked, outcomes });

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a metric, or a table with number and step, and matrix and place where it is of a matrix, or a table with metric and \
                 bits or bytes"
)]
pub enum Asked {
    /// A metric of the last evaluation.
    Metric(Metric),
    /// Something that is measured inside the network.
    Probed(Probed),
    /// A metric after rounding to few bits.
    Rounded(Rounded),
}

/// A number of a measurement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probed {
    /// Which.
    pub number: Number,
    /// Of which kind of matrix; of none for a curvature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<Quantity>,
    /// Its name or its place: `blocks.0`, `embedding`, `blocks.0.mlp.up.weight`. Where heads are told apart, the geometric
    /// mean over them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// At which measurement.
    pub step: When,
    /// After rounding to so many bits; 32 is as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// The bits of what it stands against, where those are others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against_bits: Option<u32>,
}

/// Which number of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Number {
    /// The condition number.
    Kappa,
    /// ‖A‖_F² / σ₁².
    StableRank,
    /// How many singular values are above rounding.
    Rank,
    /// ‖A‖_F.
    Norm,
    /// ‖ΔW' − ΔW‖_F / ‖ΔW‖_F of a change that was rounded.
    Error,
    /// The largest curvature of the loss.
    LargestCurvature,
    /// The smallest curvature of the loss.
    SmallestCurvature,
}

/// At which measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Before the first step.
    First,
    /// After the last one.
    Last,
}

/// What was measured for a claim, of every variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// What was asked for, of one side; no metric of the variants as they are.
    pub asked: Asked,
    /// Of every variant one number a replica; `None` where there is none that is finite.
    pub outcomes: Vec<Vec<Option<f64>>>,
}

impl Asked {
    /// How its values are compared; `examples` are those of the test split.
    pub fn measure(&self, examples: usize) -> Measure {
        let number = match self {
            Self::Metric(metric) | Self::Rounded(Rounded { metric, .. }) => return metric.measure(examples),
            Self::Probed(probed) => probed.number,
        };
        match number {
            // A singular matrix is worse than every number.
            Number::Kappa | Number::LargestCurvature => Measure::factor(Direction::LowerIsBetter),
            Number::StableRank | Number::Rank => Measure::factor(Direction::HigherIsBetter),
            Number::Norm => Measure::factor(Direction::Neither),
            // An error can be 0, and a curvature below it.
            Number::Error | Number::SmallestCurvature => {
                let worse =
                    if number == Number::Error { Direction::LowerIsBetter } else { Direction::Neither };
                Measure { direction: worse, form: Form::Difference, unit: Unit::NONE, step: 0.0 }
            }
        }
    }
}

impl Probed {
    /// The number of each of `replicas` in a report; `None` where it is not there or not finite.
    pub fn read(&self, report: &ProbeReport, replicas: usize) -> Vec<Option<f64>> {
        let of = |replica: usize| match self.number {
            Number::LargestCurvature | Number::SmallestCurvature => {
                let found = report.curvatures.iter().find(|curvature| curvature.replica == replica)?;
                Some(if self.number == Number::LargestCurvature { found.largest } else { found.smallest })
            }
            Number::Error => None,
            Number::Kappa | Number::StableRank | Number::Rank | Number::Norm => {
                let spectra = report.spectra.iter().filter(|spectrum| {
                    spectrum.replica == replica
                        && Some(spectrum.quantity) == self.matrix
                        && Some(&spectrum.name) == self.place.as_ref()
                });
                let numbers = spectra.map(|spectrum| match self.number {
                    Number::Kappa => spectrum.condition_number,
                    Number::StableRank => spectrum.stable_rank,
                    Number::Rank => spectrum.numerical_rank as f64,
                    _ => spectrum.frobenius_norm,
                });
                let logarithms: Vec<f64> = numbers.map(f64::ln).collect();
                let mean = logarithms.iter().sum::<f64>() / logarithms.len() as f64;
                Some(mean.exp())
            }
        };
        let positive = |number: &f64| *number > 0.0 || self.number == Number::SmallestCurvature;
        (0..replicas)
            .map(|replica| of(replica).filter(|number| number.is_finite() && positive(number)))
            .collect()
    }

    /// What is wrong with it in this experiment, as a sentence.
    pub(super) fn problem(&self, experiment: &Experiment) -> Option<String> {
        let probes = &experiment.probes;
        if let Some(sentence) = self.problem_of_widths(experiment) {
            return Some(sentence);
        }
        if self.step == When::First && probes.every == 0 {
            return Some(
                "of has the step \"first\", which is measured only where probes.every is not 0.".to_owned(),
            );
        }
        let (Some(matrix), Some(place)) = (self.matrix, &self.place) else {
            let is_curvature = matches!(self.number, Number::LargestCurvature | Number::SmallestCurvature);
            return match (is_curvature, self.matrix.is_some() || self.place.is_some()) {
                (true, false) if probes.hessian => None,
                (true, false) => Some(
                    "of asks for a curvature, which is measured only where probes.hessian is on.".to_owned(),
                ),
                (true, true) => Some("of asks for a curvature, which has no matrix and no place.".to_owned()),
                (false, _) => Some("of asks for a number of a matrix: name matrix and place.".to_owned()),
            };
        };
        let (on, switch) = match matrix {
            Quantity::Weight => (probes.weights, "weights"),
            Quantity::Update => (probes.updates, "updates"),
            Quantity::Change => (probes.changes, "changes"),
            Quantity::Embedded | Quantity::Tokens => (probes.tokens, "tokens"),
            Quantity::Scores | Quantity::Attention => (probes.scores, "scores"),
            Quantity::Heads
            | Quantity::AttentionOutput
            | Quantity::AfterAttention
            | Quantity::MlpOutput
            | Quantity::AfterMlp => (probes.outputs, "outputs"),
            Quantity::Jacobian | Quantity::JacobianWithSkip => (probes.jacobian, "jacobian"),
        };
        if !on {
            return Some(format!("of asks for what is measured only where probes.{switch} is on."));
        }
        let depth = experiment.get_depth();
        let is_block = || {
            let number = place.strip_prefix("blocks.").and_then(|number| number.parse::<u64>().ok());
            number.is_some_and(|number| number < depth)
        };
        let known = match matrix {
            // The network says which there are.
            _ if matrix.is_of_weights() => true,
            Quantity::Embedded => place == "embedding",
            _ => is_block(),
        };
        let last = depth.saturating_sub(1);
        (!known).then(|| {
            format!(
                "of has the place {}; there are embedding (of embedded), and blocks.0 to blocks.{last}.",
                quote(place)
            )
        })
    }
}

impl Experiment {
    fn get_depth(&self) -> u64 {
        crate::fields::Node::get(self, "model.depth").and_then(|depth| depth.as_u64()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::report::{Curvature, Spectrum};

    fn read(text: &str) -> Result<Asked, String> {
        #[derive(Deserialize)]
        struct Row {
            of: Asked,
        }
        toml::from_str::<Row>(text).map(|row| row.of).map_err(|error| error.to_string())
    }

    fn probed(text: &str) -> Probed {
        match read(text) {
            Ok(Asked::Probed(probed)) => probed,
            other => panic!("{other:?}"),
        }
    }

    const TOKENS: &str = "of = { number = 'kappa', matrix = 'tokens', place = 'blocks.1', step = 'last' }";

    #[test]
    fn a_metric_or_a_number_of_a_measurement_is_read_and_written() {
        assert_eq!(read("of = 'psnr'"), Ok(Asked::Metric(Metric::Psnr)));
        let asked = Asked::Probed(probed(TOKENS));
        let text = serde_json::to_string(&asked).unwrap();
        assert_eq!(serde_json::from_str::<Asked>(&text).unwrap(), asked);
        assert!(read("of = 'bananas'").unwrap_err().contains("a metric, or a table"));
        assert!(read("of = { number = 'kappa' }").unwrap_err().contains("a metric, or a table"));
    }

    #[test]
    fn the_numbers_of_every_replica_are_found_in_a_report() {
        let spectrum = |replica, head, kappa| Spectrum {
            quantity: Quantity::Tokens,
            name: "blocks.1".to_owned(),
            head,
            samples: 1,
            replica,
            singular_values: Vec::new(),
            condition_number: kappa,
            stable_rank: 1.5,
            frobenius_norm: 3.0,
            numerical_rank: 3,
        };
        let report = ProbeReport {
            spectra: vec![
                spectrum(0, Some(0), 2.0),
                spectrum(0, Some(1), 8.0),
                spectrum(1, None, f64::INFINITY),
                Spectrum { name: "blocks.0".to_owned(), ..spectrum(1, None, 5.0) },
            ],
            curvatures: vec![Curvature { replica: 1, largest: 4.0, smallest: -2.0, steps: 9 }],
            ..ProbeReport::default()
        };
        let found = probed(TOKENS).read(&report, 3);
        assert!((found[0].unwrap() - 4.0).abs() < 1e-12 && found[1..] == [None, None], "{found:?}");
        let curvature = probed("of = { number = 'smallest_curvature', step = 'first' }");
        assert_eq!(curvature.read(&report, 2), [None, Some(-2.0)]);
    }

    #[test]
    fn what_is_not_measured_cannot_be_claimed() {
        let mut experiment = super::super::samples::digits();
        let said = |experiment: &Experiment, text: &str| probed(text).problem(experiment).unwrap_or_default();
        assert!(said(&experiment, TOKENS).contains("probes.tokens is on"));
        experiment.probes.tokens = true;
        assert_eq!(said(&experiment, TOKENS), "");
        assert!(said(&experiment, &TOKENS.replace("blocks.1", "blocks.99")).contains("blocks.0 to blocks."));
        assert!(said(&experiment, &TOKENS.replace("last", "first")).contains("probes.every is not 0"));
        assert!(
            said(&experiment, "of = { number = 'norm', step = 'last' }").contains("name matrix and place")
        );
        assert!(
            said(&experiment, "of = { number = 'largest_curvature', step = 'last' }")
                .contains("probes.hessian")
        );
    }
}
