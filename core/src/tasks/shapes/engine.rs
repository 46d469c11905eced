//! How the images are drawn.

use super::{CLASSES, Mode, Shapes};
use crate::random::Stream;
use crate::tasks::Source;
use crate::tasks::images::{FloatImages, ImageShape, ImageTask};

/// Edge of an image in pixels.
const EDGE: usize = super::EDGE as usize;
const CHANNELS: usize = super::CHANNELS as usize;
const TRAINING_IMAGES: usize = super::TRAINING_IMAGES as usize;
/// The seed of the data that all seeds of an experiment share, choosing among its images.
const DATA_SEED: u64 = 24;

/// The task, all of its images drawn.
///
/// # Errors
/// If `patch` does not divide 24.
pub fn shapes(task: &Shapes, source: Source<'_>) -> Result<ImageTask, String> {
    let shape = ImageShape { height: EDGE, width: EDGE, channels: CHANNELS, classes: CLASSES };
    let painter = Painter::new(task.mode);
    let count = |split: &str| if split == "train" { TRAINING_IMAGES } else { task.drawn.test as usize };
    let draw =
        |seed, prefix: &str, split: &str| painter.split(seed, &format!("{prefix}{split}"), count(split));
    ImageTask::drawn(shape, (task.drawn, DATA_SEED), source, task.patch, draw)
}

/// One channel of an image, row by row.
type Plane = [f32; EDGE * EDGE];

/// What all images of one mode share.
struct Painter {
    mode: Mode,
    texture: Texture,
    quantiles: Vec<f32>,
}

impl Painter {
    fn new(mode: Mode) -> Self {
        let exponent = match mode {
            Mode::Bright => 1.5,
            Mode::Dim => 2.2,
        };
        Self { mode, texture: Texture::new(exponent), quantiles: quantiles() }
    }

    /// The first `count` images of a split; classes take turns.
    fn split(&self, seed: u64, name: &str, count: usize) -> FloatImages {
        let mut values = Vec::with_capacity(count * EDGE * EDGE * CHANNELS);
        for index in 0..count {
            let stream = Stream::new(seed, &format!("shapes.{name}.{index}"));
            self.paint(index % CLASSES, stream, &mut values);
        }
        FloatImages { values, labels: (0..count).map(|index| (index % CLASSES) as i32).collect() }
    }

    /// Appends an image, `[24, 24, 3]`.
    fn paint(&self, class: usize, mut stream: Stream, values: &mut Vec<f32>) {
        // Drawn first, so that both modes show the same shapes in the same places.
        let outline = Outline::draw(&mut stream);
        let colour: [f32; CHANNELS] =
            std::array::from_fn(|_| (0.9 + 0.35 * stream.normal()).clamp(0.2, 2.0) as f32);
        let offset = stream.normal() as f32;
        let mut normals = Normals { stream, quantiles: &self.quantiles, bits: 0, left: 0 };
        let luminance = self.texture.field(&mut normals);
        let planes: [Plane; CHANNELS] = match self.mode {
            Mode::Dim => [luminance.map(|light| light + offset); CHANNELS],
            Mode::Bright => std::array::from_fn(|_| {
                let own = self.texture.field(&mut normals);
                std::array::from_fn(|at| 0.45 * (0.8 * luminance[at] + 0.2 * own[at] + 0.3 * offset))
            }),
        };
        let (kept, added, noise) = match self.mode {
            Mode::Bright => (0.4, 1.2, 0.15),
            Mode::Dim => (1.0, 0.5, 0.02),
        };
        for at in 0..EDGE * EDGE {
            let inside = outline.contains(class, at / EDGE, at % EDGE);
            for (plane, colour) in planes.iter().zip(colour) {
                let value = if inside { kept * plane[at] + added * colour } else { plane[at] };
                values.push(value + noise * normals.next());
            }
        }
    }
}

/// Where a shape lies, how large it is, and how it is turned.
struct Outline {
    row: f64,
    column: f64,
    radius: f64,
    sine: f64,
    cosine: f64,
}

impl Outline {
    fn draw(stream: &mut Stream) -> Self {
        let mut between = |low: f64, high: f64| low + (high - low) * stream.uniform();
        let (row, column, radius) = (between(10.0, 13.0), between(10.0, 13.0), between(7.0, 10.0));
        let (sine, cosine) = libm::sincos(between(-0.25, 0.25));
        Self { row, column, radius, sine, cosine }
    }

