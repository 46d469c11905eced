//! Start, pause, go on, step, stop; their keys; the link to what is set up.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::checkpoint::Checkpoint;
use super::share::Share;
use crate::lab::{Lab, use_lab};
use crate::run::Phase;

/// The buttons.
#[component]
pub fn RunBar() -> impl IntoView {
    let lab = use_lab();
    window_event_listener(leptos::ev::keydown, move |event| keys(lab, &event));
    let start = move || {
        if lab.differs_from_run() { "Restart with changes" } else { "Start" }
    };
    let paused = move || lab.phase() == Phase::Paused;
    let running = move || lab.phase() == Phase::Running;
    view! {
        <div class="run-bar">
          <div class="run-bar-main" role="toolbar" aria-label="Run">
            <button type="button" class="primary" data-testid="start" aria-keyshortcuts="Control+Enter"
                disabled=move || !lab.can_start() on:click=move |_| lab.start(None)>{start}</button>
            <button type="button" data-testid="pause" aria-keyshortcuts="Space" hidden=paused
                disabled=move || !running() on:click=move |_| lab.pause()>"Pause"</button>
            <button type="button" data-testid="resume" aria-keyshortcuts="Space" hidden=move || !paused()
                on:click=move |_| lab.resume()>"Resume"</button>
            <button type="button" data-testid="step" aria-keyshortcuts="ArrowRight"
                disabled=move || !paused() on:click=move |_| lab.step()>"Step"</button>
            <button type="button" data-testid="stop" aria-keyshortcuts="Control+."
                disabled=move || !lab.phase().is_live() || lab.phase() == Phase::Stopping
                on:click=move |_| lab.stop()>"Stop"</button>
          </div>
          <div class="run-bar-more"><Checkpoint/><Share/></div>
        </div>
    }
}

fn keys(lab: Lab, event: &KeyboardEvent) {
    if event.repeat() || event.alt_key() {
        return;
    }
    let control = event.ctrl_key() || event.meta_key();
    let phase = lab.run.peek(|log| log.phase);
    let act: fn(&Lab) = match (event.key().as_str(), control, phase) {
        ("Enter", true, _) if untrack(|| lab.can_start()) => |lab| lab.start(None),
        (".", true, _) if phase.is_live() => Lab::stop,
        (" ", false, Phase::Running) if !in_a_control(event) => Lab::pause,
        (" ", false, Phase::Paused) if !in_a_control(event) => Lab::resume,
        ("ArrowRight", false, Phase::Paused) if !in_a_control(event) => Lab::step,
        _ => return,
    };
    event.prevent_default();
    if event.key() == "Enter" {
        // A value that is still being typed counts.
        commit_input();
    }
    act(&lab);
}

/// Whether the key belongs to what has the focus.
fn in_a_control(event: &KeyboardEvent) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|element| {
        element
            .closest("input, select, textarea, button, a, summary, [tabindex='0']")
            .ok()
            .flatten()
            .is_some()
    })
}

fn commit_input() {
    let focused =
        document().active_element().and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(input) = focused.filter(|element| element.tag_name() == "INPUT") {
        let _ = input.blur();
        let _ = input.focus();
    }
}
