//! What the lab can show: one entry for each paper, and a few starters that belong to no paper.
//!
//! Menus, lessons, links, the command line and the documentation iterate [`entries`]. A new paper is one module here
//! with one line in `papers!`, one lesson in `app/lessons` and one file in `core/experiments`; the tests below say
//! what is missing. Where one baseline cannot show all of it, the paper has companions, with a file each.

use std::sync::LazyLock;

use crate::spec::{Experiment, tree};

pub mod claims_table;
pub mod lesson;
pub mod link;
pub mod quote;
pub mod recording;

mod always_skip;
mod conditioned_tokens;
mod leaner_transformers;
mod procedural_pretraining;
mod randlora;
mod rethinking_softmax;
mod sine_lora;
mod starters;
mod structured_initialization;
mod weight_conditioning;

pub use starters::STARTERS;

/// The rooms of the papers, in the order of the menus.
macro_rules! papers {
    ($($paper:ident),* $(,)?) => {
        /// Every paper, in the order of the menus.
        pub const PAPERS: &[&Paper] = &[$(&$paper::PAPER),*];

        /// What the same papers report. In a list of its own, so that a program that does not ask for it does not hold it.
        const BACKGROUNDS: &[(&str, &Background)] = &[$(($paper::PAPER.id, &$paper::BACKGROUND)),*];
    };
}

papers! {
    always_skip,
    conditioned_tokens,
    rethinking_softmax,
    leaner_transformers,
    structured_initialization,
    weight_conditioning,
    procedural_pretraining,
    randlora,
    sine_lora,
}

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
    /// Paths of the fields that are shown first.
    pub controls: &'static [&'static str],
    /// Experiments beside it, for what one baseline cannot show; mostly none.
    pub companions: &'static [Companion],
}

impl Paper {
    /// What it reports, and what to know before comparing.
    pub fn background(&self) -> &'static Background {
        let (_, background) = BACKGROUNDS
            .iter()
            .find(|(id, _)| *id == self.id)
            .expect("`papers!` lists every paper with its background");
        background
    }
}

/// What is to be read about a paper beside its claim. The page fetches it with the lesson.
#[derive(Debug)]
pub struct Background {
    /// Numbers from the paper; none where none could be had, and then a note says so.
    pub reported: &'static [Reported],
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

impl Reported {
    /// Numbers in per cent that are known exactly: without the technique, and with it.
    const fn percent(
        what: &'static str,
        variant_name: &'static str,
        [baseline, variant]: [f64; 2],
        source: Source,
    ) -> Self {
        Self { what, variant_name, unit: "%", baseline, variant, approximate: false, source }
    }
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

/// The same of `core/experiments/earlier`: experiments as they were before they were set up again. Links that start from one of
/// them still open.
const EARLIER: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/earlier.rs"));

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
        let of =
            |entry: Entry| FILES.iter().find(|(id, _)| *id == entry.id()).expect("every entry has a file");
        entries().map(of).map(read).collect()
    });
    EXPERIMENTS.iter().map(|(id, experiment)| (*id, experiment))
}

/// Earlier editions of experiments, by the ids that they had and their successors have; read once.
fn earlier() -> impl Iterator<Item = (&'static str, &'static Experiment)> {
    static EXPERIMENTS: LazyLock<Vec<(&'static str, Experiment)>> =
        LazyLock::new(|| EARLIER.iter().map(read).collect());
    EXPERIMENTS.iter().map(|(id, experiment)| (*id, experiment))
}

/// The experiment of a file.
fn read((id, text): &(&'static str, &'static str)) -> (&'static str, Experiment) {
    let tree = serde_json::from_str(text).expect("the build script writes JSON");
    let experiment = tree::read(&tree);
    (*id, experiment.unwrap_or_else(|problems| panic!("{id} is checked by a test, but: {problems:?}")))
}

#[cfg(test)]
mod tests;
