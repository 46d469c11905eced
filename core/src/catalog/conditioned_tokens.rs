//! Conditioned embedded tokens: a correction that makes the tokens' singular values more equal.

use super::{Background, Companion, Paper, Reported, Source};

/// Where the same correction does harm.
const BRIGHT: Companion = Companion {
    id: "conditioned-tokens-bright",
    short_title: "…on bright shapes",
    summary: "Where the shapes are what is large, the correction raises what is noise.",
    controls: &["model.tokens", "model.tokens.strength", "task.mode", "training.steps", "seeds.count"],
};

/// Saratchandran, Lucey; ICCV 2025.
pub const PAPER: Paper = Paper {
    id: "conditioned-tokens",
    title: "Enhancing Transformers Through Conditioned Embedded Tokens",
    short_title: "Conditioned tokens",
    authors: &["Hemanth Saratchandran", "Simon Lucey"],
    venue: "ICCV 2025",
    url: "https://arxiv.org/abs/2505.12789",
    claim: "Badly conditioned tokens make badly conditioned attention; adding their largest singular value to all of them \
            leaves κ at 2 or less, and transformers train better.",
    slot: "tokens before the first block",
    controls: &[
        "task.mode",
        "model.tokens",
        "model.tokens.strength",
        "model.tokens.iterations",
        "model.depth",
        "training.learning_rate",
        "training.steps",
        "seeds.count",
    ],
    companions: &[BRIGHT],
};

/// What it reports, and what to know before comparing.
pub const BACKGROUND: Background = Background {
    reported: &[
        imagenet("ViT-B on ImageNet-1k, top-1 accuracy", 80.3, 81.3),
        imagenet("DeiT-B on ImageNet-1k, top-1 accuracy", 81.6, 82.5),
        imagenet("Swin-B on ImageNet-1k, top-1 accuracy", 83.1, 83.9),
        imagenet("XCiT-M on ImageNet-1k, top-1 accuracy", 82.2, 82.9),
        imagenet("DaViT-B on ImageNet-1k, top-1 accuracy", 83.6, 84.6),
        reported("Crammed BERT on GLUE, average", 78.6, 79.7, GLUE),
        reported("Nyströmformer on Long-Range Arena ListOps, accuracy", 37.1, 37.9, ARENA),
        reported("Nyströmformer on Long-Range Arena Text, accuracy", 63.8, 64.9, ARENA),
        reported("Nyströmformer on Long-Range Arena Retrieval, accuracy", 79.8, 80.9, ARENA),
        reported("Nyströmformer on Long-Range Arena Image, accuracy", 39.9, 40.1, ARENA),
        reported("Nyströmformer on Long-Range Arena Pathfinder, accuracy", 72.9, 73.3, ARENA),
    ],
    notes: &[
        "The reported numbers come from secondary notes on the paper and were not checked against its tables.",
        "The paper's correction is not printed in those notes; here it is the same authors' construction for weights: every \
         singular value grows by the largest one.",
        "The paper finds it by a singular value decomposition at every step; here products lead towards it, and the \
         gradient takes it for a constant.",
        "Two controls stand beside it: tokens that keep their size, since the correction makes them about five times larger, and \
         patches that are whitened once by a fixed matrix, at no cost in a step.",
        "The experiment compares on faint shapes, where the signal lies in small singular directions; on bright shapes, \
         where noise does, the same correction costs accuracy: the second experiment shows that.",
        "It is not offered for causal text: the correction mixes all tokens, and would show each one those after it.",
    ],
};

const GLUE: Source = Source::Secondary("notes on the paper: the GLUE table");
const ARENA: Source = Source::Secondary("notes on the paper: the Long-Range Arena table");

/// A row of the ImageNet table.
const fn imagenet(what: &'static str, baseline: f64, variant: f64) -> Reported {
    reported(what, baseline, variant, Source::Secondary("notes on the paper: the ImageNet-1k table"))
}

const fn reported(what: &'static str, baseline: f64, variant: f64, source: Source) -> Reported {
    Reported::percent(what, "conditioned tokens", [baseline, variant], source)
}
