//! DoRA (Liu et al., ICML 2024, arXiv 2402.09353): LoRA changes the direction of each output's weights, and their length is
//! trained apart.
//!
//! ```text
//! W = m (W₀ + s A B) / ‖W₀ + s A B‖        the norm over the inputs of each output, m at first ‖W₀‖
//! ```
//!
//! The norm is found anew at every step and counts as a constant on the way back (section 4.3; as in PEFT).

use super::lora::{ALPHA, RANK, SCALING, Scaling, unusual_alpha};
use super::places::{ALONG, ON, head, queries_and_values, words};
use crate::fields::{Problems, Room, fields};
use crate::surroundings::Surroundings;

fields! {
    /// A low-rank change of directions, with lengths trained apart (DoRA, arXiv 2402.09353).
    pub struct Dora as "dora", "DoRA" {
        on: String = queries_and_values(), ON;
        along: String = head(), ALONG;
        rank: u32 = 8, RANK;
        alpha: f32 = 8.0, ALPHA;
        scaling: Scaling = Scaling::Rank, SCALING;
    }
}

impl Room for Dora {
    fn words(&self) -> String {
        let mut details = vec![format!("rank {}", self.rank)];
        details.extend(unusual_alpha(self.alpha, 8.0));
        if self.scaling == Scaling::Root {
            details.push("over the rank's root".to_owned());
        }
        words("DoRA", details, &self.on, &self.along)
    }

    fn rules(&self, here: &Surroundings, problems: &mut Problems<'_>) {
        super::rule_of_norms(here, problems);
    }
}

#[cfg(feature = "engine")]
pub(super) mod engine {
    use burn::tensor::{Device, Tensor};

    use super::Dora;
    use crate::parameters::Builder;
    use crate::techniques::weights::adapter::{Adapter, Factor, Known, adapt};
    use crate::techniques::weights::lines::{Along, lines, norms};
    use crate::techniques::weights::lora::engine::thin;
    use crate::techniques::weights::peft::Exchange;
    use crate::techniques::weights::{Made, WeightTechnique};

    impl WeightTechnique for Dora {
        fn conditioner(&self, builder: &mut Builder, device: &Device) -> Made {
            adapt(builder, device, &self.on, &self.along, self.clone())
        }

        fn exchange(&self) -> Option<Box<dyn Exchange>> {
            Some(Box::new(self.clone()))
        }
    }

    /// The lengths of each output's weights, which start as they are.
    pub(in crate::techniques::weights) fn lengths([_, outputs]: [usize; 2]) -> Factor {
        Factor::of_first("length", [1, outputs], |matrix, row| {
            norms(&lines(matrix, Along::Outputs), row).into_iter().map(|norm| norm as f32).collect()
        })
    }

    /// `m V / ‖V‖ − W₀` for `V = W₀ + change`.
    pub(in crate::techniques::weights) fn directed(
        first: Tensor<4>,
        change: Tensor<4>,
        lengths: Tensor<4>,
    ) -> Tensor<4> {
        let moved = first.clone() + change;
        let norms = moved.clone().detach().powi_scalar(2).sum_dim(2).sqrt().clamp_min(1e-12);
        moved * (lengths / norms) - first
    }

    impl Adapter for Dora {
        fn factors(&self, shape: [usize; 2]) -> Vec<Factor> {
            let mut factors = thin(self.rank, shape);
            factors.push(lengths(shape));
            factors
        }

        fn reads_first(&self) -> bool {
            true
        }

        fn change(&self, known: Known<'_>) -> Tensor<4> {
            let first = known.first();
            let [a, b, lengths] = known.factors();
            directed(first, a.matmul(b) * self.scaling.of(self.alpha, self.rank), lengths)
        }
    }
}
