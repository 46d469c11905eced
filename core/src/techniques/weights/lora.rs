//! LoRA (Hu et al., ICLR 2022, arXiv 2106.09685): a change of low rank is added to a matrix that stays as it is.
//!
//! ```text
//! W = W₀ + s A B        A: [inputs, r], B: [r, outputs], s = α / r, or α / √r (rsLoRA, arXiv 2312.03732)
//! ```
//!
//! A starts uniform within ±1/√inputs, B at 0, as in Hugging Face's PEFT, whose defaults (r 8, α 8) these are; the paper
//! speaks of a normal A.

use super::places::{ALONG, ON, head, queries_and_values, words};
use crate::fields::Phrase::Before;
use crate::fields::{Room, Row, choice, fields, integer, logarithmic, named};

/// The row of the rank.
pub(super) const RANK: Row = integer("Rank", 1, 256, Before("rank ")).or_help("Rank r of the factors.");

/// The row of α.
pub(super) const ALPHA: Row =
    logarithmic("Scale α", 1e-2, 1e4, Before("α ")).or_help("What the scale of the change is made from.");

/// The row of what α is divided by.
pub(super) const SCALING: Row =
    named("α is divided by", Before("over ")).or_help("What makes the scale of the change from α.");

/// How α reads where it is not the usual one.
pub(super) fn unusual_alpha(alpha: f32, usual: f32) -> Option<String> {
    (alpha != usual).then(|| format!("α {alpha:?}"))
}

fields! {
    /// Plus a product of two thin matrices (LoRA, arXiv 2106.09685).
    pub struct Lora as "lora", "LoRA" {
        on: String = queries_and_values(), ON;
        along: String = head(), ALONG;
        rank: u32 = 8, RANK;
        alpha: f32 = 8.0, ALPHA;
        scaling: Scaling = Scaling::Rank, SCALING;
    }
}

choice! {
    /// What α is divided by.
    pub enum Scaling {
        /// The rank, as in LoRA.
        Rank: "rank", "the rank";
        /// Its root, as in rsLoRA (arXiv 2312.03732).
        Root: "root", "its root";
    }
}

impl Room for Lora {
    fn words(&self) -> String {
        let name = if self.scaling == Scaling::Root { "rsLoRA" } else { "LoRA" };
        let mut details = vec![format!("rank {}", self.rank)];
        details.extend(unusual_alpha(self.alpha, 8.0));
        words(name, details, &self.on, &self.along)
    }
}

#[cfg(feature = "engine")]
pub(super) mod engine {
    use burn::tensor::{Device, Tensor};

    use super::{Lora, Scaling};
    use crate::parameters::Builder;
    use crate::random::fan_in_uniform;
    use crate::techniques::weights::adapter::{Adapter, Factor, Known, adapt};
    use crate::techniques::weights::peft::Exchange;
    use crate::techniques::weights::{Made, WeightTechnique};

    impl Scaling {
        /// s.
        pub(in crate::techniques::weights) fn of(self, alpha: f32, rank: u32) -> f32 {
            match self {
                Self::Rank => alpha / rank as f32,
                Self::Root => alpha / (rank as f32).sqrt(),
            }
        }
    }

    impl WeightTechnique for Lora {
        fn conditioner(&self, builder: &mut Builder, device: &Device) -> Made {
            adapt(builder, device, &self.on, &self.along, self.clone())
        }

        fn exchange(&self) -> Option<Box<dyn Exchange>> {
            Some(Box::new(self.clone()))
        }
    }

    /// A, and B at zero.
    pub(in crate::techniques::weights) fn thin(rank: u32, [inputs, outputs]: [usize; 2]) -> Vec<Factor> {
        let rank = rank as usize;
        vec![
            Factor::drawn("a", [inputs, rank], |seed, name, [inputs, rank]| {
                fan_in_uniform(seed, name, inputs, inputs * rank)
            }),
            Factor::constant("b", [rank, outputs], 0.0),
        ]
    }

    impl Adapter for Lora {
        fn factors(&self, shape: [usize; 2]) -> Vec<Factor> {
            thin(self.rank, shape)
        }

        fn change(&self, known: Known<'_>) -> Tensor<4> {
            let [a, b] = known.factors();
            a.matmul(b) * self.scaling.of(self.alpha, self.rank)
        }
    }
}
