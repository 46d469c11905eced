//! Experiments for tests: one of every choice, and random valid ones.

use proptest::prelude::*;
use serde_json::Value;

use super::experiment::{Experiment, Variant};
use super::table::FIELDS;
use super::{MAX_VARIANTS, patch, tree};
use crate::fields::{Choice, Field, Kind};
use crate::networks::Model;
use crate::networks::transformer::Transformer;
use crate::tasks::Task;
use crate::tasks::digits::Digits;

/// The benchmark model on small digits.
pub fn digits() -> Experiment {
    Experiment::new("A title", Digits { patch: 2 })
}

/// The experiment's network, which is a transformer.
pub fn transformer(experiment: &mut Experiment) -> &mut Transformer {
    match &mut experiment.model {
        Model::Transformer(transformer) => transformer,
        other => panic!("this is a {}", other.name()),
    }
}

/// One experiment for every option of every slot.
pub fn every_choice() -> Vec<Experiment> {
    let mut experiments = Vec::new();
    for field in FIELDS.iter() {
        if let Kind::Choice { options, slot: true } = field.kind {
            experiments.extend(options.iter().map(|option| with_choice(field, option)));
        }
    }
    experiments
}

/// The default experiment with this option, and with what the option needs: the first task and network with which it goes
/// together.
pub fn with_choice(field: &'static Field, option: &Choice) -> Experiment {
    let networks = Model::OPTIONS.iter().filter_map(|network| Model::from_name(network.name));
    let tasks: Vec<Task> = Task::OPTIONS.iter().filter_map(|task| Task::from_name(task.name)).collect();
    let together = networks.flat_map(|model| tasks.iter().map(move |task| (model.clone(), task.clone())));
    let mut found = together.filter_map(|(model, task)| {
        let mut base = Experiment { model, ..Experiment::new("A title", task) };
        base.compare.metric = base.task.metrics()[0];
        let mut chosen = tree::apply(&base, &[(field, option.name.into())]).ok()?;
        chosen.compare.metric = chosen.task.metrics()[0];
        chosen.check().is_ok().then_some(chosen)
    });
    found.next().unwrap_or_else(|| panic!("{} = {} goes together with nothing", field.path, option.name))
}

/// Random experiments that pass their check.
pub fn experiments() -> impl Strategy<Value = Experiment> {
    let change = || (any::<prop::sample::Index>(), any::<u32>());
    let changes = move || proptest::collection::vec(change(), 0..12);
    let patches = proptest::collection::vec(proptest::collection::vec(change(), 0..4), 0..=MAX_VARIANTS);
    (changes(), patches).prop_map(|(changes, patches)| {
        let mut experiment = digits();
        // Changes that do not go together with those before them are left out.
        let mut settings: Vec<tree::Setting> = Vec::new();
        for (place, number) in changes {
            let field: &'static Field = place.get(&FIELDS);
            if settings.iter().all(|(other, _)| other.path != field.path) {
                settings.push((field, random(field, number)));
            }
        }
        while let Some(last) = settings.pop() {
            let all: Vec<_> = settings.iter().cloned().chain([last]).collect();
            if let Ok(changed) = tree::apply(&experiment, &all)
                && changed.check().is_ok()
            {
                experiment = changed;
                break;
            }
        }
        for changes in patches {
            let mut settings: Vec<tree::Setting> = Vec::new();
            for (place, number) in changes {
                let field: &'static Field = place.get(&FIELDS);
                if !settings.iter().any(|(other, _)| other.path == field.path) {
                    settings.push((field, random(field, number)));
                }
            }
            let variant: Variant = patch::variant_of(settings);
            let place = experiment.variants.len().min(variant.set.len());
            let mut changed = experiment.clone();
            changed.variants.insert(place, variant);
            if changed.check().is_ok() {
                experiment = changed;
            }
        }
        experiment
    })
}

/// A value in the field's range, chosen by the number.
fn random(field: &Field, number: u32) -> Value {
    let share = f64::from(number) / f64::from(u32::MAX);
    let value = match field.kind {
        Kind::Text { .. } if field.zero.is_some() => "".into(),
        Kind::List { max } => (0..number as usize % (max + 1)).map(|n| n as f64 + 0.5).collect(),
        _ if field.zero.is_some() && number.is_multiple_of(5) => 0.into(),
        Kind::Integer { min, max, .. } => (min + number % (max - min + 1).min(100)).into(),
        Kind::Float { min, max, log: false } => (f64::from(min) + share * f64::from(max - min)).into(),
        Kind::Float { min, max, log: true } => (f64::from(min) * f64::from(max / min).powf(share)).into(),
        Kind::Flag => number.is_multiple_of(2).into(),
        Kind::Choice { options, .. } => options[number as usize % options.len()].name.into(),
        Kind::Text { max } => {
            let letters: Vec<char> = "az 09%&=#+?/\\\"'<>é√😀".chars().collect();
            let text: String = (0..=number as usize % max.min(20))
                .map(|place| letters[(number as usize >> (place % 8)) % letters.len()])
                .collect();
            format!("x{text}").chars().take(max).collect::<String>().into()
        }
    };
    field.accept(&value).unwrap_or(value)
}
