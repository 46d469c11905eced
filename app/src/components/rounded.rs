//! What rounding the trained matrices to few bits leaves: quality against bytes.

use kappa_core::quantization::QuantizedTo;
use kappa_core::spec::Metric;
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
    let lines = memo(move || run.read(|log| lines(log, metric.get())));
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
fn lines(log: &RunLog, metric: Metric) -> Vec<(usize, [String; 6])> {
    let of = |(index, points): &(usize, Vec<QuantizedTo>)| {
        let index = *index;
        let name = log.variants.get(index).map(|variant| variant.info.name.clone()).unwrap_or_default();
        points.iter().map(move |point| (index, line(&name, point, metric))).collect::<Vec<_>>()
    };
    log.rounded.iter().flat_map(of).collect()
}

fn line(name: &str, point: &QuantizedTo, metric: Metric) -> [String; 6] {
    let reading = Reading::of(metric);
    let values = point.metric(metric).iter().filter(|value| value.is_finite());
    let finite: Vec<f64> = values.map(|value| f64::from(*value)).collect();
    let mean = finite.iter().sum::<f64>() / finite.len() as f64;
    let quality = match finite.is_empty() {
        true => "–".to_owned(),
        false => format!("{:.*}{}", reading.decimals, mean * reading.scale, reading.unit),
    };
    let or_dash = |cell: Option<String>| cell.unwrap_or_else(|| "–".to_owned());
    let rank = or_dash(point.change(|one| &one.stable_rank).map(|rank| format!("{rank:.2}")));
    let error = or_dash(point.change(|one| &one.error).map(|error| format!("{error:.3}")));
    [name.to_owned(), point.bits.to_string(), thousands(point.bytes), quality, rank, error]
}
