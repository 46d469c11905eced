//! What the page does with data, and the shortcuts.

use leptos::prelude::*;

/// Bottom of the page.
#[component]
pub fn Footer() -> impl IntoView {
    view! {
        <footer class="page-foot">
            <p>
                "Everything is computed on this machine; nothing that you do here is sent anywhere. Means are shown with \
                 their 95 % intervals over seeds. κ is the condition number: how unevenly a matrix stretches."
            </p>
            <p class="shortcuts">
                "Keys: " <kbd>"Ctrl"</kbd> " " <kbd>"Enter"</kbd> " start, " <kbd>"Space"</kbd> " pause or go on, "
                <kbd>"→"</kbd> " one step while paused, " <kbd>"Ctrl"</kbd> " " <kbd>"."</kbd> " stop."
            </p>
        </footer>
    }
}
