//! What a network starts from, if not from random numbers alone: other trainings, and what is taken of them.
//!
//! ```toml
//! [[source]]
//! called = "Set"
//! set = { task = { name = "procedural", rule = "set" }, training.steps = 2000 }
//! take = "attention"
//! ```
//!
//! A source is a patch on the experiment itself: it has the network of the variant that starts from it, the experiment's task
//! and recipe, and then what `set` changes. One level deep: a source has no sources. It trains for the same seeds as the
//! variant, seed by seed, so that no two replicas start from one network.
//!
//! A source is a pure function of its experiment, its seed and the version of the program, and is called by the hash of those.
//! What was trained once is kept by that name, so that two variants that name the same source share a training.
//!
//! With `file`, a source is not trained: it is a file that is kept by that name, the same for every seed, such as a network that
//! was trained elsewhere (`kappa sources read`).
//!
//! Sources are four groups of fields, `source.1` to `source.4`, which a variant patches like any other field. In a file each
//! `[[source]]` begins one.

use serde_json::{Map, Value};

use super::digest::hash;
use super::experiment::{Comparison, Experiment, Seeds, Tuning, Variant};
use super::table::known_field;
use super::tree::{self, Setting};
use crate::fields::Phrase::After;
use crate::fields::{Field, Node, Problem, Problems, choice, fields, group, has_pieces, line, named, quote};
use crate::probes::Probes;
use crate::stats::Metric;

/// Sources of an experiment, at most.
pub const MAX_SOURCES: usize = 4;

/// Names that stand for more than a piece of the names of parameters.
pub const PARTS: [&str; 6] = ["attention", "mlp", "norms", "embeddings", "head", "all"];

/// Characters of the name of a kept file, at most.
pub const MAX_FILE: usize = 40;

/// Characters of a patch, at most.
const MAX_PATCH: usize = 400;

fields! {
    /// Another training, and what is taken of it.
    pub struct Source {
        /// What is taken, for example "attention, mlp": attention, mlp, norms, embeddings, head, all, or single layers by name
        /// ("blocks.0.mlp").
        take: String = String::new(), line("Take", 120).zero("nothing");
        /// What it is called in the names of variants.
        called: String = String::new(), line("Called", 24).zero("by its number");
        /// How its training differs from the experiment's, for example "task=procedural task.rule=set training.steps=2000".
        set: String = String::new(), line("Trained with", MAX_PATCH).zero("nothing else");
        /// The name of a kept file that stands for its training, for example "all-minilm-l6-v2" (`kappa sources list`).
        file: String = String::new(), line("Kept file", MAX_FILE).zero("none: it is trained");
        /// In what form the numbers are taken.
        form: Form = Form::Exact, named("Form", After(""));
        /// What is done where the source has other symbols, or fewer places, than the network that starts from it.
        embeddings: Embeddings = Embeddings::Exact, named("Embeddings", After(" embeddings"));
    }
}

fields! {
    /// Other trainings that the network starts from.
    pub struct Sources {
        /// The first source.
        first as "1": Source = Source::default(), group();
        /// The second source; where both are taken of, the later one counts.
        second as "2": Source = Source::default(), group();
        /// The third source.
        third as "3": Source = Source::default(), group();
        /// The fourth source.
        fourth as "4": Source = Source::default(), group();
    }
}

choice! {
    /// In what form the numbers of a source are taken.
    pub enum Form {
        /// As they are.
        Exact: "exact", "as they are";
        /// Permuted within each matrix: the same numbers, without their order.
        Shuffled: "shuffled", "shuffled within each matrix";
        /// Drawn anew, normal with each matrix's mean and deviation.
        Statistics: "statistics", "drawn with each matrix's mean and deviation";
    }
}

choice! {
    /// What is done with embeddings and head of a source.
    pub enum Embeddings {
        /// They are taken as they are; the source must have the same symbols and at least as many places.
        Exact: "exact", "as they are";
        /// Every symbol, and every answer of the head, starts from the mean of the source's symbols, and places are taken as far
        /// as the source has as many (as in the code of arXiv 2601.21725).
        Mean: "mean", "mean";
    }
}

impl Source {
    /// The names of what is taken.
    pub fn taken(&self) -> impl Iterator<Item = &str> {
        self.take.split(',').map(str::trim).filter(|name| !name.is_empty())
    }

    /// Whether a parameter or matrix of this dotted name is taken.
    pub fn takes(&self, parameter: &str) -> bool {
        let is_norm = parameter.split('.').any(|piece| piece == "norm");
        self.taken().any(|name| match name {
            "all" => true,
            "attention" | "mlp" => !is_norm && has_pieces(parameter, name),
            "norms" => is_norm,
            "embeddings" => parameter.starts_with("embedding."),
            name => has_pieces(parameter, name),
        })
    }

    /// Whether it is a kept file, which is not trained.
    pub fn is_file(&self) -> bool {
        !self.file.is_empty()
    }

