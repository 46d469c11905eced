//! Which fields of an experiment the page offers, and what they are called where their parent is not beside them.

use std::collections::BTreeMap;

use kappa_core::spec::{Experiment, FIELDS, Field, Source, of_source};
use serde_json::Value;

/// The fields of the base that change something in at least one variant as it is trained, in the order of the table.
pub fn useful(experiment: &Experiment) -> Vec<&'static str> {
    let mut trained = resolved(experiment);
    let sources = SourcesOffered::of(experiment, &trained);
    if trained.is_empty() {
        trained.push(experiment.clone());
    }
    let is_useful = |field: &&Field| {
        experiment.has(field) && sources.offer(field) && trained.iter().any(|variant| variant.heeds(field))
    };
    FIELDS.iter().filter(is_useful).map(|field| field.path).collect()
}

/// The variants as they are trained, without those that cannot be.
fn resolved(experiment: &Experiment) -> Vec<Experiment> {
    (0..experiment.variants.len()).filter_map(|index| experiment.variant(index).ok()).collect()
}

/// How many of the four sources are shown: those that are in use, and the one after them.
pub struct SourcesOffered(usize);

/// The sources of an experiment that are shown.
pub fn sources_offered(experiment: &Experiment) -> SourcesOffered {
    SourcesOffered::of(experiment, &resolved(experiment))
}

impl SourcesOffered {
    fn of(experiment: &Experiment, resolved: &[Experiment]) -> Self {
        let blank = Source::default();
        let used = |experiment: &Experiment| {
            experiment.source.all().iter().rposition(|source| **source != blank).map_or(0, |last| last + 1)
        };
        Self(resolved.iter().map(used).fold(used(experiment), usize::max) + 1)
    }

    /// Whether a field is shown, as far as that depends on its source; what is no source's always is.
    pub fn offer(&self, field: &Field) -> bool {
        of_source(field.path).is_none_or(|(number, _)| number <= self.0)
    }
}

/// The field whose choice brings this one: `model.tokens` for `model.tokens.exponent`.
pub fn parent(field: &Field) -> Option<&'static Field> {
    let (above, _) = field.path.rsplit_once('.')?;
    FIELDS.iter().find(|row| row.path == above && row.is_slot())
}

/// The label where the field stands alone: "Tokens: exponent", "Source 2: take".
pub fn label(field: &Field) -> String {
    match (parent(field), of_source(field.path)) {
        (Some(parent), _) => format!("{}: {}", parent.label, lowered(field.label)),
        (None, Some((number, _))) => format!("Source {number}: {}", lowered(field.label)),
        (None, None) => field.label.to_owned(),
    }
}

/// With a small first letter, unless it is the beginning of an abbreviation.
fn lowered(label: &str) -> String {
    let mut letters = label.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if !second.is_ascii_uppercase() => {
            std::iter::once(first.to_ascii_lowercase()).chain(label.chars().skip(1)).collect()
        }
        _ => label.to_owned(),
    }
}

/// What a field's value means, where there is more to say than the value: what is chosen, what 0 stands for.
pub fn meaning(field: &Field, value: &str) -> Option<String> {
    match field.option(value) {
        Some(choice) => Some(format!("{}: {}", choice.label, choice.help)),
        None => field.zero.filter(|_| value == "0").map(|meaning| format!("0 means {meaning}.")),
    }
}

/// One row on the card of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// The field.
    pub path: &'static str,
    /// Whether the variant sets it; otherwise it comes with a choice that the variant sets.
    pub is_set: bool,
    /// Whether the choice that brings it stands above it.
    pub is_nested: bool,
}

