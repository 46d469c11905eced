//! What went wrong, in sentences.

use leptos::prelude::*;

use crate::engine::EngineState;
use crate::lab::use_lab;
use crate::memo::memo;
use crate::run::Phase;

/// Why the link that was opened could not be read; the experiment on the page is untouched.
#[component]
pub fn LinkProblems() -> impl IntoView {
    let lab = use_lab();
    let shown = move || lab.link_problems.with(|problems| !problems.is_empty());
    let list = move || {
        lab.link_problems.get().into_iter().map(|sentence| view! { <li>{sentence}</li> }).collect_view()
    };
    view! {
        <div role="alert" data-testid="link-problems">
            {move || shown().then(|| view! {
                <div class="alert">
                    <p>"This link could not be opened. What was on the page is unchanged."</p>
                    <ul>{list}</ul>
                    <button type="button" class="quiet" on:click=move |_| lab.link_problems.set(Vec::new())>"Dismiss"</button>
                </div>
            })}
        </div>
    }
}

/// Why the experiment cannot start, or why the run ended; and a way to load the engine again.
#[component]
pub fn RunProblems() -> impl IntoView {
    let lab = use_lab();
    let sentences = move || {
        let mut sentences: Vec<String> =
            lab.problems.with(|problems| problems.iter().map(ToString::to_string).collect());
        if lab.phase() == Phase::Failed {
            sentences.extend(lab.run.read(|log| log.problems.clone()));
        }
        sentences
    };
    let sentences = memo(sentences);
    let notes = memo(move || lab.run.read(|log| log.notes.clone()));
    let broken = move || match lab.engine.state.get() {
        EngineState::Broken(because) => Some(because),
        _ => None,
    };
    view! {
        <div role="alert" data-testid="problems">
            {move || broken().map(|because| view! {
                <div class="alert">
                    <p>{because}</p>
                    <button type="button" data-testid="retry" on:click=move |_| lab.engine.open()>"Retry"</button>
                </div>
            })}
            {move || (broken().is_none() && sentences.with(|all| !all.is_empty())).then(|| view! {
                <ul class="alert">
                    {sentences.get().into_iter().map(|sentence| view! { <li>{sentence}</li> }).collect_view()}
                </ul>
            })}
        </div>
        <div role="status" data-testid="notes">
            {move || notes.get().into_iter().map(|note| view! { <p class="note">{note}</p> }).collect_view()}
        </div>
    }
}
