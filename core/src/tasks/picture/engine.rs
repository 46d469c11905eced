//! How the picture is drawn and made into batches.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::interface::{Batch, Input, Targets};
use crate::random::Stream;
use crate::surroundings::Reading;
use crate::tasks::{Dataset, HeldOut, Source, draw_examples};

const EDGE: usize = super::EDGE as usize;
const PIXELS: usize = EDGE * EDGE;

/// Of the streams that the picture is drawn from.
const SEED: u64 = 48;
/// Of the streams that the picture is drawn from on which is tuned.
const VALIDATION_SEED: u64 = 49;
/// Waves of slow light.
const WAVES: usize = 5;
/// Shapes; later ones cover earlier ones.
const SHAPES: usize = 12;
/// Standard deviation of the grain.
const GRAIN: f64 = 0.02;

/// The picture on the device; a step uploads only which of its pixels it wants.
pub struct PictureTask {
    /// `[1, 48², 2]`.
    places: Tensor<3>,
    /// `[1, 48², 1]`.
    values: Tensor<3>,
    device: Device,
}

impl PictureTask {
    /// Draws and uploads the picture.
    pub fn new(source: Source<'_>) -> Self {
        let device = source.device;
        let seed = if source.held_out == HeldOut::Validation { VALIDATION_SEED } else { SEED };
        let places: Vec<f32> = (0..PIXELS).flat_map(|pixel| place(pixel).map(|x| x as f32)).collect();
        Self {
            places: Tensor::from_data(TensorData::new(places, [1, PIXELS, 2]), device),
            values: Tensor::from_data(TensorData::new(draw(seed), [1, PIXELS, 1]), device),
            device: device.clone(),
        }
    }

    /// The first `count` pixels of the picture, in order.
    fn first(&self, count: usize, replicas: usize) -> Batch {
        let cut = |all: &Tensor<3>, width: usize| {
            let part = if count == PIXELS { all.clone() } else { all.clone().narrow(1, 0, count) };
            part.expand([replicas, count, width])
        };
        Batch { input: Input::Places(cut(&self.places, 2)), targets: Targets::Values(cut(&self.values, 1)) }
    }
}

impl Dataset for PictureTask {
    fn reading(&self) -> Reading {
        Reading::Places { outputs: 1 }
    }

    /// The whole picture in order where the batch is that large, else pixels drawn with repetition.
    fn train_batch(&self, seeds: &[u64], step: u32, size: usize) -> Batch {
        let replicas = seeds.len();
        if size >= PIXELS {
            return self.first(PIXELS, replicas);
        }
        let drawn = draw_examples(seeds, step, size, PIXELS).into_iter().map(|i| i as i32).collect();
        let pixels = Tensor::<1, Int>::from_data(TensorData::new(drawn, [replicas * size]), &self.device);
        let cut = |all: &Tensor<3>, width: usize| {
            all.clone().select(1, pixels.clone()).reshape([replicas, size, width])
        };
        Batch { input: Input::Places(cut(&self.places, 2)), targets: Targets::Values(cut(&self.values, 1)) }
    }

    fn test_chunks(&self) -> usize {
        1
    }

    fn test_chunk(&self, _index: usize, seeds: &[u64]) -> Batch {
        self.first(PIXELS, seeds.len())
    }

    fn test_examples(&self, count: usize, seeds: &[u64]) -> Batch {
        self.first(count.min(PIXELS), seeds.len())
    }
}

/// Row and column of a pixel's middle, from −1 to 1.
fn place(pixel: usize) -> [f64; 2] {
    [pixel / EDGE, pixel % EDGE].map(|at| (2 * at + 1) as f64 / EDGE as f64 - 1.0)
}

/// A disc or a square somewhere, filled with one grey or with stripes.
struct Shape {
    middle: [f64; 2],
    turn: (f64, f64),
    radius: f64,
    disc: bool,
    grey: f64,
    /// Stripes: their strength, and waves over the picture's half edge.
    stripes: (f64, f64),
}

impl Shape {
    fn new(seed: u64, index: usize) -> Self {
        let mut stream = Stream::new(seed, &format!("picture.shape.{index}"));
        let mut between = |low: f64, high: f64| low + (high - low) * stream.uniform();
        Self {
            middle: [between(-0.8, 0.8), between(-0.8, 0.8)],
            turn: libm::sincos(between(0.0, std::f64::consts::PI)),
            radius: between(0.15, 0.45),
            disc: index.is_multiple_of(2),
            grey: between(0.0, 1.0),
            stripes: (if index.is_multiple_of(3) { between(0.1, 0.25) } else { 0.0 }, between(8.0, 14.0)),
        }
    }

