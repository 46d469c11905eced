//! Data on a device, cut into batches.

use crate::interface::Batch;
use crate::random::Stream;
use crate::surroundings::Reading;
use crate::tasks::HeldOut;

/// Data, cut into batches of constant shape.
pub trait Dataset {
    /// What a network must know of it.
    fn reading(&self) -> Reading;

    /// The batch of a step: `size` examples for each seed, drawn from the stream `batch.{step}`.
    fn train_batch(&self, seeds: &[u64], step: u32, size: usize) -> Batch;

    /// Number of equally large parts of the test split.
    fn test_chunks(&self) -> usize;

    /// One part of the split that evaluations are on, for the replicas of these seeds.
    fn test_chunk(&self, index: usize, seeds: &[u64]) -> Batch;

    /// The first `count` examples of that split (fewer if it has fewer), for probes.
    fn test_examples(&self, count: usize, seeds: &[u64]) -> Batch;
}

/// Which of the sets that were drawn for `seeds` a replica of this seed has; there is one set for all where there are none.
pub(super) fn set_of(seeds: &[u64], seed: u64) -> usize {
    seeds.iter().position(|other| *other == seed).unwrap_or(0)
}

/// The name of the split that evaluations are on, in the streams of what is drawn.
pub(super) fn split_name(held_out: HeldOut) -> &'static str {
    match held_out {
        HeldOut::Test => "test",
        HeldOut::Validation => "validation",
    }
}

/// `size` numbers below `count` for each seed, with repetition, so that any step can be drawn without those
/// before it.
pub(super) fn draw_examples(seeds: &[u64], step: u32, size: usize, count: usize) -> Vec<usize> {
    let draw = |&seed: &u64| {
        let mut stream = Stream::new(seed, &format!("batch.{step}"));
        (0..size).map(move |_| stream.below(count))
    };
    seeds.iter().flat_map(draw).collect()
}

