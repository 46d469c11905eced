//! What is said of a file while it is fetched, and when it does not come.

use leptos::prelude::*;

/// A sentence, and after a failure a button to try again.
#[component]
pub fn FetchStatus(
    /// What to say; nothing is shown where it is empty.
    #[prop(into)]
    said: Signal<String>,
    /// Whether it did not come.
    #[prop(into)]
    failed: Signal<bool>,
    /// Tries again.
    again: Callback<()>,
    /// For tests.
    id: &'static str,
) -> impl IntoView {
    view! {
        <p class="field-help" role="status" data-testid=id hidden=move || said.with(String::is_empty)>{said}</p>
        <button type="button" class="quiet" data-testid=format!("{id}-again") hidden=move || !failed.get()
            on:click=move |_| again.run(())>"Try again"</button>
    }
}
