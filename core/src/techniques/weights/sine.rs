//! Sine-activated low-rank adapters (Ji et al., ICLR 2025, arXiv 2403.19243): the sine of a low-rank matrix has a higher rank.
//!
//! ```text
//! W = W₀ + s sin(ω A B) / g        elementwise; ω and g fixed, s = α / r
//! ```
//!
//! A and B as in LoRA ([`super::lora`]): B starts at 0, where the sine is its argument, so that this starts as LoRA with its
//! scale multiplied by ω / g. g is √inputs, as in the authors' code, unless it is given. With `lengths`, this is Sine-DoRA
//! ([`super::dora`]) in the space of weights: the authors' code takes the sine of an activation there, which cannot be merged.
//!
//! ω makes arguments of hundreds; the sine of WGSL is good only near zero, so whole turns are taken away first.

use super::lora::{ALPHA, RANK, unusual_alpha};
use super::places::{ALONG, ON, head, queries_and_values, words};
use crate::fields::Phrase::Before;
use crate::fields::{Problems, Room, fields, flag, logarithmic};
use crate::surroundings::Surroundings;

fields! {
    /// Plus the sine of a product of two thin matrices (SineLoRA, arXiv 2403.19243).
    pub struct SineLora as "sine-lora", "SineLoRA" {
        on: String = queries_and_values(), ON;
        along: String = head(), ALONG;
        rank: u32 = 8, RANK;
        alpha: f32 = 8.0, ALPHA;
        /// ω; the authors' figures have 100 to 400, and to fill the rank it takes about 9 √inputs.
        frequency: f32 = 200.0, logarithmic("Frequency ω", 0.1, 1e4, Before("ω "));
        /// What the sine is divided by.
        gain: f32 = 0.0, logarithmic("Divisor g", 1e-3, 1e4, Before("g ")).zero("the root of the inputs");
        /// Trains the lengths of each output's weights apart, as DoRA does.
        lengths: bool = false, flag("Lengths apart", "lengths apart");
    }
}

impl Room for SineLora {
    fn words(&self) -> String {
        let mut details = vec![format!("rank {}", self.rank), format!("ω {:?}", self.frequency)];
        details.extend(unusual_alpha(self.alpha, 8.0));
        if self.gain != 0.0 {
            details.push(format!("g {:?}", self.gain));
        }
        words(if self.lengths { "Sine-DoRA" } else { "SineLoRA" }, details, &self.on, &self.along)
    }

    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        if self.lengths {
            super::rule_of_norms(here, problems);
        }
    }
}

#[cfg(feature = "engine")]
pub(super) mod engine {
    use std::f32::consts::TAU;

    use burn::tensor::{Device, Tensor};

    use super::SineLora;
    use crate::parameters::Builder;
    use crate::techniques::weights::adapter::{Adapter, Factor, Known, adapt};
    use crate::techniques::weights::dora::engine::{directed, lengths};
    use crate::techniques::weights::lora::engine::thin;
    use crate::techniques::weights::{Made, WeightTechnique};

    impl WeightTechnique for SineLora {
        fn conditioner(&self, builder: &mut Builder, device: &Device) -> Made {
            adapt(builder, device, &self.on, &self.along, self.clone())
        }
    }

    /// The sine, of arguments without their whole turns.
    pub(in crate::techniques::weights) fn sine(x: Tensor<4>) -> Tensor<4> {
        let turns = (x.clone().detach() / TAU).round() * TAU;
        (x - turns).sin()
    }

    impl Adapter for SineLora {
        fn factors(&self, shape: [usize; 2]) -> Vec<Factor> {
            let mut factors = thin(self.rank, shape);
            if self.lengths {
                factors.push(lengths(shape));
            }
            factors
        }

        fn reads_first(&self) -> bool {
            self.lengths
        }

        fn change(&self, known: Known<'_>) -> Tensor<4> {
            let gain = if self.gain == 0.0 { (known.shape[0] as f32).sqrt() } else { self.gain };
            let scale = self.alpha / (self.rank as f32 * gain);
            let of = |a: Tensor<4>, b: Tensor<4>| sine(a.matmul(b) * self.frequency) * scale;
            if self.lengths {
                let first = known.first();
                let [a, b, lengths] = known.factors();
                directed(first, of(a, b), lengths)
            } else {
                let [a, b] = known.factors();
                of(a, b)
            }
        }
    }
}
