//! How the target is drawn and made into batches.

use burn::tensor::{Device, Int, Tensor, TensorData};
use nalgebra::{DMatrix, DVector};

use super::Matrix;
use crate::interface::{Batch, Input, Targets};
use crate::random::{Stream, orthonormal};
use crate::surroundings::Reading;
use crate::tasks::{Dataset, Described, HeldOut, Source, draw_examples};

/// The targets of all replicas on the device.
pub struct MatrixTask {
    reading: Reading,
    size: usize,
    /// The seeds that there is a target of, and the targets, `[seeds, n, n]`.
    seeds: Vec<u64>,
    targets: Tensor<3>,
    /// `[1, n, n]`.
    identity: Tensor<3>,
    device: Device,
}

impl MatrixTask {
    /// Draws and uploads a target for every seed.
    pub fn new(task: &Matrix, source: Source<'_>) -> Self {
        let size = task.size as usize;
        let name = match source.held_out {
            HeldOut::Test => "matrix.target",
            HeldOut::Validation => "matrix.validation",
        };
        let values: Vec<f32> = source.seeds.iter().flat_map(|seed| target(task, *seed, name)).collect();
        let mut identity = vec![0.0f32; size * size];
        identity.iter_mut().step_by(size + 1).for_each(|one| *one = 1.0);
        Self {
            reading: task.outline().reading,
            size,
            seeds: source.seeds.to_vec(),
            targets: Tensor::from_data(
                TensorData::new(values, [source.seeds.len(), size, size]),
                source.device,
            ),
            identity: Tensor::from_data(TensorData::new(identity, [1, size, size]), source.device),
            device: source.device.clone(),
        }
    }

    /// The target of each of these seeds, `[R, n, n]`.
    ///
    /// # Panics
    /// If a seed is not one of those that the task was loaded for.
    fn targets(&self, seeds: &[u64]) -> Tensor<3> {
        if seeds == self.seeds {
            return self.targets.clone();
        }
        let place = |seed: &u64| self.seeds.iter().position(|own| own == seed).expect("a seed of the task");
        let places: Vec<i32> = seeds.iter().map(|seed| place(seed) as i32).collect();
        let places = Tensor::<1, Int>::from_data(TensorData::new(places, [seeds.len()]), &self.device);
        self.targets.clone().select(0, places)
    }

    /// The first `count` rows, in order.
    fn first(&self, count: usize, seeds: &[u64]) -> Batch {
        let (replicas, size) = (seeds.len(), self.size);
        let rows = self.identity.clone().narrow(1, 0, count).expand([replicas, count, size]);
        Batch { input: Input::Rows(rows), targets: Targets::Values(self.targets(seeds).narrow(1, 0, count)) }
    }
}

impl Dataset for MatrixTask {
    fn reading(&self) -> Reading {
        self.reading
    }

    /// All rows in order where the batch is that large, else rows drawn with repetition.
    fn train_batch(&self, seeds: &[u64], step: u32, size: usize) -> Batch {
        if size >= self.size {
            return self.first(self.size, seeds);
        }
        let replicas = seeds.len();
        let drawn = draw_examples(seeds, step, size, self.size).into_iter().map(|row| row as i32);
        // Rows of all replicas one below the other.
        let below = drawn.clone().enumerate().map(|(at, row)| row + (at / size * self.size) as i32);
        let select = |all: Tensor<2>, rows: Vec<i32>| {
            let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [replicas * size]), &self.device);
            all.select(0, rows).reshape([replicas, size, self.size])
        };
        let targets = self.targets(seeds).reshape([replicas * self.size, self.size]);
        let identity = self.identity.clone().reshape([self.size, self.size]);
        Batch {
            input: Input::Rows(select(identity, drawn.collect())),
            targets: Targets::Values(select(targets, below.collect())),
        }
    }

    fn test_chunks(&self) -> usize {
        1
    }

    fn test_chunk(&self, _index: usize, seeds: &[u64]) -> Batch {
        self.first(self.size, seeds)
    }

    fn test_examples(&self, count: usize, seeds: &[u64]) -> Batch {
        self.first(count.min(self.size), seeds)
    }
}

