//! An input for one field of the table: a number, a switch, or a choice. It commits a value when it is left or chosen,
//! keeps what was typed while that is not allowed, and says why.

use kappa_core::spec::{Field, Kind, Problem};
use leptos::prelude::*;

/// The input alone; label and help are its user's.
#[component]
pub fn ValueInput(
    /// Which field.
    field: &'static Field,
    /// The `id` of the input, unique on the page; its message gets `{id}-problem`.
    id: String,
    /// The value as text.
    #[prop(into)]
    value: Signal<String>,
    /// Takes a new value, as text.
    commit: Callback<String, Result<(), Problem>>,
    /// Other elements that describe the input.
    #[prop(into, default = String::new())]
    described_by: String,
) -> impl IntoView {
    let problem = RwSignal::new(None::<String>);
    // What was refused must not outlive the value it was refused for.
    Effect::new(move || {
        value.get();
        problem.set(None);
    });
    let take = move |text: String| {
        problem.set(commit.run(text.trim().to_owned()).err().map(|problem| problem.sentence))
    };
    let problem_id = format!("{id}-problem");
    let described = format!("{described_by} {problem_id}");
    let invalid = move || problem.with(Option::is_some).to_string();

    let input = match field.kind {
        Kind::Flag => {
            let set = move |event: leptos::ev::Event| {
                take(if event_target_checked(&event) { "on" } else { "off" }.to_owned())
            };
            view! {
                <input type="checkbox" class="switch" role="switch" id=id aria-describedby=described
                    prop:checked=move || value.get() == "on" on:change=set/>
            }
            .into_any()
        }
        Kind::Choice { options, .. } => {
            let options = move || {
                let chosen = value.get();
                let option = |choice: &'static kappa_core::spec::Choice| {
                    view! { <option value=choice.name selected={chosen == choice.name} title=choice.help>{choice.label}</option> }
                };
                options.iter().map(option).collect_view()
            };
            view! {
                <select id=id aria-describedby=described aria-invalid=invalid
                    on:change=move |event| take(event_target_value(&event))>
                    {options}
                </select>
            }
            .into_any()
        }
        Kind::Integer { min, max, step } => {
            // A stride counts from the smallest value: from 0, so that it passes round numbers.
            let least = if step > 1 || field.zero.is_some() { 0 } else { min };
            view! {
                <input type="number" inputmode="numeric" id=id min=least max=max step=step
                    aria-describedby=described aria-invalid=invalid prop:value=move || value.get()
                    on:change=move |event| take(event_target_value(&event))/>
            }
            .into_any()
        }
        Kind::Float { .. } | Kind::Text { .. } | Kind::List { .. } => {
            let mode = if matches!(field.kind, Kind::Float { .. }) { "decimal" } else { "text" };
            view! {
                <input type="text" inputmode=mode autocomplete="off" spellcheck="false" id=id
                    aria-describedby=described aria-invalid=invalid prop:value=move || value.get()
                    on:change=move |event| take(event_target_value(&event))/>
            }
            .into_any()
        }
    };
    view! {
        {input}
        <p class="field-problem" id=problem_id aria-live="polite">{move || problem.get()}</p>
    }
}
