//! How a variant is drawn: its colour and its dashes, so that one can do without the other.

use leptos::prelude::*;

use crate::chart::DASHES;

/// A short piece of a variant's line.
#[component]
pub fn Sample(index: usize) -> impl IntoView {
    let style = index % DASHES.len();
    let dash = DASHES[style].iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    view! {
        <svg class=format!("sample series-{}", style + 1) width="32" height="10" viewBox="0 0 32 10" aria-hidden="true">
            <line x1="0" y1="5" x2="32" y2="5" stroke="currentColor" stroke-width="3" stroke-dasharray=dash/>
        </svg>
    }
}
