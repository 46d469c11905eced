//! Structured Initialization: attention maps that start as the filters of a convolution.

use super::{Background, Companion, Paper, Reported, Source};

/// The argument that the initialization rests on, in the network that it comes from.
const FILTERS: Companion = Companion {
    id: "structured-initialization-filters",
    short_title: "…frozen filters",
    summary: "In a ConvMixer, filters that are random and never trained do nearly as well as trained ones; equal ones do not.",
    controls: &[
        "model.architecture.filters",
        "model.width",
        "model.depth",
        "task.examples",
        "training.steps",
        "seeds.count",
    ],
};

/// Zheng, Li, Saratchandran, Lucey; NeurIPS 2025.
pub const PAPER: Paper = Paper {
    id: "structured-initialization",
    title: "Structured Initialization for Vision Transformers",
    short_title: "Structured start",
    authors: &["Jianqiao Zheng", "Xueqian Li", "Hemanth Saratchandran", "Simon Lucey"],
    venue: "NeurIPS 2025, pages 146840–146865; earlier versions are arXiv 2401.12511 and 2404.01139",
    url: "https://arxiv.org/abs/2505.19985",
    claim: "A vision transformer whose attention maps start as small shifts, like the filters of a convolution, learns more \
            from few images than one that starts at random.",
    slot: "initialization",
    controls: &[
        "model.initialization",
        "model.initialization.target",
        "model.initialization.mass",
        "model.initialization.rank",
        "model.positions",
        "model.heads",
        "model.architecture",
        "task.examples",
        "training.steps",
        "seeds.count",
    ],
    companions: &[FILTERS],
};

/// What it reports, and what to know before comparing.
pub const BACKGROUND: Background = Background {
    reported: &[
        Reported {
            what: "ViT-S with 6 heads on CIFAR-100, top-1 accuracy",
            variant_name: "structured, 3×3",
            unit: "%",
            baseline: 66.81,
            variant: 75.97,
            approximate: true,
            source: Source::Secondary(
                "reviews of the earlier version, arXiv 2404.01139; the baseline from a printed difference",
            ),
        },
        Reported {
            what: "ViT-T on ImageNet-1k, top-1 accuracy",
            variant_name: "structured, 5×5",
            unit: "%",
            baseline: 73.42,
            variant: 74.40,
            approximate: true,
            source: Source::Secondary(
                "reviews of the earlier version, arXiv 2404.01139; the baseline from a printed difference",
            ),
        },
        Reported {
            what: "ViT-B on ImageNet-1k, top-1 accuracy",
            variant_name: "structured",
            unit: "%",
            baseline: 81.24,
            variant: 81.83,
            approximate: false,
            source: Source::Secondary("a review of the NeurIPS version, with its corrected recipe"),
        },
        Reported {
            what: "ConvMixer on CIFAR-10, 3×3 filters, width 512, top-1 accuracy",
            variant_name: "frozen random or impulse filters",
            unit: "%",
            baseline: 92.82,
            variant: 92.20,
            approximate: false,
            source: Source::Secondary("reviews of the earlier version, arXiv 2404.01139"),
        },
        Reported {
            what: "CIFAR-10, a tenth of the training images, top-1 accuracy",
            variant_name: "structured",
            unit: "%",
            baseline: 49.24,
            variant: 57.30,
            approximate: false,
            source: Source::Secondary(
                "an independent reproduction with the authors' code and shorter training",
            ),
        },
    ],
    notes: &[
        "The reported numbers come from reviews of the paper and were not checked against its tables.",
        "The structured variants start with larger positions than the others, which no variant here has with an ordinary start; \
         that it is the structure is what the scrambled variant shows, which has them too.",
        "The procedure is that of the released code; the paper's text, known from notes on it, gives other scales.",
        "The released code fixes the sharpness of the first maps for heads of width 64; here it is found for the width \
         at hand, and more directions of the positions are inverted than a head is wide.",
        "The paper's default is PyTorch's own rule; the first variant here is the usual one of vision transformers.",
        "Structured variants start from larger positions, as in the released code; the scrambled one does too.",
        "How a mixer is initialized is inferred: its code is not released.",
        "Swin transformers, which the paper also initializes, are not in the lab.",
    ],
};
