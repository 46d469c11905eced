//! Experiments for tests: one of every choice, and random valid ones.

use proptest::prelude::*;
use serde_json::Value;

use super::experiment::{Architecture, CoordinateActivation, Experiment, Metric, Norm, Task, Variant};
use super::field::{Choice, Field, Kind};
use super::fields::FIELDS;
use super::{MAX_VARIANTS, patch, tree};

/// One experiment for every option of every tagged field.
pub fn every_choice() -> Vec<Experiment> {
    let mut experiments = Vec::new();
    for field in FIELDS {
        if let Kind::Choice { options, tagged: true } = field.kind {
            experiments.extend(options.iter().map(|option| with_choice(field, option)));
        }
    }
    experiments
}

/// The default experiment with this option, and with what the option needs.
pub fn with_choice(field: &'static Field, option: &Choice) -> Experiment {
    let base = Experiment::new("A title", Task::Digits { patch: 2 });
    let mut chosen = tree::apply(&base, &[(field, option.name.into())]).expect("every option has defaults");
    let coordinate =
        Architecture::Coordinate { activation: CoordinateActivation::Relu, frequencies: 0, norm: Norm::None };
    if matches!(chosen.task, Task::Picture {}) || chosen.model.architecture == coordinate {
        chosen.task = Task::Picture {};
        chosen.model.architecture = coordinate;
        chosen.compare.metric = Metric::Psnr;
    }
    chosen
}

/// Random experiments that pass their check.
pub fn experiments() -> impl Strategy<Value = Experiment> {
    let change = || (any::<prop::sample::Index>(), any::<u32>());
    let changes = move || proptest::collection::vec(change(), 0..12);
    let patches = proptest::collection::vec(proptest::collection::vec(change(), 0..4), 0..=MAX_VARIANTS);
    (changes(), patches).prop_map(|(changes, patches)| {
        let mut experiment = Experiment::new("A title", Task::Digits { patch: 2 });
        // Changes that do not go together with those before them are left out.
        let mut settings: Vec<tree::Setting> = Vec::new();
        for (place, number) in changes {
            let field: &'static Field = place.get(FIELDS);
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
                let field: &'static Field = place.get(FIELDS);
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
