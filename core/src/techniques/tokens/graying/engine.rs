//! The two transforms: of patches on the CPU, of embedded tokens on the device.

use std::cell::OnceCell;

use burn::tensor::{Device, Tensor, TensorData};
use nalgebra::DMatrix;

use super::{Graying, Place, Transform};
use crate::interface::PatchMap;
use crate::kernels::signed_power;
use crate::surroundings::Reading;
use crate::techniques::Own;
use crate::techniques::tokens::{TokenMap, TokenTechnique};

/// The orthonormal DCT-II matrix: `D[k, j] = √(2/n) cos(π k (2j + 1) / 2n)`, its first row divided by √2.
pub fn dct_matrix(n: usize) -> DMatrix<f64> {
    DMatrix::from_fn(n, n, |k, j| {
        let norm = libm::sqrt(if k == 0 { 1.0 } else { 2.0 } / n as f64);
        norm * libm::cos(std::f64::consts::PI * (k * (2 * j + 1)) as f64 / (2 * n) as f64)
    })
}

/// Grays the patches of one image after the other, on the CPU.
pub struct PatchGrayer {
    transform: Transform,
    exponent: f64,
    tokens: usize,
    features: usize,
    /// `D_N` and `D_D`.
    cosines: [DMatrix<f64>; 2],
}

impl PatchGrayer {
    /// For images of `tokens` patches with `features` numbers each.
    pub fn new(transform: Transform, exponent: f32, tokens: usize, features: usize) -> Self {
        let cosines = [dct_matrix(tokens), dct_matrix(features)];
        Self { transform, exponent: f64::from(exponent), tokens, features, cosines }
    }

    fn by_frequencies(&self, image: &DMatrix<f64>) -> DMatrix<f64> {
        let [over_tokens, over_features] = &self.cosines;
        let mut coefficients = over_tokens * image * over_features.transpose();
        let largest = coefficients.amax();
        if largest > 0.0 {
            coefficients.apply(|z| {
                *z = libm::copysign(largest * libm::pow(z.abs() / largest, self.exponent), *z);
            });
        }
        over_tokens.tr_mul(&coefficients) * over_features
    }
}

impl PatchMap for PatchGrayer {
    fn fit(&mut self, _: &[f32]) {}

    fn apply(&self, patches: &mut [f32]) {
        let rows = patches.iter().map(|&x| f64::from(x));
        let image = DMatrix::from_row_iterator(self.tokens, self.features, rows);
        let grayed = match self.transform {
            Transform::Dct => self.by_frequencies(&image),
            Transform::Svd => by_singular_values(image, self.exponent),
        };
        for (row, line) in patches.chunks_exact_mut(self.features).enumerate() {
            line.iter_mut().enumerate().for_each(|(column, x)| *x = grayed[(row, column)] as f32);
        }
    }
}

/// Singular values that f32 cannot tell from zero stay: a small power would make noise of them.
fn by_singular_values(image: DMatrix<f64>, exponent: f64) -> DMatrix<f64> {
    let zero = image.nrows().max(image.ncols()) as f64 * f64::from(f32::EPSILON);
    let mut svd = image.svd(true, true);
    let largest = svd.singular_values.max();
    svd.singular_values.apply(|value| {
        if *value > zero * largest {
            *value = largest * libm::pow(*value / largest, exponent);
        }
    });
    svd.recompose().expect("both sets of singular vectors were asked for")
}

/// Grays embedded tokens by the DCT, on the device.
#[derive(Clone, Debug)]
pub struct DctGrayer {
    tokens: usize,
    exponent: f32,
    /// `D_N`, `D_Nᵀ`, `D_D` and `D_Dᵀ`, each `[1, n, n]`, uploaded with the first batch.
    cosines: OnceCell<[Tensor<3>; 4]>,
}

impl DctGrayer {
    /// For examples of `tokens` rows.
    pub fn new(tokens: usize, exponent: f32) -> Self {
        Self { tokens, exponent, cosines: OnceCell::new() }
    }
}

impl TokenMap for DctGrayer {
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [replicas, rows, width] = x.dims();
        let examples = [replicas * rows / self.tokens, self.tokens, width];
        let lines = [1, replicas * rows, width];
        let device = x.device().inner();
        let cosines = self.cosines.get_or_init(|| {
            let [n, d] = [self.tokens, width].map(dct_matrix);
            [n.clone(), n.transpose(), d.clone(), d.transpose()].map(|matrix| constant(&matrix, &device))
        });
        let [tokens, tokens_back, channels_back, channels] = cosines.clone();
        let z = tokens.matmul(x.reshape(examples)).reshape(lines).matmul(channels);
        let z = signed_power(z.reshape([replicas, rows, width]), self.tokens, self.exponent);
        let z = z.reshape(lines).matmul(channels_back).reshape(examples);
        tokens_back.matmul(z).reshape([replicas, rows, width])
    }
}

fn constant(matrix: &DMatrix<f64>, device: &Device) -> Tensor<3> {
    let rows: Vec<f32> = matrix.transpose().iter().map(|&x| x as f32).collect();
    Tensor::from_data(TensorData::new(rows, [1, matrix.nrows(), matrix.ncols()]), device)
}

impl TokenTechnique for Graying {
    fn before_training(&self, reading: Reading) -> Option<Box<dyn PatchMap>> {
        let grayer = || PatchGrayer::new(self.transform, self.exponent, reading.tokens(), reading.features());
        let is_asked = self.place == Place::Patches && self.exponent != 1.0;
        is_asked.then(|| Box::new(grayer()) as Box<dyn PatchMap>)
    }

    fn in_forward(&self, tokens: usize, _: Own<'_>) -> Option<Box<dyn TokenMap>> {
        let is_asked = self.place == Place::Embedding && self.exponent != 1.0;
        is_asked.then(|| Box::new(DctGrayer::new(tokens, self.exponent)) as Box<dyn TokenMap>)
    }
}
