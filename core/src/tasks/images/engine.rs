//! Classification of small images, cut into square patches: `digits`, `mnist`, and those that are generated.
//!
//! Patches go row by row, and within a patch pixels do; pixels of a file are scaled to 0…1. Loss: cross-entropy.
//! Metrics: accuracy and loss on the test split, the same examples for every replica.
//!
//! What is done to patches before training happens here, once for every image of both splits.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::interface::{Batch, Input, PatchMap, Targets};
use crate::surroundings::Reading;
use crate::tasks::format::{self, ImageSet, Images};
use crate::tasks::{Dataset, draw_examples, even_chunk};

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

/// How images become patches: the edge of a patch in pixels, and what is done to the patches of each image.
pub type Cut = (u32, Option<Box<dyn PatchMap>>);

/// The shape of the images of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageShape {
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Values of a pixel.
    pub channels: usize,
    /// Labels are below this.
    pub classes: usize,
}

/// One part of a set of images.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatImages {
    /// `[n, height, width, channels]`, row by row.
    pub values: Vec<f32>,
    /// `[n]`.
    pub labels: Vec<i32>,
}

impl ImageTask {
    /// Uploads both splits of the bytes of a data file, pixels scaled to 0…1.
    ///
    /// # Errors
    /// If they are no such file, or if the patch does not divide the images.
    pub fn read(bytes: &[u8], cut: Cut, device: &Device) -> Result<Self, String> {
        let set = format::parse_images(bytes).map_err(|error| error.to_string())?;
        Self::new(&set, cut, device)
    }

    /// Uploads both splits of a data file, pixels scaled to 0…1.
    ///
    /// # Errors
    /// If the patch does not divide the images.
    pub fn new(set: &ImageSet<'_>, cut: Cut, device: &Device) -> Result<Self, String> {
        let ImageSet { height, width, channels, classes, peak, .. } = *set;
        let split = |images: &Images<'_>| FloatImages {
            values: images.pixels.iter().map(|&pixel| f32::from(pixel) / f32::from(peak)).collect(),
            labels: images.labels.iter().map(|&label| i32::from(label)).collect(),
        };
        let shape = ImageShape { height, width, channels, classes };
        Self::from_values(shape, split(&set.train), split(&set.test), cut, device)
    }

    /// Uploads both splits.
    ///
    /// # Errors
    /// If the patch does not divide the images.
    pub fn from_values(
        shape: ImageShape,
        mut train: FloatImages,
        mut test: FloatImages,
        (patch, map): Cut,
        device: &Device,
    ) -> Result<Self, String> {
        let ImageShape { height, width, channels, classes } = shape;
        let patch = patch as usize;
        if patch == 0 || !height.is_multiple_of(patch) || !width.is_multiple_of(patch) {
            return Err(format!("task.patch must divide {height} × {width} pixels, not {patch}."));
        }
        let (tokens, features) = (height / patch * (width / patch), patch * patch * channels);
        let reading = Reading::Patches { tokens, features, classes };
        [&mut train, &mut test].into_iter().for_each(|images| images.cut(shape, patch));
        if let Some(mut map) = map {
            map.fit(&train.values);
            for image in [&mut train, &mut test].into_iter().flat_map(|images| images.each(tokens * features))
            {
                map.apply(image);
            }
        }
        let split = |images| Split::new(images, tokens * features, device);
        Ok(Self { reading, train: split(train), test: split(test), device: device.clone() })
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
    fn new(images: FloatImages, length: usize, device: &Device) -> Self {
        let FloatImages { values, labels } = images;
        let count = labels.len();
        Self {
            patches: Tensor::from_data(TensorData::new(values, [count, length]), device),
            labels: Tensor::from_data(TensorData::new(labels, [count]), device),
            count,
        }
    }
}

impl FloatImages {
    /// The numbers of each image.
    fn each(&mut self, length: usize) -> impl Iterator<Item = &mut [f32]> {
        self.values.chunks_exact_mut(length)
    }

    /// Puts the numbers of each image into the order of its patches, one image at a time, in place: a second copy of a
    /// large set would not fit everywhere.
    fn cut(&mut self, shape: ImageShape, patch: usize) {
        let length = shape.height * shape.width * shape.channels;
        let mut order = Vec::with_capacity(length);
        for_each_patch_pixel(shape, patch, |at| order.push(at));
        let mut image = vec![0.0; length];
        for patches in self.each(length) {
            image.copy_from_slice(patches);
            patches.iter_mut().zip(&order).for_each(|(value, &at)| *value = image[at]);
        }
    }
}

/// Visits the numbers of an image patch by patch.
fn for_each_patch_pixel(shape: ImageShape, patch: usize, mut visit: impl FnMut(usize)) {
    for top in (0..shape.height).step_by(patch) {
        for left in (0..shape.width).step_by(patch) {
            for row in top..top + patch {
                let start = (row * shape.width + left) * shape.channels;
                (start..start + patch * shape.channels).for_each(&mut visit);
            }
        }
    }
}

impl Dataset for ImageTask {
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
