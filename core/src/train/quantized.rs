//! What rounding trained matrices to few bits does to a variant that has finished.

use burn::tensor::{ExecutionError, Tensor, TensorData, Transaction};

use super::measure::evaluate_with;
use super::run::Run;
use crate::parameters::{Layout, Matrix};
use crate::probes::spectrum::spectrum;
use crate::protocol::{ChangeRounded, QuantizedTo};
use crate::quantization::{Quantization, stable_rank_band};
use crate::stats::Metric;

/// Bits of a number that is not rounded.
const WHOLE: u32 = 32;

/// The variant as it is, whose `metrics` are known, then rounded to each width. Every trained matrix is rounded by itself, an
/// adapter's factors in place of what they make; biases, gains and what is trained along as vectors keep their 32 bits, and are
/// counted.
pub(super) async fn quantized(
    run: &Run,
    how: &Quantization,
    metrics: Vec<(Metric, Vec<f32>)>,
) -> Result<Vec<QuantizedTo>, ExecutionError> {
    let layout = &run.layout;
    let device = run.state().parameters.device();
    let raw = numbers(run.state().parameters.clone()).await?;
    let changes = match run.first() {
        Some(first) => {
            Some(Changes::new(layout, numbers(first.clone()).await?, numbers(run.weights()).await?))
        }
        None => None,
    };
    let changes_to =
        |now: Option<&[f32]>| changes.as_ref().map_or(Vec::new(), |known| known.rounded(layout, now));
    let bytes = u64::from(WHOLE / 8) * layout.count() as u64;
    let mut points = vec![QuantizedTo { bits: WHOLE, bytes, metrics, changes: changes_to(None) }];
    for bits in how.widths().unwrap_or_default() {
        let (rounded, bytes) = rounded(layout, raw.clone(), how, bits);
        let shape = [run.seeds.len(), layout.width()];
        let weights = run.weights_of(&Tensor::from_data(TensorData::new(rounded, shape), &device));
        let metrics = evaluate_with(run, &layout.bind(&weights, false)).await?;
        let changes = if changes.is_some() { changes_to(Some(&numbers(weights).await?)) } else { Vec::new() };
        points.push(QuantizedTo { bits, bytes, metrics, changes });
    }
    Ok(points)
}

async fn numbers(tensor: Tensor<2>) -> Result<Vec<f32>, ExecutionError> {
    let read = Transaction::default().register(tensor).execute_async().await?;
    Ok(read.iter().flat_map(|data| data.iter::<f32>()).collect())
}

/// All numbers with trained matrices rounded, and the bytes of what one replica has trained.
fn rounded(layout: &Layout, mut all: Vec<f32>, how: &Quantization, bits: u32) -> (Vec<f32>, u64) {
    let matrices = layout.trained_matrices();
    let within: usize = matrices.iter().map(|matrix| matrix.rows * matrix.columns).sum();
    let mut taken = u64::from(WHOLE) * (layout.count() - within) as u64;
    for (replica, row) in all.chunks_exact_mut(layout.width()).enumerate() {
        for matrix in &matrices {
            let one = how.round(&matrix.gather(row), matrix.columns, bits);
            matrix.scatter(row, &one.values);
            if replica == 0 {
                taken += one.bits;
            }
        }
    }
    (all, taken.div_ceil(8))
}

/// What was added to every matrix before anything was rounded.
struct Changes {
    /// All numbers before the first step and after the last, `[R, P]`.
    first: Vec<f32>,
    whole: Vec<f32>,
    known: Vec<Changed>,
}

/// A matrix that changed.
struct Changed {
    matrix: Matrix,
    /// The replicas in which it did, each with the norms of its change.
    replicas: Vec<(usize, [f64; 2])>,
}

impl Changes {
    fn new(layout: &Layout, first: Vec<f32>, whole: Vec<f32>) -> Self {
        let rows = || first.chunks_exact(layout.width()).zip(whole.chunks_exact(layout.width()));
        let of = |matrix: Matrix| {
            let change = |(replica, (first, whole)): (usize, (&[f32], &[f32]))| {
                let change = difference(&matrix, whole, first);
                let good =
                    change.iter().any(|value| *value != 0.0) && change.iter().all(|value| value.is_finite());
                good.then(|| (replica, norms(&change, &matrix)))
            };
            let replicas = rows().enumerate().filter_map(change).collect();
            Changed { matrix, replicas }
        };
        let known = layout.matrices().into_iter().map(of).filter(|one| !one.replicas.is_empty()).collect();
        Self { first, whole, known }
    }

    /// What became of them, as means over the replicas; `None` where nothing was rounded.
    fn rounded(&self, layout: &Layout, now: Option<&[f32]>) -> Vec<ChangeRounded> {
        let stable = |[frobenius, spectral]: [f64; 2]| (frobenius / spectral).powi(2);
        let of = |Changed { matrix, replicas }: &Changed| {
            let mut sums = [0.0; 5];
            for (replica, change) in replicas {
                let place = replica * layout.width()..(replica + 1) * layout.width();
                let [rounded, error] = now.map_or([*change, [0.0; 2]], |now| {
                    [&self.first, &self.whole].map(|from| {
                        norms(&difference(matrix, &now[place.clone()], &from[place.clone()]), matrix)
                    })
                });
                let [low, high] = stable_rank_band(*change, error);
                let seen = [stable(*change), stable(rounded), low, high, error[0] / change[0]];
                sums.iter_mut().zip(seen).for_each(|(sum, value)| *sum += value);
            }
            let [stable_rank, rounded, low, high, error] = sums.map(|sum| sum / replicas.len() as f64);
            ChangeRounded { name: matrix.name.clone(), stable_rank, rounded, band: [low, high], error }
        };
        self.known.iter().map(of).collect()
    }
}

/// A matrix of one replica minus the same of another.
fn difference(matrix: &Matrix, a: &[f32], b: &[f32]) -> Vec<f32> {
    matrix.gather(a).iter().zip(matrix.gather(b)).map(|(a, b)| a - b).collect()
}

/// ‖·‖_F and ‖·‖₂.
fn norms(values: &[f32], matrix: &Matrix) -> [f64; 2] {
    let found = spectrum(&matrix.name, 0, values, matrix.rows, matrix.columns);
    [found.frobenius_norm, f64::from(found.singular_values[0])]
}

#[cfg(test)]
mod tests;
