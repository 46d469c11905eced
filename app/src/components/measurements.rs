//! What was measured inside the networks: κ, norms and ranks over the steps or over the depth, whole spectra, and the
//! curvature of the loss. One curve a variant; the choices above it say of which matrix.

use leptos::prelude::*;

use super::figure::{Figure, escaped};
use crate::chart::columns::Mark;
use crate::chart::{PlotSpec, SeriesSpec};
use crate::memo::memo;
use crate::run::RunLog;
use crate::run::conditioning::{Kind, Measure, Selection, View, cost, kinds};
use crate::shown::use_shown;

/// Height of the chart in CSS pixels.
const HEIGHT: f64 = 280.0;

const VIEWS: [(View, &str, &str); 3] = [
    (View::Steps, "over-steps", "Over steps"),
    (View::Depth, "over-depth", "Over depth"),
    (View::Spectrum, "spectrum", "Spectrum"),
];

/// What the user has chosen; what is not there any more counts as not chosen.
#[derive(Clone, Copy)]
struct Choices {
    kind: RwSignal<Option<String>>,
    block: RwSignal<usize>,
    head: RwSignal<Option<usize>>,
    measure: RwSignal<Measure>,
    view: RwSignal<View>,
    /// `None` follows the newest.
    step: RwSignal<Option<u32>>,
}

impl Choices {
    fn new() -> Self {
        Self {
            kind: RwSignal::new(None),
            block: RwSignal::new(0),
            head: RwSignal::new(None),
            measure: RwSignal::new(Measure::default()),
            view: RwSignal::new(View::default()),
            step: RwSignal::new(None),
        }
    }

    /// What is drawn of these kinds; nothing if there are none.
    fn selection(self, kinds: &[(String, Kind)], log: &RunLog) -> Option<Selection> {
        let chosen = self.kind.get();
        let found = kinds.iter().find(|(label, _)| Some(label) == chosen.as_ref());
        let (_, kind) = found.or(kinds.first())?;
        let view = Some(self.view.get()).filter(|view| kind.views().contains(view)).unwrap_or_default();
        let has = |measure: &Measure| kind.measures().iter().any(|(other, ..)| other == measure);
        let block = Some(self.block.get()).filter(|block| kind.blocks.contains(block));
        let mut selection = Selection {
            block: block.or(kind.blocks.first().copied()).unwrap_or(0),
            head: self.head.get().filter(|head| *head < kind.heads),
            measure: Some(self.measure.get()).filter(has).unwrap_or(kind.measures()[0].0),
            view,
            step: 0,
            kind: kind.clone(),
        };
        let steps = selection.steps(log);
        let step = self.step.get().filter(|step| steps.contains(step));
        selection.step = step.or(steps.last().copied()).unwrap_or(0);
        Some(selection)
    }
}

/// Choices, chart, table, cost.
#[component]
pub fn Measurements() -> impl IntoView {
    let run = use_shown();
    let probed = run.probed();
    let choices = Choices::new();
    // Read, not only tracked: a memo that nobody reads is never computed.
    let labelled = memo(move || {
        probed.get();
        let all = run.peek(kinds);
        let alone = |kind: &Kind| all.iter().filter(|other| other.quantity == kind.quantity).count() == 1;
        all.iter().map(|kind| (kind.label(alone(kind)), kind.clone())).collect::<Vec<_>>()
    });
    let selection = memo(move || labelled.with(|all| run.peek(|log| choices.selection(all, log))));
    let empty = memo(move || selection.with(Option::is_none));
    let of = move |read: fn(&Selection, &RunLog) -> Vec<u32>| {
        memo(move || {
            probed.get();
            selection.with(|chosen| {
                chosen.as_ref().map(|chosen| run.peek(|log| read(chosen, log))).unwrap_or_default()
            })
        })
    };
    let steps = of(Selection::steps);
    let curves = memo(move || {
        probed.get();
        selection.with(|chosen| match chosen {
            Some(chosen) => run.peek(|log| chosen.curves(log)),
            None => Vec::<Vec<Mark>>::new(),
        })
    });
    let names = run.names();
    let total = memo(move || run.read(|log| log.steps));
    let look = memo(move || {
        let most = curves.with(|curves| curves.iter().flatten().map(|mark| mark.x).fold(1.0, f64::max));
        look(selection.get().as_ref(), names.get(), total.get(), most)
    });
    let words = Callback::new(move |(index, x): (usize, f64)| {
        selection.with(|chosen| {
            chosen.as_ref().map(|chosen| run.peek(|log| chosen.words(log, index, x))).unwrap_or_default()
        })
    });
    let title =
        Signal::derive(move || selection.with(|chosen| chosen.as_ref().map(title).unwrap_or_default()));
    let caption = memo(move || {
        probed.get();
        run.peek(cost)
    });
    view! {
        <section class="panel" aria-labelledby=run.id("measurements-title") data-testid=run.id("measurements") hidden=empty>
            <div class="panel-head">
                <h2 id=run.id("measurements-title")>"Inside the networks"</h2>
                <ViewChoice choices selection/>
            </div>
            <Selects choices labelled selection/>
            <StepChoice choices selection steps/>
            <Figure names curves look words title id=run.id("measurements-chart")/>
            <p class="field-help">{move || selection.with(|chosen| chosen.as_ref().map(help).unwrap_or_default())} " " {caption}</p>
        </section>
    }
}

