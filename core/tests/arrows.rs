//! Arrows between rooms run down only: every room may use those before it in [`ROOMS`], and no other.
//!
//! Read from the sources, as text: `crate::room` wherever it stands, but for tests, which may use anything.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of `core/src`, from the ground up. ARCHITECTURE.md draws them.
const ROOMS: [&str; 19] = [
    "plain",
    "surroundings",
    "random",
    "tensors",
    "kernels",
    "fields",
    "stats",
    "probes",
    "quantization",
    "parameters",
    "layers",
    "interface",
    "techniques",
    "networks",
    "tasks",
    "spec",
    "protocol",
    "catalog",
    "train",
];

/// Sources by their path below `src`.
fn sources(folder: &Path, root: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, root, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            found.push((path.strip_prefix(root).expect("below the root").to_owned(), text));
        }
    }
}

/// The room of a file: its first folder, or its own name at the top.
fn room(path: &Path) -> &str {
    let first = path.components().next().and_then(|part| part.as_os_str().to_str()).unwrap_or_default();
    first.strip_suffix(".rs").unwrap_or(first)
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| {
        let name = part.as_os_str().to_str().unwrap_or_default();
        ["tests", "tests.rs", "samples.rs"].contains(&name) || name.ends_with("_tests.rs")
    })
}

/// The text without its own tests, which stand at its end, and without comments.
fn code(text: &str) -> String {
    let end = ["\n#[cfg(test)]\nmod tests {", "\n#[cfg(all(test, feature = \"engine\"))]\nmod tests {"]
        .iter()
        .filter_map(|start| text.find(start))
        .min();
    let lines = text[..end.unwrap_or(text.len())].lines();
    lines.map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Rooms that a text names as `crate::room`. A list of several rooms, `crate::{…}`, names none and is refused: one line a room.
fn named(code: &str) -> Vec<&str> {
    let word = |text: &'_ str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let after = code.match_indices("crate::").map(|(at, path)| &code[at + path.len()..]);
    after.map(|rest| &rest[..word(rest)]).collect()
}

/// Every arrow that does not run down, as a sentence.
fn violations(sources: &[(PathBuf, String)]) -> Vec<String> {
    let place = |room: &str| ROOMS.iter().position(|other| *other == room);
    let mut found = Vec::new();
    for (path, text) in sources.iter().filter(|(path, _)| !is_test(path)) {
        let here = room(path);
        if ["lib", "bin"].contains(&here) {
            continue;
        }
        let Some(height) = place(here) else {
            found.push(format!("{} is in no room that is known: give {here} its place", path.display()));
            continue;
        };
        let code = code(text);
        for other in named(&code) {
            let sentence = match place(other) {
                Some(used) if used <= height => continue,
                Some(_) => format!("{} uses {other}, which stands above {here}", path.display()),
                None => format!("{} uses crate::{other}, which is no room", path.display()),
            };
            if !found.contains(&sentence) {
                found.push(sentence);
            }
        }
    }
    found
}

#[test]
fn arrows_between_rooms_run_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    sources(&root, &root, &mut all);
    assert!(all.len() > 100, "{} sources", all.len());
    let found = violations(&all);
    assert!(found.is_empty(), "{}", found.join("\n"));
    // Every room is there and named by somebody, or the test would watch nothing.
    for name in ROOMS {
        assert!(all.iter().any(|(path, _)| room(path) == name), "there is no room {name}");
    }
}

#[test]
fn an_arrow_that_runs_up_is_found_wherever_it_stands() {
    let file = |path: &str, text: &str| (PathBuf::from(path), text.to_owned());
    let up = violations(&[
        file("techniques/tokens/mod.rs", "use crate::kernels::softmax;\nuse crate::networks::Model;\n"),
        file("kernels/linear.rs", "fn f() { let x = crate::train::Engine::cpu(); }"),
        file("fields/mod.rs", "use crate::{stats::Metric, spec};\n"),
        file("attic/mod.rs", ""),
        file("spec/mod.rs", "use crate::nn::layers;\n"),
    ]);
    assert_eq!(
        up,
        [
            "techniques/tokens/mod.rs uses networks, which stands above techniques",
            "kernels/linear.rs uses train, which stands above kernels",
            "fields/mod.rs uses crate::, which is no room",
            "attic/mod.rs is in no room that is known: give attic its place",
            "spec/mod.rs uses crate::nn, which is no room",
        ]
    );
    let down = violations(&[
        file("train/run.rs", "use crate::kernels::adamw;\nuse crate::spec::Experiment;\n"),
        file("kernels/tests.rs", "use crate::train::Engine;\n"),
        file(
            "fields/problem.rs",
            "// see crate::spec\nfn f() {}\n\n#[cfg(test)]\nmod tests {\n    use crate::spec::field;\n}\n",
        ),
    ]);
    assert!(down.is_empty(), "{down:?}");
}
