//! What is claimed, row by row, and what the seeds say of it: a badge that is not only a colour, the claim, the sentence, and
//! every seed's difference as a dot beside the interval.

use kappa_core::spec::JudgedClaim;
use kappa_core::stats::{Judged, Limit, Pair, Verdict, Whose};
use leptos::prelude::*;

use crate::lab::use_lab;
use crate::memo::memo;
use crate::shown::use_shown;

/// All claims of the run that is shown, once it has ended.
#[component]
pub fn Claims() -> impl IntoView {
    let run = use_shown();
    let claims = memo(move || run.read(|log| log.claims.clone()));
    let lab = use_lab();
    // A recorded run has no engine to go on with.
    let next =
        move || lab.next_look().filter(|_| run.is_live_bench() && claims.with(|rows| !rows.is_empty()));
    view! {
        {move || next().map(|count| view! {
            <p class="field-help">
                <button type="button" data-testid="add-seeds" on:click=move |_| lab.add_seeds()>
                    {format!("Go on to {count} seeds")}
                </button>
                " A look at so many was planned, and the intervals below have paid for it."
            </p>
        })}
        <ol class="verdicts">
            {move || {
                let rows = claims.get().into_iter().enumerate();
                rows.map(|(index, row)| line(run.id(&format!("verdict-{}", index + 1)), row)).collect_view()
            }}
        </ol>
    }
}

fn line(id: String, JudgedClaim { claim, judged }: JudgedClaim) -> impl IntoView {
    let whose = match claim.whose {
        Whose::Paper => "The paper’s claim",
        Whose::Control => "A control",
        Whose::Lab => "The lab’s question",
    };
    // A sign that is not only a colour.
    let (class, sign) = match judged.verdict {
        Verdict::Supported => ("verdict supported", "✓"),
        Verdict::Contradicted => ("verdict contradicted", "✕"),
        Verdict::NotDecided => ("verdict undecided", "?"),
    };
    let dots = dots(&judged);
    view! {
        <li data-testid=id>
            <span class="verdict-whose">{whose}</span>
            <span class="verdict-name">{claim.text}</span>
            <span class=class><span aria-hidden="true">{sign}</span> " " {judged.heading()}</span>
            {dots}
            <span class="verdict-sentence">{judged.sentence}</span>
        </li>
    }
}

/// Width and height of the picture of the differences.
const SIZE: (f64, f64) = (240.0, 26.0);

/// Zero, the interval, and every seed's difference; `None` where no seed has one.
fn dots(judged: &Judged) -> Option<impl IntoView + use<>> {
    let number = |pair: &Pair| if let Pair::Difference(number) = pair { Some(*number) } else { None };
    let seeds: Vec<f64> = judged.pairs.iter().filter_map(number).collect();
    let place = scale(&seeds, judged.interval.low, judged.interval.high)?;
    let (width, height) = SIZE;
    let middle = height / 2.0;
    let end = |limit: Limit, open: f64| if let Limit::At(value) = limit { place(value) } else { open };
    let (low, high) = (end(judged.interval.low, 0.0), end(judged.interval.high, width));
    let zero = place(0.0);
    let circles =
        seeds.iter().map(|&seed| view! { <circle cx=place(seed) cy=middle r="3.2"/> }).collect_view();
    Some(view! {
        <svg class="differences" viewBox=format!("0 0 {width} {height}") role="img"
            aria-label="Every seed’s difference as a dot; the bar is the interval, the broken line is no difference">
            <line class="zero" x1=zero y1="0" x2=zero y2=height/>
            <line class="interval" x1=low y1=middle x2=high y2=middle/>
            {circles}
        </svg>
    })
}

/// Where a number stands: zero, all seeds and both ends of the interval are in the picture.
fn scale(seeds: &[f64], low: Limit, high: Limit) -> Option<impl Fn(f64) -> f64 + use<>> {
    if seeds.is_empty() {
        return None;
    }
    let at = |end: Limit| if let Limit::At(value) = end { Some(value) } else { None };
    let ends = [low, high].into_iter().filter_map(at);
    let (least, most) = seeds
        .iter()
        .copied()
        .chain(ends)
        .fold((0.0_f64, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
    let span = if most > least { most - least } else { 1.0 };
    Some(move |value: f64| 6.0 + (value - least) / span * (SIZE.0 - 12.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_the_seeds_and_the_interval_are_in_the_picture() {
        let place = scale(&[0.02, 0.05], Limit::At(-0.01), Limit::At(0.08)).unwrap();
        for value in [0.0, 0.02, 0.05, -0.01, 0.08] {
            assert!((6.0..=234.0).contains(&place(value)), "{value}: {}", place(value));
        }
        assert!(place(0.02) < place(0.05));
        assert!(scale(&[], Limit::Open, Limit::Open).is_none());
        assert_eq!(scale(&[0.0], Limit::Open, Limit::Open).unwrap()(0.0), 6.0);
    }
}
