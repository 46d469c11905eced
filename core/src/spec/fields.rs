//! The table of every field of the experiment: the only place that knows their ranges, labels and help.
//!
//! Read by the range checks, the page's controls, the command line's `--set`, the names of variants and the
//! documentation. A tagged enum's row stands before the rows of its own fields.

mod choices;
mod readings;
#[cfg(test)]
mod tests;

use choices::*;

use super::experiment::{
    Activation, Architecture, Experiment, Initialization, Task, Tokens, VERSION, Weights,
};
use super::field::{Field, Phrase};
use super::nearest::suggestion;
use super::problem::{Problem, quote};
use Phrase::{After, Before, Count};

/// Every field, in the order in which files and pages show them.
pub static FIELDS: &[Field] = &[
    Field::integer("version", "Format", VERSION, VERSION, Before("format "))
        .help("The version of the experiment format."),
    Field::line("title", "Title", 120).help("One line, shown above the charts."),
    // What is learned.
    Field::tagged("task", "Task", TASKS, After("")).help("What is learned, and from which data."),
    Field::integer("task.patch", "Patch", 1, 28, After("-pixel patches"))
        .help("Edge of the square patches that become tokens; smaller patches make more tokens.")
        .unit("pixels")
        .divides(|e| Some((e.task.edge()?, "the image's edge")))
        .applies(|e| e.task.edge().is_some()),
    Field::choice("task.mode", "Difficulty", SHAPES, After(" shapes"))
        .help("Whether the shapes are brighter than their background, or nearly lost in it.")
        .applies(|e| matches!(e.task, Task::Shapes { .. })),
    Field::integer("task.examples", "Examples", 10, 1000, After(" examples a class"))
        .help("Training examples of each class; few examples show what a network assumes by itself.")
        .unit("examples")
        .step(10)
        .applies(|e| matches!(e.task, Task::Gratings { .. })),
    Field::integer("task.length", "Length", 16, 512, Before("length "))
        .help("The longest expression, in symbols; shorter ones are padded.")
        .unit("symbols")
        .step(16)
        .applies(|e| matches!(e.task, Task::Listops { .. })),
    Field::integer("task.context", "Context", 8, 1024, Before("context "))
        .help("Characters that the model sees at once.")
        .unit("characters")
        .step(8)
        .applies(|e| matches!(e.task, Task::Shakespeare { .. })),
    // The network.
    Field::tagged("model.architecture", "Network", ARCHITECTURES, After(""))
        .help("Which kind of network."),
    Field::integer("model.architecture.hidden", "Token MLP width", 1, 2048, Before("token MLP width "))
        .help("Hidden width of the MLP that mixes the tokens.")
        .step(8)
        .applies(|e| matches!(e.model.architecture, Architecture::Mixer { .. })),
    Field::integer("model.architecture.kernel", "Filter", 1, 9, After("-token filters"))
        .help("Edge of the filters, in tokens; odd.")
        .step(2)
        .applies(is_conv_mixer),
    Field::choice("model.architecture.filters", "Filters", FILTERS, After(" filters"))
        .help("Whether the filters learn, and what they are if not (arXiv 2505.19985).")
        .applies(is_conv_mixer),
    Field::choice("model.architecture.activation", "Activation", COORDINATE_ACTIVATIONS, After(" activation"))
        .help("What stands between the layers of a coordinate network.")
        .applies(is_coordinate),
    Field::integer("model.architecture.frequencies", "Octaves", 1, 12, Count("octave", "octaves"))
        .help("Sines and cosines that a coordinate is turned into, each pair of twice the frequency.")
        .zero("none")
        .applies(is_coordinate),
    Field::choice("model.architecture.norm", "Normalization", NORMS, Before("normalization: "))
        .help("What normalizes the hidden layers.")
        .applies(|e| is_conv_mixer(e) || is_coordinate(e)),
    Field::integer("model.depth", "Layers", 1, 48, Count("layer", "layers"))
        .help("Number of blocks L, each an attention half and an MLP half."),
    Field::integer("model.width", "Width", 4, 2048, Before("width "))
        .help("Numbers in a token, D.")
        .step(4),
    Field::integer("model.heads", "Heads", 1, 64, Count("head", "heads"))
        .help("Attention heads of a block, h; each sees the tokens through its own projections.")
        .matters(is_transformer)
        .divides(|e| (e.model.head_width == 0).then_some((e.model.width, "the width"))),
    Field::integer("model.head_width", "Head width", 1, 256, Before("head width "))
        .help("Numbers that one head works with, d.")
        .matters(is_transformer)
        .zero("width / heads"),
    Field::flag("model.attention.skip", "Attention skip", "attention skip")
        .help("Adds a block's input to its attention's output (Always Skip Attention, arXiv 2505.01996).")
        .matters(has_mlp),
    Field::tagged("model.attention.activation", "Attention activation", ACTIVATIONS, After(" attention"))
        .help("What turns attention scores into attention weights (Rethinking Softmax, arXiv 2410.18613).")
        .matters(is_transformer)
        .reading(|e| readings::activation(&e.model.attention.activation)),
    Field::integer("model.attention.activation.power", "Power", 1, 6, Before("power "))
        .help("The power p of x^p; the paper studies 1, 2 and 3 (arXiv 2410.18613).")
        .applies(|e| matches!(e.model.attention.activation, Activation::Polynomial { .. })),
    Field::logarithmic("model.attention.activation.scale", "Scale", 1e-6, 100.0, Before("scale "))
        .help("The factor before the power; the paper takes 1/√N for N tokens (arXiv 2410.18613).")
        .zero("1/√N")
        .applies(|e| matches!(e.model.attention.activation, Activation::Polynomial { .. })),
    Field::integer("model.mlp.width", "MLP width", 1, 8192, Before("MLP width "))
        .help("Hidden width of a block's MLP.")
        .matters(has_mlp)
        .step(8),
    Field::flag("model.mlp.skip", "MLP skip", "MLP skip")
        .help("Adds the MLP's input to its output (Always Skip Attention, arXiv 2505.01996, removes it to compare).")
        .matters(has_mlp),
    Field::tagged("model.tokens", "Tokens", TOKENS, After(" tokens"))
        .help("What is done to the tokens of an example before the first block.")
        .matters(reads_tokens)
        .reading(|e| readings::tokens(&e.model.tokens)),
    Field::float("model.tokens.strength", "Strength", 0.0, 10.0, Before("strength "))
        .help("How many times the largest singular value is added to each (arXiv 2505.12789 adds it once).")
        .applies(is_conditioned),
    Field::integer("model.tokens.iterations", "Iterations", 1, 30, Count("iteration", "iterations"))
        .help("Newton-Schulz iterations towards the correction; 9 leave κ below 3.")
        .zero("until exact")
        .applies(is_conditioned),
    Field::choice("model.tokens.transform", "Graying by", TRANSFORMS, Before("graying by "))
        .help("Whether singular values or frequencies are raised to the power.")
        .applies(is_grayed),
    Field::float("model.tokens.exponent", "Exponent", 0.05, 1.0, Before("exponent "))
        .help("The power ε; the paper takes 0.95, and 1 changes nothing (arXiv 2505.01996).")
        .applies(is_grayed),
    Field::choice("model.tokens.place", "Applied to", PLACES, Before("graying of "))
        .help("Which tokens are grayed; the paper grays the patches.")
        .applies(is_grayed),
    Field::tagged("model.initialization", "Initialization", INITIALIZATIONS, After(" initialization"))
        .help("What the weights start from.")
        .reading(|e| readings::initialization(&e.model.initialization)),
    Field::logarithmic("model.initialization.deviation", "Deviation", 1e-3, 1.0, Before("deviation "))
        .help("Standard deviation of the first weights.")
        .applies(|e| matches!(e.model.initialization, Initialization::TruncatedNormal { .. })),
    Field::choice("model.initialization.target", "Target", IMPULSE_TARGETS, Before("target "))
        .help("What each head's attention map imitates at the start.")
        .applies(is_impulse),
    Field::integer("model.initialization.kernel", "Filter", 3, 5, After("-token filters"))
        .help("Edge of the filters that are imitated, in tokens: 3 or 5.")
        .step(2)
        .applies(is_impulse),
    Field::float("model.initialization.mass", "Sharpness", 0.1, 0.99, Before("sharpness "))
        .help("Share of its attention that a token starts with on its target.")
        .matters(is_transformer)
        .applies(is_impulse),
    Field::integer("model.initialization.rank", "Rank", 1, 256, Before("rank "))
        .help("Directions of the positions that are inverted.")
        .zero("3/8 of the tokens")
        .matters(is_transformer)
        .applies(is_impulse),
    Field::choice("model.initialization.values", "Values", IMPULSE_VALUES, Before("values: "))
        .help("What values and outputs start from.")
        .matters(is_transformer)
        .applies(is_impulse),
    Field::logarithmic("model.positions", "Positions", 1e-3, 10.0, Before("positions of deviation "))
        .help("Standard deviation of the first positions, which are trained; usual are sines for images, 0.02 for symbols.")
        .zero("as usual")
        .matters(is_transformer),
    Field::tagged("model.weights", "Weights", WEIGHTS, After(" weights"))
        .help("How a weight matrix is made from its trained numbers.")
        .reading(|e| readings::weights(&e.model.weights)),
    Field::choice("model.weights.axis", "Equilibrated", AXES, Before("equilibrated "))
        .help("Which norms are made equal.")
        .applies(is_equilibrated),
    Field::choice("model.weights.scale", "Norms become", ROW_SCALES, Before("norms "))
        .help("What the norms are afterwards.")
        .applies(is_equilibrated),
    Field::choice("model.weights.when", "When", WHENS, Before("equilibrated "))
        .help("At every step, or once.")
        .applies(is_equilibrated),
    Field::choice("model.weights.gradient", "Gradient", NORM_GRADIENTS, Before("gradient "))
        .help("Whether the gradient knows of the division by the norms.")
        .applies(is_equilibrated),
    Field::logarithmic("model.weights.shift", "Shift λ", 1e-2, 100.0, Before("λ "))
        .help("The multiple of the identity that is added; the paper takes 10 (arXiv 2603.07162).")
        .applies(|e| matches!(e.model.weights, Weights::Spectral { .. })),
    Field::float("model.row_spread", "Row spread", 0.01, 3.0, Before("row spread "))
        .help("Rows of the first weights are scaled by a random factor up to ten to this power, up or down.")
        .zero("none"),
    // The recipe.
    Field::choice("training.optimizer", "Optimizer", OPTIMIZERS, Before("optimizer "))
        .help("What turns gradients into updates."),
    Field::integer("training.steps", "Steps", 1, 1_000_000, Count("step", "steps"))
        .help("Optimizer steps in all.")
        .unit("steps")
        .step(50),
    Field::integer("training.batch", "Batch", 1, 4096, Before("batch "))
        .help("Examples of one step, for each seed.")
        .unit("examples"),
    Field::logarithmic("training.learning_rate", "Learning rate", 1e-6, 1.0, Before("learning rate "))
        .help("The highest learning rate, reached at the end of the warm-up."),
    Field::integer("training.warmup", "Warm-up", 1, 100_000, Before("warm-up "))
        .help("Steps in which the learning rate grows from zero; after them it falls along a cosine.")
        .unit("steps")
        .zero("none"),
    Field::logarithmic("training.weight_decay", "Weight decay", 1e-6, 1.0, Before("weight decay "))
        .help("Decoupled weight decay of AdamW, on matrices only.")
        .zero("none"),
    Field::float("training.beta1", "Adam β₁", 0.0, 0.9999, Before("β₁ "))
        .help("How slowly Adam's mean gradient forgets."),
    Field::float("training.beta2", "Adam β₂", 0.0, 0.99999, Before("β₂ "))
        .help("How slowly Adam's mean squared gradient forgets."),
    Field::logarithmic("training.epsilon", "Adam ε", 1e-12, 1e-2, Before("ε "))
        .help("What keeps Adam from dividing by zero."),
    Field::logarithmic("training.clip", "Gradient clip", 1e-3, 1e3, Before("gradient clip "))
        .help("Largest norm of one seed's whole gradient; longer ones are shortened to it.")
        .zero("off"),
    Field::integer("training.evaluate_every", "Evaluate every", 1, 1_000_000, Before("evaluated every "))
        .help("Steps between evaluations on the test split.")
        .unit("steps")
        .step(10)
        .zero("at the end only"),
    // What all variants share.
    Field::integer("seeds.first", "First seed", 0, u32::MAX - 16, Before("first seed "))
        .help("The first seed; the others are the numbers after it."),
    Field::integer("seeds.count", "Seeds", 1, super::check::MAX_SEEDS, Count("seed", "seeds"))
        .help("How many copies of each variant train at once, each with a seed of its own."),
    Field::integer("probes.every", "Probe every", 1, 1_000_000, Before("probed every "))
        .help("Steps between measurements inside the networks.")
        .unit("steps")
        .step(10)
        .zero("at the end only"),
    Field::flag("probes.weights", "Weight spectra", "weight spectra")
        .help("Measures the singular values of every weight matrix, and so its condition number."),
    Field::flag("probes.attention", "Attention maps", "attention maps")
        .help("Keeps the attention weights of every head for the first test example."),
    Field::flag("probes.tokens", "Token spectra", "token spectra")
        .help("Measures the singular values of the tokens that enter each block, over test examples.")
        .matters(reads_tokens),
    Field::flag("probes.scores", "Score spectra", "score spectra")
        .help("Measures the singular values and norms of QKᵀ and of the attention matrix, head by head.")
        .matters(is_transformer),
    Field::flag("probes.outputs", "Output spectra", "output spectra")
        .help("Measures the singular values of what attention and MLP put out, with and without their skips.")
        .matters(is_transformer),
    Field::flag("probes.jacobian", "Jacobian", "Jacobian")
        .help("Measures the singular values of the first attention's derivative by its tokens, exactly; slow.")
        .matters(is_transformer),
    Field::flag("probes.updates", "Update spectra", "update spectra")
        .help("Measures the singular values of the last update of every weight matrix."),
    Field::flag("probes.hessian", "Hessian", "Hessian")
        .help("Estimates the largest and smallest curvature of the loss by Lanczos; slow."),
    Field::choice("compare.metric", "Compared by", METRICS, Before("compared by "))
        .help("The number by which the variants are compared at the end."),
    Field::choice("compare.claim.says", "Claim", CLAIMS, Before("claim: "))
        .help("Where every other variant should stand to the first."),
    Field::float("compare.claim.margin", "Margin", 0.0, 1000.0, Before("margin "))
        .help("By how much, or how much less still counts as equal; in the unit of what is compared."),
];

