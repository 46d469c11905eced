//! Turns the lessons into HTML while the page is built, and lists the recorded runs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

fn main() {
    list_recordings();
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
        writeln!(table, "    ({id:?}, {:?}),", to_html(&text)).expect("text can be appended to");
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write")).join("lessons.rs");
    fs::write(out, table).expect("the output folder can be written to");
}

/// The page offers a recorded run where there is one, without asking the server; the files lie beside it.
fn list_recordings() {
    let folder = Path::new("../core/recordings");
    println!("cargo::rerun-if-changed={}", folder.display());
    let files =
        fs::read_dir(folder).expect("there is a folder of recordings").flatten().map(|file| file.path());
    let recorded = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let mut ids: Vec<String> =
        recorded.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect();
    ids.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write")).join("recordings.rs");
    fs::write(out, format!("&{ids:?}")).expect("the output folder can be written to");
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
