//! Experiments that belong to no paper: the first one, one for each kind of data, and two for the lab itself.

use super::Starter;

/// In the order of the menus. The first is what a newcomer sees.
pub const STARTERS: &[&Starter] = &[&DIGITS, &MNIST, &SHAKESPEARE, &BENCH, &TINY];

const DIGITS: Starter = Starter {
    id: "digits",
    title: "A first experiment: small digits",
    short_title: "Small digits",
    summary: "Two small transformers learn to read digits, one with softmax and one with a cube in its place.",
    controls: &[
        "model.attention.activation",
        "model.depth",
        "model.heads",
        "model.width",
        "training.learning_rate",
        "training.steps",
        "seeds.count",
    ],
    listed: true,
};

const MNIST: Starter = Starter {
    id: "mnist",
    title: "MNIST digits",
    short_title: "MNIST digits",
    summary: "Handwritten digits of the usual size, with four layers or with two layers of twice the heads.",
    controls: &[
        "model.heads",
        "model.depth",
        "model.width",
        "task.patch",
        "training.learning_rate",
        "training.steps",
    ],
    listed: true,
};

const SHAKESPEARE: Starter = Starter {
    id: "shakespeare",
    title: "Shakespeare, letter by letter",
    short_title: "Shakespeare",
    summary: "A small language model reads plays one character at a time, with four heads or with one.",
    controls: &[
        "model.heads",
        "task.context",
        "model.depth",
        "model.width",
        "training.learning_rate",
        "training.steps",
    ],
    listed: true,
};

const BENCH: Starter = Starter {
    id: "bench",
    title: "The benchmark model",
    short_title: "Benchmark",
    summary: "A fixed model and recipe for measuring how long a training step takes.",
    controls: &["training.steps", "training.batch", "seeds.count"],
    listed: false,
};

const TINY: Starter = Starter {
    id: "tiny",
    title: "A run of seconds",
    short_title: "Run of seconds",
    summary: "The smallest run that goes through everything, for trying whether a device works.",
    controls: &["training.steps", "seeds.count"],
    listed: false,
};
