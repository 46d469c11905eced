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
        let rows =
            FIELDS.iter().filter(|field| (field.applies)(&experiment)).map(|f| f.path.to_owned()).collect();
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
    let read = |power, scale| readings::activation(&Activation::Polynomial { power, scale });
    assert_eq!(read(3, 0.0), "x³ / √N");
    assert_eq!(read(3, 1.0 / 216.0), "x³ / 216");
    assert_eq!(read(2, 1.0), "x²");
    assert_eq!(read(1, 0.3), "0.3 x");
    assert_eq!(readings::activation(&Activation::Softmax), "softmax");
}
