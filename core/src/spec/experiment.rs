//! The experiment, field by field. Every run, link, file and checkpoint starts from one of these.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::sources::Sources;
use super::tree;
use crate::fields::Phrase::{Before, Count};
use crate::fields::{Problems, choice, fields, float, group, integer, line, list, logarithmic, named};
use crate::networks::{ARCHITECTURE, Model};
use crate::probes::Probes;
use crate::quantization::Quantization;
use crate::stats::{Claim, Metric};
use crate::surroundings::Surroundings;
use crate::tasks::{TASK, Task};

/// The version of the experiment format. Files and links of version 1 are read too ([`super::version1`]).
pub const VERSION: u32 = 2;

/// Replicas of each variant, at most.
pub const MAX_SEEDS: u32 = 16;

/// Looks that are planned, at most.
const MAX_LOOKS: usize = 5;

/// Values of a tuned number, at most.
pub const MAX_VALUES: usize = 8;

/// What is tuned unless another number is named.
pub const LEARNING_RATE: &str = "training.learning_rate";

fields! {
    /// An experiment: what is learned, by which network, how, and which variants are compared.
    pub struct Experiment {
        /// The version of the experiment format.
        version: u32 = VERSION, integer("Format", VERSION, VERSION, Before("format "));
        /// One line, shown above the charts.
        title: String = String::new(), line("Title", 120);
        /// What is learned.
        task: Task = Task::default(), TASK;
        /// The network, and what fills its slots.
        model: Model = Model::default(), ARCHITECTURE;
        /// The recipe.
        training: Training = Training::default(), group();
        /// Other trainings that the network starts from.
        source: Sources = Sources::default(), group();
        /// Which seeds, and how many.
        seeds: Seeds = Seeds::default(), group();
        /// By which number each variant is tuned before the comparison.
        tune: Tuning = Tuning::default(), group();
        /// What is measured on the way.
        probes: Probes = Probes::default(), group();
        /// To how many bits trained matrices are rounded at the end.
        quantize: Quantization = Quantization::default(), group();
        /// What is compared at the end, and what the paper claims of it.
        compare: Comparison = Comparison::default(), group();
    }
    with {
        /// Patches on all of the above; one each. The first one is what the others are compared with.
        variants: Vec<Variant> = vec![Variant::default()];
        /// What is claimed of the variants, row by row; see [`Experiment::claim_rows`].
        claims: Vec<super::claims::Claim> = Vec::new();
    }
}

choice! {
    /// What turns gradients into updates.
    pub enum Optimizer {
        /// Adam with decoupled weight decay.
        Adamw: "adamw", "AdamW";
        /// The gradient itself, without momentum.
        Sgd: "sgd", "Gradient descent";
    }
}

fields! {
    /// The recipe: an optimizer, linear warm-up, then a cosine to zero. The defaults are those of PyTorch's AdamW (betas,
    /// epsilon, decay), with a warm-up and clipping as is usual for transformers.
    pub struct Training {
        /// What turns gradients into updates.
        optimizer: Optimizer = Optimizer::Adamw, named("Optimizer", Before("optimizer "));
        /// Optimizer steps in all.
        steps: u32 = 600, integer("Steps", 1, 1_000_000, Count("step", "steps")).unit("steps").step(50);
        /// Examples of one step, for each seed.
        batch: u32 = 64, integer("Batch", 1, 4096, Before("batch ")).unit("examples");
        /// The highest learning rate, reached at the end of the warm-up.
        learning_rate: f32 = 1e-3, logarithmic("Learning rate", 1e-6, 1.0, Before("learning rate ")).each();
        /// Steps in which the learning rate grows from zero; after them it falls along a cosine.
        warmup: u32 = 50, integer("Warm-up", 1, 100_000, Before("warm-up ")).unit("steps").zero("none");
        /// Decoupled weight decay of AdamW, on matrices only.
        weight_decay: f32 = 1e-2, logarithmic("Weight decay", 1e-6, 1.0, Before("weight decay ")).zero("none").each();
        /// How slowly Adam's mean gradient forgets.
        beta1: f32 = 0.9, float("Adam β₁", 0.0, 0.9999, Before("β₁ "));
        /// How slowly Adam's mean squared gradient forgets.
        beta2: f32 = 0.999, float("Adam β₂", 0.0, 0.99999, Before("β₂ "));
        /// What keeps Adam from dividing by zero.
        epsilon: f32 = 1e-8, logarithmic("Adam ε", 1e-12, 1e-2, Before("ε "));
        /// Largest norm of one seed's whole gradient; longer ones are shortened to it.
        clip: f32 = 1.0, logarithmic("Gradient clip", 1e-3, 1e3, Before("gradient clip ")).zero("off");
        /// Parts of the network that learn otherwise, for example "head 2, embedding 0.5 constant": a name, what the
        /// learning rate is multiplied with there (0: not trained), and a schedule (cosine, linear or constant).
        parts: String = String::new(), line("Parts", 200).zero("all parts learn alike");
        /// Steps between evaluations on the test split.
        evaluate_every: u32 = 100, integer("Evaluate every", 1, 1_000_000, Before("evaluated every "))
            .unit("steps").step(10).zero("at the end only");
    }
}

