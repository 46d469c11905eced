//! The matrix, found from the training split.

use nalgebra::{DMatrix, SymmetricEigen};

use super::Whitened;
use crate::interface::PatchMap;
use crate::surroundings::Reading;
use crate::techniques::Own;
use crate::techniques::tokens::{TokenMap, TokenTechnique};

/// Whitens patches of `features` numbers.
pub struct PatchWhitener {
    features: usize,
    floor: f64,
    /// μ, `[F]`.
    mean: Vec<f64>,
    /// W, `[F, F]`, symmetric.
    matrix: DMatrix<f64>,
}

impl PatchWhitener {
    /// Changes nothing until it is fitted.
    pub fn new(features: usize, floor: f32) -> Self {
        let (mean, matrix) = (vec![0.0; features], DMatrix::identity(features, features));
        Self { features, floor: f64::from(floor), mean, matrix }
    }
}

impl PatchMap for PatchWhitener {
    fn fit(&mut self, images: &[f32]) {
        let features = self.features;
        let count = (images.len() / features) as f64;
        let mut sums = vec![0.0; features];
        for patch in images.chunks_exact(features) {
            sums.iter_mut().zip(patch).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        self.mean = sums.into_iter().map(|sum| sum / count).collect();
        // Row by row, the lower half.
        let mut products = vec![0.0; features * features];
        let mut centred = vec![0.0; features];
        for patch in images.chunks_exact(features) {
            centred
                .iter_mut()
                .zip(patch)
                .zip(&self.mean)
                .for_each(|((c, &x), mean)| *c = f64::from(x) - mean);
            for (i, row) in products.chunks_exact_mut(features).enumerate() {
                row[..=i]
                    .iter_mut()
                    .zip(&centred)
                    .for_each(|(product, other)| *product += centred[i] * other);
            }
        }
        let covariance =
            DMatrix::from_fn(features, features, |i, j| products[i.max(j) * features + i.min(j)] / count);
        let mean_variance = covariance.trace() / features as f64;
        let SymmetricEigen { eigenvalues, eigenvectors } = covariance.symmetric_eigen();
        let root = |variance: f64| {
            let raised = variance.max(0.0) + self.floor * mean_variance;
            // Images that are all equal stay as they are, but for their mean.
            if raised > 0.0 { 1.0 / libm::sqrt(raised) } else { 1.0 }
        };
        let scales = DMatrix::from_diagonal(&eigenvalues.map(root));
        self.matrix = &eigenvectors * scales * eigenvectors.transpose();
    }

    fn apply(&self, image: &mut [f32]) {
        let mut centred = vec![0.0; self.features];
        for patch in image.chunks_exact_mut(self.features) {
            centred
                .iter_mut()
                .zip(&*patch)
                .zip(&self.mean)
                .for_each(|((c, &x), mean)| *c = f64::from(x) - mean);
            // The matrix is symmetric: its columns, which lie side by side, are its rows.
            for (x, column) in patch.iter_mut().zip(self.matrix.column_iter()) {
                *x = column.iter().zip(&centred).map(|(w, c)| w * c).sum::<f64>() as f32;
            }
        }
    }
}

impl TokenTechnique for Whitened {
    fn before_training(&self, reading: Reading) -> Option<Box<dyn PatchMap>> {
        Some(Box::new(PatchWhitener::new(reading.features(), self.floor)))
    }

    fn in_forward(&self, _: usize, _: Own<'_>) -> Option<Box<dyn TokenMap>> {
        None
    }
}
