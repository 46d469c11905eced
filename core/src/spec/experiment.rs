//! The experiment as data: one serde tree, the same in a link, a lesson, a `.toml` file and a checkpoint.
//!
//! Types only, those of the network in [`super::model`] and those of the task in [`super::task`]; ranges are in [`super::fields`], patches in [`super::patch`], codecs in [`super::toml`] and
//! [`super::link`].

use serde::{Deserialize, Serialize};

pub use super::model::*;
pub use super::task::*;
use crate::stats::Claim;

/// The version of this format. A file or link with another one is refused.
pub const VERSION: u32 = 1;

/// All of one experiment: what every variant shares, and the patches in which the variants differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Must equal [`VERSION`].
    pub version: u32,
    /// One line, shown above the charts.
    pub title: String,
    /// What is learned.
    pub task: Task,
    /// The network that learns it.
    #[serde(default)]
    pub model: Model,
    /// How it is trained.
    #[serde(default)]
    pub training: Training,
    /// The replicas: one seed each, all trained at once.
    #[serde(default)]
    pub seeds: Seeds,
    /// What is measured on the way.
    #[serde(default)]
    pub probes: Probes,
    /// 1 to 6 patches on task, model and training; the first is what the others are compared with.
    #[serde(rename = "variant")]
    pub variants: Vec<Variant>,
    /// What is compared at the end, and what the paper claims of it.
    #[serde(default)]
    pub compare: Comparison,
}

impl Experiment {
    /// The experiment with this task and the default of everything else: one variant, the base itself.
    pub fn new(title: impl Into<String>, task: Task) -> Self {
        Self {
            version: VERSION,
            title: title.into(),
            task,
            model: Model::default(),
            training: Training::default(),
            seeds: Seeds::default(),
            probes: Probes::default(),
            variants: vec![Variant::default()],
            compare: Comparison::default(),
        }
    }
}

/// What turns gradients into updates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Adam with decoupled weight decay.
    #[default]
    Adamw,
    /// Plain gradient descent with decoupled weight decay, without momentum.
    Sgd,
}

/// The recipe: an optimizer, linear warm-up, then a cosine to zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Training {
    /// What turns gradients into updates.
    pub optimizer: Optimizer,
    /// Optimizer steps.
    pub steps: u32,
    /// Examples a step and replica.
    pub batch: u32,
    /// The highest learning rate.
    pub learning_rate: f32,
    /// Steps of linear warm-up.
    pub warmup: u32,
    /// Decoupled weight decay, on matrices only.
    pub weight_decay: f32,
    /// Adam's β₁.
    pub beta1: f32,
    /// Adam's β₂.
    pub beta2: f32,
    /// Adam's ε.
    pub epsilon: f32,
    /// Largest global gradient norm of one replica; 0 does not clip.
    pub clip: f32,
    /// Steps between evaluations on the test split; 0 evaluates at the end only.
    pub evaluate_every: u32,
}

/// Which seeds, and how many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seeds {
    /// The first seed; the others follow it.
    pub first: u32,
    /// How many replicas R.
    pub count: u32,
}

/// What is measured on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Probes {
    /// Steps between probes; 0 probes at the end only.
    pub every: u32,
    /// Singular values of every weight matrix.
    pub weights: bool,
    /// Attention maps of the first test example.
    pub attention: bool,
    /// Singular values of the embedded tokens and of the tokens that enter each block.
    pub tokens: bool,
    /// Singular values of QKᵀ and of the attention matrix of every head.
    pub scores: bool,
    /// Singular values of each attention's output: its heads side by side, and what it adds to the block.
    pub outputs: bool,
    /// Singular values of the Jacobian of the first block's attention, exact, of one example.
    pub jacobian: bool,
    /// Singular values of the last update of every weight matrix.
    pub updates: bool,
    /// Largest and smallest eigenvalue of the loss's Hessian, by Lanczos.
    pub hessian: bool,
}

/// One patch on the experiment: dotted paths below `task`, `model`, `training` and their new values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Dotted path to value, for example `"model.heads" = 8`. Empty is the base itself.
    #[serde(default)]
    pub set: std::collections::BTreeMap<String, serde_json::Value>,
}

/// What is compared at the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Comparison {
    /// The number that is compared.
    pub metric: Metric,
    /// What the paper says of each variant against the first.
    pub claim: Claim,
}

/// A number that an evaluation on the test split yields, one for each replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Share of right answers, 0 to 1.
    Accuracy,
    /// The task's loss: mean cross-entropy in nats, or mean squared error.
    Loss,
    /// Peak signal-to-noise ratio of a picture in dB.
    Psnr,
}

impl Probes {
    /// Whether anything is measured.
    pub fn any(&self) -> bool {
        let Self { every: _, weights, attention, tokens, scores, outputs, jacobian, updates, hessian } =
            *self;
        weights || attention || tokens || scores || outputs || jacobian || updates || hessian
    }
}

impl Default for Training {
    /// PyTorch's AdamW (betas, epsilon, decay), with a warm-up and clipping as is usual for transformers.
    fn default() -> Self {
        Self {
            optimizer: Optimizer::Adamw,
            steps: 600,
            batch: 64,
            learning_rate: 1e-3,
            warmup: 50,
            weight_decay: 1e-2,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            clip: 1.0,
            evaluate_every: 100,
        }
    }
}

impl Default for Seeds {
    fn default() -> Self {
        Self { first: 0, count: 5 }
    }
}

impl Default for Probes {
    fn default() -> Self {
        Self {
            every: 0,
            weights: true,
            attention: true,
            tokens: false,
            scores: false,
            outputs: false,
            jacobian: false,
            updates: false,
            hessian: false,
        }
    }
}

impl Default for Comparison {
    fn default() -> Self {
        Self { metric: Metric::Accuracy, claim: Claim::default() }
    }
}
