//! The files beside the page that are fetched when somebody opens what is in them: lessons and recorded runs.
//!
//! All of them share a version in their address, as the engine's files do: a page never meets those of another build.

use kappa_core::catalog::lesson::Lesson;
use kappa_core::catalog::recording::Recording;
use kappa_core::plain::Read;

use crate::browser::{self, Js};

/// The recorded runs that there are; `build.rs` lists them.
const RECORDED: &[&str] = include!(concat!(env!("OUT_DIR"), "/recordings.rs"));

/// Changes whenever one of the files does.
const VERSION: &str = env!("KAPPA_FILES_VERSION");

/// Whether there is a recorded run of this entry of the catalog.
pub fn is_recorded(id: &str) -> bool {
    RECORDED.contains(&id)
}

/// Fetches the recorded run of an entry.
///
/// # Errors
/// A sentence, if it cannot be fetched or is no recording.
pub async fn recording(id: &str) -> Result<Recording, String> {
    fetch("The recorded run", &format!("recordings/{id}.json")).await
}

/// Fetches the lesson of a paper.
///
/// # Errors
/// A sentence, if it cannot be fetched or is no lesson.
pub async fn lesson(id: &str) -> Result<Lesson, String> {
    fetch("The lesson", &format!("lessons/{id}.json")).await
}

async fn fetch<T: Read>(what: &str, path: &str) -> Result<T, String> {
    let found = browser::fetch_json(path, VERSION)
        .await
        .map_err(|error| format!("{what} could not be fetched ({error})."))?;
    T::read(&Js(found)).map_err(|wrong| format!("{what} could not be read ({wrong})."))
}