/// The largest part of `count`, up to 128, that divides it: all parts then have one shape.
pub(super) fn even_chunk(count: usize) -> usize {
    (1..=count.min(128)).rev().find(|size| count.is_multiple_of(*size)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::fields::Node;
    use crate::interface::{Input, Targets};
    use crate::tasks::{Source, Task};

    /// The data of a task, for two replicas.
    fn loaded(task: &Task, held_out: HeldOut) -> Box<dyn Dataset> {
        let file =
            task.outline().file.map(|file| format!("{}/../public/data/{file}", env!("CARGO_MANIFEST_DIR")));
        let bytes = file.map_or(Vec::new(), |file| std::fs::read(file).expect("a data file"));
        let source =
            Source { bytes: &bytes, patches: &|| None, held_out, seeds: &[3, 4], device: &Device::flex() };
        task.engine().load(source).expect("good data")
    }

    /// The inputs of a batch, one list a replica, and its classes, if it has some.
    fn numbers(batch: Batch) -> (Vec<f32>, Vec<i32>) {
        let input = match batch.input {
            Input::Patches(numbers) | Input::Places(numbers) | Input::Rows(numbers) => {
                numbers.into_data().iter::<f32>().collect()
            }
            Input::Tokens(tokens) => tokens.into_data().iter::<f32>().collect(),
        };
        match batch.targets {
            Targets::Classes(classes) | Targets::Asked(classes) => {
                (input, classes.into_data().iter::<i32>().collect())
            }
            Targets::Values(values) => (values.into_data().iter::<f32>().collect(), Vec::new()),
        }
    }

    /// All examples that evaluations are on, as the first replica has them.
    fn held_out(data: &dyn Dataset) -> (Vec<f32>, Vec<i32>) {
        let chunks = (0..data.test_chunks()).map(|index| numbers(data.test_chunk(index, &[3])));
        chunks.fold((Vec::new(), Vec::new()), |(a, b), (c, d)| ([a, c].concat(), [b, d].concat()))
    }

    /// All tasks but film reviews, whose file is not here; they have tests of their own.
    fn tasks() -> impl Iterator<Item = Task> {
        let here = Task::OPTIONS.iter().filter(|option| option.name != "reviews");
        here.map(|option| Task::from_name(option.name).expect("an option"))
    }

    #[test]
    fn every_task_has_the_shape_and_the_test_split_that_its_outline_promises() {
        for task in tasks() {
            let (outline, data) = (task.outline(), loaded(&task, HeldOut::Test));
            assert_eq!(data.reading(), outline.reading, "{}", task.name());
            let counts = (0..data.test_chunks()).map(|index| match data.test_chunk(index, &[3]).targets {
                Targets::Classes(classes) => classes.dims()[1],
                Targets::Asked(classes) => classes.dims()[1] / outline.reading.tokens(),
                Targets::Values(values) => values.dims()[1],
            });
            assert_eq!(counts.sum::<usize>(), outline.test_examples as usize, "{}", task.name());
        }
    }

    #[test]
    fn every_task_has_a_validation_split_that_shares_nothing_with_the_others() {
        for task in tasks() {
            let (test, validation) = (loaded(&task, HeldOut::Test), loaded(&task, HeldOut::Validation));
            let ((a, _), (b, classes)) = (held_out(&*test), held_out(&*validation));
            let one = a.len() / held_out(&*test).1.len().max(1);
            let name = task.name();
            assert_ne!(a, b, "{name}");
            if task.reading().is_causal() || classes.is_empty() {
                continue;
            }
            let of_test: std::collections::HashSet<Vec<u32>> =
                a.chunks_exact(one).map(|x| x.iter().map(|x| x.to_bits()).collect()).collect();
            let of_both = |x: &[f32]| of_test.contains(&x.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
            let shared = b.chunks_exact(one).filter(|example| of_both(example)).count();
            // Two of the scanned digits may be alike.
            assert!(shared <= b.len() / one / 100, "{name}: {shared} examples of the test split");
            let counts: Vec<usize> =
                (0..10).map(|class| classes.iter().filter(|other| **other == class).count()).collect();
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!(*least > 0 && *most <= 3 * least, "{name}: every class has its share: {counts:?}");
        }
    }

    #[test]
    fn what_is_held_out_of_a_file_is_not_trained_on() {
        for name in ["digits", "mnist"] {
            let data = loaded(&Task::from_name(name).unwrap(), HeldOut::Validation);
            let (held, classes) = held_out(&*data);
            let one = held.len() / classes.len();
            let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            let held: std::collections::HashSet<_> = held.chunks_exact(one).map(bits).collect();
            let (drawn, _) = numbers(data.train_batch(&[3], 1, 2000));
            let found = drawn.chunks_exact(one).filter(|example| held.contains(&bits(example))).count();
            assert!(found < 20, "{name}: {found} of 2000, and no more than look alike");
        }
    }

    #[test]
    fn data_that_is_drawn_anew_differs_between_seeds_and_is_the_same_for_one() {
        for mut task in tasks() {
            if !task.put("draw", &"fresh".into()) {
                continue;
            }
            let (data, again) = (loaded(&task, HeldOut::Test), loaded(&task, HeldOut::Test));
            let (fixed, name) = (loaded(&Task::from_name(task.name()).unwrap(), HeldOut::Test), task.name());
            let halves = |(both, _): (Vec<f32>, Vec<i32>)| {
                let half = both.len() / 2;
                (both[..half].to_vec(), both[half..].to_vec())
            };
            for at in 0..2 {
                let batch = |data: &dyn Dataset| match at {
                    0 => numbers(data.test_examples(9, &[3, 4])),
                    _ => numbers(data.train_batch(&[3, 4], 5, 9)),
                };
                let (three, four) = halves(batch(&*data));
                assert_ne!(three, four, "{name}");
                assert_eq!((three.clone(), four), halves(batch(&*again)), "{name}");
                assert_ne!(three, halves(batch(&*fixed)).0, "{name}: not the data that all seeds share");
            }
            // Replicas may stand in any order, and a seed may have several.
            let (first, second) = halves(numbers(data.test_examples(9, &[4, 4])));
            assert_eq!(first, second);
            assert_eq!(first, halves(numbers(data.test_examples(9, &[3, 4]))).1);
        }
    }
}
