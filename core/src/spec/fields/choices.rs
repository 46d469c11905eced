//! The names that a field may hold, with their labels and help.

use super::super::field::Choice;

pub(super) const TASKS: &[Choice] = &[
    Choice {
        name: "digits",
        label: "Small digits",
        help: "1,797 handwritten digits of 8×8 pixels, ten classes.",
        fields: &["patch"],
    },
    Choice {
        name: "mnist",
        label: "MNIST digits",
        help: "10,000 handwritten digits of 28×28 pixels, ten classes.",
        fields: &["patch"],
    },
    Choice {
        name: "shapes",
        label: "Shapes",
        help: "Ten drawn shapes of 24×24 colour pixels on a natural texture; 8,192 to learn from.",
        fields: &["patch", "mode"],
    },
    Choice {
        name: "gratings",
        label: "Gratings",
        help: "Oriented waves of 16×16 pixels in noise; ten classes that no single patch tells apart.",
        fields: &["patch", "examples"],
    },
    Choice {
        name: "listops",
        label: "ListOps",
        help: "Nested minimum, maximum, median and sum of digits, as in the Long-Range Arena; what is the result?",
        fields: &["length"],
    },
    Choice {
        name: "picture",
        label: "Picture",
        help: "One picture of 48×48 pixels as a function of place.",
        fields: &[],
    },
    Choice {
        name: "shakespeare",
        label: "Shakespeare",
        help: "Plays, letter by letter: which character comes next?",
        fields: &["context"],
    },
];

pub(super) const ACTIVATIONS: &[Choice] = &[
    Choice {
        name: "softmax",
        label: "Softmax",
        help: "The usual: every row of weights sums to 1.",
        fields: &[],
    },
    Choice {
        name: "polynomial",
        label: "Polynomial",
        help: "A scaled power of each score by itself (Rethinking Softmax, arXiv 2410.18613).",
        fields: &["power", "scale"],
    },
];

pub(super) const METRICS: &[Choice] = &[
    Choice {
        name: "accuracy",
        label: "Accuracy",
        help: "Share of right answers on the test split.",
        fields: &[],
    },
    Choice {
        name: "loss",
        label: "Loss",
        help: "Mean cross-entropy on the test split, in nats; of a picture, mean squared error.",
        fields: &[],
    },
    Choice {
        name: "psnr",
        label: "PSNR",
        help: "Peak signal-to-noise ratio of the whole picture, in dB.",
        fields: &[],
    },
];

pub(super) const CLAIMS: &[Choice] = &[
    Choice {
        name: "higher",
        label: "Higher",
        help: "Above the first variant by more than the margin.",
        fields: &[],
    },
    Choice {
        name: "lower",
        label: "Lower",
        help: "Below the first variant by more than the margin.",
        fields: &[],
    },
    Choice {
        name: "not_lower",
        label: "Not lower",
        help: "Not below the first variant by more than the margin.",
        fields: &[],
    },
    Choice {
        name: "not_higher",
        label: "Not higher",
        help: "Not above the first variant by more than the margin.",
        fields: &[],
    },
];

pub(super) const SHAPES: &[Choice] = &[
    Choice {
        name: "bright",
        label: "Bright",
        help: "Bright shapes on noisy texture: small directions of the tokens are noise.",
        fields: &[],
    },
    Choice {
        name: "dim",
        label: "Dim",
        help: "Faint shapes under large slow shadows: small directions of the tokens are the signal.",
        fields: &[],
    },
];

pub(super) const ARCHITECTURES: &[Choice] = &[
    Choice {
        name: "transformer",
        label: "Transformer",
        help: "Attention mixes the tokens, an MLP the channels.",
        fields: &[],
    },
    Choice {
        name: "mixer",
        label: "MLP-Mixer",
        help: "An MLP mixes the tokens, another one the channels (arXiv 2105.01601).",
        fields: &["hidden"],
    },
    Choice {
        name: "conv-mixer",
        label: "ConvMixer",
        help: "One small filter a channel mixes the tokens, a linear layer the channels (arXiv 2201.09792).",
        fields: &["kernel", "filters", "norm"],
    },
    Choice {
        name: "coordinate",
        label: "Coordinate network",
        help: "An MLP from a place to a value.",
        fields: &["activation", "frequencies", "norm"],
    },
];

pub(super) const FILTERS: &[Choice] = &[
    Choice { name: "trained", label: "Trained", help: "Learned, from random numbers.", fields: &[] },
    Choice {
        name: "random",
        label: "Random, frozen",
        help: "Random numbers that stay as they are.",
        fields: &[],
    },
    Choice {
        name: "impulse",
        label: "Impulse, frozen",
        help: "A single 1 at a random place of each filter.",
        fields: &[],
    },
    Choice {
        name: "box",
        label: "Box, frozen",
        help: "All numbers equal: filters that span one dimension only.",
        fields: &[],
    },
];

pub(super) const NORMS: &[Choice] = &[
    Choice { name: "none", label: "None", help: "No normalization.", fields: &[] },
    Choice { name: "layer", label: "Layer norm", help: "Over the channels of each token.", fields: &[] },
    Choice { name: "batch", label: "Batch norm", help: "Over the batch, channel by channel.", fields: &[] },
];

pub(super) const COORDINATE_ACTIVATIONS: &[Choice] = &[
    Choice { name: "relu", label: "ReLU", help: "max(0, x).", fields: &[] },
    Choice { name: "gaussian", label: "Gaussian", help: "exp(−x² / 2σ²) with σ = 0.2.", fields: &[] },
    Choice { name: "sine", label: "Sine", help: "sin(30 x), with SIREN's first weights.", fields: &[] },
];

