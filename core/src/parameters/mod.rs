//! Every trainable number of a variant as one tensor `[R, P]`: where each parameter lies in it, and its first value.

mod builder;
mod start;

use burn::tensor::Tensor;

pub use builder::Builder;
pub use start::{AttentionShape, AttentionStart, PROJECTIONS, Start};

use crate::kernels::{Rule, view};

/// Which parameter of a [`Layout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterId(usize);

/// One parameter: a matrix for each replica.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Dotted path, for example `blocks.2.mlp.up.weight`.
    pub name: String,
    /// Rows of the matrix (inputs of a linear layer).
    pub rows: usize,
    /// Columns of the matrix (outputs of a linear layer).
    pub columns: usize,
    /// First number within the row of its replica.
    pub offset: usize,
    /// Whether weight decay applies: to matrices, not to biases and gains.
    pub decay: bool,
    /// Whether it stays as it is: no gradient, no decay; checkpoints carry it all the same.
    pub frozen: bool,
    /// Whether it stays as it is although there is a gradient by it, from which others are made.
    pub held: bool,
    /// Names of matrices that lie side by side in this one; empty if it is a single one.
    pub parts: Vec<String>,
    /// Whether they lie one below the other instead.
    pub stacked: bool,
    /// Whether the slot of weight conditioning changes it: the matrices between layers.
    pub conditioned: bool,
    /// Whether a layer reads it; else it belongs to what makes weights from trained numbers.
    pub read: bool,
}

impl Parameter {
    /// Whether an update changes it.
    pub fn is_trained(&self) -> bool {
        !self.frozen && !self.held
    }
}

/// One matrix of the network within the row of a replica; a part of a [`Parameter`] or all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// Dotted path, for example `blocks.2.attention.query.weight`.
    pub name: String,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// First number within the row of its replica.
    pub offset: usize,
    /// Distance between two rows of the matrix.
    pub stride: usize,
}

impl Matrix {
    /// The numbers of this matrix, row by row, out of all numbers of a replica.
    pub fn gather(&self, replica: &[f32]) -> Vec<f32> {
        (0..self.rows)
            .flat_map(|row| &replica[self.offset + row * self.stride..][..self.columns])
            .copied()
            .collect()
    }

    /// Puts numbers, row by row, where this matrix lies among all numbers of a replica.
    ///
    /// # Panics
    /// If they are not as many as the matrix has.
    pub fn scatter(&self, replica: &mut [f32], values: &[f32]) {
        assert_eq!(values.len(), self.rows * self.columns, "{}", self.name);
        for (row, values) in values.chunks_exact(self.columns).enumerate() {
            replica[self.offset + row * self.stride..][..self.columns].copy_from_slice(values);
        }
    }
}

/// Numbers that a kernel updates at once, at most.
const VECTOR: usize = 4;

/// Why a part cannot have a rule of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// No matrix is called so.
    Nothing,
    /// A matrix of it lies side by side with others, and is no multiple of four numbers wide.
    Narrow,
}

/// Where the parameters of a network lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    parameters: Vec<Parameter>,
    width: usize,
}

impl Layout {
    /// All parameters, in the order of the network.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The weight matrices that layers read, those that lie side by side apart from each other.
    pub fn matrices(&self) -> Vec<Matrix> {
        self.matrices_of(|p| p.decay && p.read)
    }

    /// The matrices of which every number is trained, whether layers read them or weights are made from them.
    pub fn trained_matrices(&self) -> Vec<Matrix> {
        self.matrices_of(|p| p.decay && p.is_trained())
    }

    /// Those that the slot of weight conditioning changes.
    pub fn conditioned(&self) -> Vec<Matrix> {
        self.matrices_of(|p| p.conditioned)
    }

    /// All of them, biases and gains as well; those that lie side by side apart from each other.
    pub fn all(&self) -> Vec<Matrix> {
        self.matrices_of(|_| true)
    }

