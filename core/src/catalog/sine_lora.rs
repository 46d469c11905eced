//! Sine-activated low-rank adapters: the sine of a product of thin matrices has a higher rank than the product.

use super::{Background, Companion, Paper, Reported, Source};

/// Ji, Saratchandran, Gordon, Zhang, Lucey; ICLR 2025. Its continuation: Gordon, Ji, Saratchandran, Albert, Lucey; 2025.
pub const PAPER: Paper = Paper {
    id: "sine-lora",
    title: "Efficient Learning with Sine-Activated Low-Rank Matrices",
    short_title: "Sine-activated adapters",
    authors: &["Yiping Ji", "Hemanth Saratchandran", "Cameron Gordon", "Zeyu Zhang", "Simon Lucey"],
    venue: "ICLR 2025",
    url: "https://arxiv.org/abs/2403.19243",
    claim: "The sine of a low-rank matrix, at a fixed high frequency, has a higher rank than the matrix and not one number more, so that \
            an adapter of few numbers can do more.",
    slot: "weights",
    controls: &CONTROLS,
    companions: &[LOW_RANK, BITS, SHIFT],
};

/// What it reports, and what to know before comparing.
pub const BACKGROUND: Background = Background {
    reported: &[
        llama("Llama-3-8B, commonsense, rank 4", "SineLoRA", 80.04, 83.61),
        llama("Llama-3-8B, commonsense, rank 8", "SineLoRA", 80.79, 83.66),
        llama("Llama-3-8B, commonsense, rank 16", "SineLoRA", 82.90, 84.35),
        llama("Llama-3-8B, commonsense, rank 32", "SineLoRA", 80.82, 83.56),
        dora("Llama-3-8B, commonsense, rank 8", "Sine-DoRA", 83.8, 85.2),
        dora("Llama-3-8B, commonsense, rank 32", "Sine-DoRA", 85.2, 85.3),
    ],
    notes: &[
        "Continued in Compressing Sine-Activated Low-Rank Adapters through Post-Training Quantization (arXiv 2505.21895), which \
         rounds the trained factors to a few bits.",
        "The paper fits no single matrix: this task is the lab's, so that the ideal change is known.",
        "One factor starts at zero, where the sine is its argument: SineLoRA begins as LoRA with its scale multiplied by ω/g. LoRA \
         with that scale stands beside it, and every rate is tuned.",
        "In the authors' code for Sine-DoRA the training takes the sine of an activation and the merged weights the sine of a matrix; \
         the lab has the second in both places.",
        "The reported numbers are the authors' tables in their repository; ω of their language models was not found.",
    ],
};

const CONTROLS: [&str; 8] = [
    "model.weights",
    "model.weights.rank",
    "model.weights.frequency",
    "model.weights.gain",
    "task.spectrum",
    "training.learning_rate",
    "training.steps",
    "seeds.count",
];

/// Where a product is as good as anything can be.
const LOW_RANK: Companion = Companion {
    id: "sine-lora-low-rank",
    short_title: "A target of low rank",
    summary: "The same adapters where the ideal change has rank 16: whether the sine harms where it is not needed.",
    controls: &CONTROLS,
};

/// The second paper.
const BITS: Companion = Companion {
    id: "sine-lora-bits",
    short_title: "Few bits",
    summary: "The trained factors rounded to one to five bits, with and without the sine: what is left at equal bytes.",
    controls: &[
        "quantize.bits",
        "quantize.grid",
        "quantize.group",
        "model.weights.rank",
        "model.weights.frequency",
        "task.spectrum",
        "training.learning_rate",
        "seeds.count",
    ],
};

/// Fine-tuning.
const SHIFT: Companion = Companion {
    id: "sine-lora-shift",
    short_title: "Under a shift",
    summary: "A network that has learned plain digits meets patches that are rotated in 48 of their 49 directions, with and without the sine.",
    controls: &[
        "model.tokens.directions",
        "model.weights",
        "model.weights.rank",
        "model.weights.frequency",
        "training.learning_rate",
        "training.steps",
        "seeds.count",
    ],
};

/// A mean over eight tasks, LoRA of the same rank beside.
const fn llama(what: &'static str, variant_name: &'static str, lora: f64, variant: f64) -> Reported {
    let source = Source::Secondary(
        "the authors' repository, table of Llama-3-8B on eight commonsense tasks, beside LoRA",
    );
    Reported::percent(what, variant_name, [lora, variant], source)
}

/// The same beside DoRA.
const fn dora(what: &'static str, variant_name: &'static str, dora: f64, variant: f64) -> Reported {
    let source = Source::Secondary(
        "the authors' repository, table of Llama-3-8B on eight commonsense tasks, beside DoRA",
    );
    Reported::percent(what, variant_name, [dora, variant], source)
}
