//! Tuning: which values each variant tries before the comparison, and which of them it takes.
//!
//! ```toml
//! [tune]
//! field = "training.learning_rate"
//! values = [5e-4, 1e-3, 2e-3, 4e-3]
//! seeds = 3                       # of each value; others than those that are compared
//! steps = 800                     # as many as the comparison unless said
//! ```
//!
//! A variant without the number, or one that sets it itself, is compared as it stands.

use serde::{Deserialize, Serialize};

use super::experiment::{Experiment, Variant};
use super::table::known_field;
use super::tree;
use crate::fields::{Field, Kind, Problem, Problems, quote, shortest, written};
use crate::plain::table;
use crate::stats::Metric;

table!(Tried { variant, values, outcomes, best });

/// Numbers that cannot be tuned: they say how long a run is, and how it is looked at.
const NEVER: [&str; 2] = ["training.steps", "training.evaluate_every"];

/// What came of the values that one variant tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tried {
    /// Index of the variant.
    pub variant: usize,
    /// In rising order.
    pub values: Vec<f64>,
    /// Of each value the outcome of every seed on the validation split; `None` where the run failed.
    pub outcomes: Vec<Vec<Option<f64>>>,
    /// Index of the value that is taken.
    pub best: usize,
}

impl Tried {
    /// The outcomes of one variant in this metric, and which value is taken: the one of which the fewest runs failed; among
    /// those the one that is best on average; among equals the smallest.
    pub fn new(variant: usize, values: &[f32], outcomes: Vec<Vec<Option<f64>>>, metric: Metric) -> Self {
        let score = |outcomes: &Vec<Option<f64>>| {
            let finite: Vec<f64> = outcomes.iter().flatten().copied().collect();
            let mean = finite.iter().sum::<f64>() / finite.len().max(1) as f64;
            (finite.len(), if metric.higher_is_better() { mean } else { -mean })
        };
        let mut best = 0;
        for index in 1..outcomes.len() {
            let (new, old) = (score(&outcomes[index]), score(&outcomes[best]));
            if new.0 > old.0 || new.0 == old.0 && new.1 > old.1 {
                best = index;
            }
        }
        let values = values.iter().map(|value| shortest(*value)).collect();
        Self { variant, values, outcomes, best }
    }

    /// The value that is taken.
    pub fn value(&self) -> f64 {
        self.values.get(self.best).copied().unwrap_or(f64::NAN)
    }

    /// Whether that is the first or the last one, so that a value beyond it may be better still.
    pub fn is_at_the_edge(&self) -> bool {
        self.best == 0 || self.best + 1 == self.values.len()
    }
}

/// A tuned value as people write it: "0.002", "5e-5".
pub fn shown(value: f64) -> String {
    written(value as f32)
}

impl Experiment {
    /// Whether any variant is tuned.
    pub fn is_tuned(&self) -> bool {
        (0..self.variants.len()).any(|index| self.tuned_field(index).is_some())
    }

