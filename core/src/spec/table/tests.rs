use std::collections::BTreeSet;

use super::super::samples;
use super::super::tree;
use super::*;
use crate::fields::Kind;

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
        // Sources that an experiment does not have are left out of its file.
        let said = |field: &&Field| experiment.has(field) && !field.path.starts_with("source.");
        let rows = FIELDS.iter().filter(said).map(|f| f.path.to_owned()).collect();
        assert_eq!(here, rows, "{experiment:?}");
        everywhere.append(&mut here);
    }
    assert_eq!(everywhere.len(), FIELDS.iter().filter(|field| !field.path.starts_with("source.")).count());
}

#[test]
fn the_choices_of_a_slot_bring_exactly_the_fields_that_say_so() {
    for slot in FIELDS.iter() {
        let Kind::Choice { options, slot: true } = slot.kind else {
            continue;
        };
        for option in options {
            let experiment = samples::with_choice(slot, option);
            let owned = FIELDS.iter().filter_map(|row| Some((row, row.owner.as_ref()?)));
            for (row, owner) in owned.filter(|(_, owner)| owner.slot == slot.path) {
                let brought = owner.choices.contains(&option.name);
                assert_eq!(experiment.has(row), brought, "{} of {} = {}", row.path, slot.path, option.name);
            }
        }
    }
}

#[test]
fn what_makes_no_sense_cannot_be_written_down() {
    let mut picture =
        samples::with_choice(field("task").unwrap(), field("task").unwrap().option("picture").unwrap());
    assert_eq!((picture.task.name(), picture.model.name()), ("picture", "coordinate"));
    for absent in ["model.heads", "model.tokens", "model.attention.skip", "model.positions"] {
        let field = field(absent).unwrap();
        assert!(!picture.has(field), "{absent}");
        assert!(!picture.put(absent, &4.into()), "{absent}");
    }
}

#[test]
fn another_network_keeps_what_both_have_and_brings_the_rest() {
    let mut experiment = samples::digits();
    for (path, value) in [("model.depth", 2), ("model.heads", 8), ("model.mlp.width", 32)] {
        assert!(experiment.put(path, &value.into()));
    }
    assert!(experiment.put("model.architecture", &"mixer".into()));
    let value = |experiment: &Experiment, path: &str| experiment.get(path).and_then(|value| value.as_u64());
    assert_eq!(value(&experiment, "model.depth"), Some(2));
    assert_eq!(value(&experiment, "model.mlp.width"), Some(32));
    assert_eq!(value(&experiment, "model.architecture.hidden"), Some(64));
    assert_eq!(value(&experiment, "model.heads"), None);
    assert!(experiment.put("model.architecture", &"transformer".into()));
    assert_eq!(value(&experiment, "model.heads"), Some(4), "what a mixer does not have starts anew");
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
    let problem = known_field("model.headz").unwrap_err();
    assert_eq!(problem.sentence, "There is no field \"model.headz\"; did you mean \"model.heads\"?");
    assert_eq!(field("task.name").map(|f| f.path), Some("task"));
    assert!(field("title.name").is_none());
}
