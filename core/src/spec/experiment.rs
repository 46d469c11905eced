//! The experiment as data: one serde tree, the same in a link, a lesson, a `.toml` file and a checkpoint.
//!
//! Types only; ranges are in [`super::fields`], patches in [`super::patch`], codecs in [`super::toml`] and
//! [`super::link`].

use serde::{Deserialize, Serialize};

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

/// What is learned, from which data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Task {
    /// 1,797 handwritten digits of 8×8 pixels, ten classes.
    Digits {
        /// Edge of a square patch in pixels; divides 8.
        #[serde(default = "two")]
        patch: u32,
    },
    /// 10,000 handwritten digits of 28×28 pixels, ten classes.
    Mnist {
        /// Edge of a square patch in pixels; divides 28.
        #[serde(default = "four")]
        patch: u32,
    },
    /// Characters of plays; the next one is predicted from those before it.
    Shakespeare {
        /// Characters that the model sees at once.
        #[serde(default = "sixty_four")]
        context: u32,
    },
}

fn two() -> u32 {
    2
}
fn three() -> u32 {
    3
}
fn four() -> u32 {
    4
}
fn sixty_four() -> u32 {
    64
}

/// A pre-norm transformer; encoder for images, causal decoder for text (the task decides).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Model {
    /// Number of blocks L.
    pub depth: u32,
    /// Token width D.
    pub width: u32,
    /// Attention heads h of a block.
    pub heads: u32,
    /// Width d of one head; 0 means `width / heads`, which must then be whole.
    pub head_width: u32,
    /// The attention half of a block.
    pub attention: Attention,
    /// The MLP half of a block.
    pub mlp: Mlp,
}

/// The attention half of a block, with its slots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attention {
    /// Whether the block's input is added to the attention's output.
    pub skip: bool,
    /// What turns scores into weights.
    pub activation: Activation,
}

/// What turns attention scores into attention weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Activation {
    /// The usual row-wise softmax.
    Softmax,
    /// `scale · x^power`, element by element (Rethinking Softmax, arXiv 2410.18613).
    Polynomial {
        /// The power p.
        #[serde(default = "three")]
        power: u32,
        /// The factor before the power; 0 means `1/√N` for N tokens.
        #[serde(default)]
        scale: f32,
    },
}

/// The MLP half of a block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mlp {
    /// Hidden width.
    pub width: u32,
    /// Whether the block's input is added to the MLP's output.
    pub skip: bool,
}

/// The recipe: AdamW, linear warm-up, then a cosine to zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Training {
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
    /// Mean cross-entropy in nats.
    Loss,
}

impl Default for Model {
    /// The benchmark model.
    fn default() -> Self {
        Self {
            depth: 4,
            width: 64,
            heads: 4,
            head_width: 0,
            attention: Attention::default(),
            mlp: Mlp::default(),
        }
    }
}

impl Default for Attention {
    fn default() -> Self {
        Self { skip: true, activation: Activation::Softmax }
    }
}

impl Default for Mlp {
    fn default() -> Self {
        Self { width: 256, skip: true }
    }
}

impl Default for Training {
    /// PyTorch's AdamW (betas, epsilon, decay), with a warm-up and clipping as is usual for transformers.
    fn default() -> Self {
        Self {
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
        Self { every: 0, weights: true, attention: true }
    }
}

impl Default for Comparison {
    fn default() -> Self {
        Self { metric: Metric::Accuracy, claim: Claim::default() }
    }
}
