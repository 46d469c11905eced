//! Rethinking Softmax: powers of the scores in softmax's place.

use super::{Background, Paper, Reported, Source};

/// Saratchandran, Zheng, Ji, Zhang, Lucey; arXiv 2024.
pub const PAPER: Paper = Paper {
    id: "rethinking-softmax",
    title: "Rethinking Softmax: Self-Attention with Polynomial Activations",
    short_title: "Rethinking softmax",
    authors: &["Hemanth Saratchandran", "Jianqiao Zheng", "Yiping Ji", "Wenbo Zhang", "Simon Lucey"],
    venue: "arXiv, October 2024; later versions are titled Rethinking Attention: Polynomial Alternatives to Softmax in \
            Transformers",
    url: "https://arxiv.org/abs/2410.18613",
    claim: "Softmax works because it bounds the size of the attention matrix; a power of the scores divided by √N, bounded \
            alike, does as well without positive weights or rows that sum to one.",
    slot: "attention activation",
    controls: &[
        "model.attention.activation",
        "model.attention.activation.power",
        "model.attention.activation.scale",
        "task.patch",
        "training.clip",
        "training.learning_rate",
        "training.steps",
        "seeds.count",
    ],
    companions: &[],
};

/// What it reports, and what to know before comparing.
pub const BACKGROUND: Background = Background {
    reported: &[
        imagenet("ViT-B on ImageNet-1k, top-1 accuracy", 79.6, 79.6),
        imagenet("ViT-S on ImageNet-1k, top-1 accuracy", 80.2, 80.5),
        imagenet("Swin-B on ImageNet-1k, top-1 accuracy", 83.0, 83.2),
        imagenet("Swin-S on ImageNet-1k, top-1 accuracy", 83.3, 83.4),
        imagenet("XCiT-S on ImageNet-1k, top-1 accuracy", 81.2, 82.1),
    ],
    notes: &[
        "The reported numbers are those of the first version, quoted in a review of it; they were not checked against \
         the paper's tables.",
        "According to that review x³/14 matches or beats softmax on five of eight architectures and loses on DeiT.",
        "The paper divides by 14 = √196 for ImageNet's 196 tokens; here the divisor follows the number of tokens.",
        "Whether the usual division of the scores by √d stays in place was not established; here it does.",
        "The bound holds on average for random scores, before training; training can leave it far behind.",
        "On the three other architectures softmax was better; by how much is not known here.",
        "Each function is tuned for itself, at half of the steps; every cube took the largest of the four rates.",
        "Reviewers of a later version note that causal attention was not evaluated.",
    ],
};

/// A row of the ImageNet table: softmax beside x³/14.
const fn imagenet(what: &'static str, baseline: f64, variant: f64) -> Reported {
    let source = Source::Secondary("a review of the first version: the ImageNet-1k table");
    Reported::percent(what, "x³ / 14", [baseline, variant], source)
}
