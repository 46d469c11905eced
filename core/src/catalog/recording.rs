//! Recorded runs: what came of a paper's experiment once, on which device, when, and from which experiment.
//!
//! One file of JSON for each, `core/recordings/<id>.json`, written by `kappa record` and shown by the page beside the
//! lesson. A recording holds the whole experiment, every field of it, so that nothing about it depends on a default; it
//! may differ from the catalog's in its seeds only, and a test asserts that it does not otherwise. Numbers have five
//! digits. A number that is not finite is `null`.

use serde::{Deserialize, Serialize};

pub use self::map::{HEADS, RecordedMap};
pub use self::rounding::{RecordedChange, RecordedRounding};
use super::find;
use crate::plain::table;
use crate::probes::report::Quantity;
use crate::probes::summary::{Geometric, Summary};
use crate::quantization::QuantizedTo;
use crate::spec::digest::hash;
use crate::spec::{Asked, Experiment, JudgedClaim, Measured, Seeds, Tried, from_toml};
use crate::stats::Metric;

table!(Recording {
    format, id, experiment, hash, engine, adapter, date, version, commit, seconds, claims, variants; tried, measured
});
table!(RecordedVariant {
    name, parameters, operations, evaluated, metrics, every, losses, diverged, probed, milliseconds, matrices, curvatures;
    maps, rounded
});
table!(RecordedMatrix { quantity, name, full_rank, means; singular, values });

/// The version of this format. A recording with another one is refused.
pub const FORMAT: u32 = 2;

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
    /// What tuning found, of every variant that was tuned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Tried>,
    /// What was measured for claims about what is inside a network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<Measured>,
    /// The catalog's claims, judged by these outcomes; [`Recording::judge_anew`] brings them up to date.
    pub claims: Vec<JudgedClaim>,
    /// In the experiment's order.
    pub variants: Vec<RecordedVariant>,
}

/// Lines of numbers; one that is not finite is `null`.
pub type Numbers = Vec<Vec<Option<f64>>>;

/// What came of one variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedVariant {
    /// Computed from the patch.
    pub name: String,
    /// Trainable numbers of one replica.
    pub parameters: u64,
    /// Floating-point operations of one training step of one replica, estimated.
    pub operations: u64,
    /// The steps of the evaluations on the test split; the last one is the outcome.
    pub evaluated: Vec<u32>,
    /// Each metric: one line an evaluation, in it one number a replica.
    pub metrics: Vec<(Metric, Numbers)>,
    /// Over how many steps each line of `losses` is averaged.
    pub every: u32,
    /// Training loss: one line a stretch of steps, in it one number a replica.
    pub losses: Numbers,
    /// For each replica the step at which it diverged, or 0.
    pub diverged: Vec<u32>,
    /// The steps of the measurements inside the network.
    pub probed: Vec<u32>,
    /// What one measurement took on average, in milliseconds.
    pub milliseconds: f64,
    /// Every matrix that was measured, heads averaged.
    pub matrices: Vec<RecordedMatrix>,
    /// Attention maps of the last measurement, of the first heads of the first and the last block.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maps: Vec<RecordedMap>,
    /// Extreme curvatures of the loss: one line a measurement, in it the largest of every replica, then the smallest of
    /// every replica; no line at all where they were not measured.
    pub curvatures: Numbers,
    /// The variant as it is, then with its trained matrices rounded to each width; none where that was not asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounded: Vec<RecordedRounding>,
}

/// One matrix over all replicas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedMatrix {
    /// What it is.
    pub quantity: Quantity,
    /// Its name or its place.
    pub name: String,
    /// Number of its singular values.
    pub full_rank: u32,
    /// One line a measurement, in it geometric means over the replicas: κ (`null` where a replica's matrix is singular),
    /// the factor of κ's 95 % interval, ‖A‖_F² / σ₁² and ‖A‖_F. An empty line where there was no matrix.
    pub means: Numbers,
    /// One line for each measurement at which some replica's matrix is singular: the index of the measurement, how many
    /// replicas are, how many have a matrix, the smallest and the largest numerical rank, and κ of those that are not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub singular: Numbers,
    /// Singular values, largest first, of the first and the last measurement: the index of the measurement, then each
    /// value's geometric mean, in three digits. No line where they were too many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Numbers,
}

/// Singular values of a matrix that is recorded with them, at most.
pub const MAX_VALUES: usize = 64;

impl Recording {
    /// Reads a file. The experiment comes with it.
    ///
    /// # Errors
    /// A sentence about the first thing that is wrong.
    pub fn read(text: &str) -> Result<(Self, Experiment), String> {
        let recording: Self =
            serde_json::from_str(text).map_err(|error| format!("This is no recorded run: {error}."))?;
        let experiment = recording.experiment()?;
        recording.check(&experiment)?;
        Ok((recording, experiment))
    }

