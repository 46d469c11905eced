//! Recorded runs: what came of a paper's experiment once, on which device, when, and from which experiment.
//!
//! One file of JSON for each, `core/recordings/<id>.json`, written by `kappa record` and shown by the page beside the
//! lesson. A recording holds the whole experiment, every field of it, so that nothing about it depends on a default; it
//! may differ from the catalog's in its seeds only, and a test asserts that it does not otherwise. Numbers have five
//! digits. A number that is not finite is `null`.

use serde::{Deserialize, Serialize};

use super::find;
use crate::probes::report::Quantity;
use crate::probes::summary::{Geometric, Summary};
use crate::spec::{Experiment, Metric, from_toml};
use crate::stats::VerdictReport;

/// The version of this format. A recording with another one is refused.
pub const FORMAT: u32 = 1;

/// Bytes of a file, at most: it is fetched when somebody wants to see it.
pub const MAX_BYTES: usize = 100_000;

/// One run of one experiment of the catalog.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Must equal [`FORMAT`].
    pub format: u32,
    /// The catalog's entry.
    pub id: String,
    /// The experiment as a file, with every field.
    pub experiment: String,
    /// [`hash`] of that text.
    pub hash: String,
    /// "CPU", "Vulkan", …
    pub engine: String,
    /// The device's own words for itself; empty where there are none.
    pub adapter: String,
    /// Year, month and day, in UTC: "2026-11-23".
    pub date: String,
    /// Of the program.
    pub version: String,
    /// Of the sources, where they were known; "+" behind it where they had been changed.
    pub commit: Option<String>,
    /// How long the run took, measurements included.
    pub seconds: f64,
    /// In the experiment's order.
    pub variants: Vec<RecordedVariant>,
}

/// What came of one variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedVariant {
    /// Computed from the patch.
    pub name: String,
    /// Trainable numbers of one replica.
    pub parameters: u64,
    /// On the test split, in the order of the steps; the last one is the outcome.
    pub evaluations: Vec<RecordedEvaluation>,
    /// Training loss.
    pub losses: RecordedLosses,
    /// Replicas that diverged, with the step.
    pub diverged: Vec<(usize, u32)>,
    /// Comparison with the first variant.
    pub verdict: Option<VerdictReport>,
    /// Measurements inside the network.
    pub probes: RecordedProbes,
}

/// One evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedEvaluation {
    /// Steps done.
    pub step: u32,
    /// Each metric with one number a replica.
    pub metrics: Vec<(Metric, Vec<Option<f32>>)>,
}

/// Training losses, averaged over stretches of steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedLosses {
    /// Steps of a stretch.
    pub every: u32,
    /// One line a stretch, in it the mean of each replica.
    pub means: Vec<Vec<Option<f32>>>,
}

/// Measurements inside a network, over all replicas.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedProbes {
    /// The steps at which it was measured.
    pub steps: Vec<u32>,
    /// What one measurement took on average, in milliseconds.
    pub milliseconds: f32,
    /// Every matrix, heads averaged.
    pub matrices: Vec<RecordedMatrix>,
    /// Extreme curvatures of the loss; of every replica, the largest and the smallest. One line a step, or none at all.
    pub curvatures: Vec<Vec<(Option<f64>, Option<f64>)>>,
}

/// One matrix at every step of [`RecordedProbes::steps`]: geometric means over the replicas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedMatrix {
    /// What it is.
    pub quantity: Quantity,
    /// Its name or its place.
    pub name: String,
    /// Number of its singular values.
    pub full_rank: usize,
    /// κ; `null` where a replica's matrix is singular, and where there is none.
    pub condition_number: Vec<Option<f64>>,
    /// The factor of κ's 95 % interval.
    pub factor: Vec<Option<f64>>,
    /// ‖A‖_F² / σ₁²; `null` where there is no matrix that is finite.
    pub stable_rank: Vec<Option<f64>>,
    /// ‖A‖_F.
    pub frobenius_norm: Vec<Option<f64>>,
    /// Where it is singular.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub singular: Vec<RecordedSingular>,
}

