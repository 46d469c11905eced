//! Singular values of one weight matrix in every variant, on a logarithmic axis; and its condition number.

use kappa_core::probes::report::Spectrum;
use leptos::html::Div;
use leptos::prelude::*;

use super::legend::Sample;
use crate::chart::{Plot, PlotSpec, SeriesSpec, columns};
use crate::lab::use_lab;
use crate::run::Point;
use crate::theme::Theme;

/// Height of the plot in CSS pixels.
const HEIGHT: f64 = 240.0;

/// A choice of matrices, the plot, and a table of κ.
#[component]
pub fn Spectra() -> impl IntoView {
    let lab = use_lab();
    let probed = Memo::new(move |_| {
        lab.run.read(|log| log.variants.iter().map(|v| v.probe.as_ref().map(|p| p.0)).collect::<Vec<_>>())
    });
    let spectra = Memo::new(move |_| {
        // Read, not only tracked: a memo that nobody reads is never computed.
        probed.get();
        lab.run.peek(|log| {
            let of = |variant: &crate::run::VariantLog| {
                (
                    variant.info.name.clone(),
                    variant.probe.as_ref().map(|(_, report)| report.spectra.clone()).unwrap_or_default(),
                )
            };
            log.variants.iter().map(of).collect::<Vec<(String, Vec<Spectrum>)>>()
        })
    });
    let matrices = Memo::new(move |_| {
        spectra.with(|all| {
            let mut names: Vec<String> = Vec::new();
            for spectrum in all.iter().flat_map(|(_, spectra)| spectra) {
                if !names.contains(&spectrum.name) {
                    names.push(spectrum.name.clone());
                }
            }
            names
        })
    });
    let chosen = RwSignal::new(None::<String>);
    let matrix = Memo::new(move |_| {
        chosen
            .get()
            .filter(|name| matrices.with(|all| all.contains(name)))
            .or_else(|| matrices.with(|all| all.first().cloned()))
            .unwrap_or_default()
    });
    let options = move || {
        matrices
            .get()
            .into_iter()
            .map(|name| {
                let selected = {
                    let name = name.clone();
                    move || matrix.get() == name
                };
                view! { <option value=name.clone() selected=selected>{readable(&name)}</option> }
            })
            .collect_view()
    };
    let element = NodeRef::<Div>::new();
    draw(element, spectra, matrix);
    let rows = move || {
        spectra.with(|all| {
            matrix.with(|matrix| {
                all.iter()
                    .enumerate()
                    .map(|(index, (name, spectra))| row(index, name, spectra, matrix))
                    .collect_view()
            })
        })
    };
    view! {
        <section class="panel" aria-labelledby="spectra-title" data-testid="spectra" hidden=move || matrices.with(Vec::is_empty)>
            <div class="panel-head">
                <h2 id="spectra-title">"Singular values"</h2>
                <label class="inline">
                    <span class="visually-hidden">"Weight matrix"</span>
                    <select on:change=move |event| chosen.set(Some(event_target_value(&event)))>{options}</select>
                </label>
            </div>
            <p class="field-help">"Largest first, mean over seeds with its 95 % band. A flat curve is a well conditioned matrix."</p>
            <div class="plot" role="img" node_ref=element aria-label=move || format!("Singular values of {}", readable(&matrix.get()))></div>
            <div class="scroll" tabindex="0" role="region" aria-label="Condition numbers">
                <table>
                    <thead><tr>
                        <th scope="col">"Variant"</th><th scope="col">"κ, geometric mean"</th>
                        <th scope="col">"Stable rank"</th><th scope="col">"Rank"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn draw(element: NodeRef<Div>, spectra: Memo<Vec<(String, Vec<Spectrum>)>>, matrix: Memo<String>) {
    let theme: Theme = expect_context();
    let plot = StoredValue::new_local(None::<Plot>);
    Effect::new(move || {
        theme.is_dark();
        let Some(element) = element.get() else { return };
        let (names, curves): (Vec<_>, Vec<_>) = spectra.with(|all| {
            let of = |(name, spectra): &(String, Vec<Spectrum>)| {
                (name.clone(), matrix.with(|matrix| curve(spectra, matrix)))
            };
            all.iter().map(of).unzip()
        });
        plot.set_value(None);
        if curves.iter().all(Vec::is_empty) {
            return;
        }
        let most = curves.iter().map(Vec::len).max().unwrap_or(1) as f64;
        let spec = PlotSpec {
            width: f64::from(element.client_width()).max(200.0),
            height: HEIGHT,
            log: true,
            bands: true,
            x_label: "index".to_owned(),
            y_label: "singular value".to_owned(),
            x_min: 1.0,
            x_max: most.max(2.0),
            y_min: None,
            y_max: None,
            series: names
                .into_iter()
                .enumerate()
                .map(|(index, name)| SeriesSpec::of(name, index, false))
                .collect(),
        };
        let made = Plot::new(&element, &spec, |_| {});
        if let Some(made) = &made {
            made.set(&columns::aligned(&curves, 1.0, Some(1e-12)));
        }
        plot.set_value(made);
    });
    on_cleanup(move || plot.set_value(None));
}

/// Singular values of one matrix over the seeds.
fn curve(spectra: &[Spectrum], matrix: &str) -> Vec<Point> {
    let mine: Vec<&Spectrum> = spectra.iter().filter(|spectrum| spectrum.name == matrix).collect();
    let count = mine.iter().map(|spectrum| spectrum.singular_values.len()).min().unwrap_or(0);
    (0..count)
        .map(|index| Point::of(index as f64 + 1.0, mine.iter().map(|s| f64::from(s.singular_values[index]))))
        .collect()
}

fn row(index: usize, name: &str, spectra: &[Spectrum], matrix: &str) -> impl IntoView + use<> {
    let mine: Vec<&Spectrum> = spectra.iter().filter(|spectrum| spectrum.name == matrix).collect();
    let mean = |of: fn(&Spectrum) -> f64| mine.iter().map(|s| of(s)).sum::<f64>() / mine.len().max(1) as f64;
    // Condition numbers differ by factors, so that their logarithms are averaged.
    let kappa = mean(|s| s.condition_number.ln()).exp();
    let written = |text: String| if mine.is_empty() { "–".to_owned() } else { text };
    view! {
        <tr>
            <th scope="row"><Sample index/> " " {name.to_owned()}</th>
            <td class="number">{written(if kappa.is_finite() { significant(kappa) } else { "∞".to_owned() })}</td>
            <td class="number">{written(format!("{:.2}", mean(|s| s.stable_rank)))}</td>
            <td class="number">{written(format!("{:.1}", mean(|s| s.numerical_rank as f64)))}</td>
        </tr>
    }
}

/// Three digits: "3.14", "271", "4.2e6".
fn significant(number: f64) -> String {
    match number {
        n if n < 10.0 => format!("{n:.2}"),
        n if n < 100.0 => format!("{n:.1}"),
        n if n < 1e5 => format!("{n:.0}"),
        n => format!("{n:.1e}"),
    }
}

/// "layer 1, attention query" for `blocks.0.attention.query.weight`.
fn readable(name: &str) -> String {
    let mut parts = name.strip_suffix(".weight").unwrap_or(name).split('.').peekable();
    let mut words = String::new();
    if parts.next_if_eq(&"blocks").is_some()
        && let Some(index) = parts.next().and_then(|index| index.parse::<usize>().ok())
    {
        words = format!("layer {}, ", index + 1);
    }
    words + &parts.collect::<Vec<_>>().join(" ").replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_matrices_can_be_read() {
        assert_eq!(readable("blocks.0.attention.query.weight"), "layer 1, attention query");
        assert_eq!(readable("embedding.weight"), "embedding");
    }

    #[test]
    fn condition_numbers_are_short() {
        let written: Vec<_> = [2.345, 27.18, 271.4, 4_200_000.0].map(significant).into();
        assert_eq!(written, ["2.35", "27.2", "271", "4.2e6"]);
    }
}