fn look(chosen: Option<&Selection>, names: Vec<String>, steps: u32, most: f64) -> PlotSpec {
    let view = chosen.map(|chosen| chosen.view).unwrap_or_default();
    let measure = chosen.map(|chosen| chosen.measure).unwrap_or_default();
    let curvature = chosen.is_some_and(|chosen| chosen.kind.quantity.is_none());
    let (x_label, x_min, x_max) = match view {
        View::Steps => ("step", 0.0, f64::from(steps)),
        View::Depth => ("layer", 0.5, most + 0.5),
        View::Spectrum => ("index", 1.0, most.max(2.0)),
    };
    let y_label = match (view, measure) {
        (View::Spectrum, _) => "singular value",
        (_, Measure::Largest | Measure::Smallest) if curvature => "eigenvalue",
        (_, Measure::ConditionNumber) => "κ",
        (_, Measure::StableRank) => "stable rank",
        (_, Measure::Rank) => "rank",
        (_, Measure::FrobeniusNorm) => "Frobenius norm",
        (_, Measure::Largest) => "σ₁",
        (_, Measure::Smallest) => "smallest singular value",
    };
    PlotSpec {
        width: 0.0,
        height: HEIGHT,
        log: view == View::Spectrum || (measure.is_logarithmic() && !curvature),
        bars: false,
        x_label: x_label.to_owned(),
        y_label: y_label.to_owned(),
        x_min,
        x_max,
        x_log: false,
        y_min: None,
        y_max: None,
        chance: None,
        series: if chosen.is_some() { SeriesSpec::all(names, view != View::Spectrum) } else { Vec::new() },
    }
}

/// "Condition number κ of Tokens entering a block, layer 2".
fn title(chosen: &Selection) -> String {
    let measure = chosen.kind.measures().iter().find(|(measure, ..)| *measure == chosen.measure);
    let what = match chosen.view {
        View::Spectrum => "Singular values",
        _ => measure.map_or("", |(_, _, label)| label),
    };
    let mut words = format!("{what} of {}", chosen.kind.label(true));
    if chosen.view != View::Depth && !chosen.kind.blocks.is_empty() {
        words += &format!(", layer {}", chosen.block + 1);
    }
    if let Some(head) = chosen.head {
        words += &format!(", head {}", head + 1);
    }
    if chosen.view != View::Steps {
        words += &format!(", at step {}", chosen.step);
    }
    words
}

fn help(chosen: &Selection) -> &'static str {
    match chosen.view {
        View::Steps if chosen.kind.quantity.is_none() => {
            "Eigenvalues of the training loss’s Hessian, mean over seeds with its 95 % band. Below zero, the loss curves down."
        }
        View::Steps if chosen.measure != Measure::ConditionNumber => {
            "Geometric mean over seeds with its 95 % band."
        }
        View::Steps => {
            "Geometric mean over seeds with its 95 % band. A small κ is a well conditioned matrix."
        }
        View::Depth => "From the first layer to the last, geometric mean over seeds with its 95 % band.",
        View::Spectrum => {
            "Singular values, largest first, with their 95 % band. A flat curve is a well conditioned matrix."
        }
    }
}

/// Over what it is drawn.
#[component]
fn ViewChoice(choices: Choices, selection: Memo<Option<Selection>>) -> impl IntoView {
    let run = use_shown();
    let pill = move |(view, id, label): (View, &'static str, &'static str)| {
        let chosen =
            move || selection.with(|chosen| chosen.as_ref().is_some_and(|chosen| chosen.view == view));
        let there =
            move || selection.with(|chosen| chosen.as_ref().is_some_and(|c| c.kind.views().contains(&view)));
        view! {
            <label class="pill" hidden=move || !there()>
                <input type="radio" name=run.id("view") data-testid=run.id(id) prop:checked=chosen
                    on:change=move |_| choices.view.set(view)/>
                <span>{label}</span>
            </label>
        }
    };
    view! {
        <fieldset class="pills">
            <legend class="visually-hidden">"Over what the measurements are drawn"</legend>
            {VIEWS.map(pill).collect_view()}
        </fieldset>
    }
}

