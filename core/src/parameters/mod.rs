//! Every trainable number of a variant as one tensor `[R, P]`: where each parameter lies in it, and its first value.

mod builder;
mod start;

use burn::tensor::{Device, Tensor, TensorData};

pub use builder::Builder;
pub use start::{AttentionShape, AttentionStart, PROJECTIONS, Start};

use crate::kernels::view;

/// Which parameter of a [`Layout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterId(usize);

/// One parameter: a matrix for each replica.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Names of matrices that lie side by side in this one; empty if it is a single one.
    pub parts: Vec<String>,
    /// Whether the slot of weight conditioning changes it: the matrices between layers.
    pub conditioned: bool,
    /// Whether a layer reads it; else it belongs to what makes weights from trained numbers.
    pub read: bool,
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

    /// The weight matrices, those that lie side by side apart from each other.
    pub fn matrices(&self) -> Vec<Matrix> {
        self.matrices_of(|p| p.decay)
    }

    /// Those that the slot of weight conditioning changes.
    pub fn conditioned(&self) -> Vec<Matrix> {
        self.matrices_of(|p| p.conditioned)
    }

    fn matrices_of(&self, wanted: impl Fn(&Parameter) -> bool) -> Vec<Matrix> {
        let of = |p: &Parameter| -> Vec<Matrix> {
            let names = if p.parts.is_empty() { std::slice::from_ref(&p.name) } else { &p.parts[..] };
            let columns = p.columns / names.len();
            let part = |(i, name): (usize, &String)| Matrix {
                name: name.clone(),
                rows: p.rows,
                columns,
                offset: p.offset + i * columns,
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
        self.parameters.iter().filter(|p| !p.frozen).map(|p| p.rows * p.columns).sum()
    }

    /// `[P]`: 1 where weight decay applies.
    pub fn decay(&self, device: &Device) -> Tensor<1> {
        let mut mask = vec![0.0f32; self.width];
        for p in self.parameters.iter().filter(|p| p.decay && !p.frozen) {
            mask[p.offset..p.offset + p.rows * p.columns].fill(1.0);
        }
        Tensor::from_data(TensorData::new(mask, [self.width]), device)
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