    /// The number by which a variant is tuned; `None` if it is compared as it stands.
    pub fn tuned_field(&self, index: usize) -> Option<&'static Field> {
        if self.tune.values.is_empty() {
            return None;
        }
        let field = super::field(&self.tune.field)?;
        let sets_it = self.variants.get(index)?.set.contains_key(field.path);
        (!sets_it && self.variant(index).ok()?.has(field)).then_some(field)
    }

    /// A variant with another value of its tuned number.
    pub fn variant_at(
        &self,
        index: usize,
        field: &'static Field,
        value: f64,
    ) -> Result<Experiment, Vec<Problem>> {
        let resolved = self.variant(index)?;
        let value = match field.kind {
            Kind::Integer { .. } if value.fract() == 0.0 && value >= 0.0 => (value as u64).into(),
            _ => value.into(),
        };
        let value = field.accept(&value).map_err(|problem| vec![problem.in_variant(index)])?;
        tree::apply(&resolved, &[(field, value)])
    }

    /// One variant's experiment for tuning it: another seed, other steps, and nothing but the end is looked at.
    pub fn trial(&self, resolved: Experiment) -> Experiment {
        let mut trial = resolved;
        trial.seeds.first = self.tune.first;
        trial.seeds.count = self.tune.seeds;
        if self.tune.steps > 0 {
            trial.training.steps = self.tune.steps;
        }
        trial.variants = vec![Variant::default()];
        trial
    }

    /// The variant as it is compared, with the value that was found best for it.
    pub fn compared(&self, index: usize, tried: &[Tried]) -> Result<Experiment, Vec<Problem>> {
        let tried = tried.iter().find(|tried| tried.variant == index);
        match (self.tuned_field(index), tried) {
            (Some(field), Some(tried)) => self.variant_at(index, field, tried.value()),
            _ => self.variant(index),
        }
    }

    /// What is wrong with the tuning; everything else is good.
    pub(super) fn check_tuning(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        let tune = &self.tune;
        if tune.values.is_empty() {
            return found;
        }
        let field = match known_field(&tune.field) {
            Ok(field) => field,
            Err(problem) => return vec![Problem { field: "tune.field".to_owned(), ..problem }],
        };
        let tunable = matches!(field.kind, Kind::Integer { .. } | Kind::Float { .. })
            && ["model.", "training."].iter().any(|root| field.path.starts_with(root))
            && !NEVER.contains(&field.path);
        let mut problems = Problems::new("tune", &mut found);
        let what = "must be a number of model or training, and not how long the run is";
        problems.rule(tunable, "field", format!("{what}; it is {}", quote(field.path)));
        problems.rule(tune.values.len() > 1, "values", "must be at least two, or none");
        let steps = if tune.steps == 0 { self.training.steps } else { tune.steps };
        problems.rule(
            steps <= self.training.steps && steps >= self.training.warmup,
            "steps",
            format!(
                "must be from training.warmup, {}, to training.steps, {}; it is {steps}",
                self.training.warmup, self.training.steps
            ),
        );
        let (first, last) = (tune.first, tune.first.saturating_add(tune.seeds));
        let apart = last <= self.seeds.first || first >= self.seeds.first.saturating_add(self.seeds.count);
        problems.rule(apart, "first", "must leave the seeds that are compared alone: tuning takes others");
        if !found.is_empty() {
            return found;
        }
        let tuned: Vec<usize> =
            (0..self.variants.len()).filter(|index| self.tuned_field(*index).is_some()).collect();
        if tuned.is_empty() {
            let nobody = format!("is {}, which no variant has or leaves open", quote(field.path));
            found.push(Problem::of("tune.field", nobody));
        }
        for (index, value) in
            tuned.iter().flat_map(|index| tune.values.iter().map(move |value| (*index, *value)))
        {
            let tried = self.variant_at(index, field, shortest(value));
            let wrong = tried.and_then(|variant| match super::check::rules(&variant) {
                problems if problems.is_empty() => Ok(()),
                problems => Err(problems),
            });
            for problem in wrong.err().unwrap_or_default() {
                let sentence = format!("must not have {}: {}", written(value), problem.sentence);
                if !found.iter().any(|other: &Problem| other.sentence.contains(&sentence)) {
                    found.push(Problem::of("tune.values", sentence.trim_end_matches('.')));
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::digits;
    use super::*;
    use serde_json::json;

    fn tuned(values: &[f32]) -> Experiment {
        let mut experiment = digits();
        experiment.tune.values = values.to_vec();
        experiment
    }

    fn sentences(experiment: &Experiment) -> Vec<String> {
        experiment.check().unwrap_err().into_iter().map(|problem| problem.sentence).collect()
    }

    #[test]
    fn the_best_value_is_the_one_that_fails_least_and_then_the_better_mean() {
        let some = |values: [f64; 2]| values.map(Some).to_vec();
        let outcomes = vec![some([0.5, 0.6]), some([0.7, 0.8]), vec![Some(0.9), None], some([0.7, 0.8])];
        let tried = Tried::new(1, &[1e-3, 2e-3, 4e-3, 8e-3], outcomes.clone(), Metric::Accuracy);
        assert_eq!((tried.best, tried.value(), tried.is_at_the_edge()), (1, 0.002, false));
        let tried = Tried::new(1, &[1e-3, 2e-3, 4e-3, 8e-3], outcomes, Metric::Loss);
        assert_eq!((tried.value(), tried.is_at_the_edge()), (0.001, true), "a loss should be small");
    }

    #[test]
    fn a_variant_that_sets_the_number_itself_is_not_tuned() {
        let mut experiment = tuned(&[1e-3, 2e-3]);
        experiment
            .variants
            .push(serde_json::from_value(json!({"set": {"training.learning_rate": 5e-4}})).unwrap());
        assert_eq!(experiment.check(), Ok(()));
        assert!(experiment.tuned_field(0).is_some() && experiment.tuned_field(1).is_none());
        let tried =
            Tried::new(0, &experiment.tune.values, vec![vec![Some(0.1)], vec![Some(0.2)]], Metric::Accuracy);
        let rate =
            |index| experiment.compared(index, std::slice::from_ref(&tried)).unwrap().training.learning_rate;
        assert_eq!((rate(0), rate(1)), (2e-3, 5e-4));
    }

    #[test]
    fn a_number_that_only_some_variants_have_is_tuned_in_those() {
        let mut experiment = tuned(&[0.01, 0.1]);
        experiment.tune.field = "model.attention.activation.scale".to_owned();
        assert_eq!(
            sentences(&experiment),
            ["tune.field is \"model.attention.activation.scale\", which no variant has or leaves open."]
        );
        let cube = json!({"set": {"model.attention.activation": "polynomial"}});
        experiment.variants.push(serde_json::from_value(cube).unwrap());
        assert_eq!(experiment.check(), Ok(()));
        assert!(experiment.tuned_field(0).is_none() && experiment.tuned_field(1).is_some());
    }

    #[test]
    fn what_cannot_be_tuned_is_said_by_name() {
        let mut experiment = tuned(&[1e-3, 2.0]);
        assert!(
            sentences(&experiment)[0].starts_with("tune.values must not have 2: "),
            "{:?}",
            sentences(&experiment)
        );
        experiment.tune.values = vec![1e-3];
        assert_eq!(sentences(&experiment), ["tune.values must be at least two, or none."]);
        experiment.tune.values.push(2e-3);
        experiment.tune.first = 3;
        experiment.tune.steps = 10;
        assert_eq!(sentences(&experiment).len(), 2, "{:?}", sentences(&experiment));
        experiment.tune = super::super::Tuning { values: vec![2.0, 3.0], ..Default::default() };
        for (field, said) in [
            ("model.hats", "did you mean"),
            ("training.steps", "must be a number"),
            ("title", "must be a number"),
        ] {
            experiment.tune.field = field.to_owned();
            assert!(sentences(&experiment)[0].contains(said), "{:?}", sentences(&experiment));
        }
        experiment.tune.field = "model.heads".to_owned();
        assert!(
            sentences(&experiment)[0].starts_with("tune.values must not have 3: "),
            "three heads do not divide the width"
        );
    }
}
