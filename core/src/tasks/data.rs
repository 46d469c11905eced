//! Data on a device, cut into batches.

use crate::interface::Batch;
use crate::random::Stream;
use crate::surroundings::Reading;

/// Data, cut into batches of constant shape.
pub trait Dataset {
    /// What a network must know of it.
    fn reading(&self) -> Reading;

    /// The batch of a step: `size` examples for each seed, drawn from the stream `batch.{step}`.
    fn train_batch(&self, seeds: &[u64], step: u32, size: usize) -> Batch;

    /// Number of equally large parts of the test split.
    fn test_chunks(&self) -> usize;

    /// One part of the test split, the same for every replica.
    fn test_chunk(&self, index: usize, replicas: usize) -> Batch;

    /// The first `count` examples of the test split (fewer if it has fewer), for probes.
    fn test_examples(&self, count: usize, replicas: usize) -> Batch;
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

    use crate::interface::Targets;
    use crate::tasks::{Source, Task};

    #[test]
    fn every_task_has_the_shape_and_the_test_split_that_its_outline_promises() {
        for option in Task::OPTIONS {
            let task = Task::from_name(option.name).expect("an option");
            let outline = task.outline();
            let file =
                outline.file.map(|file| format!("{}/../public/data/{file}", env!("CARGO_MANIFEST_DIR")));
            let bytes = file.map_or(Vec::new(), |file| std::fs::read(file).expect("a data file"));
            let source = Source { bytes: &bytes, patches: None, device: &Device::flex() };
            let data = task.engine().load(source).expect("good data");
            assert_eq!(data.reading(), outline.reading, "{}", option.name);
            let counts = (0..data.test_chunks()).map(|index| match data.test_chunk(index, 1).targets {
                Targets::Classes(classes) => classes.dims()[1],
                Targets::Values(values) => values.dims()[1],
            });
            assert_eq!(counts.sum::<usize>(), outline.test_examples as usize, "{}", option.name);
        }
    }
}
