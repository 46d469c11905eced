//! What a variant could change: other values of a field, and a whole variant that is worth comparing. No DOM.

use kappa_core::spec::{Experiment, FIELDS, Field, Kind, Variant, field, tree};
use serde_json::Value;

/// Where the paths of fields begin that a variant may change, with what such fields are about.
pub const CHANGEABLE: [(&str, &str); 3] = [("model", "Network"), ("training", "Training"), ("task", "Data")];

/// A variant that differs from all that are there, in one field: of `controls`, which matter most for this experiment,
/// the first that gives one. Empty if nothing does.
pub fn variant(draft: &Experiment, controls: &[&str]) -> Variant {
    let changeable = |field: &&Field| CHANGEABLE.iter().any(|(root, _)| field.is_within(root));
    let fields = controls.iter().filter_map(|path| field(path)).chain(FIELDS.iter()).filter(changeable);
    let index = draft.variants.len();
    let mut with = draft.clone();
    with.variants.push(Variant::default());
    for field in fields.filter(|field| draft.has(field)) {
        let Some(value) = tree::value(draft, field) else { continue };
        for other in others(field, &value) {
            let mut with = with.clone();
            if with.set_in_variant(index, field.path, other).is_ok() && stands(&with, index) {
                return with.variants.swap_remove(index);
            }
        }
    }
    Variant::default()
}

/// Whether nothing is wrong with this variant, be it by itself or beside the others.
fn stands(experiment: &Experiment, index: usize) -> bool {
    let here = format!("variant.{}", index + 1);
    let problems = experiment.check().err().unwrap_or_default();
    !problems.iter().any(|problem| problem.field.starts_with(&here))
}

/// Allowed values that are not `value`, the likeliest first: the other state of a switch, the other choices, twice or
/// half the number.
pub fn others(field: &Field, value: &Value) -> Vec<Value> {
    let candidates = match field.kind {
        Kind::Flag => value.as_bool().map(|on| vec![Value::from(!on)]),
        Kind::Choice { options, .. } => {
            let at = options.iter().position(|choice| Some(choice.name) == value.as_str());
            at.map(|at| {
                let (before, after) = options.split_at(at);
                after.iter().skip(1).chain(before).map(|choice| Value::from(choice.name)).collect()
            })
        }
        Kind::Integer { .. } => {
            value.as_u64().map(|number| [number * 2, number / 2, number + 1].map(Value::from).into())
        }
        Kind::Float { .. } => {
            value.as_f64().map(|number| [number * 2.0, number / 2.0, 1.0].map(Value::from).into())
        }
        Kind::Text { .. } | Kind::List { .. } => None,
    };
    let accepted = |candidate: Value| field.accept(&candidate).ok().filter(|accepted| accepted != value);
    candidates.unwrap_or_default().into_iter().filter_map(accepted).collect()
}

#[cfg(test)]
mod tests {
    use kappa_core::catalog;
    use kappa_core::spec::MAX_VARIANTS;

    use super::*;

    #[test]
    fn every_changeable_field_has_another_allowed_value() {
        for entry in catalog::entries() {
            for (field, value) in tree::leaves(entry.experiment()) {
                let changeable = CHANGEABLE.iter().any(|(root, _)| field.is_within(root));
                // Of a text only the user knows another.
                if !changeable || matches!(field.kind, Kind::Text { .. }) {
                    continue;
                }
                let others = others(field, &value);
                assert!(!others.is_empty(), "{}", field.path);
                for other in others {
                    assert_ne!(other, value, "{}", field.path);
                    assert_eq!(field.accept(&other).as_ref(), Ok(&other), "{}", field.path);
                }
            }
        }
    }

    #[test]
    fn a_new_variant_can_run_beside_those_that_are_there() {
        for entry in catalog::entries() {
            let mut draft = entry.experiment().clone();
            while draft.variants.len() < MAX_VARIANTS {
                draft.variants.push(variant(&draft, entry.controls()));
                assert_eq!(draft.check(), Ok(()), "{}", entry.id());
            }
        }
    }

    #[test]
    fn a_new_variant_begins_with_what_the_experiment_is_about() {
        let entry = catalog::find("always-skip").unwrap();
        let mut draft = entry.experiment().clone();
        // Base, and both skips: the next control, the tokens, is then the first that says more.
        draft.variants.truncate(3);
        let proposed = variant(&draft, entry.controls());
        assert_eq!(proposed.set.keys().collect::<Vec<_>>(), ["model.tokens"]);
        draft.variants.truncate(1);
        let skips = entry.controls()[0];
        let proposed = variant(&draft, entry.controls());
        assert_eq!(proposed.set.into_iter().collect::<Vec<_>>(), [(skips.to_owned(), Value::from(false))]);
    }

    #[test]
    fn a_draft_with_problems_of_its_own_can_get_a_variant_all_the_same() {
        let mut draft = catalog::find("tiny").unwrap().experiment().clone();
        kappa_core::spec::set_path(&mut draft, "model.heads=3").unwrap();
        assert!(!variant(&draft, &["model.depth"]).set.is_empty());
    }
}
