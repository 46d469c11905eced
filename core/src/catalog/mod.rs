//! What the lab can show: one entry for each paper, and a few starters that belong to no paper.
//!
//! Menus, lessons, links, the command line and the documentation iterate [`entries`]. A new paper is one module here
//! with one line in [`PAPERS`], one lesson in `app/lessons` and one file in `core/experiments`; the tests below say
//! what is missing. Where one baseline cannot show all of it, the paper has companions, with a file each.

use std::sync::LazyLock;

use crate::spec::{Experiment, tree};

pub mod claims_table;
pub mod link;
pub mod quote;
pub mod recording;

mod always_skip;
mod conditioned_tokens;
mod leaner_transformers;
mod rethinking_softmax;
mod starters;
mod structured_initialization;
mod weight_conditioning;

pub use starters::STARTERS;

/// Every paper, in the order of the menus.
pub const PAPERS: &[&Paper] = &[
    &always_skip::PAPER,
    &conditioned_tokens::PAPER,
    &rethinking_softmax::PAPER,
    &leaner_transformers::PAPER,
    &structured_initialization::PAPER,
    &weight_conditioning::PAPER,
];

/// A paper and its experiment.
#[derive(Debug)]
pub struct Paper {
    /// In links and on the command line, in kebab-case.
    pub id: &'static str,
    /// As printed.
    pub title: &'static str,
    /// For a menu.
    pub short_title: &'static str,
    /// As printed.
    pub authors: &'static [&'static str],
    /// Where and when.
    pub venue: &'static str,
    /// Its page on arXiv.
    pub url: &'static str,
    /// What it claims, in one sentence of our own.
    pub claim: &'static str,
    /// Which part of the network it changes.
    pub slot: &'static str,
    /// Numbers from the paper; none where none could be had, and then a note says so.
    pub reported: &'static [Reported],
    /// Paths of the fields that are shown first.
    pub controls: &'static [&'static str],
    /// The experiment, as a file.
    pub experiment_toml: &'static str,
    /// Experiments beside it, for what one baseline cannot show; mostly none.
    pub companions: &'static [Companion],
    /// What one should know before comparing the lab with the paper. Sentences.
    pub notes: &'static [&'static str],
}

/// A number that a paper reports for its technique, beside what it replaces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reported {
    /// Network, data and measure.
    pub what: &'static str,
    /// The variant that is compared with the baseline.
    pub variant_name: &'static str,
    /// Of both numbers.
    pub unit: &'static str,
    /// Without the technique.
    pub baseline: f64,
    /// With it.
    pub variant: f64,
    /// Whether the numbers are only known roughly.
    pub approximate: bool,
    /// Where it was found.
    pub source: Source,
}

/// Where a reported number was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the paper itself; the table or section.
    Paper(&'static str),
    /// In somebody's notes or review of the paper; what they say of the place. Not checked against the paper.
    Secondary(&'static str),
}

/// A second experiment of a paper: where its technique should do nothing or harm, or another of its claims.
#[derive(Debug)]
pub struct Companion {
    /// In links and on the command line, in kebab-case: the paper's, and a word more.
    pub id: &'static str,
    /// For a menu.
    pub short_title: &'static str,
    /// What it shows, in one sentence.
    pub summary: &'static str,
    /// Paths of the fields that are shown first.
    pub controls: &'static [&'static str],
    /// The experiment, as a file.
    pub experiment_toml: &'static str,
}

/// An experiment that belongs to no paper.
#[derive(Debug)]
pub struct Starter {
    /// In links and on the command line, in kebab-case.
    pub id: &'static str,
    /// For a heading.
    pub title: &'static str,
    /// For a menu.
    pub short_title: &'static str,
    /// What it is good for, in one sentence.
    pub summary: &'static str,
    /// Paths of the fields that are shown first.
    pub controls: &'static [&'static str],
    /// The experiment, as a file.
    pub experiment_toml: &'static str,
    /// Whether the page's menu shows it.
    pub listed: bool,
}

/// Anything in the catalog.
#[derive(Clone, Copy, Debug)]
pub enum Entry {
    /// A paper.
    Paper(&'static Paper),
    /// A second experiment of a paper.
    Companion(&'static Paper, &'static Companion),
    /// An experiment of no paper.
    Starter(&'static Starter),
}

impl Entry {
    /// Its name in links and on the command line.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Paper(paper) => paper.id,
            Self::Companion(_, companion) => companion.id,
            Self::Starter(starter) => starter.id,
        }
    }

