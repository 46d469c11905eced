//! Classification of small images, cut into square patches: `digits`, `mnist`, and those that are generated.
//!
//! Patches go row by row, and within a patch pixels do; pixels of a file are scaled to 0…1. Loss: cross-entropy.
//! Metrics: accuracy and loss on the test split.
//!
//! What is done to patches before training happens here, once for every image of both splits.

use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::interface::{Batch, Input, Targets};
use crate::surroundings::Reading;
use crate::tasks::format::{self, ImageSet, Images};
use crate::tasks::{Dataset, Draw, Drawn, HeldOut, Source, draw_examples, even_chunk, set_of, split_name};

/// Images, cut into patches.
pub struct ImageTask {
    reading: Reading,
    kept: Kept,
    device: Device,
}

/// Where the images are.
enum Kept {
    /// One set for all seeds, on the device; a step uploads only which of its images it wants.
    OnDevice { train: Box<Split>, test: Box<Split> },
    /// A set for each seed, in memory, since they are large together; a step uploads the images that it wants.
    InMemory { seeds: Vec<u64>, train: Vec<FloatImages>, test: Vec<FloatImages> },
}

struct Split {
    /// `[n, N·F]`.
    patches: Tensor<2>,
    /// `[n]`.
    labels: Tensor<1, Int>,
    count: usize,
}

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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FloatImages {
    /// `[n, height, width, channels]`, row by row.
    pub values: Vec<f32>,
    /// `[n]`.
    pub labels: Vec<i32>,
}

impl ImageTask {
    /// Uploads both splits of a data file, pixels scaled to 0…1.
    ///
    /// # Errors
    /// If it is no such file, or if the patch does not divide the images.
    pub fn read(source: Source<'_>, patch: u32) -> Result<Self, String> {
        let set = format::parse_images(source.bytes).map_err(|error| error.to_string())?;
        Self::of_file(&set, source, patch)
    }

    fn of_file(set: &ImageSet<'_>, source: Source<'_>, patch: u32) -> Result<Self, String> {
        let ImageSet { height, width, channels, classes, peak, .. } = *set;
        let split = |images: &Images<'_>| FloatImages {
            values: images.pixels.iter().map(|&pixel| f32::from(pixel) / f32::from(peak)).collect(),
            labels: images.labels.iter().map(|&label| i32::from(label)).collect(),
        };
        let shape = ImageShape { height, width, channels, classes };
        let (train, test) = match source.held_out {
            HeldOut::Test => (split(&set.train), split(&set.test)),
            HeldOut::Validation => split(&set.train).hold_out(height * width * channels),
        };
        let cut = Cut::new(shape, source, patch)?;
        let (train, test) = cut.both(train, test);
        let kept = Kept::OnDevice { train: cut.upload(train), test: cut.upload(test) };
        Ok(Self { reading: cut.reading, kept, device: source.device.clone() })
    }

    /// Images that are drawn: `draw(seed, prefix, split)` draws the images of a split, from streams whose names have the
    /// prefix. All seeds have those of `fixed`, unless the data is drawn anew for each.
    ///
    /// # Errors
    /// If the patch does not divide the images.
    pub fn drawn(
        shape: ImageShape,
        (drawn, fixed): (Drawn, u64),
        source: Source<'_>,
        patch: u32,
        draw: impl Fn(u64, &str, &str) -> FloatImages,
    ) -> Result<Self, String> {
        let cut = Cut::new(shape, source, patch)?;
        let seeds = drawn.seeds(source.seeds, fixed);
        let sets = seeds.iter().map(|(seed, prefix)| {
            let split = |name: &str| draw(*seed, prefix, name);
            cut.both(split("train"), split(split_name(source.held_out)))
        });
        let mut sets: Vec<_> = sets.collect();
        let kept = match (drawn.draw, sets.pop()) {
            (Draw::Fixed, Some((train, test))) => {
                Kept::OnDevice { train: cut.upload(train), test: cut.upload(test) }
            }
            (_, last) => {
                let (train, test) = sets.into_iter().chain(last).unzip();
                Kept::InMemory { seeds: seeds.into_iter().map(|(seed, _)| seed).collect(), train, test }
            }
        };
        Ok(Self { reading: cut.reading, kept, device: source.device.clone() })
    }

    /// The images with these indices, as many for each seed, of the training split or of the other.
    fn batch(&self, train: bool, indices: &[usize], seeds: &[u64]) -> Batch {
        let Reading::Patches { tokens, features, .. } = self.reading else {
            unreachable!("images are patches")
        };
        let (replicas, size) = (seeds.len(), indices.len() / seeds.len());
        let integers = |values: Vec<i32>| {
            Tensor::<1, Int>::from_data(TensorData::new(values, [replicas * size]), &self.device)
        };
        let (patches, labels) = match &self.kept {
            Kept::OnDevice { train: learned, test } => {
                let split = if train { learned } else { test };
                let indices = integers(indices.iter().map(|&index| index as i32).collect());
                (split.patches.clone().select(0, indices.clone()), split.labels.clone().select(0, indices))
            }
            Kept::InMemory { seeds: known, train: learned, test } => {
                let length = tokens * features;
                let mut values = Vec::<f32>::with_capacity(replicas * size * length);
                let mut labels = Vec::new();
                for (seed, indices) in seeds.iter().zip(indices.chunks_exact(size.max(1))) {
                    let set = &(if train { learned } else { test })[set_of(known, *seed)];
                    indices.iter().for_each(|&at| values.extend(&set.values[at * length..][..length]));
                    labels.extend(indices.iter().map(|&at| set.labels[at]));
                }
                let values = TensorData::new(values, [replicas * size, length]);
                (Tensor::<2>::from_data(values, &self.device), integers(labels))
            }
        };
        Batch {
            input: Input::Patches(patches.reshape([replicas, size * tokens, features])),
            targets: Targets::Classes(labels.reshape([replicas, size])),
        }
    }

    /// Images of the training split, or of the other.
    fn count(&self, train: bool) -> usize {
        match &self.kept {
            Kept::OnDevice { train: learned, test } => if train { learned } else { test }.count,
            Kept::InMemory { train: learned, test, .. } => {
                if train { learned } else { test }.first().map_or(0, |set| set.labels.len())
            }
        }
    }
}

