//! A matrix to be fitted: `matrix`.
//!
//! ```text
//! T = √n/‖S‖ · U S Vᵀ        U, V: orthogonal, drawn for each seed; S = diag(s), the spectrum that is chosen
//! ```
//!
//! Row i of the identity is read, row i of T is the answer, so that the map that is learned *is* the matrix, and the ideal
//! change of a map that starts at zero is T, whose spectrum is known. T's rows have a mean square
//! length of 1, so that a flat T is an orthogonal matrix, and ‖W − T‖ / ‖T‖, the relative error, is the root of n times the loss, and what a change of rank r leaves is known too (Eckart and Young):
//! √(Σ_{i>r} s_i² / Σ s_i²).
//!
//! Every seed has a target of its own; what is tuned is tuned on other targets. The five spectra are those of the lab's notes
//! on RandLoRA (arXiv 2502.00987), whose Theorem 4.1 this makes visible; no paper has this task.

#[cfg(feature = "engine")]
mod engine;

use super::{Described, Outline};
use crate::fields::Phrase::{After, Before};
use crate::fields::{Problems, Room, choice, fields, integer, named};
use crate::surroundings::{Reading, Surroundings};

fields! {
    /// A square matrix with a chosen spectrum, row by row.
    #[derive(Copy)]
    pub struct Matrix as "matrix", "Matrix" {
        /// Rows and columns n.
        size: u32 = 128, integer("Size", 4, 256, Before("size ")).step(4);
        /// How the singular values of the target fall.
        spectrum: Falling = Falling::Flat, named("Spectrum", After(" spectrum"));
        /// Singular values of a target of low rank, all of the same size; the others are zero.
        rank as "target_rank": u32 = 16, integer("Target's rank", 1, 256, Before("target of rank "));
    }
}

choice! {
    /// How singular values fall.
    pub enum Falling {
        /// All the same: an orthogonal matrix.
        Flat: "flat", "flat";
        /// Some the same, the others zero.
        LowRank: "low-rank", "low-rank";
        /// s_i = 1/i.
        PowerLaw: "power-law", "power-law";
        /// Those of a matrix of normal numbers, each drawn by itself.
        Gaussian: "gaussian", "Gaussian";
    }
}

impl Room for Matrix {
    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        problems.rule(
            self.rank <= self.size,
            "target_rank",
            "must be at most size: a matrix has no more singular values than rows",
        );
    }
}

impl Matrix {
    /// The singular values of the target before it is scaled, largest first; of a Gaussian one they follow from its numbers.
    pub fn singular_values(&self) -> Option<Vec<f64>> {
        let of = |i: u32| match self.spectrum {
            Falling::Flat => 1.0,
            Falling::LowRank => f64::from(u8::from(i < self.rank)),
            Falling::PowerLaw => 1.0 / f64::from(i + 1),
            Falling::Gaussian => f64::NAN,
        };
        (self.spectrum != Falling::Gaussian).then(|| (0..self.size).map(of).collect())
    }
}

impl Described for Matrix {
    fn outline(&self) -> Outline {
        let size = self.size as usize;
        Outline {
            reading: Reading::Rows { inputs: size, outputs: size },
            training_examples: self.size,
            test_examples: self.size,
            file: None,
        }
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Matrix {
    fn load(&self, source: super::Source<'_>) -> Result<Box<dyn super::Dataset>, String> {
        Ok(Box::new(engine::MatrixTask::new(self, source)))
    }
}
