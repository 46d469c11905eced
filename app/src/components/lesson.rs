//! What the open experiment is about: the paper, its claim, what it reports, and the lesson.

use kappa_core::catalog::lesson::Lesson as Text;
use kappa_core::catalog::{self, Entry, Paper};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::fetched::FetchStatus;
use super::recorded::RecordedRun;
use crate::files;
use crate::lab::use_lab;
use crate::memo::memo;

/// The lesson of the open paper: `None` while it is fetched, a sentence where it did not come.
#[derive(Clone, Copy)]
struct Reading {
    paper: Memo<Option<&'static str>>,
    text: RwSignal<Option<Result<Text, String>>>,
}

impl Reading {
    /// Fetches the lesson of whichever paper is open.
    fn of(paper: Memo<Option<&'static str>>) -> Self {
        let reading = Self { paper, text: RwSignal::new(None) };
        Effect::new(move || {
            paper.track();
            reading.fetch();
        });
        reading
    }

    fn fetch(self) {
        let Some(id) = self.paper.get_untracked() else { return };
        self.text.set(None);
        spawn_local(async move {
            let found = files::lesson(id).await;
            // Somebody may have opened another paper meanwhile.
            if self.paper.get_untracked() == Some(id) {
                self.text.set(Some(found));
            }
        });
    }

    /// Something of the lesson; its default until the lesson is there.
    fn read<T: Default>(self, read: impl FnOnce(&Text) -> T) -> T {
        self.text.with(|text| match text {
            Some(Ok(text)) => read(text),
            _ => T::default(),
        })
    }

    /// What keeps the lesson away, if anything does.
    fn said(self) -> String {
        self.text.with(|text| match text {
            None => "Fetching the lesson.".to_owned(),
            Some(Ok(_)) => String::new(),
            Some(Err(problem)) => problem.clone(),
        })
    }

    fn failed(self) -> bool {
        self.text.with(|text| matches!(text, Some(Err(_))))
    }
}

/// Title, claim, citation, lesson.
#[component]
pub fn Lesson() -> impl IntoView {
    let lab = use_lab();
    let entry = move || lab.entry.get().and_then(catalog::find);
    let title = memo(move || lab.draft.with(|draft| draft.title.clone()));
    let reading = Reading::of(memo(move || entry().and_then(|entry| entry.paper()).map(|paper| paper.id)));
    view! {
        <section class="lesson" aria-labelledby="lesson-title">
            <h2 id="lesson-title" data-testid="title">{title}</h2>
            {move || match entry() {
                Some(Entry::Starter(starter)) => view! { <p class="claim">{starter.summary}</p> }.into_any(),
                Some(entry @ (Entry::Paper(paper) | Entry::Companion(paper, _))) => about(paper, entry, reading).into_any(),
                None => view! { <p class="claim">"This experiment came with a link."</p> }.into_any(),
            }}
        </section>
    }
}

fn about(paper: &'static Paper, entry: Entry, reading: Reading) -> impl IntoView {
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
            <FetchStatus id="lesson-status" said=Signal::derive(move || reading.said())
                failed=Signal::derive(move || reading.failed()) again=Callback::new(move |()| reading.fetch())/>
            <div class="prose" data-testid="lesson" hidden=move || reading.failed()
                inner_html=move || reading.read(|text| text.text.clone())></div>
        </details>
        {files::is_recorded(id).then(|| view! { <RecordedRun id/> <Foreseen id reading/> })}
        <details class="reported" data-testid="background" hidden=move || reading.read(|_| Some(())).is_none()>
            <summary>"What the paper reports, and what to know"</summary>
            <div inner_html=move || reading.read(|text| text.background.clone())></div>
        </details>
    }
}

/// What the seeds that are set can be expected to find.
#[component]
fn Foreseen(id: &'static str, reading: Reading) -> impl IntoView {
    let lab = use_lab();
    let seeds = memo(move || lab.draft.with(|draft| draft.seeds.count));
    let rows = memo(move || {
        let sentence = |(claim, sentence): (&str, &str)| format!("{claim} {sentence}");
        reading.read(|text| text.foreseen(id, seeds.get()).into_iter().map(sentence).collect::<Vec<_>>())
    });
    let line = |sentence| view! { <li>{sentence}</li> };
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