/// How images become patches.
struct Cut<'a> {
    shape: ImageShape,
    patch: usize,
    reading: Reading,
    source: Source<'a>,
}

impl<'a> Cut<'a> {
    fn new(shape: ImageShape, source: Source<'a>, patch: u32) -> Result<Self, String> {
        let ImageShape { height, width, channels, classes } = shape;
        let patch = patch as usize;
        if patch == 0 || !height.is_multiple_of(patch) || !width.is_multiple_of(patch) {
            return Err(format!("task.patch must divide {height} × {width} pixels, not {patch}."));
        }
        let (tokens, features) = (height / patch * (width / patch), patch * patch * channels);
        Ok(Self { shape, patch, reading: Reading::Patches { tokens, features, classes }, source })
    }

    /// Numbers of an image.
    fn length(&self) -> usize {
        self.shape.height * self.shape.width * self.shape.channels
    }

    /// Both splits of one set, patch by patch, with what is done to patches before training.
    fn both(&self, mut train: FloatImages, mut test: FloatImages) -> (FloatImages, FloatImages) {
        [&mut train, &mut test].into_iter().for_each(|images| images.cut(self.shape, self.patch));
        if let Some(mut map) = (self.source.patches)() {
            map.fit(&train.values);
            let images = [&mut train, &mut test].into_iter();
            images.flat_map(|images| images.each(self.length())).for_each(|image| map.apply(image));
        }
        (train, test)
    }

    fn upload(&self, images: FloatImages) -> Box<Split> {
        Box::new(Split::new(images, self.length(), self.source.device))
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
    /// The images without every sixth of each class, and those.
    fn hold_out(self, length: usize) -> (Self, Self) {
        let (mut kept, mut held) = (Self::default(), Self::default());
        let mut seen = BTreeMap::new();
        for (image, label) in self.values.chunks_exact(length).zip(self.labels) {
            let number: &mut usize = seen.entry(label).or_default();
            *number += 1;
            let part = if number.is_multiple_of(6) { &mut held } else { &mut kept };
            part.values.extend_from_slice(image);
            part.labels.push(label);
        }
        (kept, held)
    }

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
        self.batch(true, &draw_examples(seeds, step, size, self.count(true)), seeds)
    }

    fn test_chunks(&self) -> usize {
        self.count(false) / even_chunk(self.count(false))
    }

    fn test_chunk(&self, index: usize, seeds: &[u64]) -> Batch {
        let size = even_chunk(self.count(false));
        let one: Vec<usize> = (index * size..(index + 1) * size).collect();
        self.batch(false, &one.repeat(seeds.len()), seeds)
    }

    fn test_examples(&self, count: usize, seeds: &[u64]) -> Batch {
        let one: Vec<usize> = (0..count.min(self.count(false))).collect();
        self.batch(false, &one.repeat(seeds.len()), seeds)
    }
}
