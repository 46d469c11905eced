//! Tasks: one file each: its data, its loss, its metric. [`format`] reads the data files and is free of Burn.

pub mod format;
#[cfg(feature = "engine")]
mod gratings;
#[cfg(feature = "engine")]
mod images;
#[cfg(feature = "engine")]
mod listops;
#[cfg(feature = "engine")]
mod picture;
#[cfg(feature = "engine")]
mod shapes;
#[cfg(feature = "engine")]
mod text;

use crate::spec;

/// The file below `data/` that a task is made from; `None` for one that is generated.
pub fn file(task: &spec::Task) -> Option<&'static str> {
    match task {
        spec::Task::Digits { .. } => Some("digits.bin"),
        spec::Task::Mnist { .. } => Some("mnist.bin"),
        spec::Task::Shakespeare { .. } => Some("shakespeare.bin"),
        spec::Task::Shapes { .. }
        | spec::Task::Gratings { .. }
        | spec::Task::Listops { .. }
        | spec::Task::Picture {} => None,
    }
}

#[cfg(feature = "engine")]
pub use engine::*;

#[cfg(feature = "engine")]
mod engine {
    use burn::tensor::{Device, Int, Tensor};

    use super::images::{Cut, ImageTask};
    use super::{
        format, gratings::gratings, listops::ListopsTask, picture::PictureTask, shapes::shapes,
        text::TextTask,
    };
    use crate::nn::network::{Input, Reading};
    use crate::random::Stream;
    use crate::spec;

    /// What a network reads, and what it should answer.
    pub struct Batch {
        /// The input of every replica.
        pub input: Input,
        /// What it should answer.
        pub targets: Targets,
    }

    /// What a network should answer; the kind decides the loss and the metrics.
    #[derive(Clone)]
    pub enum Targets {
        /// `[R, M]`: one class for each row of the logits; cross-entropy, accuracy.
        Classes(Tensor<2, Int>),
        /// `[R, M, O]`: the values themselves, 0 to 1; mean squared error, PSNR.
        Values(Tensor<3>),
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

        /// The first `count` examples of the test split (fewer if it has fewer), for probes.
        fn test_examples(&self, count: usize, replicas: usize) -> Batch;
    }

    /// The task of an experiment, from the bytes of its [`file`](super::file), none for one that is generated.
    /// What `tokens` asks to be done to the patches of images before training is done here.
    ///
    /// # Errors
    /// A sentence that names the field or the part of the file that is wrong.
    pub fn load(
        task: &spec::Task,
        tokens: &spec::Tokens,
        bytes: &[u8],
        device: &Device,
    ) -> Result<Box<dyn Task>, String> {
        let cut = |patch: u32| Cut { patch: patch as usize, tokens };
        let images = |patch: u32| -> Result<Box<dyn Task>, String> {
            let set = format::parse_images(bytes).map_err(|error| error.to_string())?;
            Ok(Box::new(ImageTask::new(&set, cut(patch), device)?))
        };
        match *task {
            spec::Task::Digits { patch } | spec::Task::Mnist { patch } => images(patch),
            spec::Task::Listops { length } => Ok(Box::new(ListopsTask::new(length as usize, device)?)),
            spec::Task::Gratings { patch, examples } => {
                Ok(Box::new(gratings(examples as usize, cut(patch), device)?))
            }
            spec::Task::Shapes { mode, patch } => Ok(Box::new(shapes(mode, cut(patch), device)?)),
            spec::Task::Picture {} => Ok(Box::new(PictureTask::new(device))),
            spec::Task::Shakespeare { context } => {
                let set = format::parse_text(bytes).map_err(|error| error.to_string())?;
                Ok(Box::new(TextTask::new(&set, context as usize, device)?))
            }
        }
    }

    /// Whether two variants see the same data: the same task, and patches that are grayed alike or not at all.
    pub fn shared(a: &spec::Experiment, b: &spec::Experiment) -> bool {
        let grays = |tokens: &spec::Tokens| {
            matches!(tokens, spec::Tokens::Graying { place: spec::Place::Patches, .. })
        };
        let (one, other) = (&a.model.tokens, &b.model.tokens);
        a.task == b.task && (one == other || !grays(one) && !grays(other))
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
