//! Everything that can be wrong with an experiment, found before anything runs: ranges, the rules between fields, the
//! variants, and the size of it all.

use super::experiment::Experiment;
use super::patch;
use super::tree;
use crate::fields::{Node, Problem};

/// Variants that stand beside each other, at most: more curves than this cannot be told apart.
pub const MAX_VARIANTS: usize = 6;
/// Memory for everything that trains at once, at most: what the largest single GPUs have. The engine asks its device
/// for less.
pub const MAX_BYTES: u64 = 192 << 30;

impl Experiment {
    /// Whether the experiment can run, or every reason why it cannot.
    pub fn check(&self) -> Result<(), Vec<Problem>> {
        let mut problems = ranges(self);
        let in_range = problems.is_empty();
        problems.extend(self.count_variants());
        if !in_range {
            // The rules between fields make sense only for fields in range; a patch can still be judged by itself.
            for (index, variant) in self.variants.iter().enumerate().take(MAX_VARIANTS) {
                if let Err(more) = patch::canonical(&variant.set) {
                    problems.extend(more.into_iter().map(|problem| problem.in_variant(index)));
                }
            }
            return Err(problems);
        }
        problems.extend(rules(self));
        let variants = self.check_variants();
        // A claim is about variants, by their names: of wrong ones nothing can be said.
        if variants.is_empty() {
            problems.extend(self.check_claims());
            problems.extend(self.check_tuning());
        }
        problems.extend(variants);
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn count_variants(&self) -> Option<Problem> {
        let count = self.variants.len();
        (count == 0 || count > MAX_VARIANTS)
            .then(|| Problem::of("variant", format!("must be there 1 to {MAX_VARIANTS} times, not {count}")))
    }

    /// Each variant by itself, then all of them together.
    fn check_variants(&self) -> Vec<Problem> {
        let of_base = rules(self);
        let of_sources = self.check_sources(self);
        let mut problems = Vec::new();
        let mut resolved: Vec<(usize, Experiment)> = Vec::new();
        for index in 0..self.variants.len().min(MAX_VARIANTS) {
            match self.variant(index) {
                Err(more) => problems.extend(more),
                Ok(variant) => {
                    // What is wrong with the base already has been said.
                    let more = rules(&variant).into_iter().filter(|problem| !of_base.contains(problem));
                    problems.extend(more.map(|problem| problem.in_variant(index)));
                    let more = self.check_sources(&variant).into_iter();
                    let more = more.filter(|problem| !of_sources.contains(problem));
                    problems.extend(more.map(|problem| problem.in_variant(index)));
                    resolved.push((index, variant));
                }
            }
        }
        for (place, (index, variant)) in resolved.iter().enumerate() {
            if let Some((twin, _)) = resolved[..place].iter().find(|(_, other)| other == variant) {
                let same = format!("is the same as variant {}; change a field or remove it", twin + 1);
                problems.push(Problem::of(&format!("variant.{}", index + 1), same));
            }
        }
        problems.extend(of_sources);
        let bytes = resolved.iter().fold(0_u64, |sum, (_, variant)| sum.saturating_add(variant.size().bytes));
        let tried = self.tune.values.len() as u64 * u64::from(self.tune.seeds);
        let bytes = bytes.saturating_mul(u64::from(self.seeds.count).max(tried));
        if bytes > MAX_BYTES {
            let gib = |bytes: u64| bytes.div_ceil(1 << 30);
            problems.push(Problem::general(format!(
                "All variants and seeds together need about {} GiB, more than the {} GiB that are allowed; reduce \
                 seeds.count, training.batch, the model or the number of variants.",
                gib(bytes),
                gib(MAX_BYTES),
            )));
        }
        problems
    }
}

/// Every field of the base that is not one of its values.
fn ranges(experiment: &Experiment) -> Vec<Problem> {
    tree::leaves(experiment).into_iter().filter_map(|(field, value)| field.accept(&value).err()).collect()
}

/// The rules between the fields of one experiment whose fields are all in range. Variants are not looked at.
pub(super) fn rules(experiment: &Experiment) -> Vec<Problem> {
    let here = experiment.surroundings();
    let mut problems = Vec::new();
    Node::check(experiment, "", &here, &mut problems);
    experiment.rules(&here, &mut problems);
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::experiment::Variant;
    use super::super::samples::{digits, transformer};
    use super::*;
    use crate::networks::transformer::Transformer;
    use crate::tasks::digits::Digits;

    fn variant(set: serde_json::Value) -> Variant {
        serde_json::from_value(json!({ "set": set })).unwrap()
    }

    fn fields(experiment: &Experiment) -> Vec<String> {
        experiment.check().unwrap_err().into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn the_default_experiment_can_run() {
        assert_eq!(digits().check(), Ok(()));
    }

    #[test]
    fn all_problems_are_listed_and_not_only_the_first() {
        let mut experiment = digits();
        transformer(&mut experiment).heads = 0;
        experiment.training.learning_rate = f32::NAN;
        experiment.seeds.count = 17;
        experiment.variants.push(variant(json!({"model.hats": 1})));
        let expected = ["model.heads", "training.learning_rate", "seeds.count", "variant.2.model.hats"];
        assert_eq!(fields(&experiment), expected);
    }

    #[test]
    fn fields_that_must_fit_each_other_are_compared() {
        let mut experiment = digits();
        experiment.task = Digits { patch: 3 }.into();
        transformer(&mut experiment).heads = 5;
        experiment.training.batch = 2000;
        experiment.training.warmup = 601;
        assert_eq!(fields(&experiment), ["task.patch", "model.heads", "training.batch", "training.warmup"]);
        let sentence = experiment.check().unwrap_err()[0].sentence.clone();
        assert_eq!(
            sentence,
            "task.patch must divide the image's edge, 8, without remainder (1, 2, 4, 8); it is 3."
        );
    }

    #[test]
    fn heads_of_a_given_width_need_not_divide_the_width() {
        let mut experiment = digits();
        let model = transformer(&mut experiment);
        (model.heads, model.head_width) = (5, 16);
        assert_eq!(experiment.check(), Ok(()));
    }

    #[test]
    fn a_rule_that_only_a_variant_breaks_names_the_variant() {
        let mut experiment = digits();
        experiment.variants.push(variant(json!({"model.heads": 5})));
        assert_eq!(fields(&experiment), ["variant.2.model.heads"]);
        // The same slip in the base is said once.
        transformer(&mut experiment).heads = 5;
        experiment.variants[1] = variant(json!({"model.depth": 2}));
        assert_eq!(fields(&experiment), ["model.heads"]);
    }

    #[test]
    fn there_are_one_to_six_variants() {
        let mut experiment = digits();
        experiment.variants.clear();
        assert_eq!(fields(&experiment), ["variant"]);
        experiment.variants = (1..=7).map(|depth| variant(json!({"model.depth": depth}))).collect();
        assert_eq!(fields(&experiment), ["variant"]);
    }

    #[test]
    fn variants_that_come_to_the_same_are_found_however_they_are_written() {
        let mut experiment = digits();
        experiment.variants.push(variant(json!({"model.heads": Transformer::default().heads})));
        experiment.variants.push(variant(json!({"model.attention.activation": "polynomial"})));
        experiment
            .variants
            .push(variant(json!({"model.attention.activation": {"name": "polynomial", "scale": 0.0}})));
        assert_eq!(fields(&experiment), ["variant.2", "variant.4"]);
    }

    #[test]
    fn what_no_device_can_hold_is_refused_before_it_is_allocated() {
        let mut experiment = digits();
        let model = transformer(&mut experiment);
        (model.depth, model.width, model.heads) = (48, 2048, 64);
        model.mlp.width = 8192;
        experiment.training.batch = 1024;
        experiment.seeds.count = 16;
        let problems = experiment.check().unwrap_err();
        assert!(problems[0].sentence.contains("GiB"), "{problems:?}");
    }
}
