//! Adapters as Hugging Face's PEFT keeps them: a folder of `adapter_config.json` and `adapter_model.safetensors`.
//!
//! | adapter | PEFT's tensors of a module, beside those of all |
//! |---|---|
//! | [`super::lora`] (rsLoRA: `use_rslora`) | `lora_A.weight [r, in]`, `lora_B.weight [out, r]` |
//! | [`super::dora`] (`use_dora`) | the same, and `lora_magnitude_vector [out]` |
//! | [`super::vera`] | `vera_lambda_d [r]`, `vera_lambda_b [out]`; all: `vera_A [r, in]`, `vera_B [out, r]` |
//! | [`super::randlora`] | `randlora_lambda [r, n]`, `randlora_gamma [n, small]`; all: `randlora_A [r, 1, small]`, `randlora_B [large, n, r]` |
//!
//! A module's tensors are called `base_model.model.PATH.…`, those of all `base_model.…`. PATH is what the layer is called in
//! the network that PEFT adapts: the caller has a table of that. What is trained along is saved whole, as PEFT's
//! `modules_to_save`.
//!
//! PEFT cuts the drawn matrices of every module from one pair as large as the largest module. Here matrices of one shape have
//! their own. So an export puts those of all shapes where PEFT would cut them from; where two shapes want other numbers at one
//! place, PEFT cannot make the same change, and the export says so. The other way there is no such limit: what PEFT cuts
//! becomes the drawn matrices of each shape.
//!
//! Layouts are those of PEFT 0.21.2; `cargo xtask interop` compares outputs with it.

mod config;
mod layers;
mod low_rank;
mod shared;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use super::Weights;
use super::adapter::{Basis, chosen};
use crate::parameters::{Layout, Matrix};
use crate::tensors::{Limits, Tensors, write as safetensors};

pub use config::Config;
pub use layers::{Layer, LayerNames, layers, read_layers, torch};

/// Name of the file of settings.
pub const CONFIG: &str = "adapter_config.json";

/// Name of the file of numbers.
pub const MODEL: &str = "adapter_model.safetensors";

/// What a file of numbers may have at most.
pub const LIMITS: Limits = Limits { bytes: 1 << 28, header: 1 << 22, tensors: 1 << 14 };

/// What the names of a module's tensors begin with, and of those of all modules.
const OF_MODULE: &str = "base_model.model.";
const OF_ALL: &str = "base_model.";

/// Matrices by this program's names, `[rows, columns]` each: factors (`blocks.0.mlp.up.weight.a`), what was drawn for a shape
/// (`adapters.64x256.vera.a`), and what is trained along.
pub type Numbers = BTreeMap<String, ([usize; 2], Vec<f32>)>;

/// Tensors by PEFT's names.
type Named = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// PEFT's `peft_type`, and the settings of its own.
type Settings = (&'static str, Vec<(&'static str, serde_json::Value)>);

/// The two files of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// `adapter_config.json`.
    pub config: Vec<u8>,
    /// `adapter_model.safetensors`.
    pub model: Vec<u8>,
}

/// A matrix that adapts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// What it is called here, `blocks.0.mlp.up.weight`.
    pub matrix: String,
    /// What its layer is called in the network that PEFT adapts.
    pub path: String,
    /// Inputs and outputs.
    pub shape: [usize; 2],
}

impl Module {
    /// The name of a factor.
    fn factor(&self, key: &str) -> String {
        format!("{}.{key}", self.matrix)
    }

    /// The name of a tensor of PEFT's.
    fn tensor(&self, key: &str) -> String {
        format!("{OF_MODULE}{}.{key}", self.path)
    }
}

/// The name of what was drawn for a shape.
pub(super) fn basis(shape: [usize; 2], key: &str) -> String {
    format!("adapters.{}x{}.{key}", shape[0], shape[1])
}

/// An adapter that PEFT has too.
pub trait Exchange {
    /// The matrices that adapt, and what is trained along, by pieces of names.
    fn places(&self) -> (&str, &str);

    /// PEFT's `peft_type`, and the settings of its own.
    ///
    /// # Errors
    /// A sentence, if PEFT cannot make the same change.
    fn settings(&self, modules: &[Module]) -> Result<Settings, String>;

    /// Whether settings of PEFT's make the change that these numbers make here.
    ///
    /// # Errors
    /// A sentence naming the first setting that does not.
    fn agrees(&self, config: &Config, modules: &[Module]) -> Result<(), String>;

    /// What is drawn for a shape and a seed.
    fn drawn(&self, shape: [usize; 2], seed: u64) -> Vec<Basis>;

    /// PEFT's tensors.
    ///
    /// # Errors
    /// A sentence, if PEFT cannot make the same change.
    fn write(&self, modules: &[Module], numbers: &Numbers) -> Result<Named, String>;

