//! The link to the experiment in the controls.

use std::time::Duration;

use leptos::prelude::*;

use crate::browser;
use crate::lab::use_lab;
use crate::link;
use crate::memo::memo;

/// A button that copies the link, and the link itself where copying is not allowed.
#[component]
pub fn Share() -> impl IntoView {
    let lab = use_lab();
    let said = RwSignal::new("");
    let by_hand = RwSignal::new(false);
    let address = memo(move || lab.draft.with(link::address));
    let copy = move |_| {
        let address = address.get();
        leptos::task::spawn_local(async move {
            let copied = browser::copy_text(&address).await;
            by_hand.set(!copied);
            said.set(if copied { "Link copied." } else { "Copy the link from this box." });
            set_timeout(move || said.set(""), Duration::from_secs(4));
        });
    };
    view! {
        <button type="button" class="quiet" data-testid="share" disabled=move || !lab.problems.with(Vec::is_empty)
            on:click=copy>"Copy link"</button>
        <input type="text" class="share-link" readonly=true data-testid="share-link" aria-label="Link to this experiment"
            hidden=move || !by_hand.get() prop:value=address/>
        <span class="said" role="status">{said}</span>
    }
}
