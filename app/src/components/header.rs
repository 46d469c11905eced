//! The name, what it is, and the theme.

use leptos::prelude::*;

use crate::theme::Theme;

/// Top of the page.
#[component]
pub fn Header() -> impl IntoView {
    let theme: Theme = expect_context();
    view! {
        <header class="masthead">
            <span class="masthead-mark" aria-hidden="true">"κ"</span>
            <div class="masthead-words">
                <h1>"Kappa Lab"</h1>
                <p>
                    "Train small networks in this tab, each beside what it replaces, and see whether a paper’s claim holds \
                     on your own machine."
                </p>
            </div>
            <button class="quiet" type="button" data-testid="theme" on:click=move |_| theme.toggle()>
                {move || if theme.is_dark() { "Light" } else { "Dark" }}
                <span class="visually-hidden">" colours"</span>
            </button>
        </header>
    }
}
