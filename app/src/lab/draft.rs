//! The experiment in the controls: opened, changed, undone.

use kappa_core::catalog;
use kappa_core::spec::{self, Experiment, MAX_VARIANTS, Problem};
use leptos::prelude::*;
use serde_json::Value;

use super::{Before, Lab};
use crate::propose;

/// Experiments kept for undo.
const UNDO: usize = 100;

impl Lab {
    /// Opens another experiment. The old one can be had back by undo.
    pub fn open(&self, entry: Option<&'static str>, experiment: Experiment) {
        self.remember();
        self.original.set(experiment.clone());
        self.entry.set(entry);
        self.draft.set(experiment);
        self.link_problems.set(Vec::new());
    }

    /// Changes the draft; the change can be undone.
    pub fn edit(&self, change: impl FnOnce(&mut Experiment)) {
        let mut changed = self.draft.get_untracked();
        change(&mut changed);
        self.draft.with_untracked(|draft| changed.follow_claims(draft));
        if self.draft.with_untracked(|draft| *draft != changed) {
            self.remember();
            self.draft.set(changed);
        }
    }

    fn remember(&self) {
        let before = Before {
            entry: self.entry.get_untracked(),
            original: self.original.get_untracked(),
            draft: self.draft.get_untracked(),
        };
        self.undo.update(|undo| {
            if undo.len() == UNDO {
                undo.remove(0);
            }
            undo.push(before);
        });
    }

    /// Changes one field of the base, from its text.
    pub fn set(&self, path: &str, text: &str) -> Result<(), Problem> {
        let mut changed = self.draft.get_untracked();
        spec::set_path(&mut changed, &format!("{path}={text}"))?;
        self.edit(|draft| *draft = changed);
        Ok(())
    }

    /// Changes one field of a variant.
    pub fn set_in_variant(&self, index: usize, path: &str, value: Value) -> Result<(), Problem> {
        let mut changed = self.draft.get_untracked();
        changed.set_in_variant(index, path, value).map_err(|mut problems| problems.remove(0))?;
        self.edit(|draft| *draft = changed);
        Ok(())
    }

    /// Lets a variant have the base's value again.
    pub fn unset_in_variant(&self, index: usize, path: &str) {
        self.edit(|draft| {
            if let Some(variant) = draft.variants.get_mut(index) {
                let below = format!("{path}.");
                variant.set.retain(|key, _| key != path && !key.starts_with(&below));
            }
        });
    }

    /// Adds a copy of a variant after it, or at the end one that differs from all of them.
    pub fn add_variant(&self, copy_of: Option<usize>) {
        let entry = self.entry.get_untracked().and_then(catalog::find);
        let controls = entry.map(|entry| entry.controls()).unwrap_or_default();
        self.edit(|draft| {
            if draft.variants.len() < MAX_VARIANTS {
                match copy_of {
                    Some(index) => draft.variants.insert(index + 1, draft.variants[index].clone()),
                    None => draft.variants.push(propose::variant(draft, controls)),
                }
            }
        });
    }

    /// Removes a variant; one must stay.
    pub fn remove_variant(&self, index: usize) {
        self.edit(|draft| {
            if draft.variants.len() > 1 && index < draft.variants.len() {
                draft.variants.remove(index);
            }
        });
    }

    /// Goes back to the experiment as it was opened.
    pub fn reset(&self) {
        let original = self.original.get_untracked();
        self.edit(|draft| *draft = original);
    }

    /// Takes the last change back.
    pub fn undo(&self) {
        if let Some(before) = self.undo.try_update(Vec::pop).flatten() {
            self.entry.set(before.entry);
            self.original.set(before.original);
            self.draft.set(before.draft);
        }
    }

    /// Whether there is a change to take back.
    pub fn can_undo(&self) -> bool {
        self.undo.with(|undo| !undo.is_empty())
    }

    /// Whether the draft is not what was opened.
    pub fn is_changed(&self) -> bool {
        self.draft.with(|draft| self.original.with(|original| draft != original))
    }
}
