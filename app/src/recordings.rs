//! The recorded runs: which there are, as `build.rs` found them, and how one is fetched.

use kappa_core::catalog::recording::Recording;

use crate::browser;

const IDS: &[&str] = include!(concat!(env!("OUT_DIR"), "/recordings.rs"));

/// Whether there is a recorded run of this entry of the catalog.
pub fn exists(id: &str) -> bool {
    IDS.contains(&id)
}

/// Fetches the recorded run of an entry.
///
/// # Errors
/// A sentence, if it cannot be fetched or is no recording.
pub async fn fetch(id: &str) -> Result<Recording, String> {
    let found = browser::fetch_json(&format!("recordings/{id}.json"))
        .await
        .map_err(|error| format!("The recorded run could not be fetched ({error})."))?;
    serde_wasm_bindgen::from_value(found)
        .map_err(|error| format!("The recorded run could not be read ({error})."))
}