fields! {
    /// Which seeds, and how many at once.
    pub struct Seeds {
        /// The first seed; the others are the numbers after it.
        first: u32 = 0, integer("First seed", 0, u32::MAX - 16, Before("first seed "));
        /// How many copies of each variant train at once, each with a seed of its own.
        count: u32 = 5, integer("Seeds", 1, MAX_SEEDS, Count("seed", "seeds"));
        /// At how many seeds a verdict may be read, if at several, for example 4, 8, 16: a run of the first number can go on
        /// with more seeds, and every look is paid for by a wider interval.
        looks: Vec<f32> = Vec::new(), list("Planned looks", MAX_LOOKS).zero("one, at all seeds");
    }
}

fields! {
    /// By which number each variant is tuned before the comparison: all values of it train side by side, and the one that does
    /// best on the validation split, on average over the seeds, is compared with the others' best on seeds that are new.
    pub struct Tuning {
        /// The number that is tuned, in every variant that has it and does not set it itself.
        field: String = LEARNING_RATE.to_owned(), line("Tuned number", 80);
        /// The values that are tried.
        values: Vec<f32> = Vec::new(), list("Tried values", MAX_VALUES).zero("not tuned");
        /// How many seeds each value gets.
        seeds: u32 = 3, integer("Seeds a value", 1, MAX_SEEDS, Count("seed a value", "seeds a value"));
        /// The first of these seeds; they are others than those that are compared.
        first: u32 = 1000, integer("First seed of tuning", 0, u32::MAX - 16, Before("tuned from seed "));
        /// Optimizer steps of tuning, where they are fewer than those of the comparison.
        steps: u32 = 0, integer("Steps of tuning", 1, 1_000_000, Before("tuning steps ")).unit("steps").step(50)
            .zero("as many as the comparison");
    }
}

fields! {
    /// What is compared at the end.
    pub struct Comparison {
        /// The number by which the variants are compared at the end.
        metric: Metric = Metric::Accuracy, named("Compared by", Before("compared by "));
        /// What the paper says of each variant against the first.
        claim: Claim = Claim::default(), group();
    }
}

/// One patch on the experiment: dotted paths below `task`, `model`, `training`, `source` and their new values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Dotted path to value, for example `"model.heads" = 8`. Empty is the base itself.
    #[serde(default)]
    pub set: BTreeMap<String, Value>,
}

impl Experiment {
    /// The experiment with this task and the default of everything else: one variant, the base itself.
    pub fn new(title: impl Into<String>, task: impl Into<Task>) -> Self {
        Self { title: title.into(), task: task.into(), ..Self::default() }
    }

    /// What surrounds the choices of the base.
    pub fn surroundings(&self) -> Surroundings {
        self.model.surroundings(self.task.reading())
    }

    /// Rules between the fields that belong to no choice.
    pub(super) fn rules(&self, here: &Surroundings, found: &mut Vec<crate::fields::Problem>) {
        let training = &self.training;
        let examples = self.task.outline().training_examples;
        let mut problems = Problems::new("training", found);
        problems.rule(
            training.batch <= examples,
            "batch",
            format!(
                "must be at most {examples}, the training examples of this task; it is {}",
                training.batch
            ),
        );
        problems.rule(
            training.warmup <= training.steps,
            "warmup",
            format!("must be at most training.steps, {}; it is {}", training.steps, training.warmup),
        );
        let widths = self.quantize.widths();
        Problems::new("quantize", found).rule(widths.is_ok(), "bits", widths.err().unwrap_or_default());
        let metrics = self.task.metrics();
        let names: Vec<_> = metrics.iter().map(|metric| metric.name()).collect();
        Problems::new("compare", found).rule(
            metrics.contains(&self.compare.metric),
            "metric",
            format!("must be {} for this task", names.join(" or ")),
        );
        self.probes.rules(here, &mut Problems::new("probes", found));
        let looks = &self.seeds.looks;
        let whole = looks.iter().all(|look| look.fract() == 0.0 && (3.0..=MAX_SEEDS as f32).contains(look));
        let seeds = &mut Problems::new("seeds", found);
        seeds.rule(whole, "looks", format!("must be whole numbers of seeds from 3 to {MAX_SEEDS}"));
        let planned = looks.is_empty() || looks.contains(&(self.seeds.count as f32));
        seeds.rule(
            planned,
            "count",
            format!("must be one of the planned looks, seeds.looks; it is {}", self.seeds.count),
        );
        if let Err(problem) = super::parts::read(&training.parts) {
            Problems::new("training", found).rule(false, "parts", problem);
        }
    }
}

/// As the tree of a file.
impl Serialize for Experiment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        tree::written(self).serialize(serializer)
    }
}

/// From the tree of a file; whether it can run is for [`Experiment::check`] to say.
impl<'de> Deserialize<'de> for Experiment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = tree::read_unchecked(&Value::deserialize(deserializer)?);
        read.map_err(|problems| {
            let sentences: Vec<_> = problems.into_iter().map(|problem| problem.sentence).collect();
            serde::de::Error::custom(sentences.join(" "))
        })
    }
}
