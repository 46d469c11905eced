//! Token graying: tokens whose singular values lie closer together.
//!
//! Always Skip Attention (Ji, Saratchandran, Moghadam, Lucey; ICCV 2025, arXiv 2505.01996), the paper's remedy for
//! what skips make up for. `X` holds the patches of one image (or its embedded tokens), `0 < ε ≤ 1`:
//!
//! ```text
//! SVD:  X = U Σ Vᵀ          X' = U Σ' Vᵀ,  σ' = σ₁ (σ / σ₁)^ε               κ(X') = κ(X)^ε
//! DCT:  Z = D_N X D_Dᵀ      Z' = sign(Z) m (|Z| / m)^ε,  m = max |Z|        X' = D_Nᵀ Z' D_D
//! ```
//!
//! `D_n` is the orthonormal DCT-II matrix. The paper grays the patches once, before they are embedded, with ε = 0.95;
//! ε = 1 leaves them as they are.
//!
//! What is not known of the paper, and what stands here instead (all inferred): it does not say how the sign of a
//! DCT coefficient is treated, nor the scale afterwards; here signs stay and `σ₁` or `m` is multiplied back.
//!
//! Patches are grayed on the CPU in f64, by either transform, when the data set is made: it is preprocessing, and a
//! training step pays nothing for it. Embedded tokens are grayed on the device at every step, by the DCT only, and the
//! gradient flows through all of it, also through m. There the power turns into a line below 10⁻⁴ of m
//! ([`crate::kernels::signed_power`]): the derivative of a power has no bound at 0.

use std::cell::OnceCell;

use burn::tensor::{Device, Tensor, TensorData};
use nalgebra::DMatrix;

use crate::kernels::signed_power;
use crate::spec::{Place, Tokens, Transform};

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
    /// What the model asks to be done to patches before training; `None` if that is nothing.
    pub fn new(choice: &Tokens, tokens: usize, features: usize) -> Option<Self> {
        match *choice {
            Tokens::Graying { transform, exponent, place: Place::Patches } if exponent != 1.0 => Some(Self {
                transform,
                exponent: f64::from(exponent),
                tokens,
                features,
                cosines: [dct_matrix(tokens), dct_matrix(features)],
            }),
            _ => None,
        }
    }

    /// Grays one image in place.
    ///
    /// # Shapes
    /// - `patches`: `[N · F]`, patch by patch
    pub fn gray(&self, patches: &mut [f32]) {
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

    /// Grays every example of every replica by itself.
    ///
    /// # Shapes
    /// - `x`, result: `[R, B·N, D]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
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

#[cfg(test)]
mod tests;
