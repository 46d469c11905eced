//! Experiments of version 1, in which every network had the fields of all others.
//!
//! What it had beside its own kept a value and meant nothing, until a variant chose the network that heeds it. Such values
//! are left out of the base here, and go into the patches of those variants.

use serde_json::Value;

use super::experiment::Variant;
use super::patch;
use super::table::field;
use super::tree::Setting;
use crate::fields::{Field, Node};
use crate::networks::Model;

/// The slot of networks.
const NETWORK: &str = "model.architecture";

/// Takes out of the settings on a base that had this model, and out of the patches, what their networks do not have.
pub(crate) fn upgrade(base: &Model, settings: &mut Vec<Setting>, variants: &mut [Variant]) {
    let network = chosen(settings).unwrap_or(base.name()).to_owned();
    let (kept, idle): (Vec<Setting>, Vec<Setting>) =
        std::mem::take(settings).into_iter().partition(|(field, _)| has(&network, field));
    *settings = kept;
    for variant in variants {
        let Ok(mut set) = patch::canonical(&variant.set) else {
            continue; // What is wrong with it is said where it is applied.
        };
        let other = chosen(&set).unwrap_or(&network).to_owned();
        if other != network {
            let usual = Model::from_name(&other).unwrap_or_default();
            let own = set.clone();
            for (field, value) in idle.iter().filter(|(field, _)| has(&other, field)) {
                let is_set = |(mine, _): &Setting| field.is_within(mine.path);
                let is_usual = usual.get(field.path.trim_start_matches("model.")).as_ref() == Some(value);
                if !own.iter().any(is_set) && !is_usual {
                    set.push((*field, value.clone()));
                }
            }
        }
        set.retain(|(field, _)| has(&other, field));
        *variant = patch::variant_of(set);
    }
}

/// The network that these settings choose.
fn chosen(settings: &[Setting]) -> Option<&str> {
    settings.iter().find(|(field, _)| field.path == NETWORK).and_then(|(_, value)| Value::as_str(value))
}

/// Whether a network has a field, as far as a network decides it; what stands below the slot itself belongs to its choice
/// in every version.
fn has(network: &str, asked: &Field) -> bool {
    let mut brought = asked;
    while let Some(owner) = &brought.owner {
        if owner.slot == NETWORK {
            return asked.path.starts_with("model.architecture.") || owner.choices.contains(&network);
        }
        let Some(slot) = field(owner.slot) else {
            return true;
        };
        brought = slot;
    }
    true
}