    /// The experiment that was recorded.
    ///
    /// # Errors
    /// If it was changed by hand, or is none.
    pub fn experiment(&self) -> Result<Experiment, String> {
        if self.hash != hash(&self.experiment) {
            return Err(self.wrong("was changed by hand: its experiment does not have its hash"));
        }
        from_toml(&self.experiment).map_err(|problems| {
            self.wrong(&format!("has an experiment that cannot be read ({})", problems[0]))
        })
    }

    /// Whether everything in it is a run of this experiment.
    ///
    /// # Errors
    /// A sentence about the first thing that is wrong.
    pub fn check(&self, experiment: &Experiment) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(self.wrong(&format!("has format {}, not {FORMAT}", self.format)));
        }
        let names: Vec<&str> = self.variants.iter().map(|variant| variant.name.as_str()).collect();
        if names != experiment.variant_names() {
            return Err(self.wrong(&format!("has the variants {}, not the experiment’s", names.join("; "))));
        }
        let tuned = (0..names.len()).filter(|index| experiment.tuned_field(*index).is_some());
        let known = |tried: &Tried| {
            tried.outcomes.len() == tried.values.len()
                && tried.best < tried.values.len()
                && tried.outcomes.iter().all(|seeds| seeds.len() == experiment.tune.seeds as usize)
        };
        if !tuned.eq(self.tried.iter().map(|tried| tried.variant)) || !self.tried.iter().all(known) {
            return Err(self.wrong("has other tuned values than its experiment tries"));
        }
        let (replicas, steps) = (experiment.seeds.count as usize, experiment.training.steps);
        let oddity =
            |variant: &RecordedVariant| Some((variant.oddity(replicas, steps)?, variant.name.clone()));
        match self.variants.iter().find_map(oddity) {
            Some((what, name)) => Err(self.wrong(&format!("has {what} in {name}"))),
            None => Ok(()),
        }
    }

    /// Whether the catalog's experiment is still the one that was recorded; only the seeds may differ.
    ///
    /// # Errors
    /// A sentence that says what it was recorded for.
    pub fn belongs_to_today(&self) -> Result<(), String> {
        let recorded = self.experiment()?;
        let Some(entry) = find(&self.id) else {
            return Err(format!("There is no {} in the catalog that this run could belong to.", self.id));
        };
        // What is claimed of the outcomes may have changed since: it is judged anew.
        let today = entry.experiment().clone();
        let recorded = Experiment { claims: today.claims.clone(), ..recorded };
        if recorded == (Experiment { seeds: recorded.seeds.clone(), ..today }) {
            Ok(())
        } else {
            Err(self.wrong("was recorded for another experiment than the catalog’s is now"))
        }
    }

    /// Judges the claims of an experiment by the outcomes that were kept: the last evaluation of every seed. No run is
    /// trained again.
    pub fn judge_anew(&mut self, experiment: &Experiment) {
        // As many seeds were planned as were recorded.
        let count = self.variants.first().map_or(0, |variant| variant.diverged.len() as u32);
        let outcome = |variant: usize, asked: &Asked| {
            let (index, Some(variant)) = (variant, self.variants.get(variant)) else {
                return vec![None; count as usize];
            };
            let last = match asked {
                Asked::Metric(metric) => {
                    let lines = variant.metrics.iter().find(|(other, _)| other == metric);
                    lines.and_then(|(_, lines)| lines.last()).cloned()
                }
                Asked::Probed(_) | Asked::Rounded(_) => {
                    let measured = self.measured.iter().find(|one| one.asked == *asked);
                    let measured = measured.and_then(|one| one.outcomes.get(index)).cloned();
                    measured.or_else(|| asked.read_rounded(&variant.rounded()))
                }
            };
            let last = last.unwrap_or_else(|| vec![None; variant.diverged.len()]);
            last.into_iter()
                .zip(&variant.diverged)
                .map(|(value, step)| value.filter(|_| *step == 0))
                .collect()
        };
        let seeds = Seeds { count, ..experiment.seeds.clone() };
        let claims = Experiment { seeds, ..experiment.clone() }.judge(outcome);
        self.claims = claims;
    }

    fn wrong(&self, what: &str) -> String {
        format!("The recorded run of {} {what}.", self.id)
    }
}

impl RecordedVariant {
    /// The variant as it is and rounded to each width.
    pub fn rounded(&self) -> Vec<QuantizedTo> {
        self.rounded.iter().map(RecordedRounding::read).collect()
    }

