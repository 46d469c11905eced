//! Everything that an experiment asks to be measured inside a run, from one read.

use burn::tensor::{ExecutionError, Tensor, TensorData, Transaction};

use super::curvature::curvatures;
use super::run::Run;
use crate::parameters::{Layout, Matrix};
use crate::probes::Probes;
use crate::probes::report::{AttentionMap, ProbeReport, Quantity, Spectrum};
use crate::probes::seen::{Outline, spectra};
use crate::probes::spectrum::{Subject, averaged, spectrum};

/// Test examples that matrices of an example are averaged over, at most.
const EXAMPLES: usize = 16;

/// Measures, and says how long it took.
pub(super) async fn probe(run: &Run, probes: &Probes) -> Result<ProbeReport, ExecutionError> {
    let start = web_time::Instant::now();
    let mut transaction = Transaction::default();
    let weights = run.weights();
    let parameters = run.layout.bind(&weights, false);
    let of_weights = probes.weights || probes.updates || probes.changes;
    if of_weights {
        transaction = transaction.register(weights.clone());
    }
    let before = run.before().filter(|_| probes.updates);
    for earlier in [before, run.first()].into_iter().flatten() {
        transaction = transaction.register(earlier.clone());
    }
    let mut maps = Vec::new();
    if probes.attention {
        let batch = run.task.test_examples(1, &run.seeds);
        for weights in run.network.attention_weights(&parameters, batch.input) {
            let [_, heads, tokens, _] = weights.dims();
            maps.push((heads, tokens));
            // The first replica stands for all: maps are looked at, not averaged.
            let first: Tensor<4> = weights.narrow(0, 0, 1);
            transaction = transaction.register(first);
        }
    }
    let mut outlines = Vec::new();
    if probes.tokens || probes.scores || probes.outputs || probes.jacobian {
        let batch = run.task.test_examples(EXAMPLES, &run.seeds);
        for seen in run.network.watch(&parameters, batch.input, probes) {
            let (quantity, place, shape) = (seen.quantity, seen.place, seen.matrices.dims());
            outlines.push(Outline { quantity, place, shape, heads: seen.heads, rank: seen.rank });
            transaction = transaction.register(seen.matrices);
        }
    }
    let mut read = transaction.execute_async().await?.into_iter();
    let mut next = || numbers(&read.next().expect("as many answers as questions"));
    let mut report = ProbeReport::default();
    if of_weights {
        let used = next();
        if probes.weights {
            report.spectra.extend(matrices(&run.layout, &used));
        }
        for (quantity, earlier) in [(Quantity::Update, before), (Quantity::Change, run.first())] {
            if earlier.is_some() {
                report.spectra.extend(differences(&run.layout, quantity, &used, &next()));
            }
        }
    }
    for (block, (heads, tokens)) in maps.into_iter().enumerate() {
        for (head, weights) in next().chunks_exact(tokens * tokens).enumerate().take(heads) {
            let weights = weights.to_vec();
            report.attention.push(AttentionMap { block, head, replica: 0, tokens, weights });
        }
    }
    for outline in &outlines {
        report.spectra.extend(spectra(outline, &next()));
    }
    if probes.hessian {
        report.curvatures = curvatures(run).await?;
    }
    report.milliseconds = start.elapsed().as_secs_f32() * 1e3;
    Ok(report)
}

fn numbers(data: &TensorData) -> Vec<f32> {
    data.iter::<f32>().collect()
}

/// The spectrum of every weight matrix of every replica; `flat` holds all numbers, `[R, P]`.
fn matrices(layout: &Layout, flat: &[f32]) -> Vec<Spectrum> {
    let spectrum = |replica: usize, row: &[f32], matrix: &Matrix| {
        spectrum(&matrix.name, replica, &matrix.gather(row), matrix.rows, matrix.columns)
    };
    let of_replica =
        |(replica, row)| layout.matrices().into_iter().map(move |matrix| spectrum(replica, row, &matrix));
    flat.chunks_exact(layout.width()).enumerate().flat_map(of_replica).collect()
}

/// The spectrum of what was added to every weight matrix of every replica that is not what it was; both flat, `[R, P]`.
fn differences(layout: &Layout, quantity: Quantity, now: &[f32], earlier: &[f32]) -> Vec<Spectrum> {
    let mut found = Vec::new();
    let rows = now.chunks_exact(layout.width()).zip(earlier.chunks_exact(layout.width()));
    for (replica, (now, earlier)) in rows.enumerate() {
        for matrix in layout.matrices() {
            let (now, earlier) = (matrix.gather(now), matrix.gather(earlier));
            let added: Vec<f32> = now.iter().zip(earlier).map(|(now, earlier)| now - earlier).collect();
            if added.iter().any(|value| *value != 0.0) {
                // Where little is added to much, the sum keeps only some of its digits.
                let square: f64 = now.iter().map(|value| f64::from(*value) * f64::from(*value)).sum();
                let rounding = f64::from(f32::EPSILON) * square.sqrt();
                let subject = Subject { quantity, name: &matrix.name, head: None, replica, rounding };
                let (rows, columns) = (matrix.rows, matrix.columns);
                found.push(averaged(&subject, [&added[..]], rows, columns, rows.min(columns)));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
