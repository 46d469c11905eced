//! What is on the page: one component, one file. Each reads the state and calls its methods; styles are in
//! `app/styles`, one section a component.

mod attention_maps;
mod catalog_cards;
mod chart_panel;
mod checkpoint;
mod claims;
mod device_choice;
mod fetched;
mod field_control;
mod figure;
mod footer;
mod header;
mod kept_sources;
mod legend;
mod lesson;
mod measurements;
mod origins;
mod problems;
mod progress;
mod recorded;
mod results_table;
mod rounded;
mod run_bar;
mod scatter;
mod settings;
mod share;
mod sources;
mod status_line;
mod value_input;
mod variant_card;
mod variants;

use leptos::prelude::*;

/// The whole page.
pub fn page() -> impl IntoView {
    view! {
        <a class="skip-link" href="#bench" on:click=to_bench>"Skip to the laboratory"</a>
        <header::Header/>
        <main>
            <catalog_cards::CatalogCards/>
            <div class="rooms">
                <lesson::Lesson/>
                <section class="bench" id="bench" tabindex="-1" aria-label="Laboratory">
                    <problems::LinkProblems/>
                    <run_bar::RunBar/>
                    <status_line::StatusLine/>
                    <problems::RunProblems/>
                    <chart_panel::ChartPanel/>
                    <sources::SourceProgress/>
                    <progress::VariantProgress/>
                    <measurements::Measurements/>
                    <results_table::ResultsTable/>
                    <scatter::Scatter/>
                    <attention_maps::AttentionMaps/>
                </section>
                <div class="setup">
                    <variants::Variants/>
                    <origins::Origins/>
                    <kept_sources::KeptSources/>
                    <settings::Settings/>
                </div>
            </div>
        </main>
        <footer::Footer/>
    }
}

/// The address belongs to the experiment, so that the skip link moves the focus itself.
fn to_bench(event: leptos::ev::MouseEvent) {
    use wasm_bindgen::JsCast;
    event.prevent_default();
    if let Some(bench) = document().get_element_by_id("bench")
        && let Some(bench) = bench.dyn_ref::<web_sys::HtmlElement>()
    {
        let _ = bench.focus();
    }
}
