//! The outcome of each variant over the number by which it was tuned, and the value that it took.

use leptos::prelude::*;

use super::figure::Figure;
use super::legend::Sample;
use crate::chart::{PlotSpec, SeriesSpec};
use crate::memo::memo;
use crate::run::results::Reading;
use crate::run::tuning::{points, taken};
use crate::shown::use_shown;

/// Height of the chart in CSS pixels.
const HEIGHT: f64 = 220.0;

/// The chart, where something was tuned.
#[component]
pub fn Tuning() -> impl IntoView {
    let run = use_shown();
    let metric = run.metric();
    let curves = memo(move || run.read(points));
    let names = run.names();
    let what = memo(move || {
        let path = run.read(|log| log.experiment.as_ref().map(|experiment| experiment.tune.field.clone()));
        path.and_then(|path| kappa_core::spec::field(&path)).map_or("", |field| field.label)
    });
    let look = memo(move || {
        let reading = Reading::of(metric.get());
        let values: Vec<f64> = curves.with(|curves| curves.iter().flatten().map(|mark| mark.x).collect());
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        PlotSpec {
            width: 0.0,
            height: HEIGHT,
            log: false,
            bars: true,
            x_label: what.get().to_owned(),
            y_label: format!("{}{}", reading.name, reading.unit),
            x_min: if least > 0.0 { least / 1.2 } else { least },
            x_max: most * 1.2,
            x_log: least > 0.0,
            y_min: None,
            y_max: None,
            series: SeriesSpec::all(names.get(), false),
        }
    });
    let words = Callback::new(move |(index, x): (usize, f64)| {
        let reading = Reading::of(metric.get());
        let decimals = reading.decimals;
        let mark = curves.with(|curves| curves.get(index)?.iter().find(|mark| mark.x == x).copied());
        mark.map(|mark| format!("{:.decimals$}{} at {}", mark.mean, reading.unit, kappa_core::spec::shown(x)))
            .unwrap_or_default()
    });
    let title = Signal::derive(move || format!("Validation over {}", what.get()));
    let values = move || {
        let names = names.get();
        run.read(|log| {
            let line = |(index, name): (usize, String)| {
                let taken = taken(log, index)?;
                Some(view! { <li><Sample index/> " " {name} ": " {taken}</li> })
            };
            names.into_iter().enumerate().filter_map(line).collect_view()
        })
    };
    view! {
        <section class="panel" aria-labelledby=run.id("tuning-title") data-testid=run.id("tuning")
            hidden=move || curves.with(|curves| curves.iter().all(Vec::is_empty))>
            <div class="panel-head"><h2 id=run.id("tuning-title")>"Tuning"</h2></div>
            <Figure names curves look words title id=run.id("tuning-chart")/>
            <ul class="plain-list">{values}</ul>
            <p class="field-help">
                "On the validation split, with other seeds than those that are compared. Each variant takes the value that did best."
            </p>
        </section>
    }
}
