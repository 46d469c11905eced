//! The base experiment: what every variant shares. The fields that matter most for the open experiment come first.

use kappa_core::catalog;
use leptos::prelude::*;

use super::device_choice::DeviceChoice;
use super::field_control::FieldControl;
use crate::fields::{parent, useful};
use crate::lab::use_lab;
use crate::memo::memo;

/// The other groups: where the path of a field begins, and what such fields are about.
const GROUPS: [(&str, &str); 12] = [
    ("task", "Data"),
    ("model", "Network"),
    ("source.1", "Source 1: what networks start from"),
    ("source.2", "Source 2"),
    ("source.3", "Source 3"),
    ("source.4", "Source 4"),
    ("training", "Training"),
    ("tune", "Tuning"),
    ("seeds", "Seeds"),
    ("probes", "Measurements"),
    ("quantize", "Rounding to few bits"),
    ("compare", "Comparison"),
];

/// All controls of the base.
#[component]
pub fn Settings() -> impl IntoView {
    let lab = use_lab();
    let controls =
        move || lab.entry.get().and_then(catalog::find).map(|entry| entry.controls()).unwrap_or_default();
    let useful = memo(move || lab.draft.with(useful));
    let main = memo(move || useful.with(|useful| first(controls(), useful)));
    let group = move |prefix: &'static str| {
        memo(move || {
            let main = main.get();
            let is_within = |path| kappa_core::spec::field(path).is_some_and(|field| field.is_within(prefix));
            let here = |path: &&'static str| is_within(path) && !main.contains(path);
            useful.with(|useful| useful.iter().copied().filter(here).collect::<Vec<_>>())
        })
    };
    view! {
        <section class="panel settings" aria-labelledby="settings-title">
            <div class="panel-head">
                <h2 id="settings-title">"Shared by all variants"</h2>
                <div class="panel-buttons">
                    <button type="button" class="quiet" data-testid="undo" disabled=move || !lab.can_undo()
                        on:click=move |_| lab.undo()>"Undo"</button>
                    <button type="button" class="quiet" data-testid="reset" disabled=move || !lab.is_changed()
                        on:click=move |_| lab.reset()>"Reset"</button>
                </div>
            </div>
            <div class="fields"><Fields paths=main/></div>
            {GROUPS
                .map(|(prefix, title)| {
                    let paths = group(prefix);
                    view! {
                        <details class="group" hidden=move || paths.with(Vec::is_empty)>
                            <summary>{title}</summary>
                            <div class="fields"><Fields paths/></div>
                        </details>
                    }
                })
                .collect_view()}
            <DeviceChoice/>
        </section>
    }
}

/// The controls that are shown first, each choice with the fields that it brings.
fn first(controls: &[&'static str], useful: &[&'static str]) -> Vec<&'static str> {
    let mut paths: Vec<&'static str> = Vec::new();
    for control in controls.iter().filter(|control| useful.contains(control)) {
        let comes_along = |path: &&'static str| {
            let parent = kappa_core::spec::field(path).and_then(parent);
            parent.is_some_and(|parent| parent.path == *control)
        };
        for path in std::iter::once(*control).chain(useful.iter().copied().filter(comes_along)) {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    paths
}

/// A control for each path.
#[component]
fn Fields(#[prop(into)] paths: Signal<Vec<&'static str>>) -> impl IntoView {
    let control = |path| kappa_core::spec::field(path).map(|field| view! { <FieldControl field/> });
    view! { <For each=move || paths.get() key=|path| *path children=control/> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_one_group() {
        let described = |field: &&kappa_core::spec::Field| !["version", "title"].contains(&field.path);
        for field in kappa_core::spec::FIELDS.iter().filter(described) {
            let groups = GROUPS.iter().filter(|(prefix, _)| field.is_within(prefix)).count();
            assert_eq!(groups, 1, "{}", field.path);
        }
    }

    #[test]
    fn a_choice_that_is_shown_first_takes_its_fields_along_once() {
        let useful = ["model.heads", "model.tokens", "model.tokens.strength", "model.tokens.iterations"];
        let shown = first(&["model.tokens", "model.tokens.strength", "model.depth", "model.heads"], &useful);
        assert_eq!(
            shown,
            ["model.tokens", "model.tokens.strength", "model.tokens.iterations", "model.heads"]
        );
    }
}
