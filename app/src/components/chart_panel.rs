//! The live chart: means over seeds with their 95 % bands, one curve a variant.

use kappa_core::spec::Metric;
use leptos::prelude::*;

use super::figure::Figure;
use crate::chart::columns::Mark;
use crate::chart::{PlotSpec, SeriesSpec};
use crate::memo::memo;
use crate::run::results::Reading;
use crate::run::{Point, RunLog};
use crate::shown::use_shown;

/// Height of the chart in CSS pixels.
const HEIGHT: f64 = 340.0;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shown {
    /// Loss of every training step.
    Training,
    /// A metric of the evaluations on the test split.
    Test(Metric),
    /// The metric that is compared: of every variant less that of the first, seed by seed.
    Difference,
}

const CHOICES: [(Shown, &str, &str); 7] = [
    (Shown::Training, "training-loss", "Training loss"),
    (Shown::Test(Metric::Accuracy), "test-accuracy", "Test accuracy"),
    (Shown::Test(Metric::ExactMatch), "test-exact-match", "Exact match"),
    (Shown::Test(Metric::Psnr), "test-psnr", "PSNR"),
    (Shown::Test(Metric::RelativeError), "test-relative-error", "Relative error"),
    (Shown::Test(Metric::Loss), "test-loss", "Test loss"),
    (Shown::Difference, "difference", "Difference to the first"),
];

impl Shown {
    fn reading(self, compared: Metric) -> Reading {
        match self {
            Self::Difference => {
                let reading = Reading::of(compared);
                Reading { name: "Difference to the first, seed by seed", unit: reading.difference, ..reading }
            }
            Self::Training => Reading { name: "Training loss", ..Reading::of(Metric::Loss) },
            Self::Test(metric) => Reading::of(metric),
        }
    }

    /// Whether the task has it: a picture has no accuracy, and nothing else a PSNR; only sequences match exactly.
    fn is_measured(self, log: &RunLog) -> bool {
        let has = |metric| log.experiment.as_ref().is_some_and(|e| e.task.metrics().contains(&metric));
        match self {
            Self::Test(Metric::Accuracy) => !has(Metric::Psnr) && !has(Metric::RelativeError),
            Self::Test(metric @ (Metric::ExactMatch | Metric::Psnr | Metric::RelativeError)) => has(metric),
            Self::Difference => log.variants.len() != 1,
            Self::Training | Self::Test(Metric::Loss) => true,
        }
    }

    /// Whether it is a share of what is tested, 0 to 100 %.
    fn is_share(self) -> bool {
        matches!(self, Self::Test(Metric::Accuracy | Metric::ExactMatch))
    }

    /// What guessing reaches, in per cent, if the task knows it.
    fn chance(self, log: &RunLog) -> Option<f64> {
        let chance = log.experiment.as_ref()?.task.chance()?;
        (self == Self::Test(Metric::Accuracy)).then_some(100.0 * chance)
    }

