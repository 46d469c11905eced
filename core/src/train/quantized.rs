//! What rounding trained matrices to few bits does to a variant that has finished.

use burn::tensor::{ExecutionError, Tensor, TensorData, Transaction};

use super::measure::evaluate_with;
use super::run::Run;
use crate::parameters::{Layout, Matrix};
use crate::probes::spectrum::spectrum;
use crate::quantization::{ChangeRounded, Quantization, QuantizedTo, WHOLE, stable_rank_band};
use crate::stats::Metric;

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
    let (bits, bytes) = (WHOLE, bytes(layout, how, WHOLE));
    let mut points = vec![QuantizedTo { bits, bytes, metrics, changes: changes_to(None) }];
    for bits in how.widths().unwrap_or_default() {
        let bytes = self::bytes(layout, how, bits);
        let rounded = rounded(layout, raw.clone(), how, bits);
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

/// Bytes of all that one replica has trained, where its trained matrices have `bits` bits a number.
pub(super) fn bytes(layout: &Layout, how: &Quantization, bits: u32) -> u64 {
    let all = u64::from(WHOLE) * layout.count() as u64;
    if bits == WHOLE {
        return all / 8;
    }
    let taken = |matrix: &Matrix| {
        let count = matrix.rows * matrix.columns;
        (how.taken(count, matrix.columns, bits), u64::from(WHOLE) * count as u64)
    };
    let matrices = layout.trained_matrices();
    let (rounded, whole) =
        matrices.iter().map(taken).fold((0, 0), |sums, one| (sums.0 + one.0, sums.1 + one.1));
    (all - whole + rounded).div_ceil(8)
}

/// All numbers with trained matrices rounded.
fn rounded(layout: &Layout, mut all: Vec<f32>, how: &Quantization, bits: u32) -> Vec<f32> {
    let matrices = layout.trained_matrices();
    for row in all.chunks_exact_mut(layout.width()) {
        for matrix in &matrices {
            matrix.scatter(row, &how.round(&matrix.gather(row), matrix.columns, bits));
        }
    }
    all
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

    /// What became of them; where nothing was rounded, what they are.
    fn rounded(&self, layout: &Layout, now: Option<&[f32]>) -> Vec<ChangeRounded> {
        let of = |Changed { matrix, replicas }: &Changed| {
            let unknown = vec![f64::NAN; self.first.len() / layout.width()];
            let mut of = ChangeRounded {
                name: matrix.name.clone(),
                stable_rank: unknown.clone(),
                band: [unknown.clone(), unknown.clone()],
                error: unknown,
            };
            for (replica, change) in replicas {
                let place = replica * layout.width()..(replica + 1) * layout.width();
                let [rounded, error] = now.map_or([*change, [0.0; 2]], |now| {
                    [&self.first, &self.whole].map(|from| {
                        norms(&difference(matrix, &now[place.clone()], &from[place.clone()]), matrix)
                    })
                });
                let [low, high] = stable_rank_band(*change, error);
                of.stable_rank[*replica] = (rounded[0] / rounded[1]).powi(2);
                (of.band[0][*replica], of.band[1][*replica]) = (low, high);
                of.error[*replica] = error[0] / change[0];
            }
            of
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
