//! One control of the base experiment, made from its row in the table of fields.

use kappa_core::spec::{Experiment, Field, tree};
use leptos::prelude::*;

use super::value_input::ValueInput;
use crate::fields::{meaning, parent};
use crate::lab::use_lab;
use crate::memo::memo;

/// Label, input, help, and what the check says about it.
#[component]
pub fn FieldControl(field: &'static Field) -> impl IntoView {
    let lab = use_lab();
    let id = format!("field-{}", field.path.replace(['.', '_'], "-"));
    let text_in = move |experiment: &Experiment| {
        tree::value(experiment, field).map(|value| field.text(&value)).unwrap_or_default()
    };
    let value = memo(move || lab.draft.with(text_in));
    let changed = move || lab.original.with(text_in) != value.get();
    let nested = parent(field).is_some();
    // Of what is chosen, not only of the choice: a phone shows no titles.
    let meaning = move || value.with(|value| meaning(field, value));
    // What only the check of the whole experiment can see.
    let problem = move || {
        lab.problems
            .with(|problems| problems.iter().find(|p| p.field == field.path).map(|p| p.sentence.clone()))
    };
    let commit = Callback::new(move |text: String| lab.set(field.path, &text));
    let help_id = format!("{id}-help");
    let has_unit = !field.unit.is_empty() && !field.unit.eq_ignore_ascii_case(field.label);
    view! {
        <div class="field" class:changed=changed class:nested=nested data-field=field.path>
            <label for=id.clone()>
                {field.label}
                {has_unit.then(|| view! { <span class="unit">{format!(" ({})", field.unit)}</span> })}
            </label>
            <ValueInput field id value commit described_by=help_id.clone()/>
            <p class="field-problem">{problem}</p>
            <p class="field-help" id=help_id>{field.help} " " {meaning}</p>
        </div>
    }
}
