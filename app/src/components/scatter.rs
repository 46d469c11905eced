//! The outcome of each variant over its number of parameters: what a larger network buys.

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

/// The chart, where the variants differ in size.
#[component]
pub fn Scatter() -> impl IntoView {
    let run = use_shown();
    let metric = run.metric();
    let size = RwSignal::new(Size::default());
    let curves = memo(move || run.read(|log| scatter::points(log, metric.get(), size.get())));
    let telling = memo(move || curves.with(|curves| scatter::is_telling(curves)));
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
    let both =
        [Size::Parameters, Size::Operations].map(|size| (size.label().to_owned(), size.label().to_owned()));
    let sizes = memo(move || both.to_vec());
    let chosen = memo(move || size.get().label().to_owned());
    let choose = Callback::new(move |name: String| {
        size.set(if name == Size::Operations.label() { Size::Operations } else { Size::Parameters });
    });
    let title = Signal::derive(move || Reading::of(metric.get()).name.to_owned());
    view! {
        <section class="panel" aria-labelledby=run.id("scatter-title") data-testid=run.id("scatter")
            hidden=move || !telling.get()>
            <div class="panel-head">
                <h2 id=run.id("scatter-title")>"Outcome against size"</h2>
                <Choice name="size" label="What counts as size" options=sizes value=chosen choose/>
            </div>
            <Figure names curves look words title id=run.id("scatter-chart")/>
            <p class="field-help">
                "Mean over seeds with its 95 % interval. Further left is smaller; further "
                {move || if metric.get() == Metric::Loss { "down" } else { "up" }} " is better."
            </p>
        </section>
    }
}