    /// For a heading.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Paper(paper) | Self::Companion(paper, _) => paper.title,
            Self::Starter(starter) => starter.title,
        }
    }

    /// For a menu.
    pub fn short_title(&self) -> &'static str {
        match self {
            Self::Paper(paper) => paper.short_title,
            Self::Companion(_, companion) => companion.short_title,
            Self::Starter(starter) => starter.short_title,
        }
    }

    /// One sentence: a paper's claim, or what an experiment is good for.
    pub fn summary(&self) -> &'static str {
        match self {
            Self::Paper(paper) => paper.claim,
            Self::Companion(_, companion) => companion.summary,
            Self::Starter(starter) => starter.summary,
        }
    }

    /// Paths of the fields that are shown first.
    pub fn controls(&self) -> &'static [&'static str] {
        match self {
            Self::Paper(paper) => paper.controls,
            Self::Companion(_, companion) => companion.controls,
            Self::Starter(starter) => starter.controls,
        }
    }

    /// The paper that it belongs to.
    pub fn paper(&self) -> Option<&'static Paper> {
        match self {
            Self::Paper(paper) | Self::Companion(paper, _) => Some(paper),
            Self::Starter(_) => None,
        }
    }

    /// The experiment, as a file.
    pub fn experiment_toml(&self) -> &'static str {
        match self {
            Self::Paper(paper) => paper.experiment_toml,
            Self::Companion(_, companion) => companion.experiment_toml,
            Self::Starter(starter) => starter.experiment_toml,
        }
    }

    /// The experiment.
    pub fn experiment(&self) -> &'static Experiment {
        experiments()
            .find(|(id, _)| *id == self.id())
            .map(|(_, experiment)| experiment)
            .expect("every entry is among the experiments")
    }
}

/// The files of `core/experiments` as JSON, by name: see `build.rs`.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/experiments.rs"));

/// Everything: starters first, then papers, each with its companions. The first entry is the one a newcomer sees.
pub fn entries() -> impl Iterator<Item = Entry> {
    STARTERS.iter().copied().map(Entry::Starter).chain(PAPERS.iter().copied().flat_map(experiments_of))
}

/// A paper's own entry, then its companions.
pub fn experiments_of(paper: &'static Paper) -> impl Iterator<Item = Entry> {
    let companions = paper.companions.iter().map(move |companion| Entry::Companion(paper, companion));
    std::iter::once(Entry::Paper(paper)).chain(companions)
}

/// The entry with this id.
pub fn find(id: &str) -> Option<Entry> {
    entries().find(|entry| entry.id() == id)
}

/// The experiment of every entry, read once.
pub fn experiments() -> impl Iterator<Item = (&'static str, &'static Experiment)> {
    static EXPERIMENTS: LazyLock<Vec<(&'static str, Experiment)>> = LazyLock::new(|| {
        let read = |entry: Entry| {
            let (_, text) = FILES.iter().find(|(id, _)| *id == entry.id()).expect("every entry has a file");
            let tree = serde_json::from_str(text).expect("the build script writes JSON");
            let experiment = tree::read(&tree)
                .unwrap_or_else(|problems| panic!("{} is checked by a test, but: {problems:?}", entry.id()));
            (entry.id(), experiment)
        };
        entries().map(read).collect()
    });
    EXPERIMENTS.iter().map(|(id, experiment)| (*id, experiment))
}

#[cfg(test)]
mod tests {
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
            let experiment = from_toml(entry.experiment_toml());
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
            let id = paper.id;
            assert!(paper.url.starts_with("https://arxiv.org/abs/"), "{id}");
            assert!(!paper.authors.is_empty() && !paper.venue.is_empty() && !paper.slot.is_empty(), "{id}");
            let without =
                paper.notes.iter().any(|note| note.starts_with("No number of the paper is quoted here: "));
            assert_eq!(
                paper.reported.is_empty(),
                without,
                "{id}: numbers, or a note that says why there are none"
            );
            assert!(paper.notes.iter().all(|note| note.ends_with('.')), "{id}");

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
                sentence.match_indices(unit).any(|(at, _)| {
                    sentence[..at].trim_end().ends_with(|letter: char| letter.is_ascii_digit())
                })
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
            assert_eq!(
                by_hand(&std::fs::read_to_string(file).unwrap()),
                Vec::<String>::new(),
                "{}",
                paper.id
            );
            assert!(paper.notes.iter().all(|note| !note.contains("Recorded here")), "{}", paper.id);
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
        let tokens =
            ["plain tokens", "conditioned tokens", "conditioned (size kept) tokens", "whitened tokens"];
        assert_eq!(names("conditioned-tokens"), tokens);
    }
}