    /// What its training changes.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(super) fn settings(&self) -> Result<Vec<Setting>, Problem> {
        let mut settings: Vec<(&'static Field, String)> = Vec::new();
        for word in self.set.split_whitespace() {
            match (word.split_once('='), settings.last_mut()) {
                (Some((path, value)), _) => settings.push((known_field(path)?, value.to_owned())),
                // A text of several words.
                (None, Some((_, value))) => {
                    value.push(' ');
                    value.push_str(word);
                }
                (None, None) => {
                    let example = "task=procedural training.steps=2000";
                    return Err(Problem::general(format!("must be like {example}, not {}.", quote(word))));
                }
            }
        }
        settings.into_iter().map(|(field, text)| Ok((field, field.parse(&text)?))).collect()
    }
}

impl Sources {
    /// All four.
    pub fn all(&self) -> [&Source; MAX_SOURCES] {
        [&self.first, &self.second, &self.third, &self.fourth]
    }
}

/// A training that a network starts from.
#[derive(Clone, Debug, PartialEq)]
pub struct Needed {
    /// Which of the sources, from 1.
    pub number: usize,
    /// What is taken of it.
    pub source: Source,
    /// How it is trained: one variant, no tuning, nothing measured.
    pub experiment: Experiment,
}

impl Needed {
    /// What it is called: by its own name, or by its number.
    pub fn called(&self) -> String {
        called(&self.source, self.number)
    }

    /// The name by which the training of one seed is kept: that of a file; otherwise sixteen digits that follow from its
    /// experiment and the version of the program, and the seed.
    pub fn name(&self, seed: u64) -> String {
        if self.source.is_file() {
            return self.source.file.clone();
        }
        let text = format!("{}\n{}", env!("CARGO_PKG_VERSION"), tree::written(&self.of_seed(0)));
        format!("{}-{seed}", hash(text))
    }

    /// The same for one seed.
    pub fn of_seed(&self, seed: u32) -> Experiment {
        let seeds = Seeds { first: seed, count: 1, ..Seeds::default() };
        Experiment { seeds, ..self.experiment.clone() }
    }
}

fn called(source: &Source, number: usize) -> String {
    match (source.called.as_str(), source.file.as_str()) {
        ("", "") => format!("source {number}"),
        ("", file) => file.to_owned(),
        (name, _) => name.to_owned(),
    }
}

impl Experiment {
    /// The trainings that a resolved variant of this experiment starts from, in their order.
    ///
    /// # Errors
    /// What is wrong with a source, by its field.
    pub fn needed(&self, resolved: &Experiment) -> Result<Vec<Needed>, Vec<Problem>> {
        let mut needed = Vec::new();
        let mut problems = Vec::new();
        for (index, source) in resolved.source.all().into_iter().enumerate() {
            if source.taken().next().is_none() {
                continue;
            }
            match self.source_of(resolved, source) {
                Ok(experiment) => {
                    needed.push(Needed { number: index + 1, source: source.clone(), experiment });
                }
                Err(found) => problems.extend(found.into_iter().map(|problem| in_source(problem, index + 1))),
            }
        }
        if problems.is_empty() { Ok(needed) } else { Err(problems) }
    }

    fn source_of(&self, resolved: &Experiment, source: &Source) -> Result<Experiment, Vec<Problem>> {
        let settings = source.settings().map_err(|problem| vec![problem])?;
        if source.is_file() && !settings.is_empty() {
            return Err(vec![Problem::general(
                "set must be empty where file names what is kept: that is not trained.",
            )]);
        }
        if !is_file_name(&source.file) {
            return Err(vec![Problem::general(format!(
                "file must be a name of letters, digits and dashes, not {}.",
                quote(&source.file)
            ))]);
        }
        let outside =
            |path: &str| !["task", "model", "training"].contains(&path.split('.').next().unwrap_or(""));
        if let Some((field, _)) = settings.iter().find(|(field, _)| outside(field.path)) {
            let why = "cannot be changed for a source; it has a task, a model and a training of its own";
            return Err(vec![Problem::of(field.path, why)]);
        }
        let base = Experiment {
            title: "What networks start from".to_owned(),
            model: resolved.model.clone(),
            source: Sources::default(),
            seeds: Seeds { looks: Vec::new(), ..resolved.seeds.clone() },
            tune: Tuning::default(),
            probes: Probes::NONE,
            compare: Comparison::default(),
            variants: vec![Variant::default()],
            claims: Vec::new(),
            ..self.clone()
        };
        let mut trained = tree::apply(&base, &settings)?;
        trained.compare.metric = trained.task.metrics()[0];
        trained.training.evaluate_every = 0;
        match super::check::rules(&trained) {
            problems if problems.is_empty() => Ok(trained),
            problems => Err(problems),
        }
    }

