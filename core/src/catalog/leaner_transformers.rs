//! Leaner Transformers: more heads in place of depth.

use super::{Background, Paper, Reported, Source};

/// Saratchandran, Teney, Lucey; arXiv 2025.
pub const PAPER: Paper = Paper {
    id: "leaner-transformers",
    title: "Leaner Transformers: More Heads, Less Depth",
    short_title: "Leaner transformers",
    authors: &["Hemanth Saratchandran", "Damien Teney", "Simon Lucey"],
    venue: "arXiv, May 2025",
    url: "https://arxiv.org/abs/2505.20802",
    claim: "More heads condition attention better, and a transformer with more of them and fewer layers does as well with \
            far fewer parameters.",
    slot: "heads, depth, head width",
    controls: &[
        "model.depth",
        "model.heads",
        "model.head_width",
        "model.mlp.width",
        "training.learning_rate",
        "training.steps",
        "seeds.count",
    ],
    companions: &[],
};

/// What it reports, and what to know before comparing.
pub const BACKGROUND: Background = Background {
    reported: &[
        imagenet(
            "XCiT-M, 24 layers of 8 heads, 84.4 million parameters; ImageNet-1k, top-1 accuracy",
            "12 layers, 16 heads, 59.0 million parameters",
            81.4,
            81.7,
        ),
        imagenet(
            "XCiT-L, 24 layers of 16 heads, 189.1 million parameters; ImageNet-1k, top-1 accuracy",
            "12 layers, 24 heads, 103.8 million parameters",
            82.1,
            82.4,
        ),
        imagenet(
            "TNT-B, 12 layers of 10 heads, 65.4 million parameters; ImageNet-1k, top-1 accuracy",
            "8 layers, 16 heads, 30.9 million parameters",
            82.3,
            82.3,
        ),
        imagenet(
            "DaViT-B, 9 layers in the third stage, 88.0 million parameters; ImageNet-1k, top-1 accuracy",
            "5 layers there, 62.0 million parameters",
            83.3,
            83.5,
        ),
        imagenet(
            "DaViT-L, 9 layers in the third stage, 196.8 million parameters; ImageNet-1k, top-1 accuracy",
            "5 layers there, 140.0 million parameters",
            83.6,
            83.6,
        ),
        Reported {
            what: "Crammed BERT, 16 layers of 12 heads, 119 million parameters; GLUE, average",
            variant_name: "10 layers, 24 heads, 84 million parameters",
            unit: "%",
            baseline: 78.6,
            variant: 78.6,
            approximate: false,
            source: Source::Secondary("notes on the paper: the GLUE table"),
        },
        Reported {
            what: "Nyströmformer, 2 heads; ListOps of the Long-Range Arena, accuracy",
            variant_name: "8 heads",
            unit: "%",
            baseline: 36.4,
            variant: 37.4,
            approximate: false,
            source: Source::Secondary("notes on the paper: the Long-Range Arena table"),
        },
    ],
    notes: &[
        "The reported numbers come from secondary notes on the paper and were not checked against its tables.",
        "The paper was submitted to ICLR 2026 and withdrawn; no published venue was found.",
        "Whether heads share the width or keep their own as they multiply differs between the paper's rows, as their \
         parameter counts show; both can be set here.",
        "About half of the paper's vision rows also halve the MLP; here that is a slider of its own, left alone.",
        "The parameters reported for TNT-B fit a halved MLP and not the one that the notes name.",
        "The theorem on the condition number assumes heads of independent Gaussian numbers, which reviewers doubt; it does \
         not say why depth can be given up.",
        "The run is short, which favors few layers: the control of two layers with the same heads says how much of the outcome \
         is that.",
        "The condition number is that of the heads side by side before the output matrix, of each test example by itself.",
    ],
};

/// A row of the paper's ImageNet table.
const fn imagenet(what: &'static str, variant_name: &'static str, baseline: f64, variant: f64) -> Reported {
    let source = Source::Secondary("notes on the paper: the ImageNet-1k table");
    Reported::percent(what, variant_name, [baseline, variant], source)
}
