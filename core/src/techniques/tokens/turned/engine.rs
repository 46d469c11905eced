//! The rotation, drawn once and multiplied by in every forward pass.

use std::cell::OnceCell;

use burn::tensor::{Tensor, TensorData};

use super::Turned;
use crate::interface::PatchMap;
use crate::surroundings::Reading;
use crate::techniques::Own;
use crate::techniques::tokens::rotated::rotation;
use crate::techniques::tokens::{TokenMap, TokenTechnique};

/// Turns tokens of D numbers, D being known with the first of them.
#[derive(Debug)]
struct TokenRotation {
    directions: usize,
    /// R, `[1, D, D]`.
    matrix: OnceCell<Tensor<3>>,
}

impl TokenMap for TokenRotation {
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [_, _, width] = x.dims();
        let matrix = self.matrix.get_or_init(|| {
            let turned = rotation(width, self.directions);
            // Row by row; nalgebra has columns.
            let rows: Vec<f32> = turned.transpose().iter().map(|value| *value as f32).collect();
            Tensor::from_data(TensorData::new(rows, [1, width, width]), &x.device().inner())
        });
        x.matmul(matrix.clone())
    }
}

impl TokenTechnique for Turned {
    fn before_training(&self, _: Reading) -> Option<Box<dyn PatchMap>> {
        None
    }

    fn in_forward(&self, _: usize, _: Own<'_>) -> Option<Box<dyn TokenMap>> {
        Some(Box::new(TokenRotation { directions: self.directions as usize, matrix: OnceCell::new() }))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::random::normal;

    const WIDTH: usize = 6;

    fn tokens() -> (Vec<f32>, Tensor<3>) {
        let values = normal(3, "turned", 2 * 5 * WIDTH, 1.0);
        let shape = [2, 5, WIDTH];
        (values.clone(), Tensor::from_data(TensorData::new(values, shape), &Device::flex()))
    }

    #[test]
    fn every_token_of_every_replica_is_multiplied_by_the_rotation() {
        let map = Turned { directions: 4 }.in_forward(5, &|_| None).expect("tokens are turned");
        let (values, x) = tokens();
        let turned: Vec<f32> = map.forward(x).into_data().iter::<f32>().collect();
        let matrix = rotation(WIDTH, 4);
        for (token, turned) in values.chunks_exact(WIDTH).zip(turned.chunks_exact(WIDTH)) {
            for (column, value) in turned.iter().enumerate() {
                let wanted: f64 = (0..WIDTH).map(|row| f64::from(token[row]) * matrix[(row, column)]).sum();
                assert!((f64::from(*value) - wanted).abs() < 1e-5);
            }
        }
        assert!(values.iter().zip(&turned).any(|(a, b)| (a - b).abs() > 0.1), "something is turned");
    }

    #[test]
    fn embeddings_that_change_by_as_low_a_rank_undo_it() {
        // (x Rᵀ) R = x, and x Rᵀ − x has rank r at most.
        let (values, _) = tokens();
        let matrix = rotation(WIDTH, 2);
        let x = nalgebra::DMatrix::from_row_iterator(10, WIDTH, values.iter().map(|value| f64::from(*value)));
        let ideal = &x * matrix.transpose();
        let singular = (&ideal - &x).singular_values();
        assert_eq!(singular.iter().filter(|value| **value > 1e-9).count(), 2, "{singular}");
        let map = Turned { directions: 2 }.in_forward(10, &|_| None).expect("tokens are turned");
        let rows: Vec<f32> = ideal.transpose().iter().map(|value| *value as f32).collect();
        let shifted = map.forward(Tensor::from_data(TensorData::new(rows, [1, 10, WIDTH]), &Device::flex()));
        let found: Vec<f32> = shifted.into_data().iter::<f32>().collect();
        assert!(values.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}
