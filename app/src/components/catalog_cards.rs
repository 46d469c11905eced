//! The catalog: one card for each experiment that the page offers.

use kappa_core::catalog::{self, Entry};
use leptos::prelude::*;

use crate::lab::use_lab;

/// All cards.
#[component]
pub fn CatalogCards() -> impl IntoView {
    let listed = |entry: &Entry| match entry {
        Entry::Paper(_) => true,
        // The lesson of its paper offers it.
        Entry::Companion(..) => false,
        Entry::Starter(starter) => starter.listed,
    };
    view! {
        <section class="catalog" aria-labelledby="catalog-title">
            <h2 id="catalog-title">"Choose an experiment"</h2>
            <ul class="cards scroll">
                {catalog::entries().filter(listed).map(|entry| view! { <Card entry/> }).collect_view()}
            </ul>
        </section>
    }
}

/// One card; the whole of it opens the experiment.
#[component]
fn Card(entry: Entry) -> impl IntoView {
    let lab = use_lab();
    let id = entry.id();
    let chosen = move || {
        lab.entry
            .get()
            .and_then(catalog::find)
            .is_some_and(|open| open.id() == id || open.paper().is_some_and(|paper| paper.id == id))
    };
    let kind = match entry {
        Entry::Paper(paper) | Entry::Companion(paper, _) => paper.venue.split(',').next().unwrap_or_default(),
        Entry::Starter(_) => "Starter",
    };
    view! {
        <li>
            <button
                type="button"
                class="card"
                class:chosen=chosen
                data-testid=format!("experiment-{id}")
                aria-pressed=move || chosen().to_string()
                on:click=move |_| lab.open(Some(id), entry.experiment().clone())
            >
                <span class="card-kind">{kind}</span>
                <span class="card-title">{entry.short_title()}</span>
                <span class="card-text">{entry.summary()}</span>
            </button>
        </li>
    }
}
