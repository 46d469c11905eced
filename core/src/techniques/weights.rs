//! How a weight matrix is made from its trained numbers: the slot of weight conditioning.
//!
//! Weight Conditioning for Smooth Optimization of Neural Networks (Saratchandran, Wang, Lucey; ECCV 2024, arXiv
//! 2409.03424). With one row of `W` for each output, layer k computes
//!
//! ```text
//! F_k = φ(E(W_k) W_k F_{k−1} + b_k)        E(W) = diag(1/‖W_1‖, …, 1/‖W_m‖)
//! ```
//!
//! `W` stays what is trained, `E` is found anew at every step. `κ(E W)` is at most √m times that of the best diagonal
//! scaling (van der Sluis 1969). Beside it, for comparison:
//!
//! | choice | weights |
//! |---|---|
//! | columns, or rows and then columns | `W D` and `E W D` with the norms of the inputs; the paper names both |
//! | weight normalization (arXiv 1602.07868) | `g_i W_i / ‖W_i‖`, `g` trained; starts equal to `W` |
//! | weight standardization (arXiv 1903.10520) | `(W_i − mean) / (deviation · √inputs)` |
//! | spectral normalization (arXiv 1802.05957) | `W / σ₁(W)` |
//! | spectral conditioning of attention (arXiv 2603.07162) | `W + λ I` for query, key and value |
//!
//! Here a layer's matrix is `[inputs, outputs]`, so the paper's row is a column. All of it happens outside autodiff, on
//! the one tensor that holds all trained numbers: weights are made in one launch before the forward pass, and gradients by
//! the weights become gradients by the trained numbers in one launch after the backward pass.
//!
//! Not certain: the paper's body was not at hand, only its abstract and two restatements. Whether its gradient flows
//! through `E` is unknown (here it does, and a choice stops it), as is whether it conditions the last layer (here: yes in a
//! coordinate network, no in a classifier, whose head starts at zero).
//!
//! Deviations: weight standardization divides by √inputs besides, since no normalization need follow it here; spectral
//! normalization finds σ₁ from the weights alone, not by one power iteration a step from a vector that is kept.
//! `I` of spectral conditioning is that of the matrix of all heads side by side: head i gets the channels from i·d on (and
//! begins again at the first where the heads together are wider than the tokens). Whether the paper adds it to each
//! head or to all together is not known.

use burn::tensor::{Device, Tensor, TensorData};

use crate::kernels::{Line, LineMap, Lines, Placed, SpectralNorms};
use crate::nn::parameters::{Builder, Layout, Matrix};
use crate::random::Stream;
use crate::spec::{Architecture, Axis, Model, NormGradient, RowScale, Weights, When};

/// Makes weights from trained numbers.
#[derive(Debug)]
pub struct Conditioner(Way);

#[derive(Debug)]
enum Way {
    /// One after the other.
    Lines(Vec<Lines>, LineMap),
    Divided(Box<SpectralNorms>),
    /// `[1, P]`, added.
    Shift(Box<Tensor<2>>),
}

/// Weights, and what the way back needs of how they were made.
pub struct Conditioned {
    /// `[R, P]`: in the places of the trained numbers.
    pub weights: Tensor<2>,
    kept: Option<Tensor<2>>,
}

