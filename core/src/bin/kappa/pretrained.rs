//! Networks that were trained elsewhere: `kappa sources read` and `embed`.
//!
//! A network is a folder as Hugging Face's `transformers` writes it, with `config.json` and `model.safetensors`.

use std::path::Path;

use kappa_core::spec::{Experiment, set_path};
use kappa_core::tasks::reviews::Reviews;
use kappa_core::train::pretrained::{Pretrained, read as read_checkpoint};
use kappa_core::train::{Engine, KEPT_LIMITS, encode};

use crate::adapters::read_bounded;
use crate::cache::Cache;
use crate::failure::Failure;

/// Largest file of text.
const MAX_TEXT: usize = 1 << 25;
/// Symbols of a list that is embedded, at most.
const EMBEDDED_LENGTH: usize = 128;

/// Reads a checkpoint, and keeps it as a source of this name.
pub fn read(cache: &Cache, name: &str, folder: &Path) -> Result<String, Failure> {
    let Pretrained { kept, settings } = checkpoint(name, folder)?;
    cache.keep(name, &kept.write()).map_err(Failure::run)?;
    let settings: Vec<String> = settings.iter().map(|setting| format!("  {setting}\n")).collect();
    Ok(format!(
        "{name} is kept: {}\nA source takes it by file = \"{name}\"; a network of its shape has\n{}",
        kept.provenance.words,
        settings.concat()
    ))
}

fn checkpoint(name: &str, folder: &Path) -> Result<Pretrained, Failure> {
    let config = text(&folder.join("config.json"))?;
    let path = folder.join("model.safetensors");
    let bytes = read_bounded(&path, KEPT_LIMITS.bytes).map_err(Failure::usage)?;
    read_checkpoint(name, &config, &bytes)
        .map_err(|why| Failure::usage(format!("{}: {why}", folder.display())))
}

/// What a network makes of every list of symbols of a file, a line of JSON each: the mean of its last tokens.
pub fn embed(folder: &Path, file: &Path) -> Result<String, Failure> {
    let lists = lists(file)?;
    let name = "embedded";
    let Pretrained { kept, settings } = checkpoint(name, folder)?;
    let mut experiment =
        Experiment::new(name, Reviews { sentence_length: EMBEDDED_LENGTH as u32, ..Reviews::default() });
    let source =
        [format!("source.1.file={name}"), "source.1.take=embeddings, norms, attention, mlp".to_owned()];
    for setting in settings.iter().chain(&source) {
        set_path(&mut experiment, setting).map_err(|problem| Failure::usage(problem.sentence))?;
    }
    let engine = Engine::cpu("");
    let encoded = pollster::block_on(encode(&engine, &experiment, kept, &lists)).map_err(Failure::run)?;
    let mut said = String::new();
    for one in encoded {
        let numbers: Vec<String> = one.iter().map(|number| format!("{number}")).collect();
        said.push_str(&format!("[{}]\n", numbers.join(",")));
    }
    Ok(said)
}

/// Lists of symbols, a line each, as JSON.
fn lists(file: &Path) -> Result<Vec<Vec<u16>>, Failure> {
    let wrong = |(index, error): (usize, serde_json::Error)| {
        Failure::usage(format!("{}: line {} is no list of symbols ({error}).", file.display(), index + 1))
    };
    let text = text(file)?;
    let read =
        text.lines().enumerate().map(|(index, line)| serde_json::from_str(line).map_err(|e| (index, e)));
    read.collect::<Result<_, _>>().map_err(wrong)
}

fn text(path: &Path) -> Result<String, Failure> {
    let bytes = read_bounded(path, MAX_TEXT).map_err(Failure::usage)?;
    String::from_utf8(bytes)
        .map_err(|error| Failure::usage(format!("{} is no text: {error}.", path.display())))
}