/// What a variant changes, and what its choices bring, in the order of the table.
pub fn rows(experiment: &Experiment, index: usize) -> Vec<Row> {
    let none = BTreeMap::new();
    let set: &BTreeMap<String, Value> = experiment.variants.get(index).map_or(&none, |variant| &variant.set);
    let variant = experiment.variant(index).ok();
    let is_set = |field: &Field| {
        set.contains_key(field.path) || field.is_slot() && set.contains_key(&format!("{}.name", field.path))
    };
    let row = |field: &'static Field| {
        let is_nested = parent(field).is_some_and(&is_set);
        let comes_along = is_nested && variant.as_ref().is_some_and(|variant| variant.has(field));
        let row = Row { path: field.path, is_set: is_set(field), is_nested };
        (row.is_set || comes_along).then_some(row)
    };
    FIELDS.iter().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use kappa_core::spec::{Variant, field, set_path};
    use kappa_core::tasks::digits::Digits;
    use serde_json::json;

    use super::*;

    fn with(settings: &[&str], variants: &[Value]) -> Experiment {
        let mut experiment = Experiment::new("A title", Digits { patch: 2 });
        settings.iter().for_each(|setting| set_path(&mut experiment, setting).unwrap());
        let variant = |set: &Value| Variant { set: serde_json::from_value(set.clone()).unwrap() };
        experiment.variants = variants.iter().map(variant).collect();
        experiment
    }

    #[test]
    fn a_field_that_changes_nothing_is_not_offered() {
        let transformer = useful(&with(&[], &[json!({})]));
        assert!(transformer.contains(&"model.heads") && transformer.contains(&"probes.scores"));
        let mixer = with(&["model.architecture=conv-mixer"], &[json!({})]);
        let mixer = useful(&mixer);
        assert!(!mixer.contains(&"model.heads") && !mixer.contains(&"probes.scores"), "{mixer:?}");
        assert!(mixer.contains(&"model.architecture.filters"));
    }

    #[test]
    fn a_field_that_matters_in_one_variant_is_offered() {
        let mixer = || json!({"model.architecture": "mixer"});
        assert!(useful(&with(&[], &[mixer(), json!({})])).contains(&"model.heads"));
        assert!(!useful(&with(&[], &[mixer()])).contains(&"model.heads"));
        // The base itself is not trained here.
        let replaced = with(&["model.tokens=graying"], &[json!({"model.tokens": "plain"})]);
        assert!(!useful(&replaced).contains(&"model.tokens.exponent"));
        assert!(useful(&with(&["model.tokens=graying"], &[json!({})])).contains(&"model.tokens.exponent"));
    }

    #[test]
    fn one_source_more_than_are_used_is_offered() {
        let offered = |settings: &[&str], variants: &[Value]| {
            let useful = useful(&with(settings, variants));
            (1..=4).filter(|number| useful.contains(&format!("source.{number}.take").as_str())).count()
        };
        assert_eq!(offered(&[], &[json!({})]), 1);
        assert_eq!(offered(&["source.1.take=attention"], &[json!({})]), 2);
        assert_eq!(offered(&[], &[json!({}), json!({"source.3.called": "Set"})]), 4);
        assert_eq!(label(field("source.2.take").unwrap()), "Source 2: take");
    }

    #[test]
    fn an_experiment_without_a_good_variant_offers_what_its_base_has() {
        let broken = with(&[], &[json!({"model.hats": 3})]);
        assert!(useful(&broken).contains(&"model.heads"));
    }

    #[test]
    fn a_choice_of_a_variant_brings_rows_for_its_fields() {
        let experiment = with(&[], &[json!({"model.tokens": "conditioned", "model.heads": 8})]);
        let found = rows(&experiment, 0);
        let paths: Vec<_> = found.iter().map(|row| (row.path, row.is_set, row.is_nested)).collect();
        assert_eq!(
            paths,
            [
                ("model.heads", true, false),
                ("model.tokens", true, false),
                ("model.tokens.strength", false, true),
                ("model.tokens.iterations", false, true),
                ("model.tokens.size", false, true),
            ]
        );
        let alone = with(&["model.tokens=graying"], &[json!({"model.tokens.exponent": 0.5})]);
        assert_eq!(rows(&alone, 0), [Row { path: "model.tokens.exponent", is_set: true, is_nested: false }]);
        assert_eq!(rows(&alone, 7), []);
    }

    #[test]
    fn a_field_that_stands_alone_says_what_it_belongs_to() {
        let label = |path| super::label(field(path).unwrap());
        assert_eq!(label("model.initialization.kernel"), "Initialization: filter");
        assert_eq!(label("model.heads"), "Heads");
        assert_eq!(lowered("MLP width"), "MLP width");
        let meaning = |path, value| super::meaning(field(path).unwrap(), value);
        assert_eq!(meaning("model.initialization.kernel", "3"), None);
        assert_eq!(meaning("model.head_width", "0").unwrap(), "0 means width / heads.");
        assert!(meaning("model.tokens", "conditioned").unwrap().starts_with("Conditioned: Every"));
    }
}
