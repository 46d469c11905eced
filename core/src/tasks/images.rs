//! Classification of small images, cut into square patches: `digits` and `mnist`.
//!
//! Patches go row by row, and within a patch pixels do; pixel values are scaled to 0…1. Loss: cross-entropy.
//! Metrics: accuracy and loss on the test split, the same examples for every replica.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::format::{ImageSet, Images};
use super::{Batch, Targets, Task, draw_examples, even_chunk};
use crate::nn::network::{Input, Reading};

/// Images on the device; a step uploads only which of them it wants.
pub struct ImageTask {
    reading: Reading,
    train: Split,
    test: Split,
    device: Device,
}

struct Split {
    /// `[n, N·F]`.
    patches: Tensor<2>,
    /// `[n]`.
    labels: Tensor<1, Int>,
    count: usize,
}

impl ImageTask {
    /// Uploads both splits.
    ///
    /// # Errors
    /// If `patch` does not divide the images.
    pub fn new(set: &ImageSet<'_>, patch: usize, device: &Device) -> Result<Self, String> {
        if patch == 0 || !set.height.is_multiple_of(patch) || !set.width.is_multiple_of(patch) {
            return Err(format!(
                "task.patch must divide {} × {} pixels, not {patch}.",
                set.height, set.width
            ));
        }
        let reading = Reading::Patches {
            tokens: set.height / patch * (set.width / patch),
            features: patch * patch * set.channels,
            classes: set.classes,
        };
        let split = |images: &Images<'_>| Split::new(set, images, patch, device);
        Ok(Self { reading, train: split(&set.train), test: split(&set.test), device: device.clone() })
    }

    fn batch(&self, split: &Split, indices: Vec<i32>, replicas: usize) -> Batch {
        let Reading::Patches { tokens, features, .. } = self.reading else {
            unreachable!("images are patches")
        };
        let size = indices.len() / replicas;
        let indices = Tensor::<1, Int>::from_data(TensorData::new(indices, [replicas * size]), &self.device);
        let patches = split.patches.clone().select(0, indices.clone());
        Batch {
            input: Input::Patches(patches.reshape([replicas, size * tokens, features])),
            targets: Targets::Classes(split.labels.clone().select(0, indices).reshape([replicas, size])),
        }
    }
}

impl Split {
    fn new(set: &ImageSet<'_>, images: &Images<'_>, patch: usize, device: &Device) -> Self {
        let (count, length) = (images.count(), set.image_len());
        let mut values = Vec::with_capacity(count * length);
        for index in 0..count {
            let (pixels, _) = images.get(index);
            for_each_patch_pixel(set, patch, |at| values.push(f32::from(pixels[at]) / f32::from(set.peak)));
        }
        let labels: Vec<i32> = images.labels.iter().map(|&label| i32::from(label)).collect();
        Self {
            patches: Tensor::from_data(TensorData::new(values, [count, length]), device),
            labels: Tensor::from_data(TensorData::new(labels, [count]), device),
            count,
        }
    }
}

/// Visits the numbers of an image patch by patch.
fn for_each_patch_pixel(set: &ImageSet<'_>, patch: usize, mut visit: impl FnMut(usize)) {
    for top in (0..set.height).step_by(patch) {
        for left in (0..set.width).step_by(patch) {
            for row in top..top + patch {
                let start = (row * set.width + left) * set.channels;
                (start..start + patch * set.channels).for_each(&mut visit);
            }
        }
    }
}

impl Task for ImageTask {
    fn reading(&self) -> Reading {
        self.reading
    }

    fn train_batch(&self, seeds: &[u64], step: u32, size: usize) -> Batch {
        let indices = draw_examples(seeds, step, size, self.train.count);
        self.batch(&self.train, indices.into_iter().map(|i| i as i32).collect(), seeds.len())
    }

    fn test_chunks(&self) -> usize {
        self.test.count / even_chunk(self.test.count)
    }

    fn test_chunk(&self, index: usize, replicas: usize) -> Batch {
        let size = even_chunk(self.test.count);
        let one: Vec<i32> = (index * size..(index + 1) * size).map(|i| i as i32).collect();
        self.batch(&self.test, one.repeat(replicas), replicas)
    }

    fn test_examples(&self, count: usize, replicas: usize) -> Batch {
        let one: Vec<i32> = (0..count.min(self.test.count) as i32).collect();
        self.batch(&self.test, one.repeat(replicas), replicas)
    }
}
