//! How the row of parameters comes about, and what its numbers are at first.

use std::rc::Rc;

use burn::tensor::TensorData;

use super::start::{Start, Xavier};
use super::{Layout, Parameter, ParameterId};
use crate::kernels::ALIGNMENT;

/// What embeds, and the head, which most rules start at zero: matrices that are never conditioned.
const UNCONDITIONED: [&str; 2] = ["embedding.", "head."];

/// Collects the parameters of a network while it is built.
pub struct Builder {
    seeds: Vec<u64>,
    layout: Layout,
    values: Vec<Vec<f32>>,
    start: Rc<dyn Start>,
    own: Vec<(&'static str, Vec<f32>)>,
}

impl Builder {
    /// One replica for each seed. Layers start by Xavier's rule until [`start_by`](Self::start_by) names another.
    pub fn new(seeds: Vec<u64>) -> Self {
        let values = vec![Vec::new(); seeds.len()];
        Self { seeds, layout: Layout::default(), values, start: Rc::new(Xavier), own: Vec::new() }
    }

    /// From here on, the replicas have these values of a field of their own.
    pub fn give_own(&mut self, path: &'static str, values: Vec<f32>) {
        assert_eq!(values.len(), self.seeds.len(), "a value of {path} for each replica");
        self.own.push((path, values));
    }

    /// The value of a field in each replica; `None` where all have the same.
    pub fn own(&self, path: &str) -> Option<Vec<f32>> {
        self.own.iter().find(|(other, _)| *other == path).map(|(_, values)| values.clone())
    }

    /// From here on, layers start by this rule.
    pub fn start_by(&mut self, rule: Rc<dyn Start>) {
        self.start = rule;
    }

    /// The rule by which layers start.
    pub fn start(&self) -> Rc<dyn Start> {
        self.start.clone()
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
                decay,
                conditioned,
                read: true,
                ..Parameter::default()
            },
            values,
        )
    }

    /// Adds `[1, columns]` trained numbers that no layer reads, without decay, after all that layers read; `initial` has
    /// those of every replica.
    pub fn add_beside(&mut self, name: &str, initial: Vec<Vec<f32>>) {
        let columns = initial.first().map_or(0, Vec::len);
        self.push(Parameter { name: name.into(), rows: 1, columns, ..Parameter::default() }, initial);
    }

    /// Adds trained matrices of one shape, one below the other, that no layer reads, with decay, after all that layers read;
    /// `initial` has those of every replica.
    pub fn add_stacked(
        &mut self,
        name: String,
        parts: Vec<String>,
        [rows, columns]: [usize; 2],
        initial: Vec<Vec<f32>>,
    ) {
        let parameter = Parameter {
            name,
            rows: parts.len() * rows,
            columns,
            decay: true,
            parts,
            stacked: true,
            ..Parameter::default()
        };
        self.push(parameter, initial);
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

    /// Says that a parameter is not trained although others are made from the gradient by it.
    pub fn hold(&mut self, id: ParameterId) {
        self.layout.parameters[id.0].held = true;
    }

    /// All parameters so far, in the layout's order.
    pub fn ids(&self) -> Vec<ParameterId> {
        (0..self.layout.parameters.len()).map(ParameterId).collect()
    }

    /// The layout, and the first values `[R, P]`.
    pub fn finish(self) -> (Layout, TensorData) {
        let shape = [self.seeds.len(), self.layout.width];
        (self.layout, TensorData::new(self.values.concat(), shape))
    }
}
