//! NoLA (Koohpayegani et al., ICLR 2024, arXiv 2310.02556): both thin matrices of LoRA are sums of drawn ones, of which only
//! the coefficients are trained.
//!
//! ```text
//! W = W₀ + s (Σ αᵢ Aᵢ)(Σ βᵢ Bᵢ)        Aᵢ: [inputs, r] and Bᵢ: [r, outputs] drawn and frozen, s = α / r
//! ```
//!
//! The αᵢ start at 1/k for k matrices, as in the code of RandLoRA's authors; βᵢ at 0, where that code has 1/k as well and so does
//! not start from the network as it is. The drawn numbers are uniform within ±1/√inputs and ±1/√r. Matrices of one shape share
//! them.

use super::lora::{ALPHA, RANK, unusual_alpha};
use super::places::{ALONG, ON, head, queries_and_values, words};
use crate::fields::Phrase::Before;
use crate::fields::{Room, Row, fields, integer};

/// The row of how many matrices are drawn.
const TERMS: Row = integer("Drawn matrices", 1, 4096, Before("of "))
    .or_help("Matrices k that each factor is a sum of: as many coefficients are trained.");

fields! {
    /// Plus a product of two sums of drawn matrices (NoLA, arXiv 2310.02556).
    pub struct Nola as "nola", "NoLA" {
        on: String = queries_and_values(), ON;
        along: String = head(), ALONG;
        rank: u32 = 8, RANK;
        alpha: f32 = 8.0, ALPHA;
        terms: u32 = 64, TERMS;
    }
}

impl Room for Nola {
    fn words(&self) -> String {
        let mut details = vec![format!("rank {}", self.rank), format!("of {}", self.terms)];
        details.extend(unusual_alpha(self.alpha, 8.0));
        words("NoLA", details, &self.on, &self.along)
    }
}

#[cfg(feature = "engine")]
mod engine {
    use burn::tensor::{Device, Tensor};

    use super::Nola;
    use crate::parameters::Builder;
    use crate::random::fan_in_uniform;
    use crate::techniques::weights::adapter::{Adapter, Basis, Factor, Known, adapt};
    use crate::techniques::weights::{Made, WeightTechnique};

    impl WeightTechnique for Nola {
        fn conditioner(&self, builder: &mut Builder, device: &Device) -> Made {
            adapt(builder, device, &self.on, &self.along, self.clone())
        }
    }

    impl Adapter for Nola {
        fn factors(&self, _: [usize; 2]) -> Vec<Factor> {
            let terms = self.terms as usize;
            vec![
                Factor::constant("alpha", [1, terms], 1.0 / terms as f32),
                Factor::constant("beta", [1, terms], 0.0),
            ]
        }

        fn bases(&self, [inputs, outputs]: [usize; 2], seed: u64) -> Vec<Basis> {
            let (rank, terms) = (self.rank as usize, self.terms as usize);
            let draw = |name, fan_in, length| Basis {
                name,
                shape: [terms, length],
                values: fan_in_uniform(seed, name, fan_in, terms * length),
            };
            vec![draw("nola.a", inputs, inputs * rank), draw("nola.b", rank, rank * outputs)]
        }

        fn change(&self, known: Known<'_>) -> Tensor<4> {
            let [alpha, beta] = known.factors();
            let [a, b] = known.bases();
            let [replicas, layers, _, terms] = alpha.dims();
            let rank = self.rank as usize;
            let [inputs, outputs] = known.shape;
            let sum = |weights: Tensor<4>, of: Tensor<3>, rows, columns| {
                weights
                    .reshape([replicas, layers, terms])
                    .matmul(of)
                    .reshape([replicas, layers, rows, columns])
            };
            let product = sum(alpha, a, inputs, rank).matmul(sum(beta, b, rank, outputs));
            product * (self.alpha / self.rank as f32)
        }
    }
}
