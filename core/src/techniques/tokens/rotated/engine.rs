//! The rotation, drawn once.

use nalgebra::DMatrix;

use super::Rotated;
use crate::interface::PatchMap;
use crate::random::orthonormal;
use crate::surroundings::Reading;
use crate::techniques::Own;
use crate::techniques::tokens::{TokenMap, TokenTechnique};

/// Of the streams that the rotation is drawn from.
const SEED: u64 = 61;

/// Turns patches of F numbers.
struct PatchRotation {
    /// R, `[F, F]`.
    matrix: DMatrix<f64>,
}

/// R, orthogonal; all but `directions` of its singular directions stay where they are.
pub(in crate::techniques::tokens) fn rotation(features: usize, directions: usize) -> DMatrix<f64> {
    let within = orthonormal(SEED, "rotated.within", [features, directions]);
    let turned = orthonormal(SEED, "rotated.turned", [directions, directions]);
    let moved = turned - DMatrix::identity(directions, directions);
    DMatrix::identity(features, features) + &within * moved * within.transpose()
}

impl PatchMap for PatchRotation {
    /// Nothing is learned from images.
    fn fit(&mut self, _: &[f32]) {}

    fn apply(&self, image: &mut [f32]) {
        let features = self.matrix.nrows();
        let mut turned = vec![0.0f32; features];
        for patch in image.chunks_exact_mut(features) {
            for (to, column) in turned.iter_mut().zip(self.matrix.column_iter()) {
                *to = column.iter().zip(&*patch).map(|(r, &x)| r * f64::from(x)).sum::<f64>() as f32;
            }
            patch.copy_from_slice(&turned);
        }
    }
}

impl TokenTechnique for Rotated {
    fn before_training(&self, reading: Reading) -> Option<Box<dyn PatchMap>> {
        Some(Box::new(PatchRotation { matrix: rotation(reading.features(), self.directions as usize) }))
    }

    fn in_forward(&self, _: usize, _: Own<'_>) -> Option<Box<dyn TokenMap>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_keeps_lengths_and_moves_as_many_directions_as_it_says() {
        for (features, directions) in [(16, 2), (16, 7), (9, 9)] {
            let matrix = rotation(features, directions);
            let product = matrix.transpose() * &matrix;
            assert!((product - DMatrix::identity(features, features)).amax() < 1e-12);
            let moved = (matrix - DMatrix::identity(features, features)).singular_values();
            let rank = moved.iter().filter(|value| **value > 1e-10).count();
            assert!(rank <= directions && rank + 1 >= directions, "{rank} of {directions}");
        }
    }

    #[test]
    fn every_patch_is_multiplied_by_it_and_its_transpose_undoes_it() {
        let map = PatchRotation { matrix: rotation(4, 3) };
        let image: Vec<f32> = (0..12).map(|i| (i * i % 7) as f32).collect();
        let mut turned = image.clone();
        map.apply(&mut turned);
        for (patch, turned) in image.chunks_exact(4).zip(turned.chunks_exact(4)) {
            for (o, turned) in turned.iter().enumerate() {
                let wanted: f64 = (0..4).map(|i| f64::from(patch[i]) * map.matrix[(i, o)]).sum();
                assert!((f64::from(*turned) - wanted).abs() < 1e-5);
            }
        }
        PatchRotation { matrix: map.matrix.transpose() }.apply(&mut turned);
        assert!(image.iter().zip(&turned).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}
