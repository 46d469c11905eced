//! The correction on the device.

use std::cell::OnceCell;

use burn::tensor::{Tensor, TensorData};

use super::{Conditioned, Size};
use crate::interface::PatchMap;
use crate::kernels::{Polar, add_polar_factor};
use crate::surroundings::Reading;
use crate::techniques::Own;
use crate::techniques::tokens::{TokenMap, TokenTechnique};

/// Steep iterations of the exact form: 3.4¹² = 3·10⁶, so that whatever f32 tells from zero arrives.
const EXACT_STEEP: u32 = 12;

/// Settling iterations of the exact form: what is left differs from 1 by less than f32 can say.
const EXACT_SETTLING: u32 = 3;

/// A strength for each replica, on the device from the first step on.
#[derive(Clone, Debug)]
struct Strengths {
    values: Vec<f32>,
    uploaded: OnceCell<Tensor<3>>,
}

/// The correction of one network's tokens.
#[derive(Clone, Debug)]
pub struct ConditionedTokens {
    polar: Polar,
    /// s of each replica, where it is not one for all: `polar` then has 1.
    strengths: Option<Strengths>,
    tokens: usize,
    size: Size,
}

impl ConditionedTokens {
    /// `strength` is s; of the `iterations` the last one settles what the steep ones before it leave; 0 goes on until
    /// f32 knows no difference.
    pub fn new(strength: f32, iterations: u32, size: Size, tokens: usize) -> Self {
        let (steep, settling) =
            if iterations == 0 { (EXACT_STEEP, EXACT_SETTLING) } else { (iterations - 1, 1) };
        Self { polar: Polar { strength, steep, settling }, strengths: None, tokens, size }
    }
}

impl TokenMap for ConditionedTokens {
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let mut corrected = add_polar_factor(x.clone(), self.tokens, self.polar);
        if let Some(Strengths { values, uploaded }) = &self.strengths {
            let strengths = uploaded.get_or_init(|| {
                let data = TensorData::new(values.clone(), [values.len(), 1, 1]);
                Tensor::from_data(data, &x.device().inner())
            });
            // The correction is a constant, so that the gradient is that of the tokens.
            corrected = x.clone() + (corrected - x.clone()).detach() * strengths.clone();
        }
        match self.size {
            Size::Grown => corrected,
            Size::Kept => {
                let [r, rows, width] = x.dims();
                let examples = [r * rows / self.tokens, self.tokens * width];
                let corrected = corrected.reshape(examples);
                // A constant, as the correction is.
                let scale = norms(x.reshape(examples).detach()) / norms(corrected.clone().detach());
                (corrected * scale).reshape([r, rows, width])
            }
        }
    }
}

/// Frobenius' norm of every example, never 0.
///
/// # Shapes
/// - `x`: `[E, N·D]`
/// - returns `[E, 1]`
fn norms(x: Tensor<2>) -> Tensor<2> {
    (x.clone() * x).sum_dim(1).sqrt().clamp_min(1e-12)
}

impl TokenTechnique for Conditioned {
    fn before_training(&self, _: Reading) -> Option<Box<dyn PatchMap>> {
        None
    }

    fn in_forward(&self, tokens: usize, own: Own<'_>) -> Option<Box<dyn TokenMap>> {
        if let Some(values) = own("strength") {
            let whole = ConditionedTokens::new(1.0, self.iterations, self.size, tokens);
            return Some(Box::new(ConditionedTokens {
                strengths: Some(Strengths { values, uploaded: OnceCell::new() }),
                ..whole
            }));
        }
        let correction = ConditionedTokens::new(self.strength, self.iterations, self.size, tokens);
        (self.strength != 0.0).then(|| Box::new(correction) as Box<dyn TokenMap>)
    }
}
