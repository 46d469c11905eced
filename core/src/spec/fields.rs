//! The table of every field of the experiment: the only place that knows their ranges, labels and help.
//!
//! Read by the range checks, the page's controls, the command line's `--set`, the names of variants and the
//! documentation. A tagged enum's row stands before the rows of its own fields.

use super::experiment::{Activation, Task, VERSION};
use super::field::{Choice, Field, Phrase};
use super::nearest::suggestion;
use super::problem::{Problem, quote};
use Phrase::{After, Before, Count};

const TASKS: &[Choice] = &[
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
        name: "shakespeare",
        label: "Shakespeare",
        help: "Plays, letter by letter: which character comes next?",
        fields: &["context"],
    },
];

const ACTIVATIONS: &[Choice] = &[
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

const METRICS: &[Choice] = &[
    Choice {
        name: "accuracy",
        label: "Accuracy",
        help: "Share of right answers on the test split.",
        fields: &[],
    },
    Choice {
        name: "loss",
        label: "Loss",
        help: "Mean cross-entropy on the test split, in nats.",
        fields: &[],
    },
];

const CLAIMS: &[Choice] = &[
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
    Field::integer("task.context", "Context", 8, 1024, Before("context "))
        .help("Characters that the model sees at once.")
        .unit("characters")
        .step(8)
        .applies(|e| matches!(e.task, Task::Shakespeare { .. })),
    // The network.
    Field::integer("model.depth", "Layers", 1, 48, Count("layer", "layers"))
        .help("Number of blocks L, each an attention half and an MLP half."),
    Field::integer("model.width", "Width", 4, 2048, Before("width "))
        .help("Numbers in a token, D.")
        .step(4),
    Field::integer("model.heads", "Heads", 1, 64, Count("head", "heads"))
        .help("Attention heads of a block, h; each sees the tokens through its own projections.")
        .divides(|e| (e.model.head_width == 0).then_some((e.model.width, "the width"))),
    Field::integer("model.head_width", "Head width", 1, 256, Before("head width "))
        .help("Numbers that one head works with, d.")
        .zero("width / heads"),
    Field::flag("model.attention.skip", "Attention skip", "attention skip")
        .help("Adds a block's input to its attention's output (Always Skip Attention, arXiv 2505.01996)."),
    Field::tagged("model.attention.activation", "Attention activation", ACTIVATIONS, After(" attention"))
        .help("What turns attention scores into attention weights (Rethinking Softmax, arXiv 2410.18613).")
        .reading(|e| activation(&e.model.attention.activation)),
    Field::integer("model.attention.activation.power", "Power", 1, 6, Before("power "))
        .help("The power p of x^p; the paper studies 1, 2 and 3 (arXiv 2410.18613).")
        .applies(|e| matches!(e.model.attention.activation, Activation::Polynomial { .. })),
    Field::logarithmic("model.attention.activation.scale", "Scale", 1e-6, 100.0, Before("scale "))
        .help("The factor before the power; the paper takes 1/√N for N tokens (arXiv 2410.18613).")
        .zero("1/√N")
        .applies(|e| matches!(e.model.attention.activation, Activation::Polynomial { .. })),
    Field::integer("model.mlp.width", "MLP width", 1, 8192, Before("MLP width "))
        .help("Hidden width of a block's MLP.")
        .step(8),
    Field::flag("model.mlp.skip", "MLP skip", "MLP skip")
        .help("Adds the MLP's input to its output (Always Skip Attention, arXiv 2505.01996, removes it to compare)."),
    // The recipe.
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
    Field::choice("compare.metric", "Compared by", METRICS, Before("compared by "))
        .help("The number by which the variants are compared at the end."),
    Field::choice("compare.claim.says", "Claim", CLAIMS, Before("claim: "))
        .help("Where every other variant should stand to the first."),
    Field::float("compare.claim.margin", "Margin", 0.0, 1000.0, Before("margin "))
        .help("By how much, or how much less still counts as equal; in the unit of what is compared."),
];

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

/// "x³ / √N", "x³ / 216", "softmax".
fn activation(activation: &Activation) -> String {
    let Activation::Polynomial { power, scale } = activation else {
        return "softmax".to_owned();
    };
    let raised = match power {
        1 => "x",
        2 => "x²",
        3 => "x³",
        4 => "x⁴",
        5 => "x⁵",
        6 => "x⁶",
        _ => return format!("{scale:?} x^{power}"),
    };
    let divisor = 1.0 / scale;
    if *scale == 0.0 {
        format!("{raised} / √N")
    } else if *scale == 1.0 {
        raised.to_owned()
    } else if divisor.round() >= 2.0 && 1.0 / divisor.round() == *scale {
        format!("{raised} / {}", divisor.round())
    } else {
        format!("{scale:?} {raised}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::field::Kind;
    use super::super::samples;
    use super::super::tree;
    use super::*;

    /// The dotted paths of everything that is neither a table nor part of a variant.
    fn leaves(prefix: &str, value: &serde_json::Value, found: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(table) => {
                for (key, value) in table.iter().filter(|(key, _)| *key != "variant") {
                    let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                    leaves(&path, value, found);
                }
            }
            _ => _ = found.insert(prefix.strip_suffix(".name").unwrap_or(prefix).to_owned()),
        }
    }

    #[test]
    fn every_leaf_of_an_experiment_has_a_row_and_every_row_a_leaf() {
        let mut everywhere = BTreeSet::new();
        for experiment in samples::every_choice() {
            let mut here = BTreeSet::new();
            leaves("", &serde_json::to_value(&experiment).unwrap(), &mut here);
            let rows = FIELDS
                .iter()
                .filter(|field| (field.applies)(&experiment))
                .map(|f| f.path.to_owned())
                .collect();
            assert_eq!(here, rows, "{experiment:?}");
            everywhere.append(&mut here);
        }
        assert_eq!(everywhere.len(), FIELDS.len());
    }

    #[test]
    fn the_choices_of_a_tagged_field_bring_exactly_the_fields_they_list() {
        for field in FIELDS {
            let Kind::Choice { options, tagged: true } = field.kind else {
                continue;
            };
            for option in options {
                let experiment = samples::with_choice(field, option);
                let below = format!("{}.", field.path);
                let brought: Vec<_> = FIELDS
                    .iter()
                    .filter(|row| (row.applies)(&experiment))
                    .filter_map(|row| row.path.strip_prefix(&below))
                    .collect();
                assert_eq!(brought, option.fields, "{} = {}", field.path, option.name);
            }
        }
    }

    #[test]
    fn every_row_is_fit_to_be_shown() {
        let mut seen = BTreeSet::new();
        for (row, field) in FIELDS.iter().enumerate() {
            assert!(seen.insert(field.path), "{} stands twice", field.path);
            assert!(!field.label.is_empty() && field.help.ends_with('.'), "{}", field.path);
            if let Some((parent, _)) = field.path.rsplit_once('.')
                && let Some(tag) = FIELDS.iter().position(|f| f.path == parent)
            {
                assert!(tag < row, "{parent} must stand before {}", field.path);
            }
        }
    }

    #[test]
    fn the_defaults_are_in_range() {
        for experiment in samples::every_choice() {
            for (field, value) in tree::leaves(&experiment) {
                assert_eq!(field.accept(&value).as_ref(), Ok(&value));
            }
        }
    }

    #[test]
    fn an_unknown_path_finds_the_nearest() {
        let problem = known_field("model.head").unwrap_err();
        assert_eq!(problem.sentence, "There is no field \"model.head\"; did you mean \"model.heads\"?");
        assert_eq!(field("task.name").map(|f| f.path), Some("task"));
        assert!(field("title.name").is_none());
    }

    #[test]
    fn an_activation_reads_as_its_formula() {
        let read = |power, scale| activation(&Activation::Polynomial { power, scale });
        assert_eq!(read(3, 0.0), "x³ / √N");
        assert_eq!(read(3, 1.0 / 216.0), "x³ / 216");
        assert_eq!(read(2, 1.0), "x²");
        assert_eq!(read(1, 0.3), "0.3 x");
        assert_eq!(activation(&Activation::Softmax), "softmax");
    }
}
