//! Files and links of version 1 open and mean what they meant: a corpus, written by the last edition of the lab that wrote
//! version 1.
//!
//! In it every network had the fields of all others, which meant nothing to it. Now a network has its own fields only.

use std::collections::BTreeMap;

use kappa_core::catalog;
use kappa_core::catalog::link::from_link;
use kappa_core::spec::{Experiment, VERSION, field, from_toml, tree};
use serde::Deserialize;
use serde_json::Value;

/// Papers that came after that edition; their companions begin with their names.
const NEWER: [&str; 3] = ["procedural-pretraining", "randlora", "sine-lora"];

#[derive(Deserialize)]
struct Kept {
    name: String,
    link: String,
    /// With every field, as version 1 wrote it.
    file: String,
}

fn corpus() -> Vec<Kept> {
    let lines = include_str!("experiments.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).expect("a line of the corpus")).collect()
}

/// Dotted paths of a table and their values; a choice at the path of its slot.
fn flat(table: &toml::Table, path: &str, found: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match value {
            toml::Value::Table(below) => flat(below, &path, found),
            value => {
                let path = path.strip_suffix(".name").unwrap_or(&path).to_owned();
                found.insert(path, serde_json::to_value(value).expect("a number, a name or a flag"));
            }
        }
    }
}

/// What version 1 meant with a variant: the base's values under the patch; `None` where a new choice brings its own default.
fn meant(base: &BTreeMap<String, Value>, patch: &BTreeMap<String, Value>, path: &str) -> Option<Value> {
    let above = path.rsplit_once('.').map_or("", |(above, _)| above);
    patch.get(path).cloned().or_else(|| base.get(path).filter(|_| !patch.contains_key(above)).cloned())
}

#[test]
fn every_link_of_version_1_opens_to_the_experiment_of_its_file() {
    let corpus = corpus();
    assert!(corpus.len() >= 30, "{}", corpus.len());
    for kept in &corpus {
        assert!(kept.link.starts_with("v=1&"), "{}", kept.link);
        let by_link = from_link(&kept.link).unwrap_or_else(|problems| panic!("{}: {problems:#?}", kept.name));
        // A link has the claims that its origin makes today; a file of version 1 made none.
        let by_link = Experiment { claims: Vec::new(), ..by_link };
        let by_file = from_toml(&kept.file).unwrap_or_else(|problems| panic!("{}: {problems:#?}", kept.name));
        assert_eq!(by_link, by_file, "{}", kept.name);
        assert_eq!(by_link.version, VERSION);
    }
    for entry in catalog::entries() {
        let Some(kept) = corpus.iter().find(|kept| kept.name == entry.id()) else {
            let is_newer = NEWER.iter().any(|paper| entry.id().starts_with(paper));
            assert!(is_newer, "{} was in that edition", entry.id());
            continue;
        };
        let opened = from_link(&kept.link).expect("it opens");
        // These were set up again; their links open what they were then.
        let set_up_again = ["always-skip", "conditioned-tokens", "rethinking-softmax"].contains(&entry.id());
        assert_eq!(&opened == entry.experiment(), !set_up_again, "{}", entry.id());
    }
}

#[test]
fn every_variant_has_the_values_that_it_had() {
    let same = |a: &Value, b: &Value| match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a as f32 == b as f32,
        _ => a == b,
    };
    let mut compared = 0;
    for kept in corpus() {
        let table: toml::Table = kept.file.parse().expect("TOML");
        let mut base = BTreeMap::new();
        flat(&table, "", &mut base);
        base.remove("variant");
        let experiment: Experiment = from_toml(&kept.file).expect("it opens");
        let variants = table["variant"].as_array().expect("variants");
        assert_eq!(variants.len(), experiment.variants.len());
        for (index, variant) in variants.iter().enumerate() {
            let mut patch = BTreeMap::new();
            if let Some(set) = variant.get("set").and_then(toml::Value::as_table) {
                flat(set, "", &mut patch);
            }
            let resolved = experiment.variant(index).expect("a variant");
            for (field, value) in tree::leaves(&resolved).iter().filter(|(field, _)| field.path != "version")
            {
                if let Some(meant) = meant(&base, &patch, field.path) {
                    assert!(same(&meant, value), "{}, variant {index}: {} = {value}", kept.name, field.path);
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 3_000, "{compared}");
}

#[test]
fn what_version_2_says_strictly_version_1_could_say_idly() {
    let text = |version: u32| {
        format!(
            "version = {version}\ntitle = 'x'\ntask = 'picture'\n[model]\narchitecture = 'coordinate'\nheads = 8\n\
             [compare]\nmetric = 'psnr'\n[[variant]]\n"
        )
    };
    let old = from_toml(&text(1)).expect("idle heads were no mistake");
    assert!(!old.has(field("model.heads").expect("a field")));
    let problems = from_toml(&text(2)).expect_err("a coordinate network has no heads");
    assert_eq!(
        problems[0].sentence,
        "model.heads is there only when model.architecture is transformer, not coordinate."
    );
}
