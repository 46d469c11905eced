//! Sources that the browser keeps for this site: which there are, and what can be done with them.

use kappa_core::spec::sources::with_metrics;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;

use super::figure::is_open;
use crate::browser::{self, KeptSource};
use crate::lab::use_lab;
use crate::memo::memo;

/// Bytes that the engine keeps, at most (`app/worker/src/glue.js`).
const MOST: f64 = 256.0 * 1024.0 * 1024.0;

/// The list, made anew whenever it is opened, after every change, and when a run ends.
#[component]
pub fn KeptSources() -> impl IntoView {
    let lab = use_lab();
    let shown = RwSignal::new(false);
    let found = RwSignal::new(Vec::<KeptSource>::new());
    let said = RwSignal::new(String::new());
    let look = move |after: Result<String, String>| {
        spawn_local(async move {
            let listed = browser::kept_sources().await;
            said.set(match (&listed, &after) {
                (Err(why), _) | (_, Err(why)) => format!("That did not work: {why}."),
                (Ok(_), Ok(words)) => words.clone(),
            });
            found.set(listed.unwrap_or_default());
        });
    };
    let live = memo(move || lab.run.read(|log| log.phase.is_live()));
    Effect::new(move || {
        if shown.get() && !live.get() {
            look(Ok(String::new()));
        }
    });
    let import = move |event: leptos::ev::Event| {
        let input = event_target::<HtmlInputElement>(&event);
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            spawn_local(async move {
                look(browser::import_source(&file, MOST).await.map(|name| format!("{name} is kept.")));
            });
        }
        // The same file can be chosen again.
        input.set_value("");
    };
    let delete = move |names: Vec<String>| {
        spawn_local(async move {
            let count = names.len();
            for name in names {
                if let Err(why) = browser::delete_source(&name).await {
                    return look(Err(why));
                }
            }
            look(Ok(format!("Removed: {count}. What starts from them trains them anew.")));
        });
    };
    let line = move |one: KeptSource| {
        let [export, name] = [one.name.clone(), one.name.clone()];
        let save = move |_| {
            let name = export.clone();
            spawn_local(async move {
                if let Err(why) = browser::export_source(&name).await {
                    look(Err(why));
                }
            });
        };
        view! {
            <li>
                <span>{with_metrics(&one.words, &one.metrics)}</span>
                <code>{one.name.clone()}</code>
                <span class="number">{size(one.bytes)}</span>
                <button type="button" class="quiet" aria-label=format!("Export {}", one.name) on:click=save>"Export"</button>
                <button type="button" class="quiet" aria-label=format!("Delete {}", one.name)
                    on:click=move |_| delete(vec![name.clone()])>"Delete"</button>
            </li>
        }
    };
    let sum = move || {
        let bytes: f64 = found.read().iter().map(|one| one.bytes).sum();
        format!("{} kept, {} of {}.", found.read().len(), size(bytes), size(MOST))
    };
    let all = move |_| delete(found.read_untracked().iter().map(|one| one.name.clone()).collect());
    view! {
        <details class="panel" data-testid="kept-sources" on:toggle=move |event| shown.set(is_open(&event))>
            <summary>"Kept sources"</summary>
            <p class="field-help">
                "Networks that others start from are trained once and kept in this browser, each under a name that follows from \
                 its experiment, its seed and the program's version. What was not used for the longest time goes first."
            </p>
            <p role="status" data-testid="kept-said">{said}</p>
            <p data-testid="kept-sum">{sum}</p>
            <ul class="progress-list" data-testid="kept-list">{move || found.get().into_iter().map(line).collect_view()}</ul>
            <label class="quiet button">
                "Import"
                <input type="file" class="visually-hidden" accept=".safetensors" data-testid="kept-import" on:change=import/>
            </label>
            <button type="button" class="quiet" data-testid="kept-delete-all" disabled=move || found.read().is_empty()
                on:click=all>"Delete all"</button>
        </details>
    }
}

/// Bytes in KiB or MiB.
fn size(bytes: f64) -> String {
    let kib = bytes / 1024.0;
    if kib < 1024.0 { format!("{kib:.0} KiB") } else { format!("{:.1} MiB", kib / 1024.0) }
}