    fn matrices_of(&self, wanted: impl Fn(&Parameter) -> bool) -> Vec<Matrix> {
        let of = |p: &Parameter| -> Vec<Matrix> {
            let names = if p.parts.is_empty() { std::slice::from_ref(&p.name) } else { &p.parts[..] };
            let count = names.len();
            let [rows, columns] =
                if p.stacked { [p.rows / count, p.columns] } else { [p.rows, p.columns / count] };
            let next = if p.stacked { rows * columns } else { columns };
            let part = |(i, name): (usize, &String)| Matrix {
                name: name.clone(),
                rows,
                columns,
                offset: p.offset + i * next,
                stride: p.columns,
            };
            names.iter().enumerate().map(part).collect()
        };
        self.parameters.iter().filter(|p| wanted(p)).flat_map(of).collect()
    }

    /// P: numbers of one replica, with the gaps that alignment asks for.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Trainable numbers of one replica, without gaps.
    pub fn count(&self) -> usize {
        self.parameters.iter().filter(|p| p.is_trained()).map(|p| p.rows * p.columns).sum()
    }

    /// The rule of each of the P numbers: whether weight decay applies, and of which of `parts` it is, counted from 1. A part
    /// says whether it has a matrix of this name; the last that does counts.
    ///
    /// # Errors
    /// The index of a part that has none, or whose matrix lies between others so narrow that a vector has numbers of two.
    pub fn rules(&self, parts: &[impl Fn(&str) -> bool]) -> Result<Vec<Rule>, (usize, Absent)> {
        let mut rules = vec![Rule { part: 0, decay: false }; self.width];
        for p in self.parameters.iter().filter(|p| p.decay && p.is_trained()) {
            rules[p.offset..p.offset + p.rows * p.columns].iter_mut().for_each(|rule| rule.decay = true);
        }
        let matrices = self.all();
        for (index, has) in parts.iter().enumerate() {
            let mut found = matrices.iter().filter(|matrix| has(&matrix.name)).peekable();
            if found.peek().is_none() {
                return Err((index, Absent::Nothing));
            }
            for matrix in found {
                let aligned = [matrix.offset, matrix.columns, matrix.stride].iter().all(|n| n % VECTOR == 0);
                if matrix.columns != matrix.stride && !aligned {
                    return Err((index, Absent::Narrow));
                }
                // Where a matrix has its place to itself, so do the numbers up to the next one.
                let length = if matrix.columns == matrix.stride {
                    (matrix.rows * matrix.columns).next_multiple_of(VECTOR)
                } else {
                    matrix.columns
                };
                let rows = if matrix.columns == matrix.stride { 1 } else { matrix.rows };
                for row in 0..rows {
                    let start = matrix.offset + row * matrix.stride;
                    let end = (start + length).min(self.width);
                    rules[start..end].iter_mut().for_each(|rule| rule.part = index as u8 + 1);
                }
            }
        }
        Ok(rules)
    }

    /// The first two pieces of the names of all matrices, each once: what a part can be called.
    pub fn part_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for matrix in self.matrices_of(|_| true) {
            let pieces: Vec<&str> =
                matrix.name.split('.').filter(|piece| piece.parse::<u32>().is_err()).collect();
            for name in [pieces[0].to_owned(), pieces[..pieces.len().min(2)].join(".")] {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// The parameters as the layers see them, ready for a backward pass if `trained`, but for the frozen ones.
    ///
    /// # Shapes
    /// - `flat`: `[R, P]`
    pub fn bind(&self, flat: &Tensor<2>, trained: bool) -> Parameters {
        let bind = |p: &Parameter| {
            let tensor = view(flat.clone(), p.offset, p.rows, p.columns);
            match (trained, p.frozen) {
                (true, false) => tensor.autodiff().require_grad(),
                (true, true) => tensor.autodiff(),
                (false, _) => tensor,
            }
        };
        Parameters(self.parameters.iter().filter(|p| p.read).map(bind).collect())
    }
}

/// The tensors behind the [`ParameterId`]s, for one forward pass.
pub struct Parameters(Vec<Tensor<3>>);

impl Parameters {
    /// One parameter, `[R, rows, columns]`.
    pub fn get(&self, id: ParameterId) -> Tensor<3> {
        self.0[id.0].clone()
    }

    /// All of them, in the layout's order.
    pub fn tensors(&self) -> &[Tensor<3>] {
        &self.0
    }

    /// The same numbers as constants of a backward pass.
    pub fn autodiff(&self) -> Self {
        Self(self.0.iter().map(|tensor| tensor.clone().autodiff()).collect())
    }
}