    fn contains(&self, class: usize, row: usize, column: usize) -> bool {
        let (x, y) = (column as f64 - self.column, row as f64 - self.row);
        let u = (self.cosine * x + self.sine * y) / self.radius;
        let v = (self.cosine * y - self.sine * x) / self.radius;
        inside(class, u, v)
    }
}

/// Whether a place of the unit shape belongs to it; `v` points down.
fn inside(class: usize, u: f64, v: f64) -> bool {
    let radius = libm::sqrt(u * u + v * v);
    let (across, down) = (u.abs(), v.abs());
    let most = across.max(down);
    match class {
        0 => radius < 0.9,
        1 => 0.6 < radius && radius < 1.0,
        2 => most < 0.8,
        3 => 0.55 < most && most < 0.95,
        4 => -1.0 < v && v < 0.8 && across < 0.55 * (v + 1.0),
        5 => most < 1.0 && (across < 0.28 || down < 0.28),
        6 => most < 0.85 && ((u - v).abs() < 0.4 || (u + v).abs() < 0.4),
        7 => most < 0.9 && (down - 0.55).abs() < 0.3,
        8 => most < 0.9 && (across - 0.55).abs() < 0.3,
        9 => across + down < 1.0,
        _ => unreachable!("there are ten classes"),
    }
}

/// Gaussian fields whose amplitude falls with frequency as 1/f^α, of mean 0 and standard deviation 1.
///
/// White noise stays white in an orthonormal basis of sines and cosines, so the field is drawn there: `Bᵀ (A ∘ Z) B`,
/// where Z is white and A depends on the frequency of row and column only. That is filtered white noise, without a
/// complex Fourier transform.
struct Texture {
    basis: [[f32; EDGE]; EDGE],
    amplitude: Plane,
}

impl Texture {
    fn new(exponent: f64) -> Self {
        let amplitude = |at: usize| {
            let (k, l) = (frequency(at / EDGE), frequency(at % EDGE));
            let squared = (k * k + l * l) as f64;
            // The mean is left to the image's offset.
            if squared == 0.0 { 0.0 } else { libm::pow(squared, -exponent / 2.0) as f32 }
        };
        Self { basis: fourier_basis(), amplitude: std::array::from_fn(amplitude) }
    }

    fn field(&self, normals: &mut Normals<'_>) -> Plane {
        let mut waves: Plane = self.amplitude.map(|amplitude| amplitude * normals.next());
        // The basis is orthonormal: the field has the same sum of squares.
        let power: f32 = waves.iter().map(|wave| wave * wave).sum();
        let scale = EDGE as f32 / power.sqrt();
        waves.iter_mut().for_each(|wave| *wave *= scale);
        let mut rows = [0.0; EDGE * EDGE];
        for (row, waves) in rows.chunks_exact_mut(EDGE).zip(waves.chunks_exact(EDGE)) {
            for (wave, line) in waves.iter().zip(&self.basis) {
                row.iter_mut().zip(line).for_each(|(sum, value)| *sum += wave * value);
            }
        }
        let mut field = [0.0; EDGE * EDGE];
        for (line, row) in self.basis.iter().zip(rows.chunks_exact(EDGE)) {
            for (out, weight) in field.chunks_exact_mut(EDGE).zip(line) {
                out.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
            }
        }
        field
    }
}

/// Waves over the image of a line of [`fourier_basis`].
fn frequency(line: usize) -> usize {
    line.div_ceil(2)
}

/// An orthonormal basis of 24 numbers: a constant, then cosine and sine of each frequency, the fastest a cosine alone.
fn fourier_basis() -> [[f32; EDGE]; EDGE] {
    let value = |line: usize, at: usize| {
        let angle = 2.0 * std::f64::consts::PI * (frequency(line) * at % EDGE) as f64 / EDGE as f64;
        let wave = if line % 2 == 1 || line == 0 { libm::cos(angle) } else { libm::sin(angle) };
        let alone = line == 0 || line == EDGE - 1;
        (wave * libm::sqrt(if alone { 1.0 } else { 2.0 } / EDGE as f64)) as f32
    };
    std::array::from_fn(|line| std::array::from_fn(|at| value(line, at)))
}

