//! Weight Conditioning: rows of weights divided by their norms.

use super::{Background, Companion, Paper};

/// Where evenness should not help, since the optimizer provides it.
const ADAMW: Companion = Companion {
    id: "weight-conditioning-adamw",
    short_title: "…with AdamW",
    summary: "Whether an optimizer that gives every number a step of its own still gains from even rows.",
    controls: &[
        "model.weights",
        "training.learning_rate",
        "training.optimizer",
        "model.row_spread",
        "seeds.count",
    ],
};

/// Saratchandran, Wang, Lucey; ECCV 2024.
pub const PAPER: Paper = Paper {
    id: "weight-conditioning",
    title: "Weight Conditioning for Smooth Optimization of Neural Networks",
    short_title: "Weight conditioning",
    authors: &["Hemanth Saratchandran", "Thomas X. Wang", "Simon Lucey"],
    venue: "ECCV 2024",
    url: "https://arxiv.org/abs/2409.03424",
    claim: "Weight matrices whose rows are divided by their norms are better conditioned, and gradient descent is faster.",
    slot: "weights",
    controls: &[
        "model.weights",
        "model.weights.axis",
        "model.weights.scale",
        "model.weights.when",
        "model.row_spread",
        "model.architecture.activation",
        "training.optimizer",
        "training.learning_rate",
        "training.steps",
        "seeds.count",
    ],
    companions: &[ADAMW],
};

/// What it reports, and what to know before comparing.
pub const BACKGROUND: Background = Background {
    reported: &[],
    notes: &[
        "No number of the paper is quoted here: none of its tables could be read, and second-hand figures were too vague to repeat.",
        "The paper trains image classifiers, vision transformers, shapes and radiance fields; this is a picture of 48 by 48 pixels.",
        "The rows are made uneven on purpose: those of ordinary first weights have equal norms already, so that there is nothing to equilibrate.",
        "Whether the paper's gradient flows through the norms is not known; here it does, and one field stops it.",
        "Curvature is measured by differences of gradients. In a network of ReLUs these count the kinks too: the largest value \
         comes out too large, and the smallest is no eigenvalue of a Hessian.",
        "Divided rows have a norm of 1 where they had another before, which is a change of scale besides; the scale-matched variant has the conditioning without it.",
    ],
};
