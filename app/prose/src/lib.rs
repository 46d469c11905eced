//! What there is to read about each paper, made when the page is built: lessons as HTML, their recorded numbers taken from the
//! recordings; what the papers report; what seeds can be expected to find.
//!
//! The page holds none of it. It is written into files beside the page (`src/main.rs`), and fetched when an experiment is
//! opened, so that the page stays as small when papers are added.

mod html;

use std::fs;
use std::path::{Path, PathBuf};

use kappa_core::catalog::lesson::{Foreseen, Lesson};
use kappa_core::catalog::quote::quoted;
use kappa_core::catalog::recording::Recording;
use kappa_core::catalog::{PAPERS, Paper, experiments_of};
use kappa_core::spec::MAX_SEEDS;
use kappa_core::stats::{Looks, MIN_REPLICAS, Whose, foresee};

/// The lessons, in Markdown.
pub fn lessons_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../lessons")
}

/// The recorded runs.
pub fn recordings_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/recordings")
}

/// A file that the page fetches: its path beside the page, and its text.
pub struct File {
    /// `lessons/always-skip.json`.
    pub path: String,
    /// A [`Lesson`] in JSON.
    pub text: String,
}

/// The file of every paper, in the catalog's order.
///
/// # Errors
/// A sentence that names the file that cannot be read, or the reference in it that means nothing.
pub fn files(recordings: &[Recording]) -> Result<Vec<File>, String> {
    let file = |paper: &&'static Paper| {
        let lesson = lesson(paper, recordings)?;
        let text = serde_json::to_string(&lesson).expect("a lesson is made of text");
        Ok(File { path: format!("lessons/{}.json", paper.id), text })
    };
    PAPERS.iter().map(file).collect()
}

/// Every recorded run, by name.
///
/// # Errors
/// A sentence that names the file that cannot be read.
pub fn recordings() -> Result<Vec<Recording>, String> {
    let folder = recordings_folder();
    let listed = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = listed.flatten().map(|file| file.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let read = |path: &PathBuf| {
        let (recording, _) =
            Recording::read(&read(path)?).map_err(|problem| format!("{}: {problem}", path.display()))?;
        Ok(recording)
    };
    paths.iter().map(read).collect()
}

fn lesson(paper: &'static Paper, recordings: &[Recording]) -> Result<Lesson, String> {
    let path = lessons_folder().join(paper.id).with_extension("md");
    let find = |id: &str| recordings.iter().find(|recording| recording.id == id);
    let text = quoted(&read(&path)?, find).map_err(|problem| format!("{}: {problem}", path.display()))?;
    let mut foreseen = Vec::new();
    for recording in experiments_of(paper).filter_map(|entry| find(entry.id())) {
        foreseen.extend(foresee_rows(recording)?);
    }
    Ok(Lesson { text: html::lesson(&text), background: html::background(paper.background()), foreseen })
}

/// What so many seeds would find of each of the paper's rows, from the spread that was recorded: for every number of seeds that
/// can be chosen, so that the page computes nothing.
fn foresee_rows(recording: &Recording) -> Result<Vec<Foreseen>, String> {
    let experiment = recording.experiment()?;
    let examples = experiment.task.outline().test_examples as usize;
    let rows: Vec<_> = recording.claims.iter().filter(|row| row.claim.whose == Whose::Paper).collect();
    let foreseen = rows.iter().filter_map(|row| {
        let spread = row.judged.spread?;
        let measure = row.claim.of.measure(examples);
        let sentence = |seeds: usize| {
            let looks = Looks::once(seeds).expect("three seeds or more");
            foresee(row.claim.statement, &measure, spread.used, &looks, rows.len()).sentence
        };
        let sentences = (MIN_REPLICAS..=MAX_SEEDS as usize).map(sentence).collect();
        Some(Foreseen { id: recording.id.clone(), claim: row.claim.text.clone(), sentences })
    });
    Ok(foreseen.collect())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lessons() -> Vec<(String, Lesson)> {
        let files = files(&recordings().unwrap()).unwrap();
        files.into_iter().map(|file| (file.path, serde_json::from_str(&file.text).unwrap())).collect()
    }

    #[test]
    fn every_paper_has_its_lesson_and_what_it_reports_as_html() {
        let lessons = lessons();
        for (paper, (path, lesson)) in PAPERS.iter().zip(&lessons) {
            assert_eq!(*path, format!("lessons/{}.json", paper.id));
            assert!(lesson.text.starts_with("<p>") && !lesson.text.contains("{{"), "{}", paper.id);
            let [rows, notes] = ["<tr title=", "<li>"].map(|tag| lesson.background.matches(tag).count());
            let background = paper.background();
            assert_eq!((rows, notes), (background.reported.len(), background.notes.len()), "{}", paper.id);
        }
        assert_eq!(lessons.len(), PAPERS.len());
    }

    #[test]
    fn what_is_found_by_more_seeds_is_smaller_and_said_before_start() {
        let lessons = lessons();
        let (_, lesson) = lessons.iter().find(|(path, _)| path.ends_with("/always-skip.json")).unwrap();
        let [(claim, few), ..] = lesson.foreseen("always-skip", 3)[..] else { panic!("it was recorded") };
        let many = lesson.foreseen("always-skip", 16)[0].1;
        assert!(
            claim.ends_with('.') && few.starts_with("With 3 seeds, ") && many.starts_with("With 16 seeds, ")
        );
        assert!(lesson.foreseen("always-skip", 2).is_empty() && lesson.foreseen("tiny", 8).is_empty());
    }
}
