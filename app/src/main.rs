//! The page of Kappa Lab. It knows experiments, events and statistics, and nothing of tensors: those are the worker's.
//!
//! [`lab`] is the state, [`engine`] the client of the worker, [`run`] what is known of a run, [`link`] the address bar,
//! [`fields`] which controls there are, [`propose`] what a variant could change, [`files`] the lessons and recorded runs
//! that are fetched, [`shown`] which run a panel draws; [`components`] draw and call methods of the state.

mod browser;
mod chart;
mod components;
mod engine;
mod fields;
mod files;
mod lab;
mod link;
mod memo;
mod propose;
mod run;
mod shown;
mod theme;

use std::time::Duration;

use leptos::prelude::*;

use crate::lab::Lab;

/// Time for the first paint before the engine is fetched.
const PAINT_FIRST: Duration = Duration::from_millis(150);

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(App);
}

#[component]
fn App() -> impl IntoView {
    let (entry, experiment) = link::first_experiment();
    let lab = Lab::new(entry, experiment);
    provide_context(lab);
    provide_context(theme::Theme::new());
    link::keep_in_sync(lab);
    set_timeout(move || lab.engine.open(), PAINT_FIRST);
    set_interval(move || lab.run.tick(), Duration::from_secs(1));
    components::page()
}
