//! Turns the lessons into HTML while the page is built, their recorded numbers taken from the recordings, and lists those.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use kappa_core::catalog::quote::quoted;
use kappa_core::catalog::recording::Recording;
use kappa_core::spec::MAX_SEEDS;
use kappa_core::stats::{Looks, MIN_REPLICAS, Whose, foresee};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

fn main() {
    let recordings = recordings();
    list(&recordings);
    foresee_rows(&recordings);
    let lessons = Path::new("lessons");
    println!("cargo::rerun-if-changed={}", lessons.display());
    let mut files: Vec<PathBuf> = fs::read_dir(lessons)
        .expect("there is a folder of lessons")
        .flatten()
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    files.sort();

    let mut table = String::from("&[\n");
    for file in files {
        println!("cargo::rerun-if-changed={}", file.display());
        let id = file.file_stem().expect("a lesson has a name").to_string_lossy();
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let find = |id: &str| recordings.iter().find(|recording| recording.id == id);
        let text = quoted(&text, find).unwrap_or_else(|problem| panic!("{}: {problem}", file.display()));
        writeln!(table, "    ({id:?}, {:?}),", to_html(&text)).expect("text can be appended to");
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write")).join("lessons.rs");
    fs::write(out, table).expect("the output folder can be written to");
}

/// All recorded runs.
fn recordings() -> Vec<Recording> {
    let folder = Path::new("../core/recordings");
    println!("cargo::rerun-if-changed={}", folder.display());
    let files =
        fs::read_dir(folder).expect("there is a folder of recordings").flatten().map(|file| file.path());
    let mut recorded: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    recorded.sort();
    let read = |path: &PathBuf| {
        println!("cargo::rerun-if-changed={}", path.display());
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Recording::read(&text).unwrap_or_else(|problem| panic!("{}: {problem}", path.display())).0
    };
    recorded.iter().map(read).collect()
}

/// The page offers a recorded run where there is one, without asking the server; the files lie beside it.
fn list(recordings: &[Recording]) {
    let ids: Vec<&str> = recordings.iter().map(|recording| recording.id.as_str()).collect();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write")).join("recordings.rs");
    fs::write(out, format!("&{ids:?}")).expect("the output folder can be written to");
}

/// What so many seeds would find of each of the paper's rows, from the spread that was recorded: for every number of seeds that
/// can be chosen, so that the page computes nothing.
fn foresee_rows(recordings: &[Recording]) {
    let mut table = String::from("&[\n");
    for recording in recordings {
        let experiment = recording.experiment().unwrap_or_else(|problem| panic!("{problem}"));
        let examples = experiment.task.outline().test_examples as usize;
        let papers = |whose| whose == Whose::Paper;
        let family = recording.claims.iter().filter(|row| papers(row.claim.whose)).count();
        for row in recording.claims.iter().filter(|row| papers(row.claim.whose)) {
            let Some(spread) = row.judged.spread else { continue };
            let measure = row.claim.of.measure(examples);
            let sentence = |seeds: usize| {
                let looks = Looks::once(seeds).expect("three seeds or more");
                foresee(row.claim.statement, &measure, spread.used, &looks, family).sentence
            };
            let sentences: Vec<String> = (MIN_REPLICAS..=MAX_SEEDS as usize).map(sentence).collect();
            writeln!(table, "    ({:?}, {:?}, &{sentences:?}),", recording.id, row.claim.text)
                .expect("text can be appended to");
        }
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write")).join("foreseen.rs");
    fs::write(out, table).expect("the output folder can be written to");
}

/// A lesson's title is left out, since the page shows the experiment's. Headings below it go one level down, under the
/// page's own.
fn to_html(markdown: &str) -> String {
    let lower = |level| match level {
        HeadingLevel::H1 | HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        _ => HeadingLevel::H5,
    };
    let markdown =
        markdown.strip_prefix("# ").and_then(|rest| rest.split_once('\n')).map_or(markdown, |(_, rest)| rest);
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        Event::Start(Tag::Heading { level, id, classes, attrs }) => {
            Event::Start(Tag::Heading { level: lower(level), id, classes, attrs })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        // Lessons hold text, not markup.
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}