    /// Factors, and what was drawn for every shape.
    ///
    /// # Errors
    /// A sentence naming the tensor that is missing, has another shape, or is not finite.
    fn read(&self, modules: &[Module], file: &mut Tensors<'_>) -> Result<Numbers, String>;
}

/// The adapter of these weights, if PEFT has it.
fn exchange(weights: &Weights) -> Result<Box<dyn Exchange>, String> {
    weights.engine().exchange().ok_or_else(|| {
        format!(
            "model.weights is {}, which PEFT does not have in this form; lora, dora, vera and randlora can be exchanged.",
            weights.name()
        )
    })
}

/// The matrices that adapt, by both names.
fn modules(list: &str, layout: &Layout, names: &LayerNames) -> Result<Vec<Module>, String> {
    let module = |matrix: Matrix| {
        let layer = matrix.name.strip_suffix(".weight").filter(|_| layers::is_linear(&matrix.name));
        let path = layer.and_then(|layer| names.path(layer)).ok_or_else(|| {
            format!(
                "model.weights.on names {}, which is no linear layer among the names {}.",
                matrix.name, names.called
            )
        })?;
        Ok(Module { matrix: matrix.name, path, shape: [matrix.rows, matrix.columns] })
    };
    chosen(&layout.matrices(), "on", list)?.into_iter().map(module).collect()
}

/// The layers that are trained along, whole.
fn along(layout: &Layout, names: &LayerNames) -> Result<Vec<(Layer, String)>, String> {
    let trained = |matrix: &Matrix| {
        layout.parameters().iter().any(|p| {
            p.read && p.is_trained() && (p.offset..p.offset + p.rows * p.columns).contains(&matrix.offset)
        })
    };
    let mut found = Vec::new();
    for layer in layers(layout) {
        if layer.matrices.iter().any(trained) {
            let path = names.path(&layer.name).filter(|_| layer.is_module()).ok_or_else(|| {
                format!(
                    "model.weights.along trains {}, which is no module that PEFT saves under the names {}; train the head along, or nothing.",
                    layer.name, names.called
                )
            })?;
            found.push((layer, path));
        }
    }
    Ok(found)
}

/// A trained adapter as PEFT's folder.
///
/// `layout` is that of the network with its factors, `row` the numbers of one replica, `seed` its own; `given` are the drawn
/// matrices, where they were given and not drawn.
///
/// # Errors
/// A sentence, if PEFT cannot make the same change, or a number is not finite.
pub fn to_peft(
    weights: &Weights,
    (layout, row, seed): (&Layout, &[f32], u64),
    given: Option<&Numbers>,
    names: &LayerNames,
) -> Result<Folder, String> {
    let adapter = exchange(weights)?;
    let modules = modules(adapter.places().0, layout, names)?;
    let mut numbers = Numbers::new();
    for matrix in layout.all() {
        numbers.insert(matrix.name.clone(), ([matrix.rows, matrix.columns], matrix.gather(row)));
    }
    for module in &modules {
        for Basis { name, shape, values } in adapter.drawn(module.shape, seed) {
            numbers.insert(basis(module.shape, name), (shape, values));
        }
    }
    for (name, matrix) in given.into_iter().flatten().filter(|(name, _)| name.starts_with("adapters.")) {
        numbers.insert(name.clone(), matrix.clone());
    }
    let mut tensors = adapter.write(&modules, &numbers)?;
    let along = along(layout, names)?;
    for (layer, path) in &along {
        for (key, shape, values) in layer.torch(row) {
            tensors.insert(format!("{OF_MODULE}{path}.{key}"), (shape, values));
        }
    }
    let bad = tensors.iter().find(|(_, (_, values))| values.iter().any(|value| !value.is_finite()));
    if let Some((name, _)) = bad {
        return Err(format!("The adapter's tensor {name} is not finite: its training diverged."));
    }
    let (kind, settings) = adapter.settings(&modules)?;
    let paths = modules.iter().map(|module| module.path.clone()).collect();
    let saved = along.into_iter().map(|(_, path)| path).collect();
    let model = tensors.iter().map(|(name, (shape, values))| (name.clone(), shape.clone(), &values[..]));
    let model = safetensors(model, HashMap::from([("format".to_owned(), "pt".to_owned())]));
    Ok(Folder { config: config::written(kind, paths, saved, settings), model })
}

/// What a folder of PEFT's has for a network: factors, drawn matrices, and what is trained along. `layout` is that of the network
/// with its factors.
///
/// # Errors
/// A sentence naming the file and the setting or tensor that does not fit.
pub fn from_peft(
    weights: &Weights,
    layout: &Layout,
    folder: &Folder,
    names: &LayerNames,
) -> Result<Numbers, String> {
    let adapter = exchange(weights)?;
    let modules = modules(adapter.places().0, layout, names)?;
    let config = Config::read(&folder.config)?;
    adapter.agrees(&config, &modules)?;
    let mut file = Tensors::read(&folder.model, MODEL, LIMITS)?;
    let mut numbers = adapter.read(&modules, &mut file)?;
    for (layer, path) in along(layout, names)? {
        let take = |key: &str, shape: &[usize]| file.take(&format!("{OF_MODULE}{path}.{key}"), shape);
        numbers.extend(layer.from_torch(take)?);
    }
    file.finish()?;
    Ok(numbers)
}

/// Puts numbers that a layout has where they lie in the row of a replica; drawn matrices are not in it.
pub fn put(numbers: &Numbers, layout: &Layout, row: &mut [f32]) {
    for matrix in layers::pieces(layout) {
        if let Some((_, values)) = numbers.get(&matrix.name) {
            matrix.scatter(row, values);
        }
    }
}

/// The other way round, `[columns, rows]`.
pub(crate) fn transposed(values: &[f32], [rows, columns]: [usize; 2]) -> Vec<f32> {
    (0..columns * rows).map(|index| values[index % rows * columns + index / rows]).collect()
}

/// A matrix that there must be.
fn number<'a>(numbers: &'a Numbers, name: &str) -> &'a ([usize; 2], Vec<f32>) {
    numbers.get(name).unwrap_or_else(|| panic!("{name} is a factor or was drawn"))
}