    /// The names of all sources that the experiment's variants can start from, tuning and comparison together, without those
    /// of values that tuning has not chosen yet.
    pub fn source_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut add = |resolved: Experiment| {
            for needed in self.needed(&resolved).unwrap_or_default() {
                let seeds = u64::from(resolved.seeds.first);
                names.extend((seeds..seeds + u64::from(resolved.seeds.count)).map(|seed| needed.name(seed)));
            }
        };
        for index in 0..self.variants.len() {
            self.variant(index).into_iter().for_each(&mut add);
            if let Some(field) = self.tuned_field(index) {
                let at = |value: &f32| self.variant_at(index, field, crate::fields::shortest(*value)).ok();
                let tried: Vec<_> = self.tune.values.iter().filter_map(at).collect();
                for resolved in tried {
                    add(resolved.clone());
                    add(self.trial(resolved));
                }
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What a source is called in the names of variants.
    pub(super) fn source_called(&self, number: usize) -> String {
        let source = number.checked_sub(1).and_then(|index| self.source.all().get(index).copied());
        source.map_or_else(String::new, |source| called(source, number))
    }

    /// What is wrong with the sources of one resolved variant; everything else is good.
    pub(super) fn check_sources(&self, resolved: &Experiment) -> Vec<Problem> {
        let mut found = self.needed(resolved).err().unwrap_or_default();
        for (index, source) in resolved.source.all().into_iter().enumerate() {
            let path = format!("source.{}", index + 1);
            let unset = source.taken().next().is_some() || source.set.is_empty() || source.settings().is_ok();
            Problems::new(&path, &mut found).rule(
                unset,
                "set",
                "must be like task=procedural training.steps=2000",
            );
        }
        found
    }
}

fn in_source(problem: Problem, number: usize) -> Problem {
    Problem {
        field: format!("source.{number}.set"),
        sentence: format!("Source {number}: {}", problem.sentence),
    }
}

/// What one training of one seed is: "procedural (set), 2000 steps, seed 0".
pub fn in_words(experiment: &Experiment) -> String {
    let rule = super::field("task.rule").and_then(|field| Some(field.text(&tree::value(experiment, field)?)));
    let rule = rule.map_or_else(String::new, |rule| format!(" ({rule})"));
    let (task, steps, seed) = (experiment.task.name(), experiment.training.steps, experiment.seeds.first);
    format!("{task}{rule}, {steps} steps, seed {seed}")
}

/// What a kept training is, and how it did: "procedural (set), 2000 steps, seed 0, accuracy 97.1 %".
pub fn with_metrics(words: &str, metrics: &[(Metric, f32)]) -> String {
    let measured = metrics.iter().map(|(metric, value)| (metric, f64::from(*value)));
    let measured = measured.map(|(metric, value)| format!(", {} {}", metric.word(), metric.written(value)));
    format!("{words}{}", measured.collect::<String>())
}

/// Which source a field belongs to, and which of its fields it is.
pub fn of_source(path: &str) -> Option<(usize, &str)> {
    let (number, key) = path.strip_prefix("source.")?.split_once('.')?;
    Some((number.parse().ok()?, key))
}

/// Whether this can be the name of a kept file: nothing that a path could be made of.
pub fn is_file_name(name: &str) -> bool {
    name.len() <= MAX_FILE && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The list `[[source]]` of a file as the groups of fields that it stands for: `source.1`, `source.2`, …, each patch as a line.
pub(super) fn listed(value: &Value, problems: &mut Vec<Problem>) -> Value {
    let Value::Array(list) = value else { return value.clone() };
    if list.len() > MAX_SOURCES {
        let sentence = format!("must be there at most {MAX_SOURCES} times, not {}", list.len());
        problems.push(Problem::of("source", sentence));
        return Value::Object(Map::new());
    }
    let mut groups = Map::new();
    for (index, entry) in list.iter().enumerate() {
        let mut entry = entry.clone();
        if let Value::Object(table) = &mut entry {
            if let Some(Value::Object(set)) = table.get("set") {
                let mut settings = Vec::new();
                for (path, value) in set {
                    tree::flatten(path, value, &mut settings, problems);
                }
                table.insert("set".to_owned(), as_line(&settings).into());
            }
            if let Some(Value::Array(names)) = table.get("take") {
                let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                table.insert("take".to_owned(), names.join(", ").into());
            }
        }
        groups.insert((index + 1).to_string(), entry);
    }
    Value::Object(groups)
}

/// The groups of fields of sources as the list `[[source]]` of a file; one that says nothing keeps its place before others.
pub(super) fn as_list(groups: &Value) -> Value {
    let mut list: Vec<Value> = Vec::new();
    for number in 1..=MAX_SOURCES {
        if let Some(group) = groups.get(number.to_string()) {
            list.resize(number - 1, Value::Object(Map::new()));
            list.push(group.clone());
        }
    }
    list.into()
}

/// Settings as one line, in the order of the table.
fn as_line(settings: &[Setting]) -> String {
    let words: Vec<_> = tree::in_order(settings)
        .map(|(field, value)| format!("{}={}", field.path, field.text(value)))
        .collect();
    words.join(" ")
}

/// Whether a field of a source stands at its default, and so is left out of a file.
pub(super) fn is_unsaid(path: &str, value: &Value) -> bool {
    of_source(path).is_some_and(|(_, key)| Source::default().get(key).as_ref() == Some(value))
}

#[cfg(test)]
mod tests;
