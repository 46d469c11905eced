//! The base experiment: what every variant shares. The fields that matter most for the open experiment come first.

use kappa_core::catalog;
use kappa_core::spec::{FIELDS, Field};
use leptos::prelude::*;

use super::device_choice::DeviceChoice;
use super::field_control::FieldControl;
use crate::lab::use_lab;

/// The other groups: where the path of a field begins, and what such fields are about.
const GROUPS: [(&str, &str); 5] = [
    ("task", "Data"),
    ("model", "Network"),
    ("training", "Training"),
    ("seeds", "Seeds"),
    ("probes", "Measurements"),
];

/// All controls of the base.
#[component]
pub fn Settings() -> impl IntoView {
    let lab = use_lab();
    let controls =
        move || lab.entry.get().and_then(catalog::find).map(|entry| entry.controls()).unwrap_or_default();
    let applies = move |field: &Field| lab.draft.with(|draft| (field.applies)(draft));
    let main = Memo::new(move |_| {
        let field = |path: &&'static str| kappa_core::spec::field(path);
        paths(controls().iter().filter_map(field).filter(|field| applies(field)))
    });
    let group = move |prefix: &'static str| {
        Memo::new(move |_| {
            let main = main.get();
            let here =
                |field: &&Field| field.path.split('.').next() == Some(prefix) && !main.contains(&field.path);
            paths(FIELDS.iter().filter(here).filter(|field| applies(field)))
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

fn paths<'a>(fields: impl Iterator<Item = &'a Field>) -> Vec<&'static str> {
    fields.map(|field| field.path).collect()
}

/// A control for each path.
#[component]
fn Fields(#[prop(into)] paths: Signal<Vec<&'static str>>) -> impl IntoView {
    let control = |path| kappa_core::spec::field(path).map(|field| view! { <FieldControl field/> });
    view! { <For each=move || paths.get() key=|path| *path children=control/> }
}
