//! Patches: a variant is the experiment's base with a few fields changed; `--set` changes the base itself.

use std::collections::BTreeMap;

use serde_json::Value;

use super::experiment::{Experiment, Variant};
use super::table::known_field;
use super::tree::{self, Setting};
use crate::fields::{Problem, quote};

/// Below which tables a variant may change fields. All else is shared, or variants could not be compared.
const CHANGEABLE: [&str; 4] = ["task", "model", "training", "source"];

impl Experiment {
    /// The experiment of one variant: the base with that variant's patch applied and no other variant.
    pub fn variant(&self, index: usize) -> Result<Experiment, Vec<Problem>> {
        let in_variant = |problems: Vec<Problem>| -> Vec<Problem> {
            problems.into_iter().map(|problem| problem.in_variant(index)).collect()
        };
        let Some(variant) = self.variants.get(index) else {
            return Err(vec![Problem::of(
                "variant",
                format!("number {} does not exist; there are {}", index + 1, self.variants.len()),
            )]);
        };
        let settings = canonical(&variant.set).map_err(in_variant)?;
        let mut resolved = tree::apply(self, &settings).map_err(in_variant)?;
        resolved.variants = vec![Variant::default()];
        resolved.claims.clear();
        Ok(resolved)
    }

    /// Changes one field of one variant's patch. `Value` as in a file; the patch becomes canonical.
    pub fn set_in_variant(&mut self, index: usize, path: &str, value: Value) -> Result<(), Vec<Problem>> {
        let field = known_field(path).map_err(|problem| vec![problem])?;
        let mut changed = self.clone();
        let Some(variant) = changed.variants.get_mut(index) else {
            return self.variant(index).map(|_| ());
        };
        if field.is_slot() {
            // What the old choice brought goes with it.
            let below = format!("{}.", field.path);
            variant.set.retain(|path, _| !path.starts_with(&below));
        }
        variant.set.remove(&format!("{}.name", field.path));
        variant.set.insert(field.path.to_owned(), value);
        *variant = variant_of(canonical(&variant.set)?);
        changed.variant(index)?;
        *self = changed;
        Ok(())
    }
}

/// Changes one field of the base, written `path=value` as on the command line.
///
/// The result still has to be checked: other fields may have to change with this one.
pub fn set_path(experiment: &mut Experiment, assignment: &str) -> Result<(), Problem> {
    let Some((path, text)) = assignment.split_once('=') else {
        let example = "must be written path=value, for example model.heads=8";
        return Err(Problem::general(format!("A setting {example}, not {}.", quote(assignment))));
    };
    let field = known_field(path.trim())?;
    let value = field.parse(text.trim())?;
    *experiment = tree::apply(experiment, &[(field, value)]).map_err(|problems| {
        problems.into_iter().next().unwrap_or_else(|| Problem::of(field.path, "cannot be set"))
    })?;
    Ok(())
}

/// The settings of a patch, or everything that is wrong with it.
pub(crate) fn canonical<'a>(
    set: impl IntoIterator<Item = (&'a String, &'a Value)>,
) -> Result<Vec<Setting>, Vec<Problem>> {
    let mut settings = Vec::new();
    let mut problems = Vec::new();
    for (path, value) in set {
        let root = path.split('.').next().unwrap_or_default();
        if !CHANGEABLE.contains(&root)
            && (super::field(path).is_some() || ["seeds", "probes", "compare"].contains(&root))
        {
            let why = "is shared by all variants; a variant can only change task, model, training and source";
            problems.push(Problem::of(path, why));
        } else {
            tree::flatten(path, value, &mut settings, &mut problems);
        }
    }
    if problems.is_empty() { Ok(settings) } else { Err(problems) }
}

