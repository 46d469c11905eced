//! The address bar: the part after `#` is always the experiment in the controls, and the other way round.

use kappa_core::catalog::link::{from_link, to_link};
use kappa_core::catalog::{self, Entry};
use kappa_core::spec::Experiment;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::browser;
use crate::lab::Lab;

/// What to open: nothing is known yet but the address.
pub fn first_experiment() -> (Option<&'static str>, Experiment) {
    let first = catalog::entries().next().expect("the catalog is not empty");
    (Some(first.id()), first.experiment().clone())
}

/// The address of the page with this experiment.
pub fn address(experiment: &Experiment) -> String {
    let location = browser::window().location();
    let here = location.href().unwrap_or_default();
    let page = here.split('#').next().unwrap_or_default();
    format!("{page}#{}", to_link(experiment))
}

/// Reads the address now and whenever it changes, and writes it whenever the experiment does.
pub fn keep_in_sync(lab: Lab) {
    read(lab);
    window_event_listener(leptos::ev::hashchange, move |_| read(lab));
    Effect::new(move || {
        lab.draft.track();
        write(lab);
    });
}

/// Puts the experiment into the address. A draft with problems has no link; the last good one stays.
fn write(lab: Lab) {
    if lab.problems.with(Vec::is_empty) {
        let address = lab.draft.with_untracked(address);
        if let Ok(history) = browser::window().history() {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
        }
    }
}

/// Opens what the address says. A link that cannot be read leaves everything as it is, and its problems are listed.
fn read(lab: Lab) {
    let hash = browser::window().location().hash().unwrap_or_default();
    let link = hash.trim_start_matches('#');
    if link.is_empty() || link == lab.draft.with_untracked(to_link) {
        return;
    }
    match from_link(link) {
        Ok(experiment) => {
            let entry = origin(link);
            let original = entry.map_or_else(|| experiment.clone(), |entry| entry.experiment().clone());
            lab.open(entry.map(|entry| entry.id()), experiment);
            lab.original.set(original);
        }
        Err(problems) => {
            lab.link_problems.set(problems.into_iter().map(|problem| problem.sentence).collect());
            write(lab);
        }
    }
}

/// The catalog entry that a link starts from.
fn origin(link: &str) -> Option<Entry> {
    let from = link.split('&').find_map(|pair| pair.strip_prefix("from="))?;
    catalog::find(from.split('.').next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_back_to_its_entry() {
        for entry in catalog::entries().take(2) {
            let link = to_link(entry.experiment());
            assert_eq!(origin(&link).map(|found| found.id()), Some(entry.id()), "{link}");
        }
        assert!(origin("v=2&from=nothing.1").is_none());
    }
}
