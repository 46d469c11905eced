//! How far each variant is, with its newest numbers.

use leptos::prelude::*;

use super::legend::Sample;
use crate::lab::use_lab;
use crate::memo::memo;
use crate::run::{RunLog, VariantLog};

/// One line a variant.
#[component]
pub fn VariantProgress() -> impl IntoView {
    let lab = use_lab();
    let count = memo(move || lab.run.read(|log| log.variants.len()));
    view! {
        <ul class="progress-list" hidden=move || count.get() == 0>
            <For each=move || 0..count.get() key=|index| *index children=|index| view! { <Line index/> }/>
        </ul>
    }
}

#[component]
fn Line(index: usize) -> impl IntoView {
    let lab = use_lab();
    let of = move |read: fn(&RunLog, &VariantLog) -> String| {
        memo(move || {
            lab.run.read(|log| log.variants.get(index).map(|variant| read(log, variant)).unwrap_or_default())
        })
    };
    let name = of(|_, variant| variant.info.name.clone());
    let step = of(|log, variant| {
        if log.is_preparing() {
            "waits for its sources".to_owned()
        } else if log.is_tuning() {
            format!("tuning, step {} of {}", log.tuning.0, log.tuning.1)
        } else {
            format!("step {} of {}", variant.step, log.steps)
        }
    });
    let loss = of(|_, variant| {
        variant
            .loss
            .points()
            .last()
            .filter(|point| point.n > 0)
            .map(|point| format!("loss {:.3}", point.mean))
            .unwrap_or_default()
    });
    let diverged = of(|log, variant| match variant.diverged.len() {
        0 => String::new(),
        count => format!("{count} of {} seeds diverged", log.replicas),
    });
    view! {
        <li>
            <Sample index/>
            <span class="progress-name">{name}</span>
            <span class="number" data-testid=format!("step-{index}")>{step}</span>
            <span class="number">{loss}</span>
            <span class="diverged" data-testid=format!("diverged-{index}")>{diverged}</span>
        </li>
    }
}