/// A step at which some replicas' matrix is singular.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedSingular {
    /// Index of the step.
    pub at: usize,
    /// Replicas whose matrix is singular, and all that have one.
    pub replicas: (usize, usize),
    /// The smallest and the largest numerical rank.
    pub rank: (usize, usize),
    /// κ of the other replicas.
    pub otherwise: Option<f64>,
}

impl Recording {
    /// Reads a file. The experiment comes with it.
    ///
    /// # Errors
    /// A sentence about the first thing that is wrong.
    pub fn read(text: &str) -> Result<(Self, Experiment), String> {
        let recording: Self =
            serde_json::from_str(text).map_err(|error| format!("This is no recorded run: {error}."))?;
        let experiment = recording.check()?;
        Ok((recording, experiment))
    }

    /// Whether everything in it belongs together; the experiment that it came from.
    ///
    /// # Errors
    /// A sentence about the first thing that is wrong.
    pub fn check(&self) -> Result<Experiment, String> {
        let fail = |sentence: &str| Err(format!("The recorded run of {} {sentence}.", self.id));
        if self.format != FORMAT {
            return fail(&format!("has format {}, not {FORMAT}", self.format));
        }
        if self.hash != hash(&self.experiment) {
            return fail("was changed by hand: its experiment does not have its hash");
        }
        let experiment = match from_toml(&self.experiment) {
            Ok(experiment) => experiment,
            Err(problems) => {
                return fail(&format!("has an experiment that cannot be read ({})", problems[0]));
            }
        };
        let names: Vec<&str> = self.variants.iter().map(|variant| variant.name.as_str()).collect();
        if names != experiment.variant_names() {
            return fail(&format!("has the variants {}, not the experiment’s", names.join("; ")));
        }
        let (replicas, steps) = (experiment.seeds.count as usize, experiment.training.steps);
        for variant in &self.variants {
            if let Some(what) = variant.oddity(replicas, steps) {
                return fail(&format!("has {what} in {}", variant.name));
            }
        }
        Ok(experiment)
    }

    /// Whether the catalog's experiment is still the one that was recorded; only the seeds may differ.
    ///
    /// # Errors
    /// A sentence that says what it was recorded for.
    pub fn belongs_to_today(&self) -> Result<(), String> {
        let recorded = self.check()?;
        let Some(entry) = find(&self.id) else {
            return Err(format!("There is no {} in the catalog that this run could belong to.", self.id));
        };
        let today = Experiment { seeds: recorded.seeds, ..entry.experiment().clone() };
        if recorded == today {
            Ok(())
        } else {
            Err(format!(
                "This run of {} was recorded for another experiment than the catalog’s is now.",
                self.id
            ))
        }
    }
}

impl RecordedVariant {
    /// What does not fit the experiment, if anything.
    fn oddity(&self, replicas: usize, steps: u32) -> Option<&'static str> {
        let in_order = |at: &mut dyn Iterator<Item = u32>| {
            let at: Vec<u32> = at.collect();
            at.is_sorted_by(|a, b| a < b) && at.last().is_none_or(|last| *last <= steps)
        };
        let evaluations = || self.evaluations.iter();
        let probes = &self.probes;
        let columns = |matrix: &RecordedMatrix| {
            [&matrix.condition_number, &matrix.factor, &matrix.stable_rank, &matrix.frobenius_norm]
                .iter()
                .all(|column| column.len() == probes.steps.len())
                && matrix.singular.iter().all(|singular| singular.at < probes.steps.len())
        };
        if evaluations().next_back().is_none_or(|last| last.step != steps) {
            Some("no evaluation after the last step")
        } else if !in_order(&mut evaluations().map(|evaluation| evaluation.step)) {
            Some("evaluations that are out of order")
        } else if evaluations().flat_map(|one| &one.metrics).any(|(_, values)| values.len() != replicas) {
            Some("an evaluation without a number for each seed")
        } else if self.losses.every == 0 || self.losses.means.iter().any(|line| line.len() != replicas) {
            Some("training losses without a number for each seed")
        } else if !in_order(&mut probes.steps.iter().copied()) {
            Some("measurements that are out of order")
        } else if !probes.matrices.iter().all(columns)
            || !(probes.curvatures.is_empty() || probes.curvatures.len() == probes.steps.len())
        {
            Some("a measurement without a number for each step")
        } else {
            None
        }
    }
}

