//! Tasks: one file each: its data, its loss, its metric. [`format`] reads the data files and is free of Burn.

pub mod format;
#[cfg(feature = "engine")]
mod images;
#[cfg(feature = "engine")]
mod text;

use crate::spec;

/// The file below `data/` that a task is made from.
pub fn file(task: &spec::Task) -> &'static str {
    match task {
        spec::Task::Digits { .. } => "digits.bin",
        spec::Task::Mnist { .. } => "mnist.bin",
        spec::Task::Shakespeare { .. } => "shakespeare.bin",
    }
}

#[cfg(feature = "engine")]
pub use engine::*;

#[cfg(feature = "engine")]
mod engine {
    use burn::tensor::{Device, Int, Tensor};

    use super::{format, images::ImageTask, text::TextTask};
    use crate::nn::transformer::{Input, Reading};
    use crate::random::Stream;
    use crate::spec;

    /// What a network reads, and what it should answer.
    pub struct Batch {
        /// The input of every replica.
        pub input: Input,
        /// `[R, M]`: one class for each row of the logits.
        pub targets: Tensor<2, Int>,
    }

    /// Data, cut into batches of constant shape.
    pub trait Task {
        /// What a network must know of it.
        fn reading(&self) -> Reading;

        /// The batch of a step: `size` examples for each seed, drawn from the stream `batch.{step}`.
        fn train_batch(&self, seeds: &[u64], step: u32, size: usize) -> Batch;

        /// Number of equally large parts of the test split.
        fn test_chunks(&self) -> usize;

        /// One part of the test split, the same for every replica.
        fn test_chunk(&self, index: usize, replicas: usize) -> Batch;

        /// The first example of the test split, for probes.
        fn first_test_example(&self, replicas: usize) -> Batch;
    }

    /// The task of an experiment, from the bytes of its [`file`](super::file).
    ///
    /// # Errors
    /// A sentence that names the field or the part of the file that is wrong.
    pub fn load(task: &spec::Task, bytes: &[u8], device: &Device) -> Result<Box<dyn Task>, String> {
        let images = |patch: u32| -> Result<Box<dyn Task>, String> {
            let set = format::parse_images(bytes).map_err(|error| error.to_string())?;
            Ok(Box::new(ImageTask::new(&set, patch as usize, device)?))
        };
        match *task {
            spec::Task::Digits { patch } | spec::Task::Mnist { patch } => images(patch),
            spec::Task::Shakespeare { context } => {
                let set = format::parse_text(bytes).map_err(|error| error.to_string())?;
                Ok(Box::new(TextTask::new(&set, context as usize, device)?))
            }
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
}
