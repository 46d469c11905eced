//! How the images are drawn.

use std::f64::consts::PI;

use super::{CLASSES, Gratings};
use crate::random::Stream;
use crate::tasks::Source;
use crate::tasks::images::{FloatImages, ImageShape, ImageTask};

/// Edge of an image in pixels.
const EDGE: usize = super::EDGE as usize;
const ORIENTATIONS: usize = 5;
/// In pixels.
const WAVELENGTHS: [f64; 2] = [3.2, 5.0];
const _: () = assert!(CLASSES == ORIENTATIONS * WAVELENGTHS.len());
/// Standard deviations: of a pixel's noise, of the angle in rad, of the wavelength's inverse as a share of it.
const NOISE: f64 = 0.35;
const ANGLE_JITTER: f64 = 0.06;
const FREQUENCY_JITTER: f64 = 0.05;
/// The seed of the data that all seeds of an experiment share, choosing among its images.
const DATA_SEED: u64 = 16;

/// The task, all of its images drawn.
///
/// # Errors
/// If `patch` does not divide 16.
pub fn gratings(task: &Gratings, source: Source<'_>) -> Result<ImageTask, String> {
    let shape = ImageShape { height: EDGE, width: EDGE, channels: 1, classes: CLASSES };
    let examples = task.examples as usize * CLASSES;
    let count = |name: &str| if name == "train" { examples } else { task.drawn.test as usize };
    let draw = |seed, prefix: &str, name: &str| split(seed, &format!("{prefix}{name}"), count(name));
    ImageTask::drawn(shape, (task.drawn, DATA_SEED), source, task.patch, draw)
}

/// The first `count` images of a split; classes take turns.
fn split(seed: u64, name: &str, count: usize) -> FloatImages {
    let draw = |index: usize| {
        let mut stream = Stream::new(seed, &format!("gratings.{name}.{index}"));
        let grating = Grating::draw(index % CLASSES, &mut stream);
        (0..EDGE * EDGE).map(move |at| (grating.at(at) + NOISE * stream.normal()) as f32)
    };
    FloatImages {
        values: (0..count).flat_map(draw).collect(),
        labels: (0..count).map(|index| (index % CLASSES) as i32).collect(),
    }
}

/// One wave in its window, without noise.
#[derive(Clone, Copy, Debug)]
struct Grating {
    amplitude: f64,
    /// Radians a pixel, along x and y.
    frequency: [f64; 2],
    phase: f64,
    /// Centre (x, y) and deviation of the window, in pixels.
    centre: [f64; 2],
    deviation: f64,
}

impl Grating {
    fn draw(class: usize, stream: &mut Stream) -> Self {
        let angle = PI * (class % ORIENTATIONS) as f64 / ORIENTATIONS as f64 + ANGLE_JITTER * stream.normal();
        let wave = 2.0 * PI / WAVELENGTHS[class / ORIENTATIONS] * (1.0 + FREQUENCY_JITTER * stream.normal());
        let (sine, cosine) = libm::sincos(angle);
        let mut between = |low: f64, high: f64| low + (high - low) * stream.uniform();
        Self {
            amplitude: between(0.7, 1.3),
            frequency: [wave * cosine, wave * sine],
            phase: between(0.0, 2.0 * PI),
            centre: [between(4.0, 11.0), between(4.0, 11.0)],
            deviation: between(2.5, 4.5),
        }
    }

    /// The value of a pixel; pixels go row by row.
    fn at(&self, pixel: usize) -> f64 {
        let (x, y) = ((pixel % EDGE) as f64, (pixel / EDGE) as f64);
        let (dx, dy) = (x - self.centre[0], y - self.centre[1]);
        let window = libm::exp(-(dx * dx + dy * dy) / (2.0 * self.deviation * self.deviation));
        self.amplitude * window * libm::cos(self.frequency[0] * x + self.frequency[1] * y + self.phase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::HeldOut;

    /// Power of an image at the frequency of a class, by an explicit sum.
    fn power(image: &[f32], class: usize) -> f64 {
        let angle = PI * (class % 5) as f64 / 5.0;
        let wave = 2.0 * PI / [3.2, 5.0][class / 5];
        let (mut even, mut odd) = (0.0, 0.0);
        for (at, value) in image.iter().enumerate() {
            let along = (at % EDGE) as f64 * angle.cos() + (at / EDGE) as f64 * angle.sin();
            even += f64::from(*value) * (wave * along).cos();
            odd += f64::from(*value) * (wave * along).sin();
        }
        even * even + odd * odd
    }

    #[test]
    fn an_image_has_most_power_at_the_frequency_of_its_class() {
        let images = split(DATA_SEED, "test", 500);
        let hits = images.values.chunks_exact(EDGE * EDGE).zip(&images.labels).filter(|(image, label)| {
            let best = (0..CLASSES).max_by(|a, b| power(image, *a).total_cmp(&power(image, *b)));
            best == Some(**label as usize)
        });
        // Jitter and noise leave some doubt; by chance it would be 50.
        let hits = hits.count();
        assert!((350..500).contains(&hits), "{hits}");
    }

    #[test]
    fn splits_are_balanced_and_a_small_set_begins_a_large_one() {
        let (small, large) = (split(DATA_SEED, "train", 30), split(DATA_SEED, "train", 60));
        assert_eq!(small.values, large.values[..small.values.len()]);
        assert_ne!(small.values, split(DATA_SEED, "test", 30).values);
        for class in 0..CLASSES as i32 {
            assert_eq!(large.labels.iter().filter(|label| **label == class).count(), 6);
        }
    }

    #[test]
    fn noise_and_signal_have_the_deviations_asked_for() {
        let images = split(DATA_SEED, "train", 1_000);
        let corners = images.values.chunks_exact(EDGE * EDGE).map(|image| f64::from(image[0]).powi(2));
        let noise = corners.sum::<f64>() / 1_000.0;
        // A corner is at least 5.6 pixels from the middle of the window: almost noise alone.
        assert!((0.115..0.16).contains(&noise), "{noise}");
        let power =
            images.values.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / images.values.len() as f64;
        assert!((0.15..0.3).contains(&power), "{power}");
    }

    #[test]
    fn a_patch_that_does_not_divide_the_image_is_refused_by_name() {
        let source = Source {
            bytes: &[],
            patches: &|| None,
            held_out: HeldOut::Test,
            seeds: &[0],
            device: &burn::tensor::Device::flex(),
        };
        let problem = gratings(&Gratings { patch: 3, ..Gratings::default() }, source).err();
        assert_eq!(problem.as_deref(), Some("task.patch must divide 16 × 16 pixels, not 3."));
    }
}
