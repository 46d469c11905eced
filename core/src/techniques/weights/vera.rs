//! VeRA (Kopiczko et al., ICLR 2024, arXiv 2310.11454): two drawn matrices, the same in all layers, of which only the scales
//! of their rows and columns are trained.
//!
//! ```text
//! W = W₀ + A diag(d) B diag(b)        A: [inputs, r] and B: [r, outputs] drawn and frozen, d at first 0.1, b at first 0
//! ```
//!
//! As in PEFT: both uniform within ±√(6 / inputs) and ±√(6 / r), no other scale, r 256. Matrices of one shape share A and B;
//! those of another shape have their own, where PEFT cuts all from the largest.

use super::lora::RANK;
use super::places::{ALONG, ON, head, queries_and_values, words};
use crate::fields::Phrase::Before;
use crate::fields::{Room, fields, logarithmic};

fields! {
    /// Plus a product of two drawn matrices, with trained scales (VeRA, arXiv 2310.11454).
    pub struct Vera as "vera", "VeRA" {
        on: String = queries_and_values(), ON;
        along: String = head(), ALONG;
        rank: u32 = 256, RANK;
        /// First value of the inner scales d.
        initial: f32 = 0.1, logarithmic("First d", 1e-7, 10.0, Before("d "));
    }
}

impl Room for Vera {
    fn words(&self) -> String {
        let mut details = vec![format!("rank {}", self.rank)];
        if self.initial != 0.1 {
            details.push(format!("d {:?}", self.initial));
        }
        words("VeRA", details, &self.on, &self.along)
    }
}

#[cfg(feature = "engine")]
mod engine {
    use burn::tensor::{Device, Tensor};

    use super::Vera;
    use crate::parameters::Builder;
    use crate::random::uniform;
    use crate::techniques::weights::adapter::{Adapter, Basis, Factor, Known, adapt};
    use crate::techniques::weights::peft::Exchange;
    use crate::techniques::weights::{Made, WeightTechnique};

    impl WeightTechnique for Vera {
        fn conditioner(&self, builder: &mut Builder, device: &Device) -> Made {
            adapt(builder, device, &self.on, &self.along, self.clone())
        }

        fn exchange(&self) -> Option<Box<dyn Exchange>> {
            Some(Box::new(self.clone()))
        }
    }

    /// Kaiming's bound for rectifiers.
    fn kaiming(seed: u64, name: &str, fan_in: usize, count: usize) -> Vec<f32> {
        uniform(seed, name, count, libm::sqrt(6.0 / fan_in as f64))
    }

    impl Adapter for Vera {
        fn factors(&self, [_, outputs]: [usize; 2]) -> Vec<Factor> {
            vec![
                Factor::constant("d", [1, self.rank as usize], self.initial),
                Factor::constant("b", [1, outputs], 0.0),
            ]
        }

        fn bases(&self, [inputs, outputs]: [usize; 2], seed: u64) -> Vec<Basis> {
            let rank = self.rank as usize;
            vec![
                Basis {
                    name: "vera.a",
                    shape: [inputs, rank],
                    values: kaiming(seed, "vera.a", inputs, inputs * rank),
                },
                Basis {
                    name: "vera.b",
                    shape: [rank, outputs],
                    values: kaiming(seed, "vera.b", rank, rank * outputs),
                },
            ]
        }

        fn change(&self, known: Known<'_>) -> Tensor<4> {
            let [d, b] = known.factors();
            let [a, second] = known.bases();
            let [replicas, layers, ..] = d.dims();
            let [_, inputs, rank] = a.dims();
            let outputs = second.dims()[2];
            let scaled = a.reshape([replicas, 1, inputs, rank]) * d;
            let product = scaled.reshape([replicas, layers * inputs, rank]).matmul(second);
            product.reshape([replicas, layers, inputs, outputs]) * b
        }
    }
}
