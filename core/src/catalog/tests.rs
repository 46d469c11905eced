use std::collections::BTreeSet;

use super::*;
use crate::spec::{field, from_toml, to_toml};

#[test]
fn every_entry_has_all_of_its_parts() {
    let mut ids = BTreeSet::new();
    for entry in entries() {
        let id = entry.id();
        assert!(ids.insert(id), "{id} is there twice");
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(id.chars().all(kebab) && id.starts_with(|c: char| c.is_ascii_lowercase()), "{id}");
        assert!(!entry.title().is_empty(), "{id}");
        assert!((3..=24).contains(&entry.short_title().chars().count()), "{id}");
        assert!(entry.summary().ends_with('.'), "{id}");
        assert_eq!(find(id).map(|found| found.title()), Some(entry.title()));
        if let Entry::Companion(paper, _) = entry {
            assert!(id.starts_with(&format!("{}-", paper.id)), "{id}");
        }
    }
}

#[test]
fn every_experiment_can_run_and_fits_into_a_file() {
    for entry in entries() {
        let file = format!("{}/experiments/{}.toml", env!("CARGO_MANIFEST_DIR"), entry.id());
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        let experiment = from_toml(&text);
        let experiment = experiment.unwrap_or_else(|problems| panic!("{}: {problems:#?}", entry.id()));
        assert_eq!(from_toml(&to_toml(&experiment)).as_ref(), Ok(&experiment), "{}", entry.id());
        assert_eq!(entry.experiment(), &experiment);
    }
}

#[test]
fn every_control_is_a_field_of_the_experiment_or_of_one_of_its_variants() {
    for entry in entries() {
        let experiment = entry.experiment();
        assert!(!entry.controls().is_empty(), "{}", entry.id());
        for path in entry.controls() {
            let field = field(path).unwrap_or_else(|| panic!("{}: there is no field {path}", entry.id()));
            let somewhere = (0..experiment.variants.len())
                .any(|index| experiment.variant(index).is_ok_and(|variant| variant.has(field)));
            assert!(somewhere, "{}: {path}", entry.id());
        }
    }
}

#[test]
fn every_paper_is_cited_and_has_a_lesson_and_something_to_compare() {
    for paper in PAPERS {
        let (id, background) = (paper.id, paper.background());
        assert!(paper.url.starts_with("https://arxiv.org/abs/"), "{id}");
        assert!(!paper.authors.is_empty() && !paper.venue.is_empty() && !paper.slot.is_empty(), "{id}");
        let without =
            background.notes.iter().any(|note| note.starts_with("No number of the paper is quoted here: "));
        assert_eq!(
            background.reported.is_empty(),
            without,
            "{id}: numbers, or a note that says why there are none"
        );
        assert!(background.notes.iter().all(|note| note.ends_with('.')), "{id}");

        // The page has it as HTML, by this name.
        let file = format!("{}/../app/lessons/{id}.md", env!("CARGO_MANIFEST_DIR"));
        let lesson = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        let paragraphs = lesson.split("\n\n").count();
        assert!(lesson.starts_with("# ") && (4..=10).contains(&paragraphs), "{id}: {paragraphs}");
        assert!(!lesson.contains('$') && !lesson.contains('\\'), "{id}: no TeX");

        for entry in experiments_of(paper) {
            let (id, experiment) = (entry.id(), entry.experiment());
            assert!(experiment.variants.len() >= 2, "{id}");
            let names = experiment.variant_names();
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{id}: {names:?}");
        }
    }
}

/// Sentences with a number of percent, points or decibels outside of a reference, unless they speak of the paper.
fn by_hand(text: &str) -> Vec<String> {
    let mut bare = text.to_owned();
    while let Some((before, rest)) = bare.split_once("{{") {
        bare = format!("{before}…{}", rest.split_once("}}").map_or("", |(_, after)| after));
    }
    let has_number = |sentence: &&str| {
        ["%", "points", "dB"].iter().any(|unit| {
            sentence
                .match_indices(unit)
                .any(|(at, _)| sentence[..at].trim_end().ends_with(|letter: char| letter.is_ascii_digit()))
        })
    };
    let sentences = bare.split(['.', '?', '!', ';']).filter(has_number);
    sentences.filter(|sentence| !sentence.contains("paper")).map(str::to_owned).collect()
}

#[test]
fn no_recorded_number_is_written_by_hand() {
    assert_eq!(by_hand("It has 12.5 % here; the paper has 80 %. {{a: psnr \"x\"}} and 3 heads").len(), 1);
    for paper in PAPERS {
        let file = format!("{}/../app/lessons/{}.md", env!("CARGO_MANIFEST_DIR"), paper.id);
        assert_eq!(by_hand(&std::fs::read_to_string(file).unwrap()), Vec::<String>::new(), "{}", paper.id);
        let notes = paper.background().notes;
        assert!(notes.iter().all(|note| !note.contains("Recorded here")), "{}", paper.id);
    }
}

#[test]
fn every_file_is_used_by_exactly_one_entry() {
    let core = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, extension, used) in [
        (core.join("experiments"), "toml", entries().map(|entry| entry.id()).collect::<BTreeSet<_>>()),
        (core.join("../app/lessons"), "md", PAPERS.iter().map(|paper| paper.id).collect()),
    ] {
        let files: BTreeSet<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(&format!(".{extension}")).map(str::to_owned))
            .collect();
        assert_eq!(files, used.into_iter().map(str::to_owned).collect(), "{}", folder.display());
    }
}

#[test]
fn the_names_of_the_variants_say_what_the_papers_compare() {
    let names = |id| find(id).unwrap().experiment().variant_names();
    assert_eq!(
        names("always-skip"),
        [
            "base",
            "no MLP skip",
            "no attention skip",
            "no attention skip, truncated normal (0.02, value and output Xavier) initialization",
            "no MLP skip, Xavier initialization",
            "no attention skip, Xavier initialization",
        ]
    );
    assert_eq!(
        names("rethinking-softmax"),
        [
            "softmax attention",
            "x³ / √N attention",
            "x³ / 36 attention",
            "x³ / 108 attention",
            "x³ / 216 attention"
        ]
    );
    assert_eq!(
        names("leaner-transformers"),
        [
            "base",
            "4 layers, 16 heads",
            "2 layers, 16 heads",
            "2 layers",
            "2 layers, 1 head",
            "2 layers, 8 heads, head width 16",
        ]
    );
    assert_eq!(
        names("structured-initialization"),
        [
            "truncated normal (0.02) initialization, positions of deviation 0.02",
            "Xavier initialization",
            "mimetic initialization",
            "structured initialization, positions of deviation 0.36",
            "structured (Xavier values) initialization, positions of deviation 0.36",
            "scrambled (Xavier values) initialization, positions of deviation 0.36",
        ]
    );
    let tokens = ["plain tokens", "conditioned tokens", "conditioned (size kept) tokens", "whitened tokens"];
    assert_eq!(names("conditioned-tokens"), tokens);
}
