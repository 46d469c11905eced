//! The outcome of each variant over its size, what a larger network buys, or over the number by which it was tuned.

use kappa_core::spec::Metric;
use leptos::prelude::*;

use super::figure::Figure;
use super::measurements::Choice;
use crate::chart::{PlotSpec, SeriesSpec};
use crate::memo::memo;
use crate::run::results::Reading;
use crate::run::scatter::{self, Size};
use crate::shown::use_shown;

/// Height of the chart in CSS pixels.
const HEIGHT: f64 = 260.0;

/// The chart, where the variants differ in size or were tuned.
#[component]
pub fn Scatter() -> impl IntoView {
    let run = use_shown();
    let metric = run.metric();
    let chosen = RwSignal::new(None::<Size>);
    let tuned = memo(move || run.read(|log| !log.tried.is_empty()));
    // Unless something else is chosen, what was tuned is what there is to see.
    let size = memo(move || match chosen.get() {
        Some(Size::Tuned) | None if tuned.get() => Size::Tuned,
        Some(Size::Operations) => Size::Operations,
        _ => Size::Parameters,
    });
    let curves = memo(move || run.read(|log| scatter::points(log, metric.get(), size.get())));
    let telling = memo(move || tuned.get() || curves.with(|curves| scatter::is_telling(curves)));
    let names = run.names();
    let look = memo(move || {
        let reading = Reading::of(metric.get());
        let (x_min, x_max, x_log) = curves.with(|curves| scatter::axis(curves));
        PlotSpec {
            width: 0.0,
            height: HEIGHT,
            log: false,
            bars: true,
            x_label: size.get().label().to_owned(),
            y_label: format!("{}{}", reading.name, reading.unit),
            x_min,
            x_max,
            x_log,
            y_min: None,
            y_max: None,
            chance: None,
            series: SeriesSpec::all(names.get(), true),
        }
    });
    let words = Callback::new(move |(index, x): (usize, f64)| {
        let reading = Reading::of(metric.get());
        let decimals = reading.decimals;
        let mark = curves.with(|curves| curves.get(index)?.iter().find(|mark| mark.x == x).copied());
        mark.map(|mark| {
            let half = (mark.high - mark.low) / 2.0;
            let mean = format!("{:.decimals$}{}", mark.mean, reading.unit);
            let mean = if half > 0.0 { format!("{mean} ± {half:.decimals$}") } else { mean };
            format!("{mean}, {} {}", scatter::words(x), size.get().label())
        })
        .unwrap_or_default()
    });
    let option = |size: Size| (size.label().to_owned(), size.label().to_owned());
    let sizes = memo(move || {
        let first = tuned.get().then_some(Size::Tuned);
        first.into_iter().chain([Size::Parameters, Size::Operations]).map(option).collect()
    });
    let value = memo(move || size.get().label().to_owned());
    let choose = Callback::new(move |name: String| {
        let all = [Size::Tuned, Size::Parameters, Size::Operations];
        chosen.set(all.into_iter().find(|size| size.label() == name));
    });
    let title = Signal::derive(move || Reading::of(metric.get()).name.to_owned());
    view! {
        <section class="panel" aria-labelledby=run.id("scatter-title") data-testid=run.id("scatter")
            hidden=move || !telling.get()>
            <div class="panel-head">
                <h2 id=run.id("scatter-title")>{move || if size.get() == Size::Tuned { "Tuning" } else { "Outcome against size" }}</h2>
                <Choice name="size" label="What counts as size" options=sizes value choose/>
            </div>
            <Figure names curves look words title id=run.id("scatter-chart")/>
            <p class="field-help">
                "Mean over seeds with its 95 % interval; further "
                {move || if metric.get() == Metric::Loss { "down" } else { "up" }} " is better. "
                {move || match size.get() {
                    Size::Tuned => "On the validation split, with other seeds than those that are compared: each variant \
                                    takes the value that did best.",
                    _ => "Further left is smaller.",
                }}
            </p>
        </section>
    }
}
