//! Gradient descent on all parameters of all replicas at once, clipped like [`super::adamw`].
//!
//! ```text
//! g ← g · min(1, clip / (‖g‖ + 10⁻⁶))        ‖g‖ over all parameters of one replica
//! p ← p − η λ p − η g                         λ where `decay` is 1
//! ```
//!
//! Without momentum the decoupled weight decay is that of PyTorch's `SGD`.

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::flat::{clip_factor, clipping};
use super::prelude::*;

/// The numbers of one update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// η of this step.
    pub learning_rate: f32,
    /// λ.
    pub weight_decay: f32,
    /// Largest gradient norm; 0 does not clip.
    pub clip: f32,
}

/// One update, in place where nothing else holds the parameters.
///
/// # Shapes
/// - `parameters`, `gradients`, result: `[R, P]`
/// - `norms`: `[R]`
/// - `decay`: `[P]`, 1 where weight decay applies, else 0
pub fn sgd(
    parameters: Tensor<2>,
    gradients: Tensor<2>,
    norms: Tensor<1>,
    decay: Tensor<1>,
    config: Sgd,
) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::descend(
        parameters.into_dispatch(),
        gradients.into_dispatch(),
        norms.into_dispatch(),
        decay.into_dispatch(),
        config,
    ))
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait SgdOps: Backend {
    #[fusion(dtype = parameters, shape = parameters)]
    fn descend(
        parameters: FloatTensor<Self>,
        gradients: FloatTensor<Self>,
        norms: FloatTensor<Self>,
        decay: FloatTensor<Self>,
        config: Sgd,
    ) -> FloatTensor<Self>;
}

/// One thread for each vector.
#[cube(launch_unchecked)]
fn sgd_kernel<N: Size>(
    gradients: &[Vector<f32, N>],
    norms: &[f32],
    decay: &[Vector<f32, N>],
    parameters: &mut [Vector<f32, N>],
    units: usize,
    width: usize,
    learning_rate: f32,
    weight_decay: f32,
    clip: f32,
) {
    end_beyond(units);
    let at = ABSOLUTE_POS;
    let factor = clipping(norms, at / width, clip);
    let shrunk =
        parameters[at] * (Vector::new(1.0) - decay[at % width] * Vector::new(learning_rate * weight_decay));
    parameters[at] = shrunk - gradients[at] * Vector::new(learning_rate * factor);
}

impl SgdOps for CubeBackend {
    fn descend(
        parameters: CubeTensor,
        gradients: CubeTensor,
        norms: CubeTensor,
        decay: CubeTensor,
        config: Sgd,
    ) -> CubeTensor {
        let parameters = own(parameters);
        let [r, width] = parameters.shape().dims();
        let n = vector_size(&[width]);
        let units = r * width / n;
        let Sgd { learning_rate, weight_decay, clip } = config;
        launch!(
            sgd_kernel[n],
            units,
            [contiguous(gradients), norms, decay],
            [parameters],
            [width / n, learning_rate, weight_decay, clip]
        );
        parameters
    }
}

impl SgdOps for Flex {
    fn descend(
        mut parameters: FlexTensor,
        gradients: FlexTensor,
        norms: FlexTensor,
        decay: FlexTensor,
        config: Sgd,
    ) -> FlexTensor {
        let Sgd { learning_rate, weight_decay, clip } = config;
        let width = decay.shape()[0];
        let (gradients, norms, decay) =
            (&Values::of(&gradients)[..], &Values::of(&norms)[..], &Values::of(&decay)[..]);
        for (replica, p) in parameters.storage_mut::<f32>().chunks_exact_mut(width).enumerate() {
            let factor = clip_factor(norms[replica], clip);
            let g = &gradients[replica * width..][..width];
            for i in 0..width {
                p[i] = p[i] * (1.0 - learning_rate * weight_decay * decay[i]) - learning_rate * factor * g[i];
            }
        }
        parameters
    }
}
