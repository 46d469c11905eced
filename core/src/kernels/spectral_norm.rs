//! Weight matrices divided by their largest singular value, and the way back.
//!
//! Power iteration on the smaller Gram matrix, by squaring: eight squarings are the 256th power, whose columns point
//! along the first singular vector. Nothing is carried from step to step, so the result is a function of the weights
//! alone. With `n ≤ m` the numbers of rows and columns or the other way round, `W` as `n × m`:
//!
//! ```text
//! A₀ = W Wᵀ            A_{k+1} = (A_k / tr A_k)²            a = A_S e_j / ‖A_S e_j‖,  j: largest diagonal entry
//! b = Wᵀ a             σ = ‖b‖                              Y = W / σ
//! ∂W = (∂Y − ⟨∂Y, W⟩/σ · a (b/σ)ᵀ) / σ
//! ```
//!
//! A matrix of zeros stays zero and gets no gradient. As in [`super::lines`], all matrices are one launch each.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::prelude::*;

mod cpu;
mod gpu;

/// Squarings S. When the second singular value is 99 % of the first, 2⁸ leave 0.6 % of its vector.
const SQUARINGS: usize = 8;

/// Numbers of a matrix in the table: offset, n, step along n, m, step along m, offset of its Gram matrix and of its
/// vectors.
const FIELDS: usize = 7;

/// A matrix within the row of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its first number.
    pub offset: usize,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Distance between two rows.
    pub stride: usize,
}

/// All matrices that are divided, and what is copied, on a device.
#[derive(Clone, Debug)]
pub struct SpectralNorms {
    /// `[M · 7]`.
    table: Tensor<1, Int>,
    /// `[L · 4]`: offset, count, stride, and the matrix or −1.
    lines: Tensor<1, Int>,
    sizes: Sizes,
}

/// What the launches need to know of all matrices together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// Matrices M.
    matrices: usize,
    /// The largest n.
    side: usize,
    /// The largest m.
    length: usize,
    /// Numbers of all Gram matrices.
    gram: usize,
    /// Numbers of all vectors a and b.
    vectors: usize,
}

impl SpectralNorms {
    /// `rest` are the stretches, from and to, that are copied.
    pub fn new(matrices: &[Placed], rest: &[(usize, usize)], device: &Device) -> Self {
        let mut sizes = Sizes { matrices: matrices.len(), side: 0, length: 0, gram: 0, vectors: 0 };
        let (mut table, mut lines) = (Vec::new(), Vec::new());
        for (index, p) in matrices.iter().enumerate() {
            let [n, along_n, m, along_m] = if p.rows <= p.columns {
                [p.rows, p.stride, p.columns, 1]
            } else {
                [p.columns, 1, p.rows, p.stride]
            };
            table.extend([p.offset, n, along_n, m, along_m, sizes.gram, sizes.vectors].map(|x| x as i32));
            sizes.side = sizes.side.max(n);
            sizes.length = sizes.length.max(m);
            sizes.gram += n * n;
            sizes.vectors += n + m;
            lines.extend(
                (0..p.columns).map(|c| [(p.offset + c) as i32, p.rows as i32, p.stride as i32, index as i32]),
            );
        }
        for &(from, to) in rest {
            let stride = 256.min(to - from);
            lines.extend(
                (from..from + stride)
                    .map(|at| [at as i32, (to - at).div_ceil(stride) as i32, stride as i32, -1]),
            );
        }
        let upload = |values: Vec<i32>| {
            let count = values.len();
            Tensor::from_data(TensorData::new(values, [count]), device)
        };
        Self { table: upload(table), lines: upload(lines.concat()), sizes }
    }

    /// The vectors a and b of every matrix.
    ///
    /// # Shapes
    /// - `raw`: `[R, P]`
    /// - returns `[R, V]`
    pub fn vectors(&self, raw: Tensor<2>) -> Tensor<2> {
        let table = || self.table.clone().into_dispatch();
        let raw = raw.into_dispatch();
        let mut gram = Dispatch::gram_matrices(raw.clone(), table(), self.sizes);
        for _ in 0..SQUARINGS {
            gram = Dispatch::square_matrices(gram, table(), self.sizes);
        }
        Tensor::from_dispatch(Dispatch::first_vectors(raw, gram, table(), self.sizes))
    }

    /// The matrices divided by their largest singular values.
    ///
    /// # Shapes
    /// - `raw`, result: `[R, P]`
    /// - `vectors`: of [`vectors`](Self::vectors)
    pub fn map(&self, raw: Tensor<2>, vectors: Tensor<2>) -> Tensor<2> {
        Tensor::from_dispatch(Dispatch::divide_matrices(
            raw.into_dispatch(),
            vectors.into_dispatch(),
            self.table.clone().into_dispatch(),
            self.lines.clone().into_dispatch(),
        ))
    }

    /// Gradients by the trained numbers from gradients by the weights, in place where nothing else holds them.
    ///
    /// # Shapes
    /// - `raw`, `gradients`, result: `[R, P]`
    /// - `vectors`: of [`vectors`](Self::vectors)
    pub fn gradient(&self, raw: Tensor<2>, vectors: Tensor<2>, gradients: Tensor<2>) -> Tensor<2> {
        let table = || self.table.clone().into_dispatch();
        let (gradients, raw) = (gradients.into_dispatch(), raw.into_dispatch());
        let products = Dispatch::inner_products(gradients.clone(), raw, table(), self.sizes);
        Tensor::from_dispatch(Dispatch::divided_gradient(
            gradients,
            products,
            vectors.into_dispatch(),
            table(),
            self.sizes,
        ))
    }
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait SpectralNormOps: Backend {
    #[fusion(dtype = raw, shape = Shape::new([raw[0], sizes.gram]))]
    fn gram_matrices(raw: FloatTensor<Self>, table: IntTensor<Self>, sizes: Sizes) -> FloatTensor<Self>;

    #[fusion(dtype = gram, shape = gram)]
    fn square_matrices(gram: FloatTensor<Self>, table: IntTensor<Self>, sizes: Sizes) -> FloatTensor<Self>;

    #[fusion(dtype = raw, shape = Shape::new([raw[0], sizes.vectors]))]
    fn first_vectors(
        raw: FloatTensor<Self>,
        gram: FloatTensor<Self>,
        table: IntTensor<Self>,
        sizes: Sizes,
    ) -> FloatTensor<Self>;

    #[fusion(dtype = raw, shape = raw)]
    fn divide_matrices(
        raw: FloatTensor<Self>,
        vectors: FloatTensor<Self>,
        table: IntTensor<Self>,
        lines: IntTensor<Self>,
    ) -> FloatTensor<Self>;

    /// `Σₛ ∂Y[s, l] W[s, l]` for every l of every matrix, where its b lies among the vectors.
    #[fusion(dtype = raw, shape = Shape::new([raw[0], sizes.vectors]))]
    fn inner_products(
        gradients: FloatTensor<Self>,
        raw: FloatTensor<Self>,
        table: IntTensor<Self>,
        sizes: Sizes,
    ) -> FloatTensor<Self>;

    #[fusion(dtype = gradients, shape = gradients)]
    fn divided_gradient(
        gradients: FloatTensor<Self>,
        products: FloatTensor<Self>,
        vectors: FloatTensor<Self>,
        table: IntTensor<Self>,
        sizes: Sizes,
    ) -> FloatTensor<Self>;
}
