//! What rounding trained matrices to few bits does to a variant that has finished.

use burn::tensor::{ExecutionError, Tensor, TensorData, Transaction};

use super::measure::evaluate_with;
use super::run::Run;
use crate::parameters::{Layout, Matrix};
use crate::probes::report::Quantity;
use crate::probes::spectrum::{Subject, averaged};
use crate::protocol::{ChangeRounded, QuantizedTo};
use crate::quantization::{Quantization, stable_rank_band};

/// Bits of a number that is not rounded.
const WHOLE: u32 = 32;

/// The variant as it is, then rounded to each width. Every trained matrix is rounded by itself, an adapter's factors in place of
/// what they make; biases, gains and what is trained along as vectors keep their 32 bits, and are counted.
pub(super) async fn quantized(run: &Run, how: &Quantization) -> Result<Vec<QuantizedTo>, ExecutionError> {
    let device = run.state().parameters.device();
    let raw = numbers(run.state().parameters.clone()).await?;
    let whole = numbers(run.weights()).await?;
    let first = match run.first() {
        Some(first) => Some(numbers(first.clone()).await?),
        None => None,
    };
    let mut points = Vec::new();
    for bits in [WHOLE].into_iter().chain(how.widths().unwrap_or_default()) {
        let (rounded, bytes) = rounded(&run.layout, &raw, how, bits);
        let shape = [run.seeds.len(), run.layout.width()];
        let weights = run.weights_of(&Tensor::from_data(TensorData::new(rounded, shape), &device));
        let metrics = evaluate_with(run, &run.layout.bind(&weights, false)).await?;
        let changes = match &first {
            Some(first) => changes(&run.layout, first, &whole, &numbers(weights).await?),
            None => Vec::new(),
        };
        points.push(QuantizedTo { bits, bytes, metrics, changes });
    }
    Ok(points)
}

async fn numbers(tensor: Tensor<2>) -> Result<Vec<f32>, ExecutionError> {
    let read = Transaction::default().register(tensor).execute_async().await?;
    Ok(read.iter().flat_map(|data| data.iter::<f32>()).collect())
}

/// All numbers with trained matrices rounded, and the bytes of what one replica has trained.
fn rounded(layout: &Layout, raw: &[f32], how: &Quantization, bits: u32) -> (Vec<f32>, u64) {
    let matrices = layout.trained_matrices();
    let within: usize = matrices.iter().map(|matrix| matrix.rows * matrix.columns).sum();
    let mut all = raw.to_vec();
    let mut taken = u64::from(WHOLE) * layout.count() as u64;
    if bits < WHOLE {
        taken -= u64::from(WHOLE) * within as u64;
        for (replica, row) in all.chunks_exact_mut(layout.width()).enumerate() {
            for matrix in &matrices {
                let one = how.round(&matrix.gather(row), matrix.columns, bits);
                matrix.scatter(row, &one.values);
                if replica == 0 {
                    taken += one.bits;
                }
            }
        }
    }
    (all, taken.div_ceil(8))
}

/// What became of the change of every matrix, as means over the replicas.
fn changes(layout: &Layout, first: &[f32], whole: &[f32], now: &[f32]) -> Vec<ChangeRounded> {
    let width = layout.width();
    let rows = || first.chunks_exact(width).zip(whole.chunks_exact(width)).zip(now.chunks_exact(width));
    let of = |matrix: Matrix| {
        let difference = |a: &[f32], b: &[f32]| -> Vec<f32> {
            matrix.gather(a).iter().zip(matrix.gather(b)).map(|(a, b)| a - b).collect()
        };
        let mut sums = [0.0; 5];
        let mut count = 0.0;
        for ((first, whole), now) in rows() {
            let (change, rounded) = (difference(whole, first), difference(now, first));
            if change.iter().all(|value| *value == 0.0) || !change.iter().all(|value| value.is_finite()) {
                continue;
            }
            let [of_change, of_rounded, of_error] = [&change, &rounded, &difference(now, whole)]
                .map(|values| norms(values, matrix.rows, matrix.columns));
            let band = stable_rank_band(of_change, of_error);
            let stable = |[frobenius, spectral]: [f64; 2]| (frobenius / spectral).powi(2);
            let seen = [stable(of_change), stable(of_rounded), band[0], band[1], of_error[0] / of_change[0]];
            sums.iter_mut().zip(seen).for_each(|(sum, value)| *sum += value);
            count += 1.0;
        }
        let [stable_rank, rounded, low, high, error] = sums.map(|sum| sum / count);
        (count > 0.0).then(|| ChangeRounded {
            name: matrix.name.clone(),
            stable_rank,
            rounded,
            band: [low, high],
            error,
        })
    };
    layout.matrices().into_iter().filter_map(of).collect()
}

/// ‖·‖_F and ‖·‖₂.
fn norms(values: &[f32], rows: usize, columns: usize) -> [f64; 2] {
    let subject = Subject { quantity: Quantity::Change, name: "", head: None, replica: 0, rounding: 0.0 };
    let found = averaged(&subject, [values], rows, columns, rows.min(columns));
    [found.frobenius_norm, f64::from(found.singular_values[0])]
}

#[cfg(test)]
mod tests;
