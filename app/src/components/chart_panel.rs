//! The live chart: means over seeds with their 95 % bands, one curve a variant; and the same numbers as a table.

use kappa_core::spec::Metric;
use leptos::html::Div;
use leptos::prelude::*;

use super::legend::Sample;
use crate::chart::{Plot, PlotSpec, SeriesSpec, columns};
use crate::lab::use_lab;
use crate::run::results::Reading;
use crate::run::{Point, RunLog};
use crate::theme::Theme;

/// Height of the chart in CSS pixels.
const HEIGHT: f64 = 340.0;
/// Rows of the table, at most.
const ROWS: usize = 20;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shown {
    /// Loss of every training step.
    Training,
    /// A metric of the evaluations on the test split.
    Test(Metric),
}

const CHOICES: [(Shown, &str, &str); 3] = [
    (Shown::Training, "training-loss", "Training loss"),
    (Shown::Test(Metric::Accuracy), "test-accuracy", "Test accuracy"),
    (Shown::Test(Metric::Loss), "test-loss", "Test loss"),
];

impl Shown {
    fn reading(self) -> Reading {
        match self {
            Self::Training => Reading { name: "Training loss", ..Reading::of(Metric::Loss) },
            Self::Test(metric) => Reading::of(metric),
        }
    }

    /// A curve for each variant.
    fn curves(self, log: &RunLog) -> Vec<Vec<Point>> {
        let of = |variant: &crate::run::VariantLog| match self {
            Self::Training => variant.loss.points().collect(),
            Self::Test(metric) => variant
                .evaluations
                .iter()
                .filter_map(|evaluation| {
                    let (_, values) = evaluation.metrics.iter().find(|(other, _)| *other == metric)?;
                    Some(Point::of(f64::from(evaluation.step), values.iter().map(|value| f64::from(*value))))
                })
                .collect(),
        };
        log.variants.iter().map(of).collect()
    }
}

/// Chart, choices, legend, table.
#[component]
pub fn ChartPanel() -> impl IntoView {
    let lab = use_lab();
    let shown = RwSignal::new(Shown::Training);
    let log_scale = RwSignal::new(false);
    let cursor = RwSignal::new(None::<usize>);
    // A table that nobody looks at is not made anew at every redraw.
    let table = RwSignal::new(false);
    let names = Memo::new(move |_| {
        lab.run.read(|log| log.variants.iter().map(|v| v.info.name.clone()).collect::<Vec<_>>())
    });
    let empty = Memo::new(move |_| names.with(Vec::is_empty));
    let curves = Memo::new(move |_| lab.run.read(|log| shown.get().curves(log)));
    let element = NodeRef::<Div>::new();
    let spec =
        Memo::new(move |_| spec(shown.get(), log_scale.get(), names.get(), lab.run.read(|log| log.steps)));
    draw(element, spec, curves, shown, cursor);

    let choose = move |(choice, id, label): (Shown, &'static str, &'static str)| {
        view! {
            <label class="pill">
                <input type="radio" name="shown" data-testid=id prop:checked=move || shown.get() == choice
                    on:change=move |_| shown.set(choice)/>
                <span>{label}</span>
            </label>
        }
    };
    let in_words = move || {
        let reading = shown.get().reading();
        let last = |curve: &Vec<Point>| {
            curve.last().map_or("no number yet".to_owned(), |point| reading.value(point))
        };
        let all = names.with(|names| {
            curves.with(|curves| {
                names.iter().zip(curves).map(|(n, c)| format!("{n}: {}", last(c))).collect::<Vec<_>>()
            })
        });
        format!(
            "Chart of {} over steps. Newest: {}. The table below has the numbers.",
            reading.name,
            all.join("; ")
        )
    };
    view! {
        <section class="panel chart" aria-label="Curves">
            <div class="chart-choices">
                <fieldset class="pills">
                    <legend class="visually-hidden">"What is drawn"</legend>
                    {CHOICES.map(choose).collect_view()}
                </fieldset>
                <label class="check">
                    <input type="checkbox" data-testid="log-scale" prop:checked=log_scale
                        disabled=move || shown.get() == Shown::Test(Metric::Accuracy)
                        on:change=move |event| log_scale.set(event_target_checked(&event))/>
                    " Logarithmic"
                </label>
            </div>
            <figure>
                <div class="plot" role="img" aria-label=in_words data-testid="chart" node_ref=element></div>
                <p class="plot-empty" hidden=move || !empty.get()>
                    "The curves will appear here: one line for each variant, the mean over its seeds, with a band in which \
                     the true mean lies with 95 % confidence. Guess first, then press Start."
                </p>
                <figcaption>
                    <ul class="legend">
                        <For each=move || names.get().into_iter().enumerate() key=|(index, name)| (*index, name.clone())
                            children=move |(index, name)| view! {
                                <li>
                                    <Sample index/> <span>{name}</span>
                                    <span class="number">{move || under_cursor(shown.get(), cursor.get(), curves, index)}</span>
                                </li>
                            }/>
                    </ul>
                </figcaption>
            </figure>
            <details class="data-table" hidden=empty on:toggle=move |event| table.set(is_open(&event))>
                <summary>"The same as a table"</summary>
                <Show when=move || table.get()><DataTable shown names curves/></Show>
            </details>
        </section>
    }
}

