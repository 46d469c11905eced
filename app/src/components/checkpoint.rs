//! Training that can be put away: save it as a file, go on from the file.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;

use crate::browser;
use crate::lab::use_lab;

/// A button to save, and a file input to go on.
#[component]
pub fn Checkpoint() -> impl IntoView {
    let lab = use_lab();
    let resume = move |event: leptos::ev::Event| {
        let input = event_target::<HtmlInputElement>(&event);
        let file = input.files().and_then(|files| files.get(0));
        if let Some(file) = file {
            spawn_local(async move {
                if let Some(bytes) = browser::read_file(&file).await {
                    lab.start(Some(bytes));
                }
            });
        }
        // The same file can be chosen again.
        input.set_value("");
    };
    view! {
        <button type="button" class="quiet" data-testid="save-checkpoint" disabled=move || !lab.can_save()
            on:click=move |_| lab.save_checkpoint()>"Save checkpoint"</button>
        <label class="quiet button">
            "Resume from file"
            <input type="file" class="visually-hidden" accept=".safetensors" data-testid="resume-file" on:change=resume/>
        </label>
    }
}
