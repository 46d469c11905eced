//! Everything that an experiment asks to be measured inside a run, from one read.

use burn::tensor::{ExecutionError, Tensor, TensorData, Transaction};

use super::curvature::curvatures;
use super::run::Run;
use crate::parameters::Layout;
use crate::probes::Probes;
use crate::probes::report::{AttentionMap, ProbeReport, Quantity, Spectrum};
use crate::probes::seen::{Outline, spectra};
use crate::probes::spectrum::{Subject, averaged};

/// Test examples that matrices of an example are averaged over, at most.
const EXAMPLES: usize = 16;

/// Measures, and says how long it took.
pub(super) async fn probe(run: &Run, probes: &Probes) -> Result<ProbeReport, ExecutionError> {
    let start = web_time::Instant::now();
    let mut transaction = Transaction::default();
    let weights = run.weights();
    let parameters = run.layout.bind(&weights, false);
    if probes.weights || probes.updates {
        transaction = transaction.register(weights.clone());
    }
    let before = run.before().filter(|_| probes.updates);
    if let Some(before) = before {
        transaction = transaction.register(before.clone());
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
    if probes.weights || probes.updates {
        let used = next();
        if probes.weights {
            report.spectra.extend(matrices(&run.layout, Quantity::Weight, &used));
        }
        if before.is_some() {
            let before = next();
            let update: Vec<f32> = used.iter().zip(before).map(|(now, before)| now - before).collect();
            report.spectra.extend(matrices(&run.layout, Quantity::Update, &update));
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
fn matrices(layout: &Layout, quantity: Quantity, flat: &[f32]) -> Vec<Spectrum> {
    let mut found = Vec::new();
    for (replica, row) in flat.chunks_exact(layout.width()).enumerate() {
        for matrix in layout.matrices() {
            let subject = Subject { quantity, name: &matrix.name, head: None, replica };
            let (values, rows, columns) = (matrix.gather(row), matrix.rows, matrix.columns);
            found.push(averaged(&subject, [&values[..]], rows, columns, rows.min(columns)));
        }
    }
    found
}

#[cfg(test)]
mod tests;
