//! What the open experiment is about: the paper, its claim, what it reports, and the lesson.

use kappa_core::catalog::{self, Entry, Paper, Source};
use leptos::prelude::*;

use super::recorded::RecordedRun;
use crate::lab::use_lab;
use crate::memo::memo;
use crate::{lessons, recordings};

/// Title, claim, citation, lesson.
#[component]
pub fn Lesson() -> impl IntoView {
    let lab = use_lab();
    let entry = move || lab.entry.get().and_then(catalog::find);
    let title = memo(move || lab.draft.with(|draft| draft.title.clone()));
    view! {
        <section class="lesson" aria-labelledby="lesson-title">
            <h2 id="lesson-title" data-testid="title">{title}</h2>
            {move || match entry() {
                Some(Entry::Starter(starter)) => view! { <p class="claim">{starter.summary}</p> }.into_any(),
                Some(entry @ (Entry::Paper(paper) | Entry::Companion(paper, _))) => about(paper, entry).into_any(),
                None => view! { <p class="claim">"This experiment came with a link."</p> }.into_any(),
            }}
        </section>
    }
}

fn about(paper: &'static Paper, entry: Entry) -> impl IntoView {
    let word = if matches!(entry, Entry::Paper(_)) { "The claim. " } else { "Beside the claim. " };
    let id = entry.id();
    view! {
        {(!paper.companions.is_empty()).then(|| siblings(paper, id))}
        <p class="claim"><span class="claim-word">{word}</span>{entry.summary()}</p>
        <p class="citation">
            {paper.authors.join(", ")} ". "
            <a href=paper.url rel="noreferrer" target="_blank"><cite>{paper.title}</cite></a> ". " {paper.venue} "."
        </p>
        <details class="lesson-text" open=true>
            <summary>"The lesson"</summary>
            <div class="prose" data-testid="lesson" inner_html=lessons::html(paper.id).unwrap_or_default()></div>
        </details>
        {recordings::exists(id).then(|| view! { <RecordedRun id/> <Foreseen id/> })}
        <details class="reported">
            <summary>"What the paper reports, and what to know"</summary>
            {(!paper.reported.is_empty()).then(|| table(paper))}
            <ul class="notes">{paper.notes.iter().map(|note| view! { <li>{*note}</li> }).collect_view()}</ul>
        </details>
    }
}

/// What the seeds that are set can be expected to find.
#[component]
fn Foreseen(id: &'static str) -> impl IntoView {
    let lab = use_lab();
    let seeds = memo(move || lab.draft.with(|draft| draft.seeds.count));
    let rows = memo(move || lessons::foreseen(id, seeds.get()));
    let line = |(claim, sentence)| view! { <li>{claim} " " {sentence}</li> };
    view! {
        <details hidden=move || rows.with(Vec::is_empty) data-testid="foreseen">
            <summary>"What these seeds would find"</summary>
            <ul class="notes">{move || rows.get().into_iter().map(line).collect_view()}</ul>
            <p class="field-help">"From the spread of the recorded run; another setting may spread otherwise."</p>
        </details>
    }
}

/// The experiments of one paper, to go from one to the other.
fn siblings(paper: &'static Paper, open: &'static str) -> impl IntoView {
    let lab = use_lab();
    let button = move |entry: Entry| {
        let id = entry.id();
        view! {
            <button
                type="button"
                class="quiet"
                data-testid=format!("sibling-{id}")
                aria-pressed=(id == open).to_string()
                on:click=move |_| lab.open(Some(id), entry.experiment().clone())
            >
                {entry.short_title()}
            </button>
        }
    };
    view! {
        <div class="siblings" role="group" aria-label="Experiments of this paper">
            {catalog::experiments_of(paper).map(button).collect_view()}
        </div>
    }
}

fn table(paper: &'static Paper) -> impl IntoView {
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Reported numbers">
            <table>
                <thead>
                    <tr><th scope="col">"Where"</th><th scope="col">"Variant"</th><th scope="col">"Without"</th>
                        <th scope="col">"With"</th></tr>
                </thead>
                <tbody>{paper.reported.iter().map(reported).collect_view()}</tbody>
            </table>
        </div>
    }
}

fn reported(row: &'static catalog::Reported) -> impl IntoView {
    let about = if row.approximate { "≈ " } else { "" };
    let number = move |value: f64| format!("{about}{value:.1} {}", row.unit);
    let source = match row.source {
        Source::Paper(place) => format!("In the paper: {place}"),
        Source::Secondary(place) => format!("Not checked against the paper: {place}"),
    };
    view! {
        <tr title=source>
            <th scope="row">{row.what}</th>
            <td>{row.variant_name}</td>
            <td class="number">{number(row.baseline)}</td>
            <td class="number">{number(row.variant)}</td>
        </tr>
    }
}
