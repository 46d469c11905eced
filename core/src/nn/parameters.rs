//! Every trainable number of a variant as one tensor `[R, P]`: where each parameter lies in it, and its first value.

use burn::tensor::{Device, Tensor, TensorData};

use crate::kernels::{ALIGNMENT, view};
use crate::spec::Initialization;

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

/// What embeds, and a classifier's head, which starts at zero: matrices that are never conditioned.
const UNCONDITIONED: [&str; 2] = ["embedding.", "head."];

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

/// Collects the parameters of a network while it is built.
pub struct Builder {
    seeds: Vec<u64>,
    layout: Layout,
    values: Vec<Vec<f32>>,
    initialization: Initialization,
}

impl Builder {
    /// One replica for each seed.
    pub fn new(seeds: Vec<u64>) -> Self {
        let values = vec![Vec::new(); seeds.len()];
        Self { seeds, layout: Layout::default(), values, initialization: Initialization::default() }
    }

    /// From here on, layers start by this rule.
    pub fn initialize_by(&mut self, rule: Initialization) {
        self.initialization = rule;
    }

    /// The rule by which layers start.
    pub fn initialization(&self) -> &Initialization {
        &self.initialization
    }

    /// One for each replica.
    pub fn seeds(&self) -> &[u64] {
        &self.seeds
    }

    /// Adds a parameter; `initial` gives its `rows · columns` first values for a seed.
    ///
    /// # Panics
    /// If `initial` gives another number of values.
    pub fn add(
        &mut self,
        name: &str,
        [rows, columns]: [usize; 2],
        decay: bool,
        initial: impl Fn(u64) -> Vec<f32>,
    ) -> ParameterId {
        let conditioned = decay && !UNCONDITIONED.iter().any(|prefix| name.starts_with(prefix));
        let values = self.seeds.iter().map(|seed| initial(*seed)).collect();
        self.push(
            Parameter {
                name: name.into(),
                rows,
                columns,
                offset: 0,
                decay,
                frozen: false,
                parts: vec![],
                conditioned,
                read: true,
            },
            values,
        )
    }

    /// Adds `[1, columns]` trained numbers that no layer reads, without decay, after all that layers read; `initial` has
    /// those of every replica.
    pub fn add_beside(&mut self, name: &str, initial: Vec<Vec<f32>>) {
        let columns = initial.first().map_or(0, Vec::len);
        self.push(
            Parameter {
                name: name.into(),
                rows: 1,
                columns,
                offset: 0,
                decay: false,
                frozen: false,
                parts: vec![],
                conditioned: false,
                read: false,
            },
            initial,
        );
    }

    fn push(&mut self, mut parameter: Parameter, initial: Vec<Vec<f32>>) -> ParameterId {
        parameter.offset = self.layout.width;
        let length = parameter.rows * parameter.columns;
        self.layout.width = (parameter.offset + length).next_multiple_of(ALIGNMENT);
        for (drawn, row) in initial.into_iter().zip(&mut self.values) {
            assert_eq!(drawn.len(), length, "initial values of {}", parameter.name);
            row.extend(drawn);
            row.resize(self.layout.width, 0.0);
        }
        self.layout.parameters.push(parameter);
        ParameterId(self.layout.parameters.len() - 1)
    }

    /// Where everything that was added so far lies.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The seed of every replica, and its first values so far.
    pub fn replicas(&mut self) -> impl Iterator<Item = (u64, &mut [f32])> {
        self.seeds.iter().copied().zip(self.values.iter_mut().map(Vec::as_mut_slice))
    }

    /// Says that a parameter is several matrices side by side, all equally wide.
    pub fn name_parts(&mut self, id: ParameterId, parts: impl IntoIterator<Item = String>) {
        self.layout.parameters[id.0].parts = parts.into_iter().collect();
    }

    /// Says that a parameter is neither trained nor conditioned.
    pub fn freeze(&mut self, id: ParameterId) {
        let parameter = &mut self.layout.parameters[id.0];
        (parameter.frozen, parameter.conditioned) = (true, false);
    }

    /// The layout, and the first values `[R, P]`.
    pub fn finish(self) -> (Layout, TensorData) {
        let shape = [self.seeds.len(), self.layout.width];
        (self.layout, TensorData::new(self.values.concat(), shape))
    }
}
