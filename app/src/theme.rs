//! Light or dark: what the system says, until the user says otherwise.

use leptos::prelude::*;
use wasm_bindgen::prelude::*;

use crate::browser;

const SETTING: &str = "kappa-theme";

/// Whether the page is dark. Charts and maps, which are drawn and not styled, follow this signal.
#[derive(Clone, Copy)]
pub struct Theme {
    dark: RwSignal<bool>,
}

impl Theme {
    /// As it was left, or as the system has it.
    pub fn new() -> Self {
        let system = browser::window().match_media("(prefers-color-scheme: dark)").ok().flatten();
        let kept = browser::setting(SETTING);
        let by_system = system.as_ref().is_some_and(|system| system.matches());
        let dark = RwSignal::new(kept.as_deref().map_or(by_system, |kept| kept == "dark"));
        if let Some(system) = system {
            let follow = Closure::<dyn FnMut()>::new({
                let system = system.clone();
                move || {
                    if browser::setting(SETTING).is_none() {
                        Self { dark }.set(system.matches());
                    }
                }
            });
            system.set_onchange(Some(follow.as_ref().unchecked_ref()));
            // Lives as long as the page.
            follow.forget();
        }
        let theme = Self { dark };
        theme.set(dark.get_untracked());
        theme
    }

    /// The stylesheet first: what is drawn afterwards takes its colours from there.
    fn set(&self, dark: bool) {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", if dark { "dark" } else { "light" });
        }
        self.dark.set(dark);
    }

    /// Whether the page is dark.
    pub fn is_dark(&self) -> bool {
        self.dark.get()
    }

    /// The other one, and keep it.
    pub fn toggle(&self) {
        let dark = !self.dark.get_untracked();
        self.set(dark);
        browser::keep_setting(SETTING, if dark { "dark" } else { "light" });
    }
}