/// Standard normal numbers, looked up.
struct Normals<'a> {
    stream: Stream,
    quantiles: &'a [f32],
    bits: u64,
    left: u32,
}

impl Normals<'_> {
    fn next(&mut self) -> f32 {
        if self.left == 0 {
            // 48 bits are three numbers.
            (self.bits, self.left) = ((self.stream.uniform() * (1u64 << 48) as f64) as u64, 3);
        }
        let value = self.quantiles[self.bits as usize & (QUANTILES - 1)];
        self.bits >>= QUANTILES.ilog2();
        self.left -= 1;
        value
    }
}

/// Levels of a normal number.
const QUANTILES: usize = 1 << 16;

/// The standard normal numbers below which lie the shares `(i + ½) / 65,536`.
fn quantiles() -> Vec<f32> {
    let mut lower = Vec::with_capacity(QUANTILES / 2);
    let mut x = -4.5f64;
    for index in 0..QUANTILES / 2 {
        let share = (index as f64 + 0.5) / QUANTILES as f64;
        // Newton's method from the quantile before; the distribution is convex here, so it does not run away.
        for _ in 0..6 {
            let below = 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
            let density = libm::exp(-0.5 * x * x) / libm::sqrt(2.0 * std::f64::consts::PI);
            x -= (below - share) / density;
        }
        lower.push(x as f32);
    }
    let upper: Vec<f32> = lower.iter().rev().map(|x| -x).collect();
    lower.into_iter().chain(upper).collect()
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::*;
    use crate::layers::sine_positions;
    use crate::random::xavier_uniform;

    #[test]
    fn an_image_is_the_same_every_time_and_every_class_has_its_share() {
        let painter = Painter::new(Mode::Bright);
        let (once, again) = (painter.split(24, "test", 20), Painter::new(Mode::Bright).split(24, "test", 20));
        assert_eq!(once.values, again.values);
        assert_eq!(once.values.len(), 20 * EDGE * EDGE * CHANNELS);
        assert_ne!(once.values, painter.split(24, "train", 20).values);
        for class in 0..CLASSES as i32 {
            assert_eq!(once.labels.iter().filter(|&&label| label == class).count(), 2);
        }
    }

    #[test]
    fn each_shape_covers_the_places_that_its_name_says() {
        // Rows of v, columns of u, both at −0.95, −0.7, … 0.95 or so; written by hand.
        let drawn = |class: usize| -> Vec<String> {
            let steps = [-0.95, -0.7, -0.35, 0.0, 0.35, 0.7, 0.95];
            let line = |v: f64| steps.map(|u| if inside(class, u, v) { '#' } else { '.' }).iter().collect();
            steps.map(line).to_vec()
        };
        let disc = [".......", "..###..", ".#####.", ".#####.", ".#####.", "..###..", "......."];
        let ring = ["...#...", ".#####.", ".#...#.", "##...##", ".#...#.", ".#####.", "...#..."];
        let square = [".......", ".#####.", ".#####.", ".#####.", ".#####.", ".#####.", "......."];
        let frame = [".......", ".#####.", ".#...#.", ".#...#.", ".#...#.", ".#####.", "......."];
        let triangle = ["...#...", "...#...", "..###..", "..###..", ".#####.", ".#####.", "......."];
        let plus = ["...#...", "...#...", "...#...", "#######", "...#...", "...#...", "...#..."];
        let x = [".......", ".##.##.", ".#####.", "..###..", ".#####.", ".##.##.", "......."];
        let rows = [".......", ".#####.", ".#####.", ".......", ".#####.", ".#####.", "......."];
        let columns = [".......", ".##.##.", ".##.##.", ".##.##.", ".##.##.", ".##.##.", "......."];
        let diamond = ["...#...", "...#...", "..###..", "#######", "..###..", "...#...", "...#..."];
        for (class, expected) in
            [disc, ring, square, frame, triangle, plus, x, rows, columns, diamond].into_iter().enumerate()
        {
            assert_eq!(drawn(class), expected, "class {class}");
        }
    }

    #[test]
    fn the_basis_is_orthonormal_and_fields_have_unit_deviation_and_the_spectrum_asked_for() {
        let basis = fourier_basis();
        for (i, one) in basis.iter().enumerate() {
            for (j, other) in basis.iter().enumerate() {
                let product: f32 = one.iter().zip(other).map(|(a, b)| a * b).sum();
                let expected = if i == j { 1.0 } else { 0.0 };
                assert!((product - expected).abs() < 1e-5, "{i} {j}: {product}");
            }
        }
        let painter = Painter::new(Mode::Bright);
        let stream = Stream::new(1, "test");
        let mut normals = Normals { stream, quantiles: &painter.quantiles, bits: 0, left: 0 };
        let (mut slow, mut fast) = (0.0f64, 0.0f64);
        for _ in 0..400 {
            let field = painter.texture.field(&mut normals);
            let mean = field.iter().sum::<f32>() / field.len() as f32;
            let power = field.iter().map(|x| x * x).sum::<f32>() / field.len() as f32;
            assert!(mean.abs() < 1e-4 && (power - 1.0).abs() < 1e-3, "{mean} {power}");
            // The waves (4, 0) and (8, 0), found anew by an explicit sum; the slowest make up most of the
            // deviation that a field is divided by, so their mean power is not that of the formula.
            for (k, sum) in [(4, &mut slow), (8, &mut fast)] {
                let wave = |at: usize| {
                    libm::cos(2.0 * std::f64::consts::PI * (k * (at / EDGE)) as f64 / EDGE as f64)
                };
                let found: f64 = field.iter().enumerate().map(|(at, x)| f64::from(*x) * wave(at)).sum();
                *sum += found * found;
            }
        }
        // Amplitude 2^-1.5, so power 2^-3; 400 squared normals scatter by a tenth.
        let ratio = slow / fast;
        assert!((6.0..10.7).contains(&ratio), "{ratio}");
    }

    #[test]
    fn looked_up_normals_are_normal() {
        let quantiles = quantiles();
        assert!(quantiles.is_sorted());
        let moment = |p: i32| quantiles.iter().map(|x| f64::from(*x).powi(p)).sum::<f64>() / QUANTILES as f64;
        assert!(moment(1).abs() < 1e-6, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 1e-3, "{}", moment(2));
        assert!((moment(4) - 3.0).abs() < 2e-2, "{}", moment(4));
        // Quartile and 97.5 %, from any table.
        assert!((quantiles[QUANTILES * 3 / 4] - 0.674_49).abs() < 1e-3);
        assert!((quantiles[QUANTILES * 39 / 40] - 1.959_96).abs() < 1e-3);
    }

    /// Geometric mean of κ of 16 test images as tokens `[36, 64]` of the lab's first embedding.
    fn condition_of_embedded(mode: Mode) -> f64 {
        let (patch, tokens, width) = (4, 36, 64);
        let features = patch * patch * CHANNELS;
        let weight = xavier_uniform(0, "embedding.patch.weight", features, width);
        let weight = DMatrix::from_row_iterator(features, width, weight.into_iter().map(f64::from));
        let positions = sine_positions(tokens, width);
        let positions = DMatrix::from_row_iterator(tokens, width, positions.into_iter().map(f64::from));
        let images = Painter::new(mode).split(DATA_SEED, "test", 16);
        let log = |image: &[f32]| {
            let pixel = |token: usize, feature: usize| {
                let row = token / 6 * patch + feature / (patch * CHANNELS);
                let column = token % 6 * patch + feature / CHANNELS % patch;
                f64::from(image[(row * EDGE + column) * CHANNELS + feature % CHANNELS])
            };
            let x = DMatrix::from_fn(tokens, features, pixel) * &weight + &positions;
            let singular = x.singular_values();
            (singular.max() / singular.min()).ln()
        };
        let logs: Vec<f64> = images.values.chunks_exact(EDGE * EDGE * CHANNELS).map(log).collect();
        (logs.iter().sum::<f64>() / logs.len() as f64).exp()
    }

    #[test]
    fn embedded_tokens_are_conditioned_as_measured_in_advance() {
        // In advance: 155 for bright shapes, about 1,400 for faint ones.
        let (bright, dim) = (condition_of_embedded(Mode::Bright), condition_of_embedded(Mode::Dim));
        assert!((80.0..320.0).contains(&bright), "{bright}");
        assert!((700.0..2_800.0).contains(&dim), "{dim}");
    }
}
