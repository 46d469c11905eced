//! Adapters: matrices that stay as they started, plus a change made from few trained numbers.
//!
//! ```text
//! W = W₀ + ΔW(factors)
//! ```
//!
//! ΔW is formed once a step, outside the network, as all weights are that are not their trained numbers ([`super`]). Matrices
//! of one shape adapt together: their factors lie one below the other in one parameter, so that a step has as many kernels for
//! twelve layers as for one. The matrices themselves stay in the row of trained numbers, where gradients by them are found (the
//! factors' follow from these) and then put to zero. Whatever does not adapt and is not trained along is frozen.
//!
//! Drawn matrices that an adapter shares between layers come from the stream of the seed and a name: no file holds them.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::peft::{Numbers, basis};
use super::{Conditioned, Conditioner, Kept, Made};
use crate::fields::{has_pieces, quote};
use crate::kernels::{PACKED, pack_gradients, view};
use crate::parameters::{Builder, Matrix, Parameter};

/// How a factor starts: from the seed, its own name, its shape, and the matrix that it is for in the row of its replica.
type Start = Box<dyn Fn(u64, &str, (&Matrix, &[f32]), [usize; 2]) -> Vec<f32>>;

/// Numbers that are trained for every matrix that adapts.
pub(super) struct Factor {
    /// What it is called, after the name of the matrix.
    pub(super) key: &'static str,
    /// Rows and columns for one matrix.
    pub(super) shape: [usize; 2],
    start: Start,
}

impl Factor {
    /// Drawn from the stream of a name.
    pub(super) fn drawn(
        key: &'static str,
        shape: [usize; 2],
        draw: impl Fn(u64, &str, [usize; 2]) -> Vec<f32> + 'static,
    ) -> Self {
        Self { key, shape, start: Box::new(move |seed, name, _, shape| draw(seed, name, shape)) }
    }

    /// All the same number.
    pub(super) fn constant(key: &'static str, shape: [usize; 2], value: f32) -> Self {
        Self { key, shape, start: Box::new(move |_, _, _, [rows, columns]| vec![value; rows * columns]) }
    }

    /// Made from the matrix that it is for.
    pub(super) fn of_first(
        key: &'static str,
        shape: [usize; 2],
        make: impl Fn(&Matrix, &[f32]) -> Vec<f32> + 'static,
    ) -> Self {
        Self { key, shape, start: Box::new(move |_, _, (matrix, row), _| make(matrix, row)) }
    }
}

/// Numbers that are drawn for a seed and shared by all matrices of a shape.
pub struct Basis {
    /// What it is called, after the shape.
    pub(super) name: &'static str,
    /// Rows and columns.
    pub(super) shape: [usize; 2],
    /// Row by row.
    pub(super) values: Vec<f32>,
}

/// One way to make ΔW.
pub(super) trait Adapter: 'static {
    /// What is trained for a matrix of this shape, `[inputs, outputs]`.
    fn factors(&self, shape: [usize; 2]) -> Vec<Factor>;

    /// What is drawn and shared, of one seed.
    fn bases(&self, _shape: [usize; 2], _seed: u64) -> Vec<Basis> {
        Vec::new()
    }

    /// Whether ΔW depends on W₀.
    fn reads_first(&self) -> bool {
        false
    }

    /// ΔW, `[R, L, inputs, outputs]`.
    fn change(&self, known: Known<'_>) -> Tensor<4>;
}

/// What ΔW is made from, for the L matrices of one shape.
pub(super) struct Known<'a> {
    /// Inputs and outputs.
    pub(super) shape: [usize; 2],
    factors: &'a [Tensor<4>],
    bases: &'a [Tensor<3>],
    first: Option<Tensor<4>>,
}

impl Known<'_> {
    /// The factors, each `[R, L, rows, columns]`, in the adapter's order.
    pub(super) fn factors<const N: usize>(&self) -> [Tensor<4>; N] {
        std::array::from_fn(|i| self.factors[i].clone())
    }

    /// The bases, each `[R, rows, columns]`, in the adapter's order.
    pub(super) fn bases<const N: usize>(&self) -> [Tensor<3>; N] {
        std::array::from_fn(|i| self.bases[i].clone())
    }

    /// W₀, `[R, L, inputs, outputs]`.
    pub(super) fn first(&self) -> Tensor<4> {
        self.first.clone().expect("an adapter that reads the first weights says so")
    }
}

/// What was added to the matrices of one shape, and what it was made from: both part of a graph.
pub(super) struct Change {
    factors: Vec<Tensor<4>>,
    change: Tensor<4>,
}

/// Where the factors of a group lie.
struct Place {
    offset: usize,
    shape: [usize; 2],
}

/// The matrices of one shape.
struct Group {
    /// L.
    count: usize,
    shape: [usize; 2],
    factors: Vec<Place>,
    /// What they are called, and their numbers `[R, rows, columns]`.
    bases: Vec<(String, Tensor<3>)>,
    /// `[L · inputs · outputs]`: where each of their numbers lies in the row of a replica.
    places: Tensor<1, Int>,
}

