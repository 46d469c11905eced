//! Networks that were trained elsewhere, read as sources that are kept.
//!
//! A checkpoint is a folder as Hugging Face's `transformers` writes it: `config.json`, which says how large the network is, and
//! `model.safetensors`. What lies where is one table for each family ([`bert`]): the name of each matrix here, the names there,
//! and how the one is made of the others. A family that is to follow is a table and the numbers of its configuration.

mod bert;

use std::collections::BTreeMap;

use serde_json::Value;

use super::kept::{Kept, LIMITS, Provenance};
use crate::fields::quote;
use crate::spec::sources::{MAX_FILE, is_file_name};
use crate::techniques::weights::peft::{Numbers, transposed};
use crate::tensors::Tensors;

/// Largest side of a matrix, and most blocks, that are read.
const MAX_SIDE: usize = 1 << 20;
const MAX_DEPTH: usize = 96;

/// How a matrix here, row by row, is made of tensors there.
#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    /// The same; a vector is one row.
    Same,
    /// Rows become columns: PyTorch's linear layers are `[outputs, inputs]`.
    Transposed,
    /// Vectors side by side, in one row.
    SideBySide,
    /// The first, with the first row of the second added to each of its rows.
    PlusFirstRow,
}

/// Where a matrix comes from. `{}` is the number of the block.
type Line = (&'static str, How, &'static [&'static str]);

/// A family of networks.
struct Family {
    /// What it is called.
    name: &'static str,
    /// What stands once in a checkpoint.
    ends: &'static [Line],
    /// What every block has.
    block: &'static [Line],
    /// The beginnings of what else may stand there; it is not read.
    ignored: &'static [&'static str],
    /// What may stand before every name.
    prefix: &'static str,
}

/// How large a network is, and how it is written as an experiment.
#[derive(Debug)]
struct Shape {
    depth: usize,
    /// The sides of what [`Line`]s name, for the first of their tensors.
    sides: BTreeMap<&'static str, Vec<usize>>,
    /// In words: "6 layers, 384 wide".
    words: String,
    /// The fields of an experiment's model.
    settings: Vec<String>,
}

/// A network that was read.
#[derive(Debug)]
pub struct Pretrained {
    /// As a source.
    pub kept: Kept,
    /// The settings of a model that has the same shape, for example `model.depth=6`.
    pub settings: Vec<String>,
}

/// Reads a checkpoint as a source of this name.
///
/// # Errors
/// One sentence: the field of the configuration or the tensor, and what is allowed.
pub fn read(name: &str, config: &str, bytes: &[u8]) -> Result<Pretrained, String> {
    if name.is_empty() || !is_file_name(name) {
        return Err(format!(
            "The name must be 1 to {MAX_FILE} letters, digits and dashes, not {}.",
            quote(name)
        ));
    }
    let config: Value =
        serde_json::from_str(config).map_err(|error| format!("config.json is no JSON: {error}."))?;
    let (family, shape) = match config.get("model_type").and_then(Value::as_str) {
        Some("bert") => (&bert::FAMILY, bert::shape(&config)?),
        other => {
            return Err(format!(
                "config.json: model_type must be bert, not {}.",
                other.map_or("missing".to_owned(), quote)
            ));
        }
    };
    let tensors = gathered(family, &shape, Tensors::read(bytes, "The checkpoint", LIMITS)?)?;
    let provenance = Provenance {
        name: name.to_owned(),
        experiment: String::new(),
        words: format!("{} of {name}, {}", family.name, shape.words),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        metrics: Vec::new(),
    };
    Ok(Pretrained { kept: Kept::of(provenance, tensors), settings: shape.settings })
}

/// A number of a configuration, from 1 to `most`.
fn number(config: &Value, field: &str, most: usize) -> Result<usize, String> {
    let found = config.get(field);
    found
        .and_then(Value::as_u64)
        .map(|value| value as usize)
        .filter(|value| (1..=most).contains(value))
        .ok_or_else(|| {
            let found = found.map_or("missing".to_owned(), |value| quote(&value.to_string()));
            format!("config.json: {field} must be a whole number from 1 to {most}, not {found}.")
        })
}

/// Every matrix that the table names.
fn gathered(family: &Family, shape: &Shape, mut file: Tensors<'_>) -> Result<Numbers, String> {
    let mut tensors = Numbers::new();
    let blocks = (0..shape.depth).flat_map(|block| family.block.iter().map(move |line| (Some(block), line)));
    for (block, (ours, how, theirs)) in family.ends.iter().map(|line| (None, line)).chain(blocks) {
        let at =
            |name: &str| block.map_or(name.to_owned(), |block| name.replacen("{}", &block.to_string(), 1));
        let mut parts = Vec::new();
        for theirs in *theirs {
            let (name, prefixed) = (at(theirs), format!("{}{}", family.prefix, at(theirs)));
            let name = if file.entry(&prefixed).is_some() { prefixed } else { name };
            parts.push(file.take(&name, &shape.sides[theirs])?);
        }
        tensors.insert(at(ours), made(*how, &shape.sides[theirs[0]], parts));
    }
    let is_ignored = |name: &str| {
        let name = name.strip_prefix(family.prefix).unwrap_or(name);
        family.ignored.iter().any(|ignored| name.starts_with(ignored))
    };
    match file.entries().find(|(name, _)| !is_ignored(name)) {
        Some((name, _)) => Err(format!(
            "The checkpoint has {}, which {} of {} blocks has not.",
            quote(name),
            family.name,
            shape.depth
        )),
        None => Ok(tensors),
    }
}

/// The sides and numbers of a matrix, of the numbers that it is made of; `sides` are the first one's.
fn made(how: How, sides: &[usize], mut parts: Vec<Vec<f32>>) -> ([usize; 2], Vec<f32>) {
    let [rows, columns] = match *sides {
        [columns] => [1, columns],
        [rows, columns] => [rows, columns],
        _ => unreachable!("tables name vectors and matrices"),
    };
    match how {
        How::Same => ([rows, columns], parts.swap_remove(0)),
        How::Transposed => ([columns, rows], transposed(&parts[0], [rows, columns])),
        How::SideBySide => ([1, columns * parts.len()], parts.concat()),
        How::PlusFirstRow => {
            let (first, added) = (&parts[0], &parts[1][..columns]);
            let values =
                first.chunks_exact(columns).flat_map(|row| row.iter().zip(added).map(|(x, y)| x + y));
            ([rows, columns], values.collect())
        }
    }
}

#[cfg(test)]
mod tests;