impl Conditioner {
    /// What the model asks for; `None` where weights are their trained numbers.
    ///
    /// Changes first values where the model asks for that, and adds what is trained beside the weights: to be called when
    /// the network is built.
    pub fn new(builder: &mut Builder, model: &Model, device: &Device) -> Option<Self> {
        if model.row_spread > 0.0 {
            spread_rows(builder, model);
        }
        let fixed = LineMap { centered: false, trained_length: false, stopped: false };
        let way = match model.weights {
            Weights::Plain => return None,
            Weights::Equilibrated { axis, scale, when: When::Start, .. } => {
                for pass in passes(builder, axis, scale) {
                    pass.apply(builder);
                }
                return None;
            }
            Weights::Equilibrated { axis, scale, gradient, .. } => {
                let rest = rest(builder.layout());
                let upload = |pass: Pass| Lines::new(&pass.lines, &pass.lengths, None, &rest, device);
                let lines = passes(builder, axis, scale).into_iter().map(upload).collect();
                Way::Lines(lines, LineMap { stopped: gradient == NormGradient::Stopped, ..fixed })
            }
            Weights::Normalized => {
                let map = LineMap { trained_length: true, ..fixed };
                Way::Lines(vec![normalized(builder, device)], map)
            }
            Weights::Standardized => {
                let pass = Pass::new(builder, Axis::Row, RowScale::Unit);
                let rest = rest(builder.layout());
                let lines = Lines::new(&pass.lines, &pass.lengths, None, &rest, device);
                Way::Lines(vec![lines], LineMap { centered: true, ..fixed })
            }
            Weights::SpectralNorm => {
                let place = |m: Matrix| Placed {
                    offset: m.offset,
                    rows: m.rows,
                    columns: m.columns,
                    stride: m.stride,
                };
                let matrices: Vec<Placed> = builder.layout().conditioned().into_iter().map(place).collect();
                Way::Divided(Box::new(SpectralNorms::new(&matrices, &rest(builder.layout()), device)))
            }
            Weights::Spectral { shift } => Way::Shift(Box::new(identity(builder.layout(), shift, device))),
        };
        Some(Self(way))
    }

    /// The weights that the layers see.
    ///
    /// # Shapes
    /// - `raw`: `[R, P]`, the trained numbers
    pub fn weights(&self, raw: &Tensor<2>) -> Conditioned {
        match &self.0 {
            Way::Lines(passes, map) => {
                let mut tensors = vec![raw.clone()];
                for lines in passes {
                    tensors.push(lines.map(tensors[tensors.len() - 1].clone(), *map));
                }
                let weights = tensors.pop().expect("one more than the passes");
                // With two passes, the second one's input; with one, it is `raw` itself.
                Conditioned { weights, kept: tensors.pop().filter(|_| passes.len() > 1) }
            }
            Way::Divided(norms) => {
                let vectors = norms.vectors(raw.clone());
                Conditioned { weights: norms.map(raw.clone(), vectors.clone()), kept: Some(vectors) }
            }
            Way::Shift(identity) => Conditioned { weights: raw.clone() + (**identity).clone(), kept: None },
        }
    }

    /// Gradients by the trained numbers, from gradients by the weights that were made from them.
    ///
    /// # Shapes
    /// - `raw`, `gradients`, result: `[R, P]`
    pub fn gradients(&self, raw: &Tensor<2>, made: Conditioned, gradients: Tensor<2>) -> Tensor<2> {
        match &self.0 {
            Way::Lines(passes, map) => {
                let inputs: Vec<Tensor<2>> = std::iter::once(raw.clone()).chain(made.kept).collect();
                let steps = passes.iter().zip(inputs).rev();
                steps.fold(gradients, |gradients, (lines, input)| lines.gradient(input, gradients, *map))
            }
            Way::Divided(norms) => {
                let vectors = made.kept.expect("the vectors that the weights were made with");
                norms.gradient(raw.clone(), vectors, gradients)
            }
            Way::Shift(_) => gradients,
        }
    }
}

/// Lines whose norms become `lengths[replica][line]`.
struct Pass {
    lines: Vec<Line>,
    lengths: Vec<Vec<f32>>,
}

/// One pass for each axis; all but the last give norms of 1.
fn passes(builder: &mut Builder, axis: Axis, scale: RowScale) -> Vec<Pass> {
    match axis {
        Axis::Row | Axis::Column => vec![Pass::new(builder, axis, scale)],
        Axis::Both => {
            vec![Pass::new(builder, Axis::Row, RowScale::Unit), Pass::new(builder, Axis::Column, scale)]
        }
    }
}

