//! The recorded run of a paper's experiment, drawn by the same panels as one on the bench, and without the engine.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::attention_maps::AttentionMaps;
use super::chart_panel::ChartPanel;
use super::fetched::FetchStatus;
use super::figure::is_open;
use super::measurements::Measurements;
use super::results_table::ResultsTable;
use super::scatter::Scatter;
use crate::files;
use crate::run::{RunLog, recorded};
use crate::shown::Shown;

/// Fetched when it is opened for the first time.
#[component]
pub fn RecordedRun(id: &'static str) -> impl IntoView {
    let said = RwSignal::new(String::new());
    let failed = RwSignal::new(false);
    let log = RwSignal::new(None::<RunLog>);
    let ask = move || {
        said.set("Fetching the recorded run.".to_owned());
        failed.set(false);
        spawn_local(async move {
            match fetch(id).await {
                Ok((found, provenance)) => {
                    log.set(Some(found));
                    said.set(provenance);
                }
                Err(problem) => {
                    said.set(problem);
                    failed.set(true);
                }
            }
        });
    };
    let open = move |event: leptos::ev::Event| {
        if is_open(&event) && said.with_untracked(String::is_empty) {
            ask();
        }
    };
    view! {
        <details class="recorded" on:toggle=open data-testid="recorded-run">
            <summary>"The recorded run"</summary>
            <FetchStatus id="recorded-provenance" said failed again=Callback::new(move |()| ask())/>
            {move || log.get().map(panels)}
        </details>
    }
}

/// The run, and where it comes from.
async fn fetch(id: &str) -> Result<(RunLog, String), String> {
    let recording = files::recording(id).await?;
    let log = recorded::log(&recording)?;
    let provenance = recorded::provenance(&recording, &log);
    Ok((log, provenance))
}

/// The panels of the bench, for this run.
fn panels(log: RunLog) -> impl IntoView {
    provide_context(Shown::recorded(log));
    view! {
        <div class="recorded-panels">
            <ChartPanel/>
            <ResultsTable/>
            <Measurements/>
            <Scatter/>
            <AttentionMaps/>
        </div>
    }
}
