//! A polynomial in place of softmax.
//!
//! Rethinking Softmax (Saratchandran, Zheng, Ji, Zhang, Lucey; arXiv 2410.18613), sections 3 and 4:
//!
//! ```text
//! φ(x) = c · x^p, element by element        c = 1/√N for N tokens
//! ```
//!
//! No row sum, no maximum: the weights may be negative and need not add up to 1. What the paper keeps of softmax
//! is the order √N of the Frobenius norm of the attention matrix and of its gradient.
//!
//! Deviations from the paper: the usual `1/√d` stays in the scores (inferred: the paper does not print it).
//! For causal attention the paper gives no rule; masked scores are 0 and `c` is the same for all rows.

use crate::fields::Phrase::Before;
use crate::fields::{Room, fields, integer, logarithmic};

fields! {
    /// A scaled power of each score by itself (Rethinking Softmax, arXiv 2410.18613).
    #[derive(Copy)]
    pub struct Polynomial as "polynomial", "Polynomial" {
        /// The power p of x^p; the paper studies 1, 2 and 3 (arXiv 2410.18613).
        power: u32 = 3, integer("Power", 1, 6, Before("power "));
        /// The factor before the power; the paper takes 1/√N for N tokens (arXiv 2410.18613).
        scale: f32 = 0.0, logarithmic("Scale", 1e-6, 100.0, Before("scale ")).zero("1/√N").each();
    }
}

impl Room for Polynomial {
    /// "x³ / √N", "x³ / 216", "0.3 x".
    fn words(&self) -> String {
        let Self { power, scale } = *self;
        let raised = match power {
            1 => "x",
            2 => "x²",
            3 => "x³",
            4 => "x⁴",
            5 => "x⁵",
            6 => "x⁶",
            _ => return format!("{scale:?} x^{power}"),
        };
        let divisor = 1.0 / scale;
        if scale == 0.0 {
            format!("{raised} / √N")
        } else if scale == 1.0 {
            raised.to_owned()
        } else if divisor.round() >= 2.0 && 1.0 / divisor.round() == scale {
            format!("{raised} / {}", divisor.round())
        } else {
            format!("{scale:?} {raised}")
        }
    }
}

#[cfg(feature = "engine")]
mod engine {
    use std::cell::OnceCell;
    use std::rc::Rc;

    use burn::tensor::{Tensor, TensorData};

    use super::Polynomial;
    use crate::techniques::Own;
    use crate::techniques::activation::ActivationTechnique;

    impl ActivationTechnique for Polynomial {
        fn weights(&self, scores: Tensor<4>, _causal: bool) -> Tensor<4> {
            let scale = factor(self.scale, scores.dims()[3]);
            raised(self.power, scores.clone() * scale, scores)
        }

        fn with_own(&self, own: Own<'_>) -> Option<Rc<dyn ActivationTechnique>> {
            own("scale").map(|scales| {
                Rc::new(Scaled { power: self.power, scales, uploaded: OnceCell::new() })
                    as Rc<dyn ActivationTechnique>
            })
        }
    }

    /// A polynomial whose scale is another one in each replica.
    struct Scaled {
        power: u32,
        scales: Vec<f32>,
        uploaded: OnceCell<Tensor<4>>,
    }

    impl ActivationTechnique for Scaled {
        fn weights(&self, scores: Tensor<4>, _causal: bool) -> Tensor<4> {
            let scales = self.uploaded.get_or_init(|| {
                let scales: Vec<f32> =
                    self.scales.iter().map(|scale| factor(*scale, scores.dims()[3])).collect();
                let shape = [scales.len(), 1, 1, 1];
                Tensor::from_data(TensorData::new(scales, shape), &scores.device().inner())
            });
            raised(self.power, scores.clone() * scales.clone(), scores)
        }
    }

    /// c for N tokens.
    fn factor(scale: f32, tokens: usize) -> f32 {
        if scale == 0.0 { 1.0 / (tokens as f32).sqrt() } else { scale }
    }

    /// By repeated multiplication: `pow` of a negative base is undefined in WGSL.
    fn raised(power: u32, scaled: Tensor<4>, scores: Tensor<4>) -> Tensor<4> {
        (1..power).fold(scaled, |result, _| result * scores.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_its_formula() {
        let read = |power, scale| Polynomial { power, scale }.words();
        assert_eq!(read(3, 0.0), "x³ / √N");
        assert_eq!(read(3, 1.0 / 216.0), "x³ / 216");
        assert_eq!(read(2, 1.0), "x²");
        assert_eq!(read(1, 0.3), "0.3 x");
    }
}