impl Pass {
    /// All lines of all conditioned matrices along an axis; their lengths by the first values.
    fn new(builder: &mut Builder, axis: Axis, scale: RowScale) -> Self {
        let matrices = builder.layout().conditioned();
        let length = |matrix: &Matrix, row: &[f32]| match scale {
            RowScale::Unit => 1.0,
            RowScale::Initial => root_mean_square(&norms(&lines(matrix, axis), row)) as f32,
        };
        let lengths_of = |row: &[f32]| {
            let of = |matrix: &Matrix| std::iter::repeat_n(length(matrix, row), lines(matrix, axis).len());
            matrices.iter().flat_map(of).collect()
        };
        let lengths = builder.replicas().map(|(_, row)| lengths_of(row)).collect();
        Self { lines: matrices.iter().flat_map(|matrix| lines(matrix, axis)).collect(), lengths }
    }

    /// Changes the first values, once.
    fn apply(&self, builder: &mut Builder) {
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
fn lines(matrix: &Matrix, axis: Axis) -> Vec<Line> {
    let Matrix { rows, columns, offset, stride, .. } = *matrix;
    if axis == Axis::Column {
        (0..rows).map(|i| Line { offset: offset + i * stride, count: columns, stride: 1 }).collect()
    } else {
        (0..columns).map(|o| Line { offset: offset + o, count: rows, stride }).collect()
    }
}

fn norms(lines: &[Line], row: &[f32]) -> Vec<f64> {
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

fn scale(line: &Line, row: &mut [f32], factor: f64) {
    let values = row[line.offset..].iter_mut().step_by(line.stride).take(line.count);
    values.for_each(|x| *x = (f64::from(*x) * factor) as f32);
}

/// Adds the trained lengths, which start as the norms that the matrices have.
fn normalized(builder: &mut Builder, device: &Device) -> Lines {
    let matrices = builder.layout().conditioned();
    let mut places = Vec::new();
    for matrix in &matrices {
        let first = builder.layout().width();
        let of = |row: &[f32]| norms(&lines(matrix, Axis::Row), row).into_iter().map(|x| x as f32).collect();
        let initial = builder.replicas().map(|(_, row)| of(row)).collect();
        builder.add_beside(&format!("{}.length", matrix.name), initial);
        places.extend(first..first + matrix.columns);
    }
    let pass = Pass::new(builder, Axis::Row, RowScale::Unit);
    Lines::new(&pass.lines, &pass.lengths, Some(&places), &rest(builder.layout()), device)
}

/// λ where the identity of a query, key or value matrix is 1.
fn identity(layout: &Layout, shift: f32, device: &Device) -> Tensor<2> {
    let mut added = vec![0.0; layout.width()];
    let shifted = |matrix: &Matrix| {
        [".query.weight", ".key.weight", ".value.weight"].iter().any(|part| matrix.name.ends_with(part))
    };
    for matrix in layout.conditioned().iter().filter(|matrix| shifted(matrix)) {
        for column in 0..matrix.columns {
            added[matrix.offset + column % matrix.rows * matrix.stride + column] = shift;
        }
    }
    Tensor::from_data(TensorData::new(added, [1, layout.width()]), device)
}

/// The stretches, from and to, that lie in no conditioned parameter.
fn rest(layout: &Layout) -> Vec<(usize, usize)> {
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

/// Rows (outputs) of the first weights times 10^u, u uniform between plus and minus the spread; not those of the last
/// layer of a coordinate network, whose outputs are the values themselves.
fn spread_rows(builder: &mut Builder, model: &Model) {
    let mut matrices = builder.layout().conditioned();
    if matches!(model.architecture, Architecture::Coordinate { .. }) {
        matrices.pop();
    }
    let spread = f64::from(model.row_spread);
    for (seed, row) in builder.replicas() {
        for matrix in &matrices {
            let mut stream = Stream::new(seed, &format!("{}.spread", matrix.name));
            for line in lines(matrix, Axis::Row) {
                scale(&line, row, libm::pow(10.0, spread * (2.0 * stream.uniform() - 1.0)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