fn is_transformer(e: &Experiment) -> bool {
    e.model.architecture == Architecture::Transformer
}

fn reads_tokens(e: &Experiment) -> bool {
    !is_coordinate(e)
}

fn is_conv_mixer(e: &Experiment) -> bool {
    matches!(e.model.architecture, Architecture::ConvMixer { .. })
}

fn is_coordinate(e: &Experiment) -> bool {
    matches!(e.model.architecture, Architecture::Coordinate { .. })
}

fn has_mlp(e: &Experiment) -> bool {
    is_transformer(e) || matches!(e.model.architecture, Architecture::Mixer { .. })
}

fn is_conditioned(e: &Experiment) -> bool {
    matches!(e.model.tokens, Tokens::Conditioned { .. })
}

fn is_grayed(e: &Experiment) -> bool {
    matches!(e.model.tokens, Tokens::Graying { .. })
}

fn is_impulse(e: &Experiment) -> bool {
    matches!(e.model.initialization, Initialization::Impulse { .. })
}

fn is_equilibrated(e: &Experiment) -> bool {
    matches!(e.model.weights, Weights::Equilibrated { .. })
}

/// The row with this path; `task.name` finds `task`.
pub fn field(path: &str) -> Option<&'static Field> {
    let find = |path: &str| FIELDS.iter().find(|field| field.path == path);
    find(path).or_else(|| path.strip_suffix(".name").and_then(find).filter(|field| field.is_tagged()))
}

/// The row with this path, or a problem that names the nearest one.
pub fn known_field(path: &str) -> Result<&'static Field, Problem> {
    field(path).ok_or_else(|| unknown(path, FIELDS.iter().map(|field| field.path)))
}

/// No field has this path.
pub(super) fn unknown<'a>(path: &str, known: impl IntoIterator<Item = &'a str>) -> Problem {
    let shown: String = path.chars().take(80).collect();
    let sentence = format!("There is no field {}{}", quote(path), suggestion(path, known));
    let stop = if sentence.ends_with('?') { "" } else { "." };
    Problem { field: shown, sentence: sentence + stop }
}