/// Adapters on the matrices of a network.
struct Adapted<A> {
    adapter: A,
    groups: Vec<Group>,
    /// `[P]`: of each number, which of what was added belongs to it; the last one is 0.
    added: Tensor<1, Int>,
    /// `[1, P]`: 1 where a number is trained as it is.
    along: Tensor<2>,
}

/// Adapts the matrices that are named; all else is frozen but for what is trained along.
///
/// # Errors
/// A sentence, if a name is of nothing that there is.
pub(super) fn adapt(
    builder: &mut Builder,
    device: &Device,
    on: &str,
    along: &str,
    adapter: impl Adapter,
) -> Made {
    let matrices = builder.layout().matrices();
    let chosen = chosen(&matrices, "on", on)?;
    let trained = freeze(builder, &chosen, along)?;
    let mut shapes: Vec<[usize; 2]> = Vec::new();
    for matrix in &chosen {
        let shape = [matrix.rows, matrix.columns];
        if !shapes.contains(&shape) {
            shapes.push(shape);
        }
    }
    let mut groups = Vec::new();
    let mut added = Vec::new();
    let mut total = 0;
    for shape in shapes {
        let of_shape: Vec<&Matrix> = chosen.iter().filter(|m| [m.rows, m.columns] == shape).collect();
        let places: Vec<usize> = of_shape.iter().flat_map(|matrix| numbers(matrix)).collect();
        added.extend(places.iter().enumerate().map(|(index, place)| (*place, total + index)));
        total += places.len();
        groups.push(group(builder, device, &adapter, &of_shape, &places));
    }
    let width = builder.layout().width();
    let mut index = vec![total as i32; width];
    added.into_iter().for_each(|(place, of)| index[place] = of as i32);
    let mut mask = vec![0.0f32; width];
    trained.iter().for_each(|p| mask[p.offset..p.offset + p.rows * p.columns].fill(1.0));
    Ok(Some(Box::new(Adapted {
        adapter,
        groups,
        added: Tensor::from_data(TensorData::new(index, [width]), device),
        along: Tensor::from_data(TensorData::new(mask, [1, width]), device),
    })))
}

/// Freezes all but the matrices that adapt, which stay too but have gradients, and what is trained along, which is returned.
///
/// # Errors
/// A sentence, if a name is of nothing that there is.
pub(super) fn freeze(
    builder: &mut Builder,
    adapted: &[Matrix],
    along: &str,
) -> Result<Vec<Parameter>, String> {
    let layout = builder.layout().clone();
    let named = if along.trim().is_empty() { Vec::new() } else { chosen(&layout.all(), "along", along)? };
    let within = |p: &Parameter, matrices: &[Matrix]| {
        matrices.iter().any(|m| (p.offset..p.offset + p.rows * p.columns).contains(&m.offset))
    };
    let mut trained = Vec::new();
    for (id, parameter) in builder.ids().into_iter().zip(layout.parameters()) {
        if within(parameter, adapted) {
            builder.hold(id);
        } else if within(parameter, &named) {
            trained.push(parameter.clone());
        } else {
            builder.freeze(id);
        }
    }
    Ok(trained)
}

/// The matrices whose names have one of the pieces of a list.
pub(super) fn chosen(matrices: &[Matrix], key: &str, list: &str) -> Result<Vec<Matrix>, String> {
    let pieces: Vec<&str> = list.split(',').map(str::trim).filter(|piece| !piece.is_empty()).collect();
    let absent = pieces.iter().find(|piece| !matrices.iter().any(|matrix| has_pieces(&matrix.name, piece)));
    if absent.is_some() || pieces.is_empty() {
        let mut known: Vec<&str> = Vec::new();
        for piece in matrices.iter().flat_map(|matrix| matrix.name.split('.')) {
            if piece != "weight" && piece.parse::<u32>().is_err() && !known.contains(&piece) {
                known.push(piece);
            }
        }
        return Err(format!(
            "model.weights.{key} names {}, which this network does not have. It has {}.",
            absent.map_or_else(|| "nothing".to_owned(), |piece| quote(piece)),
            known.join(", ")
        ));
    }
    Ok(matrices
        .iter()
        .filter(|matrix| pieces.iter().any(|piece| has_pieces(&matrix.name, piece)))
        .cloned()
        .collect())
}

/// The places of a matrix's numbers, row by row.
fn numbers(matrix: &Matrix) -> impl Iterator<Item = usize> + '_ {
    (0..matrix.rows).flat_map(|row| {
        matrix.offset + row * matrix.stride..matrix.offset + row * matrix.stride + matrix.columns
    })
}

