//! RandLoRA: a change of full rank from drawn bases, of which only the scales are trained.

use super::{Background, Companion, Paper, Reported, Source};

/// Albert, Zhang, Saratchandran, Rodriguez-Opazo, van den Hengel, Abbasnejad; ICLR 2025.
pub const PAPER: Paper = Paper {
    id: "randlora",
    title: "RandLoRA: Full-Rank Parameter-Efficient Fine-Tuning of Large Models",
    short_title: "RandLoRA",
    authors: &[
        "Paul Albert",
        "Frederic Z. Zhang",
        "Hemanth Saratchandran",
        "Cristian Rodriguez-Opazo",
        "Anton van den Hengel",
        "Ehsan Abbasnejad",
    ],
    venue: "ICLR 2025",
    url: "https://arxiv.org/abs/2502.00987",
    claim: "What limits LoRA is the low rank of its change, not how many numbers are trained: sums of drawn matrices with trained \
            scales have full rank at the same number, and adapt large networks better.",
    slot: "weights",
    controls: &CONTROLS,
    companions: &[LOW_RANK, POWER_LAW, GAUSSIAN, SHIFT, SHIFT_SMALL, SHIFT_DECODER],
};

/// What it reports, and what to know before comparing.
pub const BACKGROUND: Background = Background {
    reported: &[
        vision("CLIP ViT-B/32, 16 shots, mean of 22 data sets", "RandLoRA", 72.6, 75.8),
        vision("CLIP ViT-B/32, all data, mean of 22 data sets", "RandLoRA", 82.2, 84.4),
        vision("CLIP ViT-L/14, all data, mean of 22 data sets", "RandLoRA", 89.0, 90.0),
        vision("DINOv2 ViT-B/14, 16 shots, mean of 22 data sets", "RandLoRA", 82.6, 83.5),
        vision("DINOv2 ViT-B/14, 1 shot, mean of 22 data sets", "RandLoRA", 51.9, 51.1),
        language("Llama-3-8B, commonsense, 170,000 samples", "RandLoRA, large budget", 85.2, 85.6),
        language("Llama-3-8B, commonsense, 15,000 samples", "RandLoRA, large budget", 83.1, 81.3),
        language("Qwen2-0.5B, commonsense, 170,000 samples", "RandLoRA, large budget", 57.3, 57.9),
        ablation("CLIP ViT-B/32, all data, as many numbers", "RandLoRA-a, summed first", 83.74, 83.62),
        ablation("CLIP ViT-B/32, all data, as many numbers", "RandLoRA", 83.74, 85.98),
    ],
    notes: &[
        "The paper fits no single matrix: this task is the lab's, so that the ideal change is known. Fine-tuning is what it measures; \
         the companions on shifts fine-tune a small vision transformer, of which only the patch embedding adapts.",
        "RandLoRA's basis rank means the opposite of LoRA's rank: fewer means more trained numbers.",
        "There are three published scales, of PEFT, of the authors' code for vision, and of the paper; the default here is PEFT's, \
         and each is a choice. A rate that is tuned makes up for most of it.",
        "VeRA has no setting with as many numbers; it stands beside the others with its own few.",
        "Two tables of the paper give different means for what reads as the same setting of CLIP ViT-B/32 (83.74 and 82.2 for LoRA).",
    ],
};

const CONTROLS: [&str; 8] = [
    "model.weights",
    "model.weights.rank",
    "model.weights.basis",
    "task.spectrum",
    "task.target_rank",
    "training.learning_rate",
    "training.steps",
    "seeds.count",
];

/// Where LoRA is as good as anything can be.
const LOW_RANK: Companion = Companion {
    id: "randlora-low-rank",
    short_title: "A target of low rank",
    summary: "The same adapters where the ideal change has rank 16: LoRA of that rank finds it, full rank is no help.",
    controls: &CONTROLS,
};

/// What changes of trained networks are said to look like.
const POWER_LAW: Companion = Companion {
    id: "randlora-power-law",
    short_title: "A target that falls",
    summary: "The same adapters where the singular values of the ideal change fall like 1/i.",
    controls: &CONTROLS,
};

/// Between flat and falling.
const GAUSSIAN: Companion = Companion {
    id: "randlora-gaussian",
    short_title: "A Gaussian target",
    summary: "The same adapters where the ideal change is a matrix of normal numbers, whose spectrum is a quarter of a circle.",
    controls: &CONTROLS,
};

/// Fine-tuning, where the ideal change has nearly full rank.
const SHIFT: Companion = Companion {
    id: "randlora-shift",
    short_title: "Shift of high rank",
    summary: "A network that has learned plain digits meets patches that are rotated in 48 of their 49 directions, and adapters \
              bring it back.",
    controls: &OF_SHIFTS,
};

/// Fine-tuning, where the ideal change has low rank.
const SHIFT_SMALL: Companion = Companion {
    id: "randlora-shift-small",
    short_title: "Shift of low rank",
    summary: "The same network and adapters where patches are rotated in four of their directions.",
    controls: &OF_SHIFTS,
};

/// Fine-tuning of a decoder.
const SHIFT_DECODER: Companion = Companion {
    id: "randlora-shift-decoder",
    short_title: "Shift of a decoder",
    summary: "A decoder that has learned to copy lists meets embedded tokens that are turned in 28 of their 32 directions.",
    controls: &OF_SHIFTS,
};

const OF_SHIFTS: [&str; 8] = [
    "model.tokens.directions",
    "model.weights",
    "model.weights.on",
    "model.weights.rank",
    "model.weights.basis",
    "training.learning_rate",
    "training.steps",
    "seeds.count",
];

/// A mean of Tables 11 to 14, LoRA of rank 32 beside.
const fn vision(what: &'static str, variant_name: &'static str, lora: f64, variant: f64) -> Reported {
    Reported::percent(
        what,
        variant_name,
        [lora, variant],
        Source::Paper("Tables 11 to 14, beside LoRA of rank 32"),
    )
}

/// A mean of Table 1, LoRA of rank 32 beside.
const fn language(what: &'static str, variant_name: &'static str, lora: f64, variant: f64) -> Reported {
    Reported::percent(what, variant_name, [lora, variant], Source::Paper("Table 1, beside LoRA of rank 32"))
}

/// A row of Table 2, LoRA of rank 32 beside.
const fn ablation(what: &'static str, variant_name: &'static str, lora: f64, variant: f64) -> Reported {
    Reported::percent(what, variant_name, [lora, variant], Source::Paper("Table 2, beside LoRA of rank 32"))
}
