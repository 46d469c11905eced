//! A chart with its legend, and the same numbers as a table behind it: one curve a variant.

use leptos::html::Div;
use leptos::prelude::*;

use super::legend::Sample;
use crate::chart::columns::{Mark, aligned, axis};
use crate::chart::{Plot, PlotSpec};
use crate::memo::memo;
use crate::theme::Theme;

/// Rows of the table, at most.
const ROWS: usize = 20;

/// Chart, legend, table.
#[component]
pub fn Figure(
    /// The variants.
    names: Memo<Vec<String>>,
    /// A curve for each.
    curves: Memo<Vec<Vec<Mark>>>,
    /// What the chart looks like.
    look: Memo<PlotSpec>,
    /// The number of a variant at a place of the horizontal axis, in words; empty where there is none.
    words: Callback<(usize, f64), String>,
    /// What is drawn, for those who cannot see it.
    #[prop(into)]
    title: Signal<String>,
    /// For tests.
    id: String,
    /// Shown while there is nothing to draw.
    #[prop(optional)]
    empty: &'static str,
) -> impl IntoView {
    let cursor = RwSignal::new(None::<usize>);
    // A table that nobody looks at is not made anew at every redraw.
    let table = RwSignal::new(false);
    let nothing = memo(move || names.with(Vec::is_empty));
    let element = NodeRef::<Div>::new();
    draw(element, look, curves, cursor);

    let newest = move |index: usize| {
        let x = curves.with(|curves| Some(curves.get(index)?.last()?.x));
        x.map_or_else(|| "no number yet".to_owned(), |x| words.run((index, x)))
    };
    let in_words = move || {
        let all = names.with(|names| {
            names
                .iter()
                .enumerate()
                .map(|(index, name)| format!("{name}: {}", newest(index)))
                .collect::<Vec<_>>()
        });
        format!(
            "Chart of {} over {}. Last: {}. The table below has the numbers.",
            title.get(),
            look.with(|look| look.x_label.clone()),
            all.join("; ")
        )
    };
    // The number under the pointer, or the last one.
    let shown = move |index: usize| {
        let x = curves.with(|curves| {
            let under = cursor.get().and_then(|at| axis(curves).get(at).copied());
            under.or_else(|| Some(curves.get(index)?.last()?.x))
        });
        x.map(|x| words.run((index, x))).unwrap_or_default()
    };
    let html = move || {
        if !table.get() {
            return String::new();
        }
        let x_label = look.with(|look| look.x_label.clone());
        names.with(|names| curves.with(|curves| rows(names, curves, &x_label, words)))
    };
    view! {
        <figure>
            <div class="plot" role="img" aria-label=in_words data-testid=id node_ref=element></div>
            <p class="plot-empty" hidden=move || empty.is_empty() || !nothing.get()>{empty}</p>
            <figcaption>
                <ul class="legend">
                    <For each=move || names.get().into_iter().enumerate() key=|(index, name)| (*index, name.clone())
                        children=move |(index, name)| view! {
                            <li><Sample index/> <span>{name}</span> <span class="number">{move || shown(index)}</span></li>
                        }/>
                </ul>
            </figcaption>
        </figure>
        <details class="data-table" hidden=nothing on:toggle=move |event| table.set(is_open(&event))>
            <summary>"The same as a table"</summary>
            <div class="scroll" tabindex="0" role="region" aria-label="Numbers of the chart">
                <table inner_html=html></table>
            </div>
        </details>
    }
}

/// Whether a `details` element was opened or closed.
pub fn is_open(event: &leptos::ev::Event) -> bool {
    event_target::<web_sys::Element>(event).has_attribute("open")
}

/// The one place that touches the chart: makes it anew when its look changes, gives it numbers when they do.
fn draw(
    element: NodeRef<Div>,
    look: Memo<PlotSpec>,
    curves: Memo<Vec<Vec<Mark>>>,
    cursor: RwSignal<Option<usize>>,
) {
    let theme: Theme = expect_context();
    let plot = StoredValue::new_local(None::<Plot>);
    let made = RwSignal::new(0_u32);
    Effect::new(move || {
        theme.is_dark();
        let look = look.get();
        let Some(element) = element.get() else { return };
        plot.set_value(None);
        if !look.series.is_empty() {
            let look = PlotSpec { width: f64::from(element.client_width()).max(200.0), ..look };
            plot.set_value(Plot::new(&element, &look, move |index| cursor.set(index)));
        }
        made.update(|made| *made += 1);
    });
    Effect::new(move || {
        made.track();
        let columns = curves.with(|curves| aligned(curves, look.with(|look| look.log)));
        plot.with_value(|plot| {
            if let Some(plot) = plot {
                plot.set(&columns);
            }
        });
    });
    on_cleanup(move || plot.set_value(None));
}

/// Some rows of what the chart draws, as HTML: a view for every cell would be made anew at every redraw.
fn rows(
    names: &[String],
    curves: &[Vec<Mark>],
    x_label: &str,
    words: Callback<(usize, f64), String>,
) -> String {
    let mut html = format!("<thead><tr><th scope=\"col\">{x_label}</th>");
    names.iter().for_each(|name| html += &format!("<th scope=\"col\">{}</th>", escaped(name)));
    html += "</tr></thead><tbody>";
    let axis = axis(curves);
    let every = axis.len().div_ceil(ROWS).max(1);
    // Counted from the end, so that the newest is always there.
    for x in axis.iter().skip((axis.len().max(1) - 1) % every).step_by(every) {
        html += &format!("<tr><th scope=\"row\" class=\"number\">{x:.0}</th>");
        for index in 0..names.len() {
            html += &format!("<td class=\"number\">{}</td>", escaped(&words.run((index, *x))));
        }
        html += "</tr>";
    }
    html + "</tbody>"
}

/// Text within HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_stays_text_within_html() {
        assert_eq!(super::escaped("a < b & \"c\""), "a &lt; b &amp; &quot;c&quot;");
    }
}
