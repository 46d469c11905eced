//! A network's layers as PyTorch has them: matrices `[outputs, inputs]`, vectors without a row.

use super::{Numbers, transposed};
use crate::parameters::{Layout, Matrix};

/// What a network's layers are called elsewhere: rows of a table, this program's name and the other one, `{}` for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerNames {
    /// What the table is called.
    pub called: &'static str,
    /// The rows; none if layers keep their names.
    pub rows: &'static [(&'static str, &'static str)],
}

impl LayerNames {
    /// What a layer is called there; `None` if it is not in the table.
    pub fn path(&self, layer: &str) -> Option<String> {
        if self.rows.is_empty() {
            return Some(layer.to_owned());
        }
        self.rows.iter().find_map(|(here, there)| match here.split_once("{}") {
            None => (*here == layer).then(|| (*there).to_owned()),
            Some((before, after)) => {
                let number = layer.strip_prefix(before)?.strip_suffix(after)?;
                let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
                digits.then(|| there.replace("{}", number))
            }
        })
    }
}

/// A layer with its weights, biases, gains and shifts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Dotted path, for example `blocks.2.mlp.up`.
    pub name: String,
    /// What it has.
    pub matrices: Vec<Matrix>,
}

/// One matrix as PyTorch has it: its key below the layer, its shape, and whether its sides are swapped.
pub fn torch(matrix: &Matrix) -> (&str, Vec<usize>, bool) {
    let key = matrix.name.rsplit_once('.').map_or(matrix.name.as_str(), |(_, key)| key);
    match key {
        "weight" if is_linear(&matrix.name) => (key, vec![matrix.columns, matrix.rows], true),
        "bias" if matrix.rows == 1 => (key, vec![matrix.columns], false),
        "scale" => ("weight", vec![matrix.columns], false),
        "shift" => ("bias", vec![matrix.columns], false),
        _ => (key, vec![matrix.rows, matrix.columns], false),
    }
}

/// Whether a weight is a linear layer's: not a table of symbols, and no filter.
pub(super) fn is_linear(name: &str) -> bool {
    !["embedding.token.weight", "filter.weight"].iter().any(|other| name.ends_with(other))
}

/// All matrices, biases and gains; those that lie side by side apart from each other, biases as well.
pub(super) fn pieces(layout: &Layout) -> Vec<Matrix> {
    let parameters = layout.parameters();
    let mut pieces = Vec::new();
    for matrix in layout.all() {
        let weight = matrix.name.strip_suffix(".bias").map(|layer| format!("{layer}.weight"));
        let sibling = weight.and_then(|weight| parameters.iter().find(|p| p.name == weight));
        match sibling.filter(|p| !p.parts.is_empty() && !p.stacked) {
            None => pieces.push(matrix),
            Some(weight) => {
                let columns = matrix.columns / weight.parts.len();
                let part = |(index, name): (usize, &String)| Matrix {
                    name: name
                        .strip_suffix("weight")
                        .map_or_else(|| name.clone(), |layer| format!("{layer}bias")),
                    columns,
                    offset: matrix.offset + index * columns,
                    ..matrix.clone()
                };
                pieces.extend(weight.parts.iter().enumerate().map(part));
            }
        }
    }
    pieces
}

/// The layers of a network, without what adapters add.
pub fn layers(layout: &Layout) -> Vec<Layer> {
    let read = |matrix: &Matrix| {
        let within = |p: &&crate::parameters::Parameter| {
            (p.offset..p.offset + p.rows * p.columns).contains(&matrix.offset)
        };
        layout.parameters().iter().find(within).is_some_and(|p| p.read)
    };
    let mut layers: Vec<Layer> = Vec::new();
    for matrix in pieces(layout).into_iter().filter(read) {
        let name = matrix.name.rsplit_once('.').map_or("", |(layer, _)| layer).to_owned();
        match layers.iter_mut().find(|layer| layer.name == name) {
            Some(layer) => layer.matrices.push(matrix),
            None => layers.push(Layer { name, matrices: vec![matrix] }),
        }
    }
    layers
}

impl Layer {
    /// Whether PyTorch has it as a module of weights and biases.
    pub(super) fn is_module(&self) -> bool {
        self.matrices.iter().all(|matrix| ["weight", "bias"].contains(&torch(matrix).0))
    }

    /// Its tensors out of the row of a replica: key, shape, numbers.
    pub fn torch(&self, row: &[f32]) -> Vec<(String, Vec<usize>, Vec<f32>)> {
        let tensor = |matrix: &Matrix| {
            let (key, shape, swapped) = torch(matrix);
            let values = matrix.gather(row);
            let values = if swapped { transposed(&values, [matrix.rows, matrix.columns]) } else { values };
            (key.to_owned(), shape, values)
        };
        self.matrices.iter().map(tensor).collect()
    }

    /// Its matrices out of tensors that are taken by key and shape.
    ///
    /// # Errors
    /// Those of `take`.
    pub fn from_torch(
        &self,
        mut take: impl FnMut(&str, &[usize]) -> Result<Vec<f32>, String>,
    ) -> Result<Numbers, String> {
        let mut numbers = Numbers::new();
        for matrix in &self.matrices {
            let (key, shape, swapped) = torch(matrix);
            let values = take(key, &shape)?;
            let values = if swapped { transposed(&values, [matrix.columns, matrix.rows]) } else { values };
            numbers.insert(matrix.name.clone(), ([matrix.rows, matrix.columns], values));
        }
        Ok(numbers)
    }
}

/// All layers out of tensors that are taken by name and shape.
///
/// # Errors
/// Those of `take`.
pub fn read_layers(
    layout: &Layout,
    names: &LayerNames,
    mut take: impl FnMut(&str, &[usize]) -> Result<Vec<f32>, String>,
) -> Result<Numbers, String> {
    let mut numbers = Numbers::new();
    for layer in layers(layout) {
        let path = names.path(&layer.name).unwrap_or_else(|| layer.name.clone());
        numbers.extend(layer.from_torch(|key, shape| take(&format!("{path}.{key}"), shape))?);
    }
    Ok(numbers)
}