/// The target of a seed, row by row; the mean square of its rows' lengths is 1.
fn target(task: &Matrix, seed: u64, name: &str) -> Vec<f32> {
    let size = task.size as usize;
    let matrix = match task.singular_values() {
        None => {
            let mut stream = Stream::new(seed, &format!("{name}.numbers"));
            DMatrix::from_fn(size, size, |_, _| stream.normal())
        }
        Some(values) => {
            let orthogonal = |side: &str| orthonormal(seed, &format!("{name}.{side}"), [size, size]);
            let falling = DMatrix::from_diagonal(&DVector::from_vec(values));
            orthogonal("left") * falling * orthogonal("right").transpose()
        }
    };
    let scale = (size as f64).sqrt() / matrix.norm();
    matrix.transpose().iter().map(|value| (value * scale) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Falling;
    use super::*;
    use crate::probes::spectrum::spectrum;

    fn spectra(falling: Falling) -> Vec<f64> {
        let task = Matrix { size: 32, spectrum: falling, rank: 5 };
        let values = target(&task, 3, "matrix.target");
        let found = spectrum("target", 0, &values, 32, 32);
        assert!((found.frobenius_norm - 32f64.sqrt()).abs() < 1e-5, "rows have a length of 1 in the mean");
        found.singular_values.iter().map(|value| f64::from(value / found.singular_values[0])).collect()
    }

    #[test]
    fn a_target_has_the_spectrum_that_was_asked_for() {
        let near = |found: Vec<f64>, wanted: &dyn Fn(usize) -> f64| {
            for (i, value) in found.iter().enumerate() {
                assert!((value - wanted(i)).abs() < 1e-5, "{i}: {value} is not {}", wanted(i));
            }
        };
        near(spectra(Falling::Flat), &|_| 1.0);
        near(spectra(Falling::LowRank), &|i| f64::from(u8::from(i < 5)));
        near(spectra(Falling::PowerLaw), &|i| 1.0 / (i + 1) as f64);
        // σ₁ of normal numbers is about 2√n, and their stable rank n/4.
        let stable: f64 = spectra(Falling::Gaussian).iter().map(|value| value * value).sum();
        assert!((6.0..13.0).contains(&stable), "{stable}");
    }

    #[test]
    fn seeds_and_splits_have_targets_of_their_own_and_rows_that_are_drawn_belong_together() {
        let task = Matrix { size: 8, ..Matrix::default() };
        assert_ne!(target(&task, 1, "matrix.target"), target(&task, 2, "matrix.target"));
        assert_ne!(target(&task, 1, "matrix.target"), target(&task, 1, "matrix.validation"));
        let device = Device::flex();
        let source = Source {
            bytes: &[],
            patches: &|| None,
            held_out: HeldOut::Test,
            seeds: &[1, 2],
            device: &device,
        };
        let loaded = MatrixTask::new(&task, source);
        let batch = loaded.train_batch(&[1, 2], 4, 5);
        let (Input::Rows(rows), Targets::Values(values)) = (batch.input, batch.targets) else {
            panic!("rows have values")
        };
        assert_eq!((rows.dims(), values.dims()), ([2, 5, 8], [2, 5, 8]));
        let (rows, values) = (rows.into_data(), values.into_data());
        let (rows, values): (Vec<f32>, Vec<f32>) = (rows.iter().collect(), values.iter().collect());
        for (at, (row, value)) in rows.chunks_exact(8).zip(values.chunks_exact(8)).enumerate() {
            let index = row.iter().position(|one| *one == 1.0).expect("a row of the identity");
            let whole = target(&task, [1, 2][at / 5], "matrix.target");
            assert_eq!(value, &whole[8 * index..8 * (index + 1)]);
        }
    }
}
