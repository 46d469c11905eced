//! What is read from a run between steps: metrics on the test split, spectra, attention maps.

use burn::tensor::{ExecutionError, Tensor, Transaction};

use super::curvature::curvatures;
use super::loss::loss;
use super::run::Run;
use crate::nn::network::Reading;
use crate::probes::report::{AttentionMap, ProbeReport};
use crate::probes::spectrum::spectrum;
use crate::spec::{Metric, Probes};
use crate::tasks::Targets;

/// Loss and accuracy, or PSNR and loss, of each replica on the whole test split.
pub(super) async fn evaluate(run: &Run) -> Result<Vec<(Metric, Vec<f32>)>, ExecutionError> {
    let replicas = run.seeds.len();
    let parameters = run.frozen();
    let chunks = run.task.test_chunks();
    let (mut losses, mut hits) = (vec![0.0f64; replicas], vec![0.0f64; replicas]);
    for index in 0..chunks {
        let batch = run.task.test_chunk(index, replicas);
        let logits = run.network.forward(&parameters, batch.input);
        let rows = logits.dims()[1];
        let right = match &batch.targets {
            Targets::Classes(classes) => {
                logits.clone().argmax(2).reshape([replicas, rows]).equal(classes.clone()).float().mean_dim(1)
            }
            // There is no right and wrong: nothing is counted.
            Targets::Values(_) => Tensor::zeros([replicas, 1], &logits.device()),
        };
        let loss = loss(logits, batch.targets);
        // One read a part of the test split also keeps the queue of the GPU short.
        let read = Transaction::default().register(loss).register(right).execute_async().await?;
        for (sums, data) in [&mut losses, &mut hits].into_iter().zip(read) {
            sums.iter_mut().zip(data.iter::<f32>()).for_each(|(sum, value)| *sum += f64::from(value));
        }
    }
    let mean = |sums: Vec<f64>| sums.into_iter().map(|sum| (sum / chunks as f64) as f32).collect();
    if matches!(run.task.reading(), Reading::Places { .. }) {
        let ratios = losses.iter().map(|sum| peak_signal_to_noise(sum / chunks as f64) as f32).collect();
        return Ok(vec![(Metric::Psnr, ratios), (Metric::Loss, mean(losses))]);
    }
    Ok(vec![(Metric::Accuracy, mean(hits)), (Metric::Loss, mean(losses))])
}

/// PSNR of values from 0 to 1 in dB, from their mean squared error: `10 log₁₀(1 / e)`.
fn peak_signal_to_noise(squared_error: f64) -> f64 {
    -10.0 * squared_error.log10()
}

/// Everything that the experiment asks to be measured, from one read.
pub(super) async fn probe(run: &Run, probes: &Probes) -> Result<ProbeReport, ExecutionError> {
    let start = web_time::Instant::now();
    let mut transaction = Transaction::default();
    if probes.weights {
        transaction = transaction.register(run.weights());
    }
    let mut shapes = Vec::new();
    if probes.attention {
        let batch = run.task.test_examples(1, run.seeds.len());
        for weights in run.network.attention_weights(&run.frozen(), batch.input) {
            let [_, heads, tokens, _] = weights.dims();
            shapes.push((heads, tokens));
            // The first replica stands for all: maps are looked at, not averaged.
            let first: Tensor<4> = weights.narrow(0, 0, 1);
            transaction = transaction.register(first);
        }
    }
    let mut read = transaction.execute_async().await?.into_iter();
    let mut report = ProbeReport::default();
    if probes.weights {
        let flat: Vec<f32> = read.next().expect("as many answers as questions").iter::<f32>().collect();
        for (replica, row) in flat.chunks_exact(run.layout.width()).enumerate() {
            for matrix in run.layout.matrices() {
                report.spectra.push(spectrum(
                    &matrix.name,
                    replica,
                    &matrix.gather(row),
                    matrix.rows,
                    matrix.columns,
                ));
            }
        }
    }
    for (block, ((heads, tokens), data)) in shapes.into_iter().zip(read).enumerate() {
        let values: Vec<f32> = data.iter::<f32>().collect();
        for (head, weights) in values.chunks_exact(tokens * tokens).enumerate().take(heads) {
            report.attention.push(AttentionMap {
                block,
                head,
                replica: 0,
                tokens,
                weights: weights.to_vec(),
            });
        }
    }
    if probes.hessian {
        report.curvatures = curvatures(run).await?;
    }
    report.milliseconds = start.elapsed().as_secs_f32() * 1e3;
    Ok(report)
}