    /// What does not fit the experiment, if anything.
    fn oddity(&self, replicas: usize, steps: u32) -> Option<&'static str> {
        let in_order =
            |at: &[u32]| at.is_sorted_by(|a, b| a < b) && at.last().is_none_or(|last| *last <= steps);
        let table = |lines: &Numbers, count: usize, width: usize| {
            lines.len() == count && lines.iter().all(|line| line.len() == width)
        };
        let (evaluations, probes) = (self.evaluated.len(), self.probed.len());
        let is_whole = |matrix: &RecordedMatrix| {
            matrix.means.len() == probes
                && matrix.means.iter().all(|line| line.is_empty() || line.len() == 4)
                && matrix.singular.iter().all(|line| line.len() == 6)
                && matrix.values.iter().all(|line| line.len() <= MAX_VALUES + 1)
        };
        if self.evaluated.last() != Some(&steps) {
            Some("no evaluation after the last step")
        } else if !in_order(&self.evaluated) {
            Some("evaluations that are out of order")
        } else if self.metrics.iter().any(|(_, lines)| !table(lines, evaluations, replicas)) {
            Some("an evaluation without a number for each seed")
        } else if self.every == 0 || !table(&self.losses, self.losses.len(), replicas) {
            Some("training losses without a number for each seed")
        } else if self.diverged.len() != replicas {
            Some("a seed of which it is not known whether it diverged")
        } else if !self.maps.iter().all(RecordedMap::is_whole) {
            Some("an attention map without all of its weights")
        } else if !self.rounded.iter().all(|one| one.is_whole(replicas)) {
            Some("a rounding without a number for each seed")
        } else if !in_order(&self.probed) {
            Some("measurements that are out of order")
        } else if !self.matrices.iter().all(is_whole)
            || !(self.curvatures.is_empty() || table(&self.curvatures, probes, 2 * replicas))
        {
            Some("a measurement without all of its numbers")
        } else {
            None
        }
    }
}

impl RecordedMatrix {
    /// A matrix that was not measured yet.
    pub fn new(summary: &Summary) -> Self {
        Self {
            quantity: summary.quantity,
            name: summary.name.clone(),
            full_rank: summary.full_rank as u32,
            means: Vec::new(),
            singular: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Adds the singular values that were found at the measurement with this index, if they are few enough.
    pub fn keep_values(&mut self, index: usize, summary: &Summary) {
        let values = &summary.singular_values;
        if (1..=MAX_VALUES).contains(&values.len()) {
            let line = values.iter().map(|[mean, _]| rounded(f64::from(*mean), 3));
            self.values.push(std::iter::once(Some(index as f64)).chain(line).collect());
        }
    }

    /// Adds what was found at the next measurement; `None` if it was not measured.
    pub fn push(&mut self, summary: Option<&Summary>) {
        let Some(summary) = summary else {
            return self.means.push(Vec::new());
        };
        let kappa = summary.condition_number;
        if summary.singular > 0 {
            let counts = [self.means.len(), summary.singular, kappa.n, summary.rank.0, summary.rank.1]
                .map(|n| Some(n as f64));
            self.singular.push(counts.into_iter().chain([short(summary.regular.mean)]).collect());
        }
        let others = [summary.stable_rank.mean, summary.frobenius_norm.mean].map(short);
        self.means
            .push([short(kappa.mean), kappa.factor.and_then(short)].into_iter().chain(others).collect());
    }

    fn values_at(&self, index: usize) -> Vec<[f32; 2]> {
        let line = self.values.iter().find(|line| line.first() == Some(&Some(index as f64)));
        let values = line.into_iter().flat_map(|line| line.iter().skip(1));
        values.map(|value| [value.unwrap_or_default() as f32, 1.0]).collect()
    }

    /// What was found at the measurement with this index, over `replicas`; with the singular values where they are recorded.
    pub fn at(&self, index: usize, replicas: usize) -> Option<Summary> {
        let [kappa, factor, stable_rank, norm] = self.means.get(index)?.as_slice() else {
            return None;
        };
        let mut singular = self.singular.iter().filter_map(|line| <[_; 6]>::try_from(line.as_slice()).ok());
        let singular = singular.find(|line| line[0] == Some(index as f64));
        let count = |number: Option<f64>| number.unwrap_or_default() as usize;
        let n = match singular {
            Some([_, _, all, ..]) => count(all),
            None if stable_rank.is_some() => replicas,
            None => 0,
        };
        let mean = |mean: Option<f64>, factor| Geometric { mean: mean.unwrap_or(f64::NAN), factor, n };
        let full = self.full_rank as usize;
        let (condition_number, lost, rank, regular) = match singular {
            Some([_, lost, _, least, most, otherwise]) => {
                (mean(Some(f64::INFINITY), None), count(lost), (count(least), count(most)), otherwise)
            }
            None => (mean(*kappa, *factor), 0, (full, full), *kappa),
        };
        Some(Summary {
            quantity: self.quantity,
            name: self.name.clone(),
            head: None,
            condition_number,
            stable_rank: mean(*stable_rank, None),
            frobenius_norm: mean(*norm, None),
            singular: lost,
            regular: mean(regular, None),
            rank,
            full_rank: full,
            singular_values: self.values_at(index),
        })
    }
}

/// Five digits of a number; `None` if it is not finite.
pub fn short(number: f64) -> Option<f64> {
    rounded(number, 5)
}

fn rounded(number: f64, digits: usize) -> Option<f64> {
    number.is_finite().then(|| format!("{number:.*e}", digits - 1).parse().unwrap_or(number))
}

mod map;
mod rounding;
#[cfg(test)]
mod tests;
