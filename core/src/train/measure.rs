//! The metrics of a run on the split that was held out.

use burn::tensor::{ExecutionError, Int, Tensor, TensorData, Transaction};

use super::loss::loss;
use super::run::Run;
use crate::interface::Targets;
use crate::parameters::Parameters;
use crate::stats::Metric;
use crate::surroundings::Reading;

/// Accuracy, the share of exact matches if the task has it, and loss, or PSNR or relative error and loss, of each replica on the whole split.
pub(super) async fn evaluate(run: &Run) -> Result<Vec<(Metric, Vec<f32>)>, ExecutionError> {
    evaluate_with(run, &run.frozen()).await
}

/// The same with other numbers in place of the run's own.
pub(super) async fn evaluate_with(
    run: &Run,
    parameters: &Parameters,
) -> Result<Vec<(Metric, Vec<f32>)>, ExecutionError> {
    let mut tally = Tally::of(run.seeds.len());
    let reading = run.task.reading();
    for index in 0..run.task.test_chunks() {
        let batch = run.task.test_chunk(index, &run.seeds);
        let logits = run.network.forward(parameters, batch.input);
        // One read a part of the test split also keeps the queue of the GPU short.
        tally.add(&read(logits, batch.targets, reading.tokens()).await?);
    }
    Ok(tally.metrics(reading))
}

/// What is counted in one part of the split.
struct Part {
    /// Mean loss of each replica.
    loss: TensorData,
    answers: Answers<TensorData>,
}

/// What is counted of the answers, `[R, 1]` each.
enum Answers<T> {
    /// There is no right and wrong.
    Values,
    /// Share of right answers; all parts have as many.
    Shares(T),
    /// Right answers, those that were asked for, and the share of examples of which all are right.
    Counts { right: T, asked: T, exact: T },
}

async fn read(logits: Tensor<3>, targets: Targets, tokens: usize) -> Result<Part, ExecutionError> {
    let answers = match &targets {
        Targets::Values(_) => Answers::Values,
        Targets::Classes(classes) => Answers::Shares(hits(&logits, classes).mean_dim(1)),
        Targets::Asked(classes) => {
            let (hits, asked) = (hits(&logits, classes), classes.clone().greater_equal_elem(0).float());
            let [replicas, places] = hits.dims();
            // No class is −1, so that what is not asked for is no hit.
            let missed =
                (asked.clone() - hits.clone()).reshape([replicas, places / tokens, tokens]).sum_dim(2);
            let exact = missed.equal_elem(0.0).float().mean_dim(1).reshape([replicas, 1]);
            Answers::Counts { right: hits.sum_dim(1), asked: asked.sum_dim(1), exact }
        }
    };
    let transaction = Transaction::default().register(loss(logits, targets));
    let transaction = match answers {
        Answers::Values => transaction,
        Answers::Shares(right) => transaction.register(right),
        Answers::Counts { right, asked, exact } => {
            transaction.register(right).register(asked).register(exact)
        }
    };
    let mut data = transaction.execute_async().await?.into_iter();
    let loss = data.next().expect("the loss");
    let answers = match (data.next(), data.next(), data.next()) {
        (Some(right), Some(asked), Some(exact)) => Answers::Counts { right, asked, exact },
        (Some(right), ..) => Answers::Shares(right),
        _ => Answers::Values,
    };
    Ok(Part { loss, answers })
}

/// 1 where the largest logit is that of the class, else 0.
fn hits(logits: &Tensor<3>, classes: &Tensor<2, Int>) -> Tensor<2> {
    let [replicas, rows, _] = logits.dims();
    logits.clone().argmax(2).reshape([replicas, rows]).equal(classes.clone()).float()
}

/// Sums over the parts, one number for each replica. A part weighs as many answers as were asked for in it: means over the
/// whole split do not depend on how it was cut.
struct Tally {
    parts: usize,
    losses: Vec<f64>,
    weights: Vec<f64>,
    right: Option<Vec<f64>>,
    exact: Option<Vec<f64>>,
}

impl Tally {
    fn of(replicas: usize) -> Self {
        let zeros = vec![0.0; replicas];
        Self { parts: 0, losses: zeros.clone(), weights: zeros, right: None, exact: None }
    }

    fn add(&mut self, part: &Part) {
        let numbers = |data: &TensorData| data.iter::<f32>().map(f64::from).collect::<Vec<_>>();
        let add = |sums: &mut Vec<f64>, values: &[f64]| {
            sums.resize(values.len(), 0.0);
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        };
        let losses = numbers(&part.loss);
        let weights = match &part.answers {
            Answers::Counts { asked, .. } => numbers(asked),
            Answers::Shares(_) | Answers::Values => vec![1.0; losses.len()],
        };
        let weighted: Vec<f64> = losses.iter().zip(&weights).map(|(loss, weight)| loss * weight).collect();
        add(&mut self.losses, &weighted);
        add(&mut self.weights, &weights);
        if let Answers::Shares(right) | Answers::Counts { right, .. } = &part.answers {
            add(self.right.get_or_insert_default(), &numbers(right));
        }
        if let Answers::Counts { exact, .. } = &part.answers {
            add(self.exact.get_or_insert_default(), &numbers(exact));
        }
        self.parts += 1;
    }