    /// Its brightness at a place; `None` outside of it.
    fn at(&self, place: [f64; 2]) -> Option<f64> {
        let [down, right] = [place[0] - self.middle[0], place[1] - self.middle[1]];
        let (sine, cosine) = self.turn;
        let (u, v) = (cosine * right + sine * down, cosine * down - sine * right);
        let inside = if self.disc {
            u * u + v * v < self.radius * self.radius
        } else {
            u.abs().max(v.abs()) < self.radius
        };
        let (strength, waves) = self.stripes;
        inside.then(|| self.grey + strength * libm::sin(std::f64::consts::PI * waves * u))
    }
}

/// The picture, row by row.
fn draw(seed: u64) -> Vec<f32> {
    let mut light = Stream::new(seed, "picture.light");
    let waves: [[f64; 4]; WAVES] = std::array::from_fn(|_| {
        let mut between = |low: f64, high: f64| low + (high - low) * light.uniform();
        [between(-2.5, 2.5), between(-2.5, 2.5), between(0.0, 6.0), between(0.05, 0.2)]
    });
    let shapes: [Shape; SHAPES] = std::array::from_fn(|index| Shape::new(seed, index));
    let mut grain = Stream::new(seed, "picture.grain");
    let brightness = |pixel: usize| {
        let at = place(pixel);
        let wave = |[down, right, phase, strength]: &[f64; 4]| {
            strength * libm::sin(down * at[0] + right * at[1] + phase)
        };
        let shape = shapes.iter().rev().find_map(|shape| shape.at(at));
        // Light falls on shapes too, by half.
        let lit: f64 = waves.iter().map(wave).sum();
        shape.map_or(0.5 + lit, |grey| grey + 0.5 * lit) + GRAIN * grain.normal()
    };
    let values: Vec<f64> = (0..PIXELS).map(brightness).collect();
    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), &x| (l.min(x), h.max(x)));
    values.into_iter().map(|x| ((x - low) / (high - low)) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> PictureTask {
        PictureTask::new(Source {
            bytes: &[],
            patches: &|| None,
            held_out: HeldOut::Test,
            seeds: &[5, 6],
            device: &Device::flex(),
        })
    }

    fn numbers(batch: &Batch) -> (Vec<f32>, Vec<f32>) {
        let (Input::Places(places), Targets::Values(values)) = (&batch.input, &batch.targets) else {
            panic!("a picture has places and values")
        };
        let read = |tensor: &Tensor<3>| tensor.clone().into_data().iter::<f32>().collect();
        (read(places), read(values))
    }

    #[test]
    fn the_picture_is_the_same_always_and_uses_the_whole_range() {
        let picture = draw(SEED);
        assert_eq!(picture, draw(SEED));
        assert_eq!(picture.len(), PIXELS);
        let (low, high) = picture.iter().fold((1f32, 0f32), |(l, h), &x| (l.min(x), h.max(x)));
        assert_eq!((low, high), (0.0, 1.0));
        // FNV-1a of the brightness in 256 steps: another number is another picture, and other results.
        let step = |hash: u64, x: &f32| (hash ^ (x * 255.0).round() as u64).wrapping_mul(0x100_0000_01b3);
        assert_eq!(picture.iter().fold(0xcbf2_9ce4_8422_2325, step), FINGERPRINT);
    }

    const FINGERPRINT: u64 = 5_524_880_044_164_272_962;

    #[test]
    fn it_has_detail_at_every_scale() {
        let picture = draw(SEED);
        let step = |pixel: usize| (picture[pixel + 1] - picture[pixel]).abs();
        let steps: Vec<f32> = (0..PIXELS).filter(|pixel| pixel % EDGE < EDGE - 1).map(step).collect();
        let share = |least: f32| steps.iter().filter(|&&x| x > least).count() as f32 / steps.len() as f32;
        assert!(share(0.2) > 0.01, "edges: {}", share(0.2));
        assert!(share(0.03) < 0.9, "calm parts: {}", share(0.03));
        let mean = picture.iter().sum::<f32>() / PIXELS as f32;
        let variance = picture.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / PIXELS as f32;
        assert!(variance > 0.01, "{variance}");
    }

    #[test]
    fn a_batch_of_all_pixels_is_the_picture_in_order_for_every_replica() {
        let task = task();
        let (places, values) = numbers(&task.train_batch(&[5, 6], 7, 4096));
        assert_eq!(values, [draw(SEED), draw(SEED)].concat());
        assert_eq!(&places[..4], [-47.0 / 48.0, -47.0 / 48.0, -47.0 / 48.0, -45.0 / 48.0]);
        assert_eq!(places[..2 * PIXELS], places[2 * PIXELS..]);
    }

    #[test]
    fn drawn_pixels_have_the_brightness_of_their_places_and_differ_between_seeds() {
        let task = task();
        let (places, values) = numbers(&task.train_batch(&[5, 6], 7, 100));
        let picture = draw(SEED);
        for (place, value) in places.chunks_exact(2).zip(&values) {
            let [row, column] = [0, 1].map(|i| ((place[i] + 1.0) * EDGE as f32 / 2.0 - 0.5).round() as usize);
            assert_eq!(picture[row * EDGE + column], *value);
        }
        assert_ne!(values[..100], values[100..]);
    }
}
