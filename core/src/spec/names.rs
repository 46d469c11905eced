//! What the variants are called, and what changed in them: computed from the patches, never written by hand.

use super::experiment::Experiment;
use super::sources::of_source;
use super::table::{FIELDS, field};
use super::tree;
use crate::fields::{Field, Node, Phrase};

/// Phrases in a name, at most; the others are counted.
const MAX_PHRASES: usize = 3;

/// A field in which a variant differs from the base.
#[derive(Clone, Debug)]
pub struct Change {
    /// The field.
    pub field: &'static Field,
    /// How its value reads in the base; `None` where the base does not have the field.
    pub from: Option<String>,
    /// How its value reads in the variant.
    pub to: String,
}

impl std::fmt::Display for Change {
    /// "Heads: 4 → 8"
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.from {
            Some(from) => write!(f, "{}: {from} → {}", self.field.label, self.to),
            None => write!(f, "{}: {}", self.field.label, self.to),
        }
    }
}

impl Experiment {
    /// In which fields the variant with this index differs from the base; nothing for a variant that cannot be made.
    pub fn changes(&self, index: usize) -> Vec<Change> {
        let Ok(variant) = self.variant(index) else {
            return Vec::new();
        };
        changed_fields(self, &variant)
            .into_iter()
            .map(|field| Change {
                field,
                from: self.has(field).then(|| self.reading_of(field)),
                to: variant.reading_of(field),
            })
            .collect()
    }

    /// A short name for every variant, each different: "softmax attention", "x³ / √N attention".
    pub fn variant_names(&self) -> Vec<String> {
        let variants: Vec<_> = (0..self.variants.len()).map(|index| self.variant(index).ok()).collect();
        let changed: Vec<_> = variants
            .iter()
            .map(|variant| variant.as_ref().map(|variant| changed_fields(self, variant)).unwrap_or_default())
            .collect();
        // A variant that changes nothing is called by what the others change, if that is little enough.
        let contrast: Vec<_> = FIELDS
            .iter()
            .filter(|field| changed.iter().flatten().any(|other| other.path == field.path))
            .filter(|field| self.has(field))
            .collect();

        let mut names: Vec<String> = Vec::new();
        for (index, variant) in variants.iter().enumerate() {
            let mut name = match variant {
                None => format!("variant {}", index + 1),
                Some(variant) if !changed[index].is_empty() => join(&changed[index], variant),
                Some(variant) if (1..=2).contains(&contrast.len()) => join(&contrast, variant),
                Some(_) => "base".to_owned(),
            };
            let same = names.iter().filter(|other| **other == name).count();
            if same > 0 {
                name = format!("{name} ({})", index + 1);
            }
            names.push(name);
        }
        names
    }
}

impl Experiment {
    /// How a field's value reads here: "8", "x³ / √N", "off".
    pub fn reading_of(&self, field: &Field) -> String {
        if field.whole {
            return self.words(field.path).unwrap_or_default();
        }
        let value = tree::value(self, field).unwrap_or_default();
        match field.zero {
            Some(meaning) if value.as_f64() == Some(0.0) => meaning.to_owned(),
            _ => field.text(&value),
        }
    }

    /// How a field's value reads in the name of a variant: "8 heads", "no MLP skip".
    pub fn phrase_of(&self, field: &Field) -> String {
        let reading = self.reading_of(field);
        if let Some((number, key)) = of_source(field.path) {
            let called = self.source_called(number);
            return match key {
                "take" if reading.is_empty() => format!("nothing from {called}"),
                "take" => format!("{reading} from {called}"),
                "set" => format!("{called} with {reading}"),
                _ => format!("{called} {reading}"),
            };
        }
        match field.phrase {
            Phrase::Before(text) => format!("{text}{reading}"),
            Phrase::After(text) => format!("{reading}{text}"),
            Phrase::Count(one, many) => format!("{reading} {}", if reading == "1" { one } else { many }),
            Phrase::Flag(noun) if reading == "on" => noun.to_owned(),
            Phrase::Flag(noun) => format!("no {noun}"),
        }
    }
}

/// The fields in which two experiments differ, in the order of the table. A slot that reads as a whole stands for what its
/// choice brings; what stands beside a slot and came along with another choice, as it usually is, is no difference.
fn changed_fields(base: &Experiment, variant: &Experiment) -> Vec<&'static Field> {
    let usual = usual(base, variant);
    let mut changed: Vec<&'static Field> = Vec::new();
    for (field, value) in tree::leaves(variant) {
        let before =
            tree::value(base, field).or_else(|| tree::value(&usual, field).filter(|_| is_beside(field)));
        if before.as_ref() == Some(&value) {
            continue;
        }
        let field = whole(field);
        if !changed.iter().any(|other| other.path == field.path) {
            changed.push(field);
        }
    }
    changed
}