    fn metrics(self, reading: Reading) -> Vec<(Metric, Vec<f32>)> {
        let mean = |sums: &[f64]| {
            let means = sums.iter().zip(&self.weights).map(|(sum, weight)| (sum / weight) as f32);
            means.collect::<Vec<_>>()
        };
        let Some(right) = &self.right else {
            let errors = self.losses.iter().zip(&self.weights).map(|(sum, weight)| sum / weight);
            let first = if let Reading::Rows { outputs, .. } = reading {
                // The mean square of a row's length is 1.
                (Metric::RelativeError, errors.map(|error| (error * outputs as f64).sqrt() as f32).collect())
            } else {
                (Metric::Psnr, errors.map(|error| peak_signal_to_noise(error) as f32).collect())
            };
            return vec![first, (Metric::Loss, mean(&self.losses))];
        };
        let parts = self.parts as f64;
        let exact = self.exact.iter().map(|sums| {
            (Metric::ExactMatch, sums.iter().map(|sum| (sum / parts) as f32).collect::<Vec<_>>())
        });
        [(Metric::Accuracy, mean(right))]
            .into_iter()
            .chain(exact)
            .chain([(Metric::Loss, mean(&self.losses))])
            .collect()
    }
}

/// PSNR of values from 0 to 1 in dB, from their mean squared error: `10 log₁₀(1 / e)`.
fn peak_signal_to_noise(squared_error: f64) -> f64 {
    -10.0 * squared_error.log10()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::random::Stream;

    const CLASSES: usize = 4;
    const TOKENS: usize = 3;

    /// Accuracy, exact match and loss of one replica, in plain loops.
    fn reference(logits: &[f32], targets: &[i32]) -> [f64; 3] {
        let (mut asked, mut right, mut loss, mut exact) = (0.0, 0.0, 0.0, 0.0);
        let examples = targets.len() / TOKENS;
        for example in 0..examples {
            let mut all = true;
            for place in example * TOKENS..(example + 1) * TOKENS {
                if targets[place] < 0 {
                    continue;
                }
                let row: Vec<f64> =
                    logits[place * CLASSES..][..CLASSES].iter().map(|z| f64::from(*z)).collect();
                let target = row[targets[place] as usize];
                let hit = row.iter().all(|other| *other <= target);
                all &= hit;
                asked += 1.0;
                right += f64::from(u8::from(hit));
                loss += row.iter().map(|z| z.exp()).sum::<f64>().ln() - target;
            }
            exact += f64::from(u8::from(all));
        }
        [right / asked, exact / examples as f64, loss / asked]
    }

    #[test]
    fn metrics_of_sequences_are_those_of_the_whole_split_however_unevenly_its_parts_are_asked() {
        const PLACES: usize = 8 * TOKENS;
        let (mut stream, device) = (Stream::new(3, "measure"), Device::flex());
        let mut drawn = |count: usize, draw: &mut dyn FnMut(&mut Stream, usize) -> f64| {
            (0..count).map(|at| draw(&mut stream, at)).collect::<Vec<_>>()
        };
        for _ in 0..20 {
            // The second half is asked rarely, and one example of each half not at all.
            let targets: Vec<i32> = drawn(2 * PLACES, &mut |stream, at| {
                let (place, share) = (at % PLACES, if at % PLACES < PLACES / 2 { 0.9 } else { 0.2 });
                let asked = stream.uniform() < share && !(place / TOKENS).is_multiple_of(4);
                if asked { stream.below(CLASSES) as f64 } else { -1.0 }
            })
            .into_iter()
            .map(|target| target as i32)
            .collect();
            let logits: Vec<f32> = drawn(2 * PLACES * CLASSES, &mut |stream, _| stream.normal())
                .into_iter()
                .map(|z| z as f32)
                .collect();
            let mut tally = Tally::of(2);
            for half in 0..2 {
                let cut = |row: usize| row * PLACES + half * PLACES / 2;
                let some: Vec<i32> = (0..2).flat_map(|r| targets[cut(r)..][..PLACES / 2].to_vec()).collect();
                let z: Vec<f32> = (0..2)
                    .flat_map(|r| logits[cut(r) * CLASSES..][..PLACES / 2 * CLASSES].to_vec())
                    .collect();
                let z = Tensor::<3>::from_data(TensorData::new(z, [2, PLACES / 2, CLASSES]), &device);
                let some = Tensor::<2, Int>::from_data(TensorData::new(some, [2, PLACES / 2]), &device);
                let part = pollster::block_on(read(z, Targets::Asked(some), TOKENS));
                tally.add(&part.unwrap());
            }
            let metrics = tally.metrics(Reading::Characters { tokens: 1, vocabulary: 2 });
            let names: Vec<Metric> = metrics.iter().map(|(metric, _)| *metric).collect();
            assert_eq!(names, [Metric::Accuracy, Metric::ExactMatch, Metric::Loss]);
            for replica in 0..2 {
                let wanted = reference(
                    &logits[replica * PLACES * CLASSES..][..PLACES * CLASSES],
                    &targets[replica * PLACES..][..PLACES],
                );
                for ((metric, values), wanted) in metrics.iter().zip(wanted) {
                    assert!((f64::from(values[replica]) - wanted).abs() < 1e-5, "{}", metric.name());
                }
            }
        }
    }
}