/// Of which matrix, and which number of it.
#[component]
fn Selects(
    choices: Choices,
    labelled: Memo<Vec<(String, Kind)>>,
    selection: Memo<Option<Selection>>,
) -> impl IntoView {
    let chosen = move |read: fn(&Selection) -> String| {
        memo(move || selection.with(|chosen| chosen.as_ref().map(read).unwrap_or_default()))
    };
    let kind = memo(move || {
        labelled.with(|all| {
            selection.with(|chosen| {
                let same =
                    |(_, kind): &&(String, Kind)| chosen.as_ref().is_some_and(|chosen| chosen.kind == *kind);
                all.iter().find(same).map(|(label, _)| label.clone()).unwrap_or_default()
            })
        })
    });
    let kinds = memo(move || {
        labelled.with(|all| all.iter().map(|(label, _)| (label.clone(), label.clone())).collect::<Vec<_>>())
    });
    let options = move |read: fn(&Selection) -> Vec<(String, String)>| {
        memo(move || selection.with(|chosen| chosen.as_ref().map(read).unwrap_or_default()))
    };
    let blocks = options(|chosen| {
        let all = &chosen.kind.blocks;
        let shown = all.len() > 1 && chosen.view != View::Depth;
        let option = |block: &usize| (block.to_string(), format!("Layer {}", block + 1));
        if shown { all.iter().map(option).collect() } else { Vec::new() }
    });
    let heads = options(|chosen| {
        let mut all: Vec<(String, String)> =
            (0..chosen.kind.heads).map(|head| (head.to_string(), format!("Head {}", head + 1))).collect();
        if !all.is_empty() {
            all.insert(0, (String::new(), "Mean over heads".to_owned()));
        }
        all
    });
    let measures = options(|chosen| {
        let option = |(_, id, label): &(Measure, &str, &str)| ((*id).to_owned(), (*label).to_owned());
        if chosen.view == View::Spectrum {
            Vec::new()
        } else {
            chosen.kind.measures().iter().map(option).collect()
        }
    });
    let block = chosen(|chosen| chosen.block.to_string());
    let head = chosen(|chosen| chosen.head.map(|head| head.to_string()).unwrap_or_default());
    let measure = chosen(|chosen| {
        let found = chosen.kind.measures().iter().find(|(measure, ..)| *measure == chosen.measure);
        found.map(|(_, id, _)| (*id).to_owned()).unwrap_or_default()
    });
    let set_measure = move |id: String| {
        let known = crate::run::conditioning::MEASURES;
        if let Some((measure, ..)) = known.iter().find(|(_, other, _)| *other == id) {
            choices.measure.set(*measure);
        }
    };
    view! {
        <div class="selects">
            <Choice name="quantity" label="Matrix" options=kinds value=kind
                choose=Callback::new(move |label| choices.kind.set(Some(label)))/>
            <Choice name="measure" label="Number" options=measures value=measure choose=Callback::new(set_measure)/>
            <Choice name="layer" label="Layer" options=blocks value=block
                choose=Callback::new(move |block: String| choices.block.set(block.parse().unwrap_or(0)))/>
            <Choice name="head" label="Head" options=heads value=head
                choose=Callback::new(move |head: String| choices.head.set(head.parse().ok()))/>
        </div>
    }
}

/// A select that is there while there is something to choose.
#[component]
pub fn Choice(
    name: &'static str,
    label: &'static str,
    /// Values with what they are called.
    options: Memo<Vec<(String, String)>>,
    value: Memo<String>,
    choose: Callback<String>,
) -> impl IntoView {
    let run = use_shown();
    // As HTML: the choices change as a whole, and seldom.
    let html = move || {
        let chosen = value.get();
        let option = |(option, label): &(String, String)| {
            let selected = if *option == chosen { " selected" } else { "" };
            format!("<option value=\"{}\"{selected}>{}</option>", escaped(option), escaped(label))
        };
        options.with(|all| all.iter().map(option).collect::<String>())
    };
    view! {
        <label class="inline" hidden=move || options.with(|all| all.len() < 2)>
            <span class="visually-hidden">{label}</span>
            <select data-testid=run.id(name) inner_html=html
                on:change=move |event| choose.run(event_target_value(&event))></select>
        </label>
    }
}

/// At which step, where that is not the axis.
#[component]
fn StepChoice(choices: Choices, selection: Memo<Option<Selection>>, steps: Memo<Vec<u32>>) -> impl IntoView {
    let run = use_shown();
    let step = move || selection.with(|chosen| chosen.as_ref().map_or(0, |chosen| chosen.step));
    let at = move || steps.with(|steps| steps.iter().position(|one| *one == step()).unwrap_or(0));
    let last = move || steps.with(Vec::len).saturating_sub(1);
    let hidden = move || {
        last() == 0
            || selection.with(|chosen| chosen.as_ref().is_none_or(|chosen| chosen.view == View::Steps))
    };
    let choose = move |event: leptos::ev::Event| {
        let at: usize = event_target_value(&event).parse().unwrap_or(0);
        // The last one is the newest, whichever that will be.
        choices.step.set(steps.with(|steps| steps.get(at).copied()).filter(|_| at < last()));
    };
    view! {
        <label class="step-choice" hidden=hidden>
            <span>{move || format!("Step {}", step())}</span>
            <input type="range" min="0" max=last prop:value=at data-testid=run.id("probe-step")
                aria-label="Step of the measurement" aria-valuetext=move || format!("step {}", step()) on:input=choose/>
        </label>
    }
}
