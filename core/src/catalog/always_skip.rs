//! Always Skip Attention: which of the two skips a transformer needs.

use super::{Background, Paper, Reported, Source};

/// Ji, Saratchandran, Moghadam, Lucey; ICCV 2025.
pub const PAPER: Paper = Paper {
    id: "always-skip",
    title: "Always Skip Attention",
    short_title: "Always skip attention",
    authors: &["Yiping Ji", "Hemanth Saratchandran", "Peyman Moghadam", "Simon Lucey"],
    venue: "ICCV 2025, pages 23115–23123",
    url: "https://arxiv.org/abs/2505.01996",
    claim: "Self-attention is so badly conditioned that it needs its skip connection far more than the MLP needs its own.",
    slot: "attention skip, MLP skip, tokens before the first block",
    controls: &[
        "model.attention.skip",
        "model.mlp.skip",
        "model.tokens",
        "model.depth",
        "training.learning_rate",
        "training.steps",
        "seeds.count",
    ],
    companions: &[],
};

/// What it reports, and what to know before comparing.
pub const BACKGROUND: Background = Background {
    reported: &[
        Reported {
            what: "ViT-Tiny on CIFAR-10, top-1 accuracy",
            variant_name: "no MLP skip",
            unit: "%",
            baseline: 92.0,
            variant: 90.0,
            approximate: true,
            source: SKIPS,
        },
        Reported {
            what: "ViT-Tiny on CIFAR-10, top-1 accuracy",
            variant_name: "no attention skip",
            unit: "%",
            baseline: 92.0,
            variant: 70.0,
            approximate: true,
            source: SKIPS,
        },
        graying("ViT-S on ImageNet-1k, top-1 accuracy", 80.2, 80.4),
        graying("ViT-B on ImageNet-1k, top-1 accuracy", 81.0, 81.3),
        graying("Swin-S on ImageNet-1k, top-1 accuracy", 81.3, 81.6),
        graying("CaiT-S on ImageNet-1k, top-1 accuracy", 82.6, 82.7),
        graying("PVTv2-b3 on ImageNet-1k, top-1 accuracy", 82.9, 83.0),
    ],
    notes: &[
        "The reported numbers come from secondary notes on the paper and were not checked against its tables.",
        "Without the attention skip, the paper's run diverges after 30 epochs, according to the same notes.",
        "The paper's optimizer and number of epochs are not known here; the recipe of this experiment is the lab's own.",
        "The experiment starts from weights that are small for its width (deviation 0.02 at width 64), where the asymmetry is \
         large, and beside that from Xavier's, where little of it is left. At six layers rounding alone moves a run by up to \
         18 points, so two layers are compared.",
        "The same group's later paper, Cutting the Skip (arXiv 2510.00345), trains transformers without any skip by their \
         initialization, and says that skips are not a fundamental requirement.",
        "Token graying, the paper's remedy, is a choice under tokens and no variant of this experiment: its reported gain is \
         smaller than what two seeds differ by here.",
        "How the paper treats the sign and the scale of grayed DCT coefficients was not established; here signs stay and \
         the largest coefficient keeps its size.",
    ],
};

const SKIPS: Source = Source::Secondary("notes on the paper: the skip ablation, values read roughly");

/// A row of the paper's table for token graying by the discrete cosine transform.
const fn graying(what: &'static str, baseline: f64, variant: f64) -> Reported {
    let source = Source::Secondary("notes on the paper: the ImageNet-1k table");
    Reported::percent(what, "token graying (DCT)", [baseline, variant], source)
}
