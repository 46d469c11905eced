//! The trainings that networks start from: how far each is, with its curve, and what of each network comes from where.

use leptos::prelude::*;

use crate::lab::use_lab;
use crate::memo::memo;
use crate::run::{Curve, RunLog, SourceLog};

/// Width and height of a curve, in its own units.
const SIZE: (f64, f64) = (120.0, 28.0);

/// One line a source, from its first step on.
#[component]
pub fn SourceProgress() -> impl IntoView {
    let lab = use_lab();
    let count = memo(move || lab.run.read(|log| log.sources.len()));
    let reused = memo(move || {
        lab.run.read(|log| match log.reused {
            (0, _) => String::new(),
            (kept, of) => format!(
                "{kept} of {of} sources, one a seed, were kept from before and are not trained again."
            ),
        })
    });
    view! {
        <p class="hint" data-testid="reused" hidden=move || reused.get().is_empty()>{reused}</p>
        <ul class="progress-list" data-testid="sources" hidden=move || count.get() == 0>
            <For each=move || 0..count.get() key=|index| *index children=|index| view! { <Line index/> }/>
        </ul>
    }
}

#[component]
fn Line(index: usize) -> impl IntoView {
    let lab = use_lab();
    let of = move |read: fn(&RunLog, &SourceLog) -> String| {
        memo(move || lab.run.read(|log| log.sources.get(index).map(|one| read(log, one)).unwrap_or_default()))
    };
    let name = of(|_, one| format!("Source: {}", one.called));
    let step = of(|_, one| format!("step {} of {}", one.steps.0, one.steps.1));
    let came = of(|_, one| {
        let metric = one.metrics.first().map(|(metric, values)| {
            let finite: Vec<f64> = values.iter().map(|x| f64::from(*x)).filter(|x| x.is_finite()).collect();
            let mean = finite.iter().sum::<f64>() / finite.len().max(1) as f64;
            format!("{} {}", metric.word(), metric.written(mean))
        });
        let loss = || one.loss.points().last().map(|point| format!("loss {:.3}", point.mean));
        metric.or_else(loss).unwrap_or_default()
    });
    let line = of(|_, one| polyline(&one.loss, one.steps.1));
    view! {
        <li>
            <span class="progress-name">{name}</span>
            <svg class="spark" viewBox=format!("0 0 {} {}", SIZE.0, SIZE.1) role="img" aria-label="Training loss">
                <polyline points=line/>
            </svg>
            <span class="number">{step}</span>
            <span class="number">{came}</span>
        </li>
    }
}

/// The points of a curve from its highest to its lowest value, as SVG writes them.
fn polyline(curve: &Curve, steps: u32) -> String {
    let points: Vec<_> = curve.points().filter(|point| point.mean.is_finite()).collect();
    let (low, high) = points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| {
        (low.min(point.mean), high.max(point.mean))
    });
    let height = (high - low).max(1e-9);
    let at = |point: &crate::run::Point| {
        let x = SIZE.0 * point.x / f64::from(steps.max(1));
        let y = 1.0 + (SIZE.1 - 2.0) * (high - point.mean) / height;
        format!("{x:.1},{y:.1}")
    };
    points.iter().map(at).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_drawn_from_top_to_bottom() {
        let mut curve = Curve::new(4, 1);
        for (step, loss) in [(1, 3.0), (2, 2.0), (4, 1.0)] {
            curve.push(step, &[loss]);
        }
        let drawn = polyline(&curve, 4);
        assert!(drawn.starts_with("30.0,1.0 60.0,14.0 "), "{drawn}");
        assert!(drawn.ends_with("120.0,27.0"), "{drawn}");
        assert_eq!(polyline(&Curve::new(4, 1), 4), "");
    }
}
