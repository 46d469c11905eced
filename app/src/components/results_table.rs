//! The table of results: mean and interval over seeds, size, difference to the first variant; the claims; and the file that
//! holds all of it.

use leptos::prelude::*;
use serde_json::json;

use super::claims::Claims;
use super::legend::Sample;
use super::rounded::Rounded;
use crate::browser;
use crate::link;
use crate::memo::memo;
use crate::run::results::{Reading, Row, rows, thousands};
use crate::run::{Phase, RunLog};
use crate::shown::use_shown;

/// The results, live from the first evaluation on.
#[component]
pub fn ResultsTable() -> impl IntoView {
    let run = use_shown();
    let metric = run.metric();
    let rows = memo(move || run.read(|log| rows(log, metric.get())));
    let tuned = memo(move || run.read(|log| !log.tried.is_empty()));
    let finished = memo(move || run.read(|log| log.phase == Phase::Finished));
    let empty = memo(move || rows.with(Vec::is_empty));
    let heading = move || match finished.get() {
        true => "Results".to_owned(),
        false => format!(
            "Results so far, at step {}",
            rows.with(|rows| rows.iter().map(|row| row.step).max().unwrap_or(0))
        ),
    };
    let save = move |_| {
        let text = run.peek(|log| to_json(log, &rows.get_untracked()));
        browser::download_text("kappa-results.json", "application/json", &text);
    };
    view! {
        <section class="panel results" aria-labelledby=run.id("results-title") hidden=empty>
            <div class="panel-head">
                <h2 id=run.id("results-title")>{heading}</h2>
                <button type="button" class="quiet" data-testid=run.id("download-results") on:click=save>"Download as JSON"</button>
            </div>
            <div class="scroll" tabindex="0" role="region" aria-label="Results">
                <table data-testid=run.id("results")>
                    <thead>
                        <tr>
                            <th scope="col">"Variant"</th>
                            <th scope="col">{move || format!("{}, mean ± 95 %", Reading::of(metric.get()).name)}</th>
                            <th scope="col">"n"</th>
                            <th scope="col" hidden=move || !tuned.get()>"Tuned"</th>
                            <th scope="col">"Parameters"</th>
                            <th scope="col">"Difference to the first"</th>
                        </tr>
                    </thead>
                    <tbody>
                        {move || {
                            let reading = Reading::of(metric.get());
                            rows.get().into_iter().enumerate().map(|(index, row)| line(index, &row, reading, tuned.get())).collect_view()
                        }}
                    </tbody>
                </table>
            </div>
            <Rounded/>
            <Claims/>
        </section>
    }
}

fn line(index: usize, row: &Row, reading: Reading, tuned: bool) -> impl IntoView + use<> {
    let count = match row.value.n == row.replicas {
        true => row.replicas.to_string(),
        false => format!("{} of {}", row.value.n, row.replicas),
    };
    view! {
        <tr>
            <th scope="row"><Sample index/> " " {row.name.clone()}</th>
            <td class="number">{reading.value(&row.value)}</td>
            <td class="number">{count}</td>
            <td class="number" hidden=!tuned>{row.tuned.clone()}</td>
            <td class="number">{thousands(row.parameters)}</td>
            <td class="number">{row.paired.as_ref().map_or("–".to_owned(), |paired| reading.difference(paired))}</td>
        </tr>
    }
}

/// Everything one needs to check or repeat the run.
fn to_json(log: &RunLog, rows: &[Row]) -> String {
    let variants = log.variants.iter().zip(rows).map(|(variant, row)| {
        json!({
            "name": row.name,
            "parameters": row.parameters,
            "steps": variant.step,
            "evaluations": variant.evaluations.iter().map(|evaluation| json!({
                "step": evaluation.step,
                "metrics": evaluation.metrics.iter().map(|(metric, values)| json!({"metric": metric, "replicas": values}))
                    .collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "training_loss": variant.loss.points().map(|point| json!({
                "step": point.x, "mean": point.mean, "half_width": point.half_width, "n": point.n,
            })).collect::<Vec<_>>(),
            "diverged": variant.diverged.iter().map(|(replica, step)| json!({"replica": replica, "step": step}))
                .collect::<Vec<_>>(),
            "difference_to_first": row.paired.map(|point| json!({
                "mean": point.mean, "half_width": point.half_width, "n": point.n,
            })),
        })
    });
    let whole = json!({
        "format": "kappa-lab results 3",
        "finished": log.phase == Phase::Finished,
        "date": String::from(js_sys::Date::new_0().to_iso_string()),
        "lab": env!("CARGO_PKG_VERSION"),
        "device": log.device,
        "link": log.experiment.as_ref().map(link::address),
        "experiment": log.experiment,
        "variants": variants.collect::<Vec<_>>(),
        "tried": log.tried,
        "rounded": log.rounded,
        "claims": log.claims,
    });
    serde_json::to_string_pretty(&whole).unwrap_or_default()
}