impl RecordedMatrix {
    /// A matrix without a step yet.
    pub fn new(summary: &Summary) -> Self {
        Self {
            quantity: summary.quantity,
            name: summary.name.clone(),
            full_rank: summary.full_rank,
            condition_number: Vec::new(),
            factor: Vec::new(),
            stable_rank: Vec::new(),
            frobenius_norm: Vec::new(),
            singular: Vec::new(),
        }
    }

    /// Adds what was found at the next step.
    pub fn push(&mut self, summary: &Summary) {
        let kappa = summary.condition_number;
        if summary.singular > 0 {
            self.singular.push(RecordedSingular {
                at: self.condition_number.len(),
                replicas: (summary.singular, kappa.n),
                rank: summary.rank,
                otherwise: short(summary.regular.mean),
            });
        }
        self.condition_number.push(short(kappa.mean));
        self.factor.push(kappa.factor.and_then(short));
        self.stable_rank.push(short(summary.stable_rank.mean));
        self.frobenius_norm.push(short(summary.frobenius_norm.mean));
    }

    /// Adds a step at which it was not measured.
    pub fn push_nothing(&mut self) {
        let columns =
            [&mut self.condition_number, &mut self.factor, &mut self.stable_rank, &mut self.frobenius_norm];
        columns.into_iter().for_each(|column| column.push(None));
    }

    /// What was found at the step with this index, over `replicas`; without the singular values, which are not recorded.
    pub fn at(&self, index: usize, replicas: usize) -> Option<Summary> {
        let stable_rank = *self.stable_rank.get(index)?;
        let singular = self.singular.iter().find(|singular| singular.at == index);
        let replicas = match (stable_rank, singular) {
            (None, _) => 0,
            (_, Some(singular)) => singular.replicas.1,
            _ => replicas,
        };
        let mean = |mean: Option<f64>, none: f64, factor: Option<f64>| Geometric {
            mean: mean.unwrap_or(none),
            factor,
            n: replicas,
        };
        let kappa = *self.condition_number.get(index)?;
        let none = if singular.is_some() { f64::INFINITY } else { f64::NAN };
        let regular = singular.map_or(kappa, |singular| singular.otherwise);
        Some(Summary {
            quantity: self.quantity,
            name: self.name.clone(),
            head: None,
            condition_number: mean(kappa, none, self.factor.get(index).copied().flatten()),
            stable_rank: mean(stable_rank, f64::NAN, None),
            frobenius_norm: mean(self.frobenius_norm.get(index).copied().flatten(), f64::NAN, None),
            singular: singular.map_or(0, |singular| singular.replicas.0),
            regular: mean(regular, f64::NAN, None),
            rank: singular.map_or((self.full_rank, self.full_rank), |singular| singular.rank),
            full_rank: self.full_rank,
            singular_values: Vec::new(),
        })
    }
}

/// Five digits of a number; `None` if it is not finite.
pub fn short(number: f64) -> Option<f64> {
    number.is_finite().then(|| format!("{number:.4e}").parse().unwrap_or(number))
}

/// 64 bits of a text, as sixteen digits: FNV-1a. It tells experiments apart; it is no signature.
pub fn hash(text: &str) -> String {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, mix))
}

#[cfg(test)]
mod tests;
