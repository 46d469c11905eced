//! The variants: what stands beside each other. The first is what the others are compared with.

use kappa_core::spec::MAX_VARIANTS;
use leptos::prelude::*;

use super::variant_card::VariantCard;
use crate::lab::use_lab;
use crate::memo::memo;

/// All variants, and a button for one more.
#[component]
pub fn Variants() -> impl IntoView {
    let lab = use_lab();
    let count = memo(move || lab.draft.with(|draft| draft.variants.len()));
    let full = move || count.get() >= MAX_VARIANTS;
    let problem = move || {
        lab.problems
            .with(|problems| problems.iter().find(|p| p.field == "variant").map(|p| p.sentence.clone()))
    };
    view! {
        <section class="panel variants" aria-labelledby="variants-title">
            <div class="panel-head">
                <h2 id="variants-title">"Variants"</h2>
                <button type="button" class="quiet" data-testid="add-variant" disabled=full
                    on:click=move |_| lab.add_variant(None)>"Add a variant"</button>
            </div>
            <p class="field-help">"All train on the same batches, with the same seeds. The first one is the baseline."</p>
            <ol class="variant-list">
                <For each=move || 0..count.get() key=|index| *index children=|index| view! { <VariantCard index/> }/>
            </ol>
            <p class="field-problem">{problem}</p>
        </section>
    }
}
