//! Weights whose rows or columns are mapped one by one: what equilibration, weight normalization and standardization share.

use burn::tensor::Tensor;

use super::{Conditioned, Conditioner, Kept};
use crate::kernels::{Line, LineMap, Lines};
use crate::parameters::{Builder, Layout, Matrix};

/// Which lines of a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    /// The weights of each output.
    Outputs,
    /// The weights of each input.
    Inputs,
}

/// What the norms of lines become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// 1.
    Unit,
    /// The root mean square of the matrix's first norms.
    Initial,
}

/// The map of a line whose norm becomes fixed.
pub const FIXED: LineMap = LineMap { centered: false, trained_length: false, stopped: false };

/// Maps lines on the device, one pass after the other.
pub struct MappedLines {
    /// One or two.
    pub passes: Vec<Lines>,
    /// The same in all of them.
    pub map: LineMap,
}

impl Conditioner for MappedLines {
    fn weights(&self, raw: &Tensor<2>) -> Conditioned {
        let mut tensors = vec![raw.clone()];
        for lines in &self.passes {
            tensors.push(lines.map(tensors[tensors.len() - 1].clone(), self.map));
        }
        let weights = tensors.pop().expect("one more than the passes");
        // With two passes, the second one's input; with one, it is `raw` itself.
        let input = tensors.pop().filter(|_| self.passes.len() > 1);
        Conditioned { weights, kept: input.map_or(Kept::Nothing, |input| Kept::Numbers(Box::new(input))) }
    }

    fn gradients(&self, raw: &Tensor<2>, made: Conditioned, gradients: Tensor<2>) -> Tensor<2> {
        let between = match made.kept {
            Kept::Numbers(input) => Some(*input),
            _ => None,
        };
        let inputs: Vec<Tensor<2>> = std::iter::once(raw.clone()).chain(between).collect();
        let steps = self.passes.iter().zip(inputs).rev();
        steps.fold(gradients, |gradients, (lines, input)| lines.gradient(input, gradients, self.map))
    }
}

/// Lines whose norms become `lengths[replica][line]`.
pub struct Pass {
    /// Where they lie.
    pub lines: Vec<Line>,
    /// One list for each replica.
    pub lengths: Vec<Vec<f32>>,
}

impl Pass {
    /// All lines of all conditioned matrices one way; their lengths by the first values.
    pub fn new(builder: &mut Builder, along: Along, length: Length) -> Self {
        let matrices = builder.layout().conditioned();
        let of_matrix = |matrix: &Matrix, row: &[f32]| match length {
            Length::Unit => 1.0,
            Length::Initial => root_mean_square(&norms(&lines(matrix, along), row)) as f32,
        };
        let lengths_of = |row: &[f32]| {
            let of =
                |matrix: &Matrix| std::iter::repeat_n(of_matrix(matrix, row), lines(matrix, along).len());
            matrices.iter().flat_map(of).collect()
        };
        let lengths = builder.replicas().map(|(_, row)| lengths_of(row)).collect();
        Self { lines: matrices.iter().flat_map(|matrix| lines(matrix, along)).collect(), lengths }
    }

    /// Changes the first values, once.
    pub fn apply(&self, builder: &mut Builder) {
        for ((_, row), lengths) in builder.replicas().zip(&self.lengths) {
            let found = norms(&self.lines, row);
            for ((line, norm), length) in self.lines.iter().zip(found).zip(lengths) {
                let factor = if norm > 0.0 { f64::from(*length) / norm } else { 0.0 };
                scale(line, row, factor);
            }
        }
    }
}

/// The weights of each output, or those of each input.
pub fn lines(matrix: &Matrix, along: Along) -> Vec<Line> {
    let Matrix { rows, columns, offset, stride, .. } = *matrix;
    match along {
        Along::Inputs => {
            (0..rows).map(|i| Line { offset: offset + i * stride, count: columns, stride: 1 }).collect()
        }
        Along::Outputs => (0..columns).map(|o| Line { offset: offset + o, count: rows, stride }).collect(),
    }
}

/// The norm of each line of a replica's row.
pub fn norms(lines: &[Line], row: &[f32]) -> Vec<f64> {
    let square = |x: &f32| f64::from(*x) * f64::from(*x);
    let norm = |line: &Line| {
        let values = row[line.offset..].iter().step_by(line.stride).take(line.count);
        values.map(square).sum::<f64>().sqrt()
    };
    lines.iter().map(norm).collect()
}

fn root_mean_square(norms: &[f64]) -> f64 {
    (norms.iter().map(|x| x * x).sum::<f64>() / norms.len() as f64).sqrt()
}

/// A line of a replica's row times a factor.
pub fn scale(line: &Line, row: &mut [f32], factor: f64) {
    let values = row[line.offset..].iter_mut().step_by(line.stride).take(line.count);
    values.for_each(|x| *x = (f64::from(*x) * factor) as f32);
}

/// The stretches, from and to, that lie in no conditioned parameter.
pub fn rest(layout: &Layout) -> Vec<(usize, usize)> {
    let mut stretches = Vec::new();
    let mut from = 0;
    for parameter in layout.parameters().iter().filter(|p| p.conditioned) {
        stretches.push((from, parameter.offset));
        from = parameter.offset + parameter.rows * parameter.columns;
    }
    stretches.push((from, layout.width()));
    stretches.retain(|(from, to)| from < to);
    stretches
}
