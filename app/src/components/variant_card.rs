//! One variant: its computed name, what changed, and its patch as rows of a field and a value.

use kappa_core::spec::{Experiment, FIELDS, Field, field, tree};
use leptos::prelude::*;

use super::legend::Sample;
use super::value_input::ValueInput;
use crate::fields::{Row, label, meaning, rows, sources_offered};
use crate::lab::{Lab, use_lab};
use crate::memo::memo;
use crate::propose::{CHANGEABLE, others};

/// One variant.
#[component]
pub fn VariantCard(index: usize) -> impl IntoView {
    let lab = use_lab();
    let name = move || lab.draft.with(|draft| draft.variant_names().get(index).cloned().unwrap_or_default());
    let changes = move || {
        lab.draft.with(|draft| draft.changes(index).iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let rows = memo(move || lab.draft.with(|draft| rows(draft, index)));
    let problems = move || {
        let here = format!("variant.{}", index + 1);
        let mine = |p: &&kappa_core::spec::Problem| {
            p.field.strip_prefix(&here).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        lab.problems
            .with(|problems| problems.iter().filter(mine).map(|p| p.sentence.clone()).collect::<Vec<_>>())
    };
    let only = move || lab.draft.with(|draft| draft.variants.len() == 1);
    view! {
        <li class="variant" data-testid=format!("variant-{index}")>
            <div class="variant-head">
                <Sample index/>
                <h3>{name}</h3>
            </div>
            <p class="changes">
                {move || {
                    let changes = changes();
                    match (changes.is_empty(), index) {
                        (false, _) => changes.join(" · "),
                        (true, 0) => "As set below; the others are compared with this one.".to_owned(),
                        (true, _) => "Nothing changed yet.".to_owned(),
                    }
                }}
            </p>
            <ul class="rows">
                <For each=move || rows.get() key=|row| *row
                    children=move |row| field(row.path).map(|field| view! { <FieldRow index field row/> })/>
            </ul>
            {move || problems().into_iter().map(|sentence| view! { <p class="field-problem">{sentence}</p> }).collect_view()}
            <div class="variant-foot">
                <AddRow index/>
                <button type="button" class="quiet" on:click=move |_| lab.add_variant(Some(index))>"Duplicate"</button>
                <button type="button" class="quiet" disabled=only on:click=move |_| lab.remove_variant(index)>"Remove"</button>
            </div>
        </li>
    }
}

/// One field that the variant changes, or that one of its choices brings.
#[component]
fn FieldRow(index: usize, field: &'static Field, row: Row) -> impl IntoView {
    let lab = use_lab();
    let id = format!("variant-{index}-{}", field.path.replace(['.', '_'], "-"));
    let value = memo(move || lab.draft.with(|draft| text(draft, index, field)));
    let commit =
        Callback::new(move |text: String| lab.set_in_variant(index, field.path, field.parse(&text)?));
    let label = if row.is_nested { field.label.to_owned() } else { label(field) };
    let idle =
        memo(move || lab.draft.with(|draft| draft.variant(index).is_ok_and(|variant| !variant.heeds(field))));
    let help_id = format!("{id}-help");
    view! {
            <li class="row" class:nested=row.is_nested>
                <label for=id.clone()>{label.clone()}</label>
                <ValueInput field id value commit described_by=help_id.clone()/>
                {row.is_set.then(|| view! {
                    <button type="button" class="quiet row-remove" on:click=move |_| lab.unset_in_variant(index, field.path)>
                        "×" <span class="visually-hidden">{format!("Do not change {label}")}</span>
                    </button>
                })}
                <p class="field-help" id=help_id>
    {move || help(field, &value.get())}
                    {move || idle.get().then_some(" It changes nothing in this network.")}
                </p>
            </li>
        }
}

/// What a choice is, or what a field is for: on the card there is no room for both.
fn help(field: &Field, value: &str) -> String {
    match (field.option(value), meaning(field, value)) {
        (Some(_), Some(meaning)) => meaning,
        (_, meaning) => format!("{} {}", field.help, meaning.unwrap_or_default()),
    }
}

/// A select of the fields that this variant does not change yet.
#[component]
fn AddRow(index: usize) -> impl IntoView {
    let lab = use_lab();
    let options = move || {
        lab.draft.with(|draft| {
            let variant = draft.variant(index).unwrap_or_else(|_| draft.clone());
            let there = rows(draft, index);
            let sources = sources_offered(draft);
            CHANGEABLE.into_iter().chain([("source", "Sources")]).map(|(prefix, title)| {
                let free = |field: &&Field| {
                    field.is_within(prefix)
                        && sources.offer(field)
                        && variant.heeds(field)
                        && !there.iter().any(|row| row.path == field.path)
                };
                let option = |field: &'static Field| view! { <option value=field.path>{label(field)}</option> };
                view! { <optgroup label=title>{FIELDS.iter().filter(free).map(option).collect_view()}</optgroup> }
            }).collect_view()
        })
    };
    let add = move |event: leptos::ev::Event| {
        let path = event_target_value(&event);
        if let Some(field) = field(&path) {
            add_row(lab, index, field);
        }
        // The select is a menu: it always shows its first entry.
        leptos::prelude::event_target::<web_sys::HtmlSelectElement>(&event).set_value("");
    };
    view! {
        <select class="add-row" aria-label=format!("Change a field of variant {}", index + 1)
            data-testid=format!("variant-{index}-add") on:change=add>
            <option value="">"Change…"</option>
            {options}
        </select>
    }
}

/// The value of a field in a variant, as text.
fn text(draft: &Experiment, index: usize, field: &Field) -> String {
    let set = draft.variants.get(index).and_then(|variant| variant.set.get(field.path).cloned());
    // What comes with a choice has that choice's default.
    let value = set.or_else(|| tree::value(&draft.variant(index).ok()?, field));
    value.map(|value| field.text(&value)).unwrap_or_default()
}

/// Lets the variant change this field, to a value that differs from the base's.
fn add_row(lab: Lab, index: usize, field: &'static Field) {
    let base = lab.draft.with_untracked(|draft| {
        let variant = draft.variant(index).unwrap_or_else(|_| draft.clone());
        tree::value(&variant, field)
    });
    let Some(base) = base else { return };
    if !others(field, &base).into_iter().any(|other| lab.set_in_variant(index, field.path, other).is_ok()) {
        // No other value comes to mind that is allowed; the user will know one.
        let _ = lab.set_in_variant(index, field.path, base);
    }
}