/// The base with the variant's choices in its slots, and nothing else changed.
fn usual(base: &Experiment, variant: &Experiment) -> Experiment {
    let slots = tree::leaves(variant).into_iter().filter(|(field, _)| field.is_slot());
    let mut usual = base.clone();
    for (slot, choice) in slots.filter(|(slot, choice)| tree::value(base, slot).as_ref() != Some(choice)) {
        usual.put(slot.path, &choice);
    }
    usual
}

/// Whether the field stands beside the slot that brings it, not below.
fn is_beside(field: &Field) -> bool {
    let below = |slot: &str| field.path.strip_prefix(slot).is_some_and(|rest| rest.starts_with('.'));
    field.owner.as_ref().is_some_and(|owner| !below(owner.slot))
}

/// The field itself, or the slot that brings it and reads as a whole.
fn whole(brought: &'static Field) -> &'static Field {
    let slot = brought.owner.as_ref().and_then(|owner| field(owner.slot));
    slot.filter(|slot| slot.whole).unwrap_or(brought)
}

/// "8 heads, 2 layers".
fn join(fields: &[&'static Field], variant: &Experiment) -> String {
    let shown = if fields.len() > MAX_PHRASES { MAX_PHRASES - 1 } else { fields.len() };
    let mut name =
        fields[..shown].iter().map(|field| variant.phrase_of(field)).collect::<Vec<_>>().join(", ");
    if shown < fields.len() {
        name.push_str(&format!(", and {} more", fields.len() - shown));
    }
    name
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::samples;
    use super::*;

    fn names(sets: &[Value]) -> Vec<String> {
        experiment(sets).variant_names()
    }

    fn experiment(sets: &[Value]) -> Experiment {
        let mut experiment = samples::digits();
        experiment.variants =
            sets.iter().map(|set| serde_json::from_value(json!({ "set": set })).unwrap()).collect();
        experiment
    }

    #[test]
    fn a_name_says_what_is_different() {
        let polynomial =
            |scale: f64| json!({"model.attention.activation": {"name": "polynomial", "scale": scale}});
        assert_eq!(
            names(&[json!({}), polynomial(1.0 / 64.0), polynomial(0.0)]),
            ["softmax attention", "x³ / 64 attention", "x³ / √N attention"]
        );
        assert_eq!(
            names(&[json!({}), json!({"model.mlp.skip": false}), json!({"model.attention.skip": false})]),
            ["attention skip, MLP skip", "no MLP skip", "no attention skip"]
        );
        assert_eq!(
            names(&[json!({}), json!({"model.heads": 8, "model.depth": 2}), json!({"model.depth": 1})]),
            ["4 layers, 4 heads", "2 layers, 8 heads", "1 layer"]
        );
        let decoder = json!({"model.mlp.activation": "gelu-tanh", "model.initialization": "gpt2"});
        assert_eq!(names(&[decoder]), ["gelu-tanh MLP, GPT-2 initialization"]);
        assert_eq!(names(&[json!({"model.initialization": "gpt2"})]), ["GPT-2 initialization"]);
    }

    #[test]
    fn many_changes_are_counted() {
        let many = json!({
            "model.depth": 1, "model.heads": 2, "model.width": 32, "training.clip": 0, "task.patch": 4,
        });
        assert_eq!(names(&[json!({}), many]), ["base", "4-pixel patches, 1 layer, and 3 more"]);
        assert_eq!(names(&[json!({"training.clip": 0})]), ["gradient clip off"]);
        assert_eq!(names(&[json!({})]), ["base"]);
    }

    #[test]
    fn names_differ_even_where_phrases_do_not() {
        let many = |width: u32| json!({"model.depth": 1, "model.width": width, "model.heads": 1, "training.beta1": 0.5});
        let mut second = many(32);
        second["training.beta1"] = json!(0.6);
        let names = names(&[many(32), second]);
        assert_ne!(names[0], names[1]);
    }

    #[test]
    fn what_changed_has_both_values() {
        let experiment = experiment(&[
            json!({}),
            json!({"model.heads": 8, "model.attention.activation": {"name": "polynomial", "power": 2}}),
            json!({"task": "shakespeare"}),
            json!({"model.hats": 1}),
        ]);
        let said = |index| experiment.changes(index).iter().map(Change::to_string).collect::<Vec<_>>();
        assert_eq!(said(0), [] as [String; 0]);
        assert_eq!(said(1), ["Heads: 4 → 8", "Attention activation: softmax → x² / √N"]);
        assert_eq!(said(2), ["Task: digits → shakespeare", "Context: 64"]);
        assert_eq!(experiment.variant_names()[3], "variant 4");
    }
}