pub(super) const TOKENS: &[Choice] = &[
    Choice { name: "plain", label: "As they are", help: "Nothing is done to the tokens.", fields: &[] },
    Choice {
        name: "conditioned",
        label: "Conditioned",
        help: "Every singular value grows by the largest one (Conditioned Embedded Tokens, arXiv 2505.12789).",
        fields: &["strength", "iterations"],
    },
    Choice {
        name: "graying",
        label: "Grayed",
        help: "Singular values or frequencies are raised to a power below 1 (token graying, arXiv 2505.01996).",
        fields: &["transform", "exponent", "place"],
    },
];

pub(super) const TRANSFORMS: &[Choice] = &[
    Choice {
        name: "dct",
        label: "Cosine transform",
        help: "Applied to the coefficients of the discrete cosine transform, on the device.",
        fields: &[],
    },
    Choice {
        name: "svd",
        label: "Singular values",
        help: "Applied to the singular values, on the CPU, once for each image.",
        fields: &[],
    },
];

pub(super) const PLACES: &[Choice] = &[
    Choice {
        name: "patches",
        label: "Patches",
        help: "Before they are embedded, as in the paper.",
        fields: &[],
    },
    Choice {
        name: "embedding",
        label: "Embedded tokens",
        help: "After they are embedded, before the first block.",
        fields: &[],
    },
];

pub(super) const INITIALIZATIONS: &[Choice] = &[
    Choice {
        name: "xavier",
        label: "Xavier",
        help: "Uniform, variance 2 / (inputs + outputs).",
        fields: &[],
    },
    Choice {
        name: "pytorch",
        label: "PyTorch's default",
        help: "Uniform ±1/√inputs, biases too.",
        fields: &[],
    },
    Choice { name: "kaiming", label: "Kaiming", help: "Uniform, variance 2 / inputs.", fields: &[] },
    Choice {
        name: "truncated-normal",
        label: "Truncated normal",
        help: "Normal, cut at two standard deviations.",
        fields: &["deviation"],
    },
    Choice {
        name: "mimetic",
        label: "Mimetic",
        help: "Attention starts near the identity (arXiv 2305.09828).",
        fields: &[],
    },
    Choice {
        name: "impulse",
        label: "Structured",
        help: "Each head's attention starts as a small shift, like a convolution (arXiv 2505.19985).",
        fields: &["target", "kernel", "mass", "rank", "values"],
    },
];

pub(super) const IMPULSE_TARGETS: &[Choice] = &[
    Choice {
        name: "shift",
        label: "Shift",
        help: "A neighbour in a fixed direction: an impulse filter, as in the paper.",
        fields: &[],
    },
    Choice {
        name: "scrambled",
        label: "Scrambled",
        help: "A random token for each token: as sharp, but without structure.",
        fields: &[],
    },
];

pub(super) const IMPULSE_VALUES: &[Choice] = &[
    Choice { name: "mimetic", label: "Mimetic", help: "The rule of the released code.", fields: &[] },
    Choice { name: "xavier", label: "Xavier", help: "As without structure.", fields: &[] },
];

pub(super) const WEIGHTS: &[Choice] = &[
    Choice { name: "plain", label: "As they are", help: "The trained numbers are the weights.", fields: &[] },
    Choice {
        name: "equilibrated",
        label: "Equilibrated",
        help: "Rows divided by their norms (Weight Conditioning, arXiv 2409.03424).",
        fields: &["axis", "scale", "when", "gradient"],
    },
    Choice {
        name: "normalized",
        label: "Weight norm",
        help: "Direction and length of each row trained apart (arXiv 1602.07868).",
        fields: &[],
    },
    Choice {
        name: "standardized",
        label: "Standardized",
        help: "Each row with mean 0 and fixed variance (arXiv 1903.10520).",
        fields: &[],
    },
    Choice {
        name: "spectral-norm",
        label: "Spectral norm",
        help: "Divided by the largest singular value (arXiv 1802.05957).",
        fields: &[],
    },
    Choice {
        name: "spectral",
        label: "Spectral conditioning",
        help: "Query, key and value plus a multiple of the identity (arXiv 2603.07162).",
        fields: &["shift"],
    },
];

pub(super) const AXES: &[Choice] = &[
    Choice { name: "row", label: "Rows", help: "The weights of one output.", fields: &[] },
    Choice { name: "column", label: "Columns", help: "The weights of one input.", fields: &[] },
    Choice { name: "both", label: "Rows, then columns", help: "First outputs, then inputs.", fields: &[] },
];

pub(super) const ROW_SCALES: &[Choice] = &[
    Choice { name: "unit", label: "1", help: "As in the paper.", fields: &[] },
    Choice {
        name: "initial",
        label: "As at the start",
        help: "The root mean square of the first norms, so that the scale is that of plain weights.",
        fields: &[],
    },
];

pub(super) const WHENS: &[Choice] = &[
    Choice { name: "always", label: "At every step", help: "As in the paper.", fields: &[] },
    Choice {
        name: "start",
        label: "At the start only",
        help: "Once; plain training after that.",
        fields: &[],
    },
];

pub(super) const NORM_GRADIENTS: &[Choice] = &[
    Choice {
        name: "through",
        label: "Through the norms",
        help: "The gradient knows of the division.",
        fields: &[],
    },
    Choice { name: "stopped", label: "Past the norms", help: "The norms count as constants.", fields: &[] },
];

pub(super) const OPTIMIZERS: &[Choice] = &[
    Choice { name: "adamw", label: "AdamW", help: "Adam with decoupled weight decay.", fields: &[] },
    Choice {
        name: "sgd",
        label: "Gradient descent",
        help: "The gradient itself, without momentum.",
        fields: &[],
    },
];
