//! Gradient descent on all parameters of all replicas at once, clipped like [`super::adamw`].
//!
//! ```text
//! g ← g · min(1, clip / (‖g‖ + 10⁻⁶))        ‖g‖ over all parameters of one replica
//! p ← p − η λ p − η g
//! ```
//!
//! η and λ are those of [`super::adamw`]. Without momentum the decoupled weight decay is that of PyTorch's `SGD`.

use burn::tensor::Tensor;
use cubecl::prelude::*;

use super::flat::{clip_factor, clipping};
use super::prelude::*;
use super::rates::{Rates, Shares, Stretches, rate};

/// The numbers of one update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// What each part takes of its replica's η in this step.
    pub shares: Shares,
    /// Largest gradient norm; 0 does not clip.
    pub clip: f32,
}

/// One update, in place where nothing else holds the parameters.
///
/// # Shapes
/// - `parameters`, `gradients`, result: `[R, P]`
/// - `norms`: `[R]`
pub fn sgd(
    parameters: Tensor<2>,
    gradients: Tensor<2>,
    norms: Tensor<1>,
    rates: &Rates,
    config: Sgd,
) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::descend(
        parameters.into_dispatch(),
        gradients.into_dispatch(),
        norms.into_dispatch(),
        rates.replicas.clone().into_dispatch(),
        rates.rules.clone().into_dispatch(),
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
        rates: FloatTensor<Self>,
        rules: FloatTensor<Self>,
        config: Sgd,
    ) -> FloatTensor<Self>;
}

/// One thread for each vector.
#[cube(launch_unchecked)]
fn sgd_kernel<N: Size>(
    gradients: &[Vector<f32, N>],
    norms: &[f32],
    rates: &[f32],
    rules: &[Vector<f32, N>],
    parameters: &mut [Vector<f32, N>],
    units: usize,
    width: usize,
    clip: f32,
    s0: f32,
    s1: f32,
    s2: f32,
    s3: f32,
    s4: f32,
    s5: f32,
) {
    end_beyond(units);
    let at = ABSOLUTE_POS;
    let replica = at / width;
    let factor = clipping(norms, replica, clip);
    let (learning_rate, kept) = rate(rates, replica, rules[at % width], s0, s1, s2, s3, s4, s5);
    let shrunk = parameters[at] * kept;
    parameters[at] = shrunk - gradients[at] * Vector::new(learning_rate * factor);
}

impl SgdOps for CubeBackend {
    fn descend(
        parameters: CubeTensor,
        gradients: CubeTensor,
        norms: CubeTensor,
        rates: CubeTensor,
        rules: CubeTensor,
        config: Sgd,
    ) -> CubeTensor {
        let parameters = own(parameters);
        let [r, width] = parameters.shape().dims();
        let n = vector_size(&[width]);
        let units = r * width / n;
        let Sgd { shares: [s0, s1, s2, s3, s4, s5], clip } = config;
        launch!(
            sgd_kernel[n],
            units,
            [contiguous(gradients), norms, rates, rules],
            [parameters],
            [width / n, clip, s0, s1, s2, s3, s4, s5]
        );
        parameters
    }
}

impl SgdOps for Flex {
    fn descend(
        mut parameters: FlexTensor,
        gradients: FlexTensor,
        norms: FlexTensor,
        rates: FlexTensor,
        rules: FlexTensor,
        config: Sgd,
    ) -> FlexTensor {
        let Sgd { shares, clip } = config;
        let width = rules.shape()[0];
        let (gradients, norms) = (&Values::of(&gradients)[..], &Values::of(&norms)[..]);
        let (rates, rules) = (&Values::of(&rates)[..], &Values::of(&rules)[..]);
        let stretches = Stretches::of(rules);
        for (replica, p) in parameters.storage_mut::<f32>().chunks_exact_mut(width).enumerate() {
            let factor = clip_factor(norms[replica], clip);
            let g = &gradients[replica * width..][..width];
            for pace in stretches.paces(&rates[2 * replica..], &shares) {
                let learning_rate = pace.learning_rate;
                for i in pace.numbers.clone() {
                    p[i] = p[i] * pace.keeps(rules[i]) - learning_rate * factor * g[i];
                }
            }
        }
        parameters
    }
}
