//! What rounding the trained matrices to few bits leaves: quality against bytes.

use kappa_core::protocol::QuantizedTo;
use leptos::prelude::*;

use super::legend::Sample;
use crate::memo::memo;
use crate::run::RunLog;
use crate::run::results::{Reading, thousands};
use crate::shown::use_shown;

/// One line a width and variant; nothing where none was asked for.
#[component]
pub fn Rounded() -> impl IntoView {
    let run = use_shown();
    let metric = run.metric();
    let lines = memo(move || run.read(|log| lines(log, Reading::of(metric.get()))));
    let empty = memo(move || lines.with(Vec::is_empty));
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Rounded to few bits" hidden=empty>
            <table data-testid=run.id("rounded")>
                <caption>"Rounded after training; the bytes are those of all that one seed has trained."</caption>
                <thead>
                    <tr>
                        <th scope="col">"Variant"</th>
                        <th scope="col">"Bits"</th>
                        <th scope="col">"Bytes"</th>
                        <th scope="col">{move || Reading::of(metric.get()).name}</th>
                        <th scope="col">"Stable rank of ΔW"</th>
                        <th scope="col">"Error of ΔW"</th>
                    </tr>
                </thead>
                <tbody>
                    {move || lines.get().into_iter().map(|(index, cells)| view! {
                        <tr>
                            <th scope="row"><Sample index/> " " {cells[0].clone()}</th>
                            {cells[1..].iter().cloned().map(|cell| view! { <td class="number">{cell}</td> }).collect_view()}
                        </tr>
                    }).collect_view()}
                </tbody>
            </table>
        </div>
    }
}

/// Variant, bits, bytes, mean of the metric, and what became of the change.
fn lines(log: &RunLog, reading: Reading) -> Vec<(usize, [String; 6])> {
    let of = |(index, points): &(usize, Vec<QuantizedTo>)| {
        let index = *index;
        let name = log.variants.get(index).map(|variant| variant.info.name.clone()).unwrap_or_default();
        points.iter().map(move |point| (index, line(&name, point, reading))).collect::<Vec<_>>()
    };
    log.rounded.iter().flat_map(of).collect()
}

fn line(name: &str, point: &QuantizedTo, reading: Reading) -> [String; 6] {
    let values = point.metrics.iter().find(|(metric, _)| Reading::of(*metric).name == reading.name);
    let finite: Vec<f64> = values
        .iter()
        .flat_map(|(_, values)| {
            values.iter().filter(|value| value.is_finite()).map(|value| f64::from(*value))
        })
        .collect();
    let mean = finite.iter().sum::<f64>() / finite.len() as f64;
    let quality = match finite.is_empty() {
        true => "–".to_owned(),
        false => format!("{:.*}{}", reading.decimals, mean * reading.scale, reading.unit),
    };
    let (rank, error) = match point.changes.as_slice() {
        [] => ("–".to_owned(), "–".to_owned()),
        changes => {
            let mean = |of: fn(&kappa_core::protocol::ChangeRounded) -> f64| {
                changes.iter().map(of).sum::<f64>() / changes.len() as f64
            };
            (format!("{:.2}", mean(|one| one.rounded)), format!("{:.3}", mean(|one| one.error)))
        }
    };
    let bytes = thousands(point.bytes);
    [name.to_owned(), point.bits.to_string(), bytes, quality, rank, error]
}