/// The patch with these settings.
pub(crate) fn variant_of(settings: Vec<Setting>) -> Variant {
    let set: BTreeMap<_, _> =
        settings.into_iter().map(|(field, value)| (field.path.to_owned(), value)).collect();
    Variant { set }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples::{digits, transformer};
    use super::*;
    use crate::techniques::activation::polynomial::Polynomial;

    fn with(set: Value) -> Experiment {
        let mut experiment = digits();
        experiment.variants.push(serde_json::from_value(json!({ "set": set })).unwrap());
        experiment
    }

    #[test]
    fn an_empty_patch_is_the_base() {
        let experiment = digits();
        assert_eq!(experiment.variant(0), Ok(experiment.clone()));
    }

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else() {
        let experiment = with(json!({"model.heads": 8, "model.depth": 2}));
        let mut expected = experiment.clone();
        expected.variants.truncate(1);
        let model = transformer(&mut expected);
        (model.heads, model.depth) = (8, 2);
        assert_eq!(experiment.variant(1), Ok(expected));
    }

    #[test]
    fn a_choice_can_be_a_name_or_a_table_or_paths() {
        for set in [
            json!({"model.attention.activation": "polynomial"}),
            json!({"model.attention.activation": {"name": "polynomial", "power": 3}}),
            json!({"model.attention.activation.name": "polynomial", "model.attention.activation.scale": 0}),
            json!({"model": {"attention": {"activation": {"name": "polynomial"}}}}),
        ] {
            let mut variant = with(set).variant(1).unwrap();
            let activation = &transformer(&mut variant).attention.activation;
            assert_eq!(*activation, Polynomial { power: 3, scale: 0.0 }.into());
        }
    }

    #[test]
    fn what_all_variants_share_cannot_be_patched() {
        for path in ["seeds.count", "seeds.last", "probes.every", "title", "version", "compare.metric"] {
            let problems = with(json!({path: 1})).variant(1).unwrap_err();
            assert!(problems[0].sentence.contains("is shared by all variants"), "{problems:?}");
            assert_eq!(problems[0].field, format!("variant.2.{path}"));
        }
    }

    #[test]
    fn an_unknown_path_names_itself_and_the_nearest() {
        let problems = with(json!({"model.attention.skips": false})).variant(1).unwrap_err();
        assert!(problems[0].sentence.contains("\"model.attention.skips\""));
        assert!(problems[0].sentence.contains("did you mean \"model.attention.skip\""));
    }

    #[test]
    fn a_variant_that_does_not_exist_is_an_error() {
        assert!(with(json!({})).variant(2).is_err());
    }

    #[test]
    fn a_field_of_another_choice_is_refused() {
        let problems = with(json!({"model.attention.activation.power": 2})).variant(1).unwrap_err();
        assert!(
            problems[0].sentence.contains("only when model.attention.activation is polynomial"),
            "{problems:?}"
        );
    }

    #[test]
    fn a_setting_of_the_command_line_changes_the_base() {
        let mut experiment = with(json!({}));
        set_path(&mut experiment, "model.heads=8").unwrap();
        set_path(&mut experiment, "model.attention.activation=polynomial").unwrap();
        set_path(&mut experiment, "model.attention.activation.power = 2").unwrap();
        set_path(&mut experiment, "training.learning_rate=5e-4").unwrap();
        assert_eq!(experiment.training.learning_rate, 5e-4);
        let model = transformer(&mut experiment);
        assert_eq!(model.heads, 8);
        assert_eq!(model.attention.activation, Polynomial { power: 2, scale: 0.0 }.into());
        assert_eq!(experiment.variants.len(), 2);

        for wrong in
            ["model.heads", "model.heads=", "model.hats=1", "model.heads=1e3", "=", "task.context=64"]
        {
            let before = experiment.clone();
            assert!(set_path(&mut experiment, wrong).is_err(), "{wrong}");
            assert_eq!(experiment, before);
        }
    }

    #[test]
    fn a_new_choice_in_a_patch_takes_the_fields_of_the_old_one_with_it() {
        let mut experiment = with(json!({"model.attention.activation": {"name": "polynomial", "power": 2}}));
        experiment.set_in_variant(1, "model.attention.activation", json!("softmax")).unwrap();
        assert_eq!(experiment.variants[1].set.len(), 1);
        assert!(experiment.set_in_variant(1, "model.heads", json!(0)).is_err());
        assert!(experiment.set_in_variant(9, "model.heads", json!(2)).is_err());
        experiment.set_in_variant(1, "model.heads", json!(2)).unwrap();
        assert_eq!(transformer(&mut experiment.variant(1).unwrap()).heads, 2);
    }
}
