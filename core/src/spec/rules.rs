//! Which choices go together: one rule for each reason why two do not.

use super::experiment::{
    Architecture, Experiment, Initialization, Metric, Place, Task, Tokens, Transform, Weights,
};
use super::problem::Problem;

/// Largest tokens × width of which the attention's Jacobian is measured: its side.
pub const MAX_JACOBIAN: u32 = 1024;

/// Most tokens of which the score and attention matrices are measured: singular values cost the cube of it.
pub const MAX_SCORES: u32 = 256;

/// Rules between fields that are in range.
pub(super) fn between_fields(experiment: &Experiment) -> Vec<Problem> {
    let (task, model) = (&experiment.task, &experiment.model);
    let mut problems = Vec::new();
    let mut rule = |holds: bool, field: &str, sentence: &str| {
        if !holds {
            problems.push(Problem::of(field, sentence.to_owned()));
        }
    };
    let picture = matches!(task, Task::Picture {});
    let coordinate = matches!(model.architecture, Architecture::Coordinate { .. });
    let transformer = model.architecture == Architecture::Transformer;
    let image = task.edge().is_some();

    rule(
        picture == coordinate,
        "model.architecture",
        "must be coordinate for the task picture, and for no other task",
    );
    rule(
        transformer || image || coordinate,
        "model.architecture",
        "must be transformer for a task of symbols; the others mix the places of an image",
    );
    if let Architecture::ConvMixer { kernel, .. } = model.architecture {
        rule(kernel % 2 == 1, "model.architecture.kernel", "must be odd, so that a filter has a middle");
    }
    rule(
        model.tokens == Tokens::Plain || !task.is_causal() && !coordinate,
        "model.tokens",
        "must be plain here: conditioning mixes all tokens of an example, so a token would see those after it",
    );
    if let Tokens::Graying { transform, place, .. } = model.tokens {
        rule(
            transform == Transform::Dct || place == Place::Patches,
            "model.tokens.transform",
            "must be dct for embedded tokens: singular values are found on the CPU, before training",
        );
        rule(
            image || place == Place::Embedding,
            "model.tokens.place",
            "must be embedding for a task of symbols, which has no patches",
        );
    }
    if let Initialization::Impulse { kernel, rank, .. } = model.initialization {
        rule(kernel % 2 == 1, "model.initialization.kernel", "must be 3 or 5");
        rule(
            !transformer || model.positions != 0.0 || rank * rank <= task.tokens(),
            "model.initialization.rank",
            "must be at most the edge of the token grid where positions are sines and cosines (model.positions = 0): \
             with more directions of those every map starts uniform",
        );
        rule(
            image && (transformer || matches!(model.architecture, Architecture::Mixer { .. })),
            "model.initialization",
            "must be another one here: structured initialization imitates filters on the tokens of an image, in a \
             transformer or a mixer",
        );
    }
    rule(
        model.initialization != Initialization::Mimetic || transformer,
        "model.initialization",
        "must be another one here: mimetic initialization is one of attention",
    );
    rule(
        !matches!(model.weights, Weights::Spectral { .. }) || transformer,
        "model.weights",
        "must be another one here: spectral conditioning is one of attention",
    );
    let fits = match experiment.compare.metric {
        Metric::Accuracy => !picture,
        Metric::Psnr => picture,
        Metric::Loss => true,
    };
    rule(
        fits,
        "compare.metric",
        "must be psnr or loss for a picture, and accuracy or loss for any other task",
    );
    rule(
        !experiment.probes.jacobian || transformer && task.tokens() * model.width <= MAX_JACOBIAN,
        "probes.jacobian",
        "must be false here: it needs a transformer with tokens × width of at most 1,024",
    );
    rule(
        !experiment.probes.scores || !transformer || task.tokens() <= MAX_SCORES,
        "probes.scores",
        "must be false here: the matrices of more than 256 tokens take too long",
    );
    problems
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::spec::Transform;

    fn problem(change: impl Fn(&mut Experiment)) -> Vec<String> {
        let mut experiment = Experiment::new("A title", Task::Digits { patch: 2 });
        change(&mut experiment);
        between_fields(&experiment).into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn the_default_keeps_all_rules() {
        assert!(problem(|_| ()).is_empty());
    }

    #[test]
    fn what_does_not_go_together_is_named() {
        assert_eq!(problem(|e| e.task = Task::Picture {}), ["model.architecture", "compare.metric"]);
        assert_eq!(
            problem(|e| {
                e.task = Task::Shakespeare { context: 8 };
                e.model.tokens = Tokens::Conditioned { strength: 1.0, iterations: 9 };
            }),
            ["model.tokens"]
        );
        assert_eq!(
            problem(|e| {
                e.model.tokens =
                    Tokens::Graying { transform: Transform::Svd, exponent: 0.9, place: Place::Embedding };
            }),
            ["model.tokens.transform"]
        );
        assert_eq!(
            problem(|e| {
                e.model.architecture = Architecture::Mixer { hidden: 8 };
                e.model.initialization = Initialization::Mimetic;
            }),
            ["model.initialization"]
        );
        assert_eq!(problem(|e| (e.probes.jacobian, e.model.width) = (true, 128)), ["probes.jacobian"]);
        assert_eq!(
            problem(|e| (e.probes.scores, e.task) = (true, Task::Shakespeare { context: 257 })),
            ["probes.scores"]
        );
        let structured = |positions, rank| {
            problem(move |e| {
                let (target, values) = Default::default();
                e.model.initialization =
                    Initialization::Impulse { target, kernel: 3, mass: 0.7, rank, values };
                e.model.positions = positions;
            })
        };
        assert_eq!(structured(0.0, 5), ["model.initialization.rank"]);
        assert!(structured(0.0, 4).is_empty() && structured(0.36, 5).is_empty());
        assert_eq!(problem(|e| e.compare.metric = Metric::Psnr), ["compare.metric"]);
    }

    #[test]
    fn some_experiment_of_every_choice_keeps_the_rules_or_says_which_it_breaks() {
        for experiment in samples::every_choice() {
            for problem in between_fields(&experiment) {
                assert!(problem.sentence.starts_with(&problem.field), "{}", problem.sentence);
            }
        }
    }
}
