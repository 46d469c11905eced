//! The recorded run of a paper's experiment, drawn by the same panels as one on the bench, and without the engine.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::attention_maps::AttentionMaps;
use super::chart_panel::ChartPanel;
use super::figure::is_open;
use super::measurements::Measurements;
use super::results_table::ResultsTable;
use super::scatter::Scatter;
use crate::recordings;
use crate::run::{RunLog, recorded};
use crate::shown::Shown;

/// Fetched when it is opened for the first time.
#[component]
pub fn RecordedRun(id: &'static str) -> impl IntoView {
    let said = RwSignal::new("Fetching it.".to_owned());
    let log = RwSignal::new(None::<RunLog>);
    let asked = StoredValue::new(false);
    let open = move |event: leptos::ev::Event| {
        if !is_open(&event) || asked.get_value() {
            return;
        }
        asked.set_value(true);
        spawn_local(async move {
            let found = fetch(id).await;
            // It can be tried again: close it, and open it.
            asked.set_value(found.is_ok());
            match found {
                Ok((found, provenance)) => {
                    log.set(Some(found));
                    said.set(provenance);
                }
                Err(problem) => said.set(problem),
            }
        });
    };
    view! {
        <details class="recorded" on:toggle=open data-testid="recorded-run">
            <summary>"The recorded run"</summary>
            <p class="field-help" role="status" data-testid="recorded-provenance">{said}</p>
            {move || log.get().map(panels)}
        </details>
    }
}

/// The run, and where it comes from.
async fn fetch(id: &str) -> Result<(RunLog, String), String> {
    let recording = recordings::fetch(id).await?;
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