/// The matrices of one shape, with their factors among what is trained.
fn group(
    builder: &mut Builder,
    device: &Device,
    adapter: &impl Adapter,
    matrices: &[&Matrix],
    places: &[usize],
) -> Group {
    let shape = [matrices[0].rows, matrices[0].columns];
    let mut factors = Vec::new();
    for factor in adapter.factors(shape) {
        let names: Vec<String> = matrices.iter().map(|m| format!("{}.{}", m.name, factor.key)).collect();
        let start = |(seed, row): (u64, &mut [f32])| -> Vec<f32> {
            let of = |(name, matrix): (&String, &&Matrix)| {
                (factor.start)(seed, name, (*matrix, &*row), factor.shape)
            };
            names.iter().zip(matrices).flat_map(of).collect()
        };
        let initial = builder.replicas().map(start).collect();
        let offset = builder.layout().width();
        let name = format!("adapters.{}x{}.{}", shape[0], shape[1], factor.key);
        builder.add_stacked(name, names, factor.shape, initial);
        factors.push(Place { offset, shape: factor.shape });
    }
    let seeds = builder.seeds().to_vec();
    let drawn: Vec<Vec<Basis>> = seeds.iter().map(|seed| adapter.bases(shape, *seed)).collect();
    let bases = (0..drawn[0].len()).map(|index| {
        let values: Vec<f32> = drawn.iter().flat_map(|of_seed| &of_seed[index].values).copied().collect();
        let Basis { name, shape: [rows, columns], .. } = drawn[0][index];
        let values = TensorData::new(values, [seeds.len(), rows, columns]);
        (basis(shape, name), Tensor::<3>::from_data(values, device))
    });
    let bases = bases.collect();
    let index: Vec<i32> = places.iter().map(|place| *place as i32).collect();
    let places = Tensor::from_data(TensorData::new(index, [places.len()]), device);
    Group { count: matrices.len(), shape, factors, bases, places }
}

impl Group {
    /// The numbers of these matrices out of rows `[R, P]`: `[R, L, inputs, outputs]`.
    fn gather(&self, rows: &Tensor<2>) -> Tensor<4> {
        let [inputs, outputs] = self.shape;
        let replicas = rows.dims()[0];
        rows.clone().select(1, self.places.clone()).reshape([replicas, self.count, inputs, outputs])
    }

    /// What is added to them.
    fn change(&self, adapter: &impl Adapter, raw: &Tensor<2>) -> Change {
        let replicas = raw.dims()[0];
        let factor = |place: &Place| {
            let [rows, columns] = place.shape;
            let all = view(raw.clone(), place.offset, self.count * rows, columns);
            all.reshape([replicas, self.count, rows, columns]).autodiff().require_grad()
        };
        let factors: Vec<Tensor<4>> = self.factors.iter().map(factor).collect();
        let bases: Vec<Tensor<3>> = self.bases.iter().map(|(_, basis)| basis.clone().autodiff()).collect();
        let first = adapter.reads_first().then(|| self.gather(raw).autodiff());
        let known = Known { shape: self.shape, factors: &factors, bases: &bases, first };
        let change = adapter.change(known);
        Change { factors, change }
    }
}

impl<A: Adapter> Conditioner for Adapted<A> {
    fn give(&mut self, numbers: &Numbers) {
        for (name, basis) in self.groups.iter_mut().flat_map(|group| &mut group.bases) {
            if let Some((_, values)) = numbers.get(name) {
                let [replicas, rows, columns] = basis.dims();
                let values = TensorData::new(values.repeat(replicas), [replicas, rows, columns]);
                *basis = Tensor::from_data(values, &basis.device());
            }
        }
    }

    fn weights(&self, raw: &Tensor<2>) -> Conditioned {
        let replicas = raw.dims()[0];
        let changes: Vec<Change> = self.groups.iter().map(|group| group.change(&self.adapter, raw)).collect();
        let mut all: Vec<Tensor<2>> = Vec::new();
        for (group, change) in self.groups.iter().zip(&changes) {
            let [inputs, outputs] = group.shape;
            all.push(change.change.clone().inner().reshape([replicas, group.count * inputs * outputs]));
        }
        all.push(Tensor::zeros([replicas, 1], &raw.device()));
        let added = Tensor::cat(all, 1).select(1, self.added.clone());
        Conditioned { weights: raw.clone() + added, kept: Kept::Changes(changes) }
    }

    fn gradients(&self, _: &Tensor<2>, made: Conditioned, gradients: Tensor<2>) -> Tensor<2> {
        let Kept::Changes(changes) = made.kept else {
            unreachable!("what the weights were made with");
        };
        let weighed = self.groups.iter().zip(&changes).map(|(group, change)| {
            // The gradient by ΔW is that by the weights; as the gradient of a sum it goes on to the factors.
            (change.change.clone() * group.gather(&gradients).autodiff()).sum()
        });
        let total = weighed.reduce(|a, b| a + b).expect("a shape that adapts");
        let mut found = total.backward();
        let replicas = gradients.dims()[0];
        let packed = gradients * self.along.clone();
        let mut by_factor = Vec::new();
        for (group, change) in self.groups.iter().zip(&changes) {
            for (place, factor) in group.factors.iter().zip(&change.factors) {
                let [rows, columns] = place.shape;
                let shape = [replicas, group.count * rows, columns];
                let gradient = factor.grad_remove(&mut found).map(|gradient| gradient.reshape(shape));
                by_factor.push((place.offset, gradient.expect("ΔW depends on every factor")));
            }
        }
        by_factor.chunks(PACKED).fold(packed, |packed, chunk| pack_gradients(packed, chunk.to_vec()))
    }
}

#[cfg(test)]
mod tests;
