//! The metrics of a run on the split that was held out.

use burn::tensor::{ExecutionError, Tensor, Transaction};

use super::loss::loss;
use super::run::Run;
use crate::interface::Targets;
use crate::stats::Metric;
use crate::surroundings::Reading;

/// Loss and accuracy, or PSNR and loss, of each replica on the whole split.
pub(super) async fn evaluate(run: &Run) -> Result<Vec<(Metric, Vec<f32>)>, ExecutionError> {
    let replicas = run.seeds.len();
    let parameters = run.frozen();
    let chunks = run.task.test_chunks();
    let (mut losses, mut hits) = (vec![0.0f64; replicas], vec![0.0f64; replicas]);
    for index in 0..chunks {
        let batch = run.task.test_chunk(index, &run.seeds);
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