/// Whether a `details` element was opened or closed.
fn is_open(event: &leptos::ev::Event) -> bool {
    event_target::<web_sys::Element>(event).has_attribute("open")
}

/// The one place that touches the chart: makes it anew when its look changes, gives it numbers when they do.
fn draw(
    element: NodeRef<Div>,
    spec: Memo<PlotSpec>,
    curves: Memo<Vec<Vec<Point>>>,
    shown: RwSignal<Shown>,
    cursor: RwSignal<Option<usize>>,
) {
    let theme: Theme = expect_context();
    let plot = StoredValue::new_local(None::<Plot>);
    let made = RwSignal::new(0_u32);
    Effect::new(move || {
        theme.is_dark();
        let spec = spec.get();
        let Some(element) = element.get() else { return };
        plot.set_value(None);
        if !spec.series.is_empty() {
            let spec = PlotSpec { width: f64::from(element.client_width()).max(200.0), ..spec };
            plot.set_value(Plot::new(&element, &spec, move |index| cursor.set(index)));
        }
        made.update(|made| *made += 1);
    });
    Effect::new(move || {
        made.track();
        let log = spec.with(|spec| spec.log);
        let scale = shown.get().reading().scale;
        let columns = curves.with(|curves| columns::aligned(curves, scale, log.then_some(1e-9)));
        plot.with_value(|plot| {
            if let Some(plot) = plot {
                plot.set(&columns);
            }
        });
    });
    on_cleanup(move || plot.set_value(None));
}

fn spec(shown: Shown, log: bool, names: Vec<String>, steps: u32) -> PlotSpec {
    let reading = shown.reading();
    let accuracy = shown == Shown::Test(Metric::Accuracy);
    let points = shown != Shown::Training;
    PlotSpec {
        width: 0.0,
        height: HEIGHT,
        log: log && !accuracy,
        bands: true,
        x_label: "step".to_owned(),
        y_label: format!("{}{}", reading.name, reading.unit),
        x_min: 0.0,
        x_max: f64::from(steps),
        y_min: Some(0.0),
        y_max: accuracy.then_some(100.0),
        series: names
            .into_iter()
            .enumerate()
            .map(|(index, name)| SeriesSpec::of(name, index, points))
            .collect(),
    }
}

/// The number under the pointer, or the newest one.
fn under_cursor(shown: Shown, cursor: Option<usize>, curves: Memo<Vec<Vec<Point>>>, index: usize) -> String {
    curves.with(|curves| {
        let Some(curve) = curves.get(index) else {
            return String::new();
        };
        let x = cursor.and_then(|at| axis(curves).get(at).copied());
        let point = match x {
            Some(x) => curve.iter().find(|point| point.x == x),
            None => curve.last(),
        };
        point.map(|point| shown.reading().value(point)).unwrap_or_default()
    })
}

/// Every step at which a curve has a point.
fn axis(curves: &[Vec<Point>]) -> Vec<f64> {
    let mut axis: Vec<f64> = curves.iter().flatten().map(|point| point.x).collect();
    axis.sort_by(f64::total_cmp);
    axis.dedup();
    axis
}

/// Some rows of what the chart draws.
#[component]
fn DataTable(
    shown: RwSignal<Shown>,
    names: Memo<Vec<String>>,
    curves: Memo<Vec<Vec<Point>>>,
) -> impl IntoView {
    let rows = move || {
        let reading = shown.get().reading();
        curves.with(|curves| {
            let axis = axis(curves);
            let every = axis.len().div_ceil(ROWS).max(1);
            // Backwards, so that the newest is always there.
            let mut steps: Vec<f64> = axis.into_iter().rev().step_by(every).collect();
            steps.reverse();
            let cell = |curve: &Vec<Point>, x: f64| {
                curve.iter().find(|point| point.x == x).map(|point| reading.value(point)).unwrap_or_default()
            };
            let row = |x: f64| {
                let cells = curves
                    .iter()
                    .map(|curve| view! { <td class="number">{cell(curve, x)}</td> })
                    .collect_view();
                view! { <tr><th scope="row" class="number">{format!("{x:.0}")}</th>{cells}</tr> }
            };
            steps.into_iter().map(row).collect_view()
        })
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Numbers of the chart">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Step"</th>
                        {move || names.get().into_iter().map(|name| view! { <th scope="col">{name}</th> }).collect_view()}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