    /// A curve for each variant.
    fn curves(self, log: &RunLog) -> Vec<Vec<Point>> {
        let of = |variant: &crate::run::VariantLog| match self {
            Self::Difference => differences(log, variant),
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

/// A variant against the first, at every evaluation that both have; nothing for the first itself.
fn differences(log: &RunLog, variant: &crate::run::VariantLog) -> Vec<Point> {
    let compared = log.experiment.as_ref().map_or(Metric::Accuracy, |experiment| experiment.compare.metric);
    let values = |evaluation: &crate::run::log::Evaluation| {
        evaluation.metrics.iter().find(|(other, _)| *other == compared).map(|(_, values)| values.clone())
    };
    let Some(first) = log.variants.first().filter(|first| first.info.name != variant.info.name) else {
        return Vec::new();
    };
    let point = |evaluation: &crate::run::log::Evaluation| {
        let base = first.evaluations.iter().find(|other| other.step == evaluation.step).and_then(values)?;
        let pairs = values(evaluation)?.into_iter().zip(base);
        Some(Point::of(
            f64::from(evaluation.step),
            pairs.map(|(value, base)| f64::from(value) - f64::from(base)),
        ))
    };
    variant.evaluations.iter().filter_map(point).collect()
}

/// Choices, and the chart.
#[component]
pub fn ChartPanel() -> impl IntoView {
    let run = use_shown();
    // What is recorded is looked at for its outcome, what trains for its progress.
    let shown = RwSignal::new(if run.is_live_bench() { Shown::Training } else { Shown::Difference });
    let compared = run.metric();
    let log_scale = RwSignal::new(false);
    let names = run.names();
    let points = memo(move || run.read(|log| shown.get().curves(log)));
    let curves = memo(move || {
        let scale = shown.get().reading(compared.get()).scale;
        let marks = |curve: &Vec<Point>| curve.iter().map(|point| Mark::even(point, scale)).collect();
        points.with(|points| points.iter().map(marks).collect::<Vec<Vec<Mark>>>())
    });
    let chance = memo(move || run.read(|log| shown.get().chance(log)));
    let look = memo(move || {
        let steps = run.read(|log| log.steps);
        look((shown.get(), compared.get()), log_scale.get(), chance.get(), names.get(), steps)
    });
    let guessed = move || {
        chance
            .get()
            .map(|chance| format!("Dotted: what guessing reaches here, {chance:.1} %."))
            .unwrap_or_default()
    };
    let words = Callback::new(move |(index, x): (usize, f64)| {
        let point =
            points.with(|points| points.get(index)?.iter().find(|point: &&Point| point.x == x).copied());
        point.map(|point| shown.get().reading(compared.get()).value(&point)).unwrap_or_default()
    });
    let title = Signal::derive(move || shown.get().reading(compared.get()).name.to_owned());
    let group = run.id("shown");
    let choose = move |(choice, id, label): (Shown, &'static str, &'static str)| {
        let measured = memo(move || run.read(|log| choice.is_measured(log)));
        view! {
            <label class="pill" hidden=move || !measured.get()>
                <input type="radio" name=group.clone() data-testid=run.id(id) prop:checked=move || shown.get() == choice
                    on:change=move |_| shown.set(choice)/>
                <span>{label}</span>
            </label>
        }
    };
    view! {
        <section class="panel chart" aria-label="Curves">
            <div class="chart-choices">
                <fieldset class="pills">
                    <legend class="visually-hidden">"What is drawn"</legend>
                    {CHOICES.map(choose).collect_view()}
                </fieldset>
                <label class="check">
                    <input type="checkbox" data-testid=run.id("log-scale") prop:checked=log_scale
                        disabled=move || shown.get().is_share() || shown.get() == Shown::Difference
                        on:change=move |event| log_scale.set(event_target_checked(&event))/>
                    " Logarithmic"
                </label>
            </div>
            <Figure names curves look words title id=run.id("chart")
                empty="The curves will appear here: one line for each variant, the mean over its seeds, with a band in \
                    which the true mean lies with 95 % confidence. Guess first, then press Start."/>
            <p class="hint" data-testid=run.id("chance") hidden=move || chance.get().is_none()>{guessed}</p>
        </section>
    }
}

fn look(
    (shown, compared): (Shown, Metric),
    log: bool,
    chance: Option<f64>,
    names: Vec<String>,
    steps: u32,
) -> PlotSpec {
    let reading = shown.reading(compared);
    let share = shown.is_share();
    let difference = shown == Shown::Difference;
    let points = shown != Shown::Training;
    PlotSpec {
        width: 0.0,
        height: HEIGHT,
        log: log && !share && !difference,
        bars: false,
        x_label: "step".to_owned(),
        y_label: format!("{}{}", reading.name, reading.unit),
        x_min: 0.0,
        x_max: f64::from(steps),
        x_log: false,
        y_min: (!difference).then_some(0.0),
        y_max: share.then_some(100.0),
        chance,
        series: SeriesSpec::all(names, points),
    }
}
