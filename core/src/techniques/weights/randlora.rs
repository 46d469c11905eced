//! RandLoRA (Albert et al., ICLR 2025, arXiv 2502.00987): a change of full rank from drawn matrices of low rank, of which only
//! the scales of rows and columns are trained.
//!
//! ```text
//! W = W₀ + s Σⱼ Bⱼ Λⱼ A Γⱼ        j = 1 … n, n = ⌈d / r⌉
//! ```
//!
//! d is the smaller side of the matrix, D the larger one. `A: [r, d]` and every `Bⱼ: [D, r]` are drawn and frozen, A is the
//! same for all j; Λⱼ (r numbers) and Γⱼ (d numbers) are diagonal and trained: n (r + d) numbers, so *more* for a smaller r.
//! Where Γ would not stand on the smaller side, the roles of inputs and outputs are swapped (as in PEFT). Λ starts at 0 and Γ
//! at 1 / max(n, d), as in PEFT. Since Γⱼ start equal, the change has rank r after the first step, and more later: that they
//! differ is what makes the rank.
//!
//! The drawn numbers have variance 1. Matrices of one shape share them; those of another shape have their own, where PEFT cuts
//! all from the largest.
//!
//! Three scales s have been published; all are here. The paper's two ablations (section 6.3) are: *summed*, `(Σ Bⱼ Λⱼ)(Σ A Γⱼ)`
//! of rank r (RandLoRA-a), and fewer matrices than full rank asks for (RandLoRA-b: half as many, with r chosen so that as much
//! is trained).

use super::lora::{ALPHA, unusual_alpha};
use super::places::{ALONG, ON, head, queries_and_values, words};
use crate::fields::Phrase::{After, Before};
use crate::fields::{Room, choice, fields, flag, integer, named};

fields! {
    /// Plus many drawn products of low rank, with trained scales (RandLoRA, arXiv 2502.00987).
    pub struct RandLora as "randlora", "RandLoRA" {
        on: String = queries_and_values(), ON;
        along: String = head(), ALONG;
        /// Rank r of each drawn product: the smaller, the more products there are, and the more is trained.
        basis: u32 = 32, integer("Basis rank", 1, 256, Before("basis rank "));
        alpha: f32 = 640.0, ALPHA;
        /// What makes the scale of the change from α.
        scaled: Scale = Scale::Rank, named("α becomes", Before("scale "));
        /// What the drawn matrices are drawn from; all with variance 1.
        drawn: Drawn = Drawn::Uniform, named("Drawn", After(" basis"));
        /// Drawn products n.
        products: u32 = 0, integer("Products", 1, 4096, Before("products ")).zero("as many as full rank asks for");
        /// Sums the drawn matrices before they are multiplied, which leaves rank r (the paper's RandLoRA-a).
        summed: bool = false, flag("Summed first", "sum before the product");
    }
}

choice! {
    /// What makes the scale of the change from α.
    pub enum Scale {
        /// α / r, as in PEFT, where α is 640 for r 32.
        Rank: "rank", "α / r (PEFT)";
        /// α / (r √n), as in the authors' fork, where α is 2 r; Table 9 has 2 / √n.
        Root: "root", "α / (r √n) (authors)";
        /// 10 / r, whatever α is (Table 8).
        Ten: "ten", "10 / r (Table 8)";
    }
}

choice! {
    /// What the drawn matrices are drawn from.
    pub enum Drawn {
        /// Uniform.
        Uniform: "uniform", "Uniform";
        /// Normal.
        Normal: "normal", "Normal";
        /// ±1.
        Binary: "binary", "±1";
        /// Zero two times in three, else ±√3.
        Sparse: "sparse", "Sparse";
        /// All but one in √d zero.
        VerySparse: "very-sparse", "Very sparse";
    }
}

impl Room for RandLora {
    fn words(&self) -> String {
        let mut details = vec![format!("basis rank {}", self.basis)];
        details.extend(unusual_alpha(self.alpha, 640.0));
        match self.scaled {
            Scale::Rank => {}
            Scale::Root => details.push("over r √n".to_owned()),
            Scale::Ten => details.push("scale 10 / r".to_owned()),
        }
        match self.drawn {
            Drawn::Uniform => {}
            Drawn::Normal => details.push("normal".to_owned()),
            Drawn::Binary => details.push("binary".to_owned()),
            Drawn::Sparse => details.push("sparse".to_owned()),
            Drawn::VerySparse => details.push("very sparse".to_owned()),
        }
        if self.products != 0 {
            details.push(format!("{} products", self.products));
        }
        if self.summed {
            details.push("summed first".to_owned());
        }
        words("RandLoRA", details, &self.on, &self.along)
    }
}

#[cfg(feature = "engine")]
mod engine {
    use burn::tensor::{Device, Tensor};

    use super::{Drawn, RandLora, Scale};
    use crate::parameters::Builder;
    use crate::random::{Stream, normal, uniform};
    use crate::techniques::weights::adapter::{Adapter, Basis, Factor, Known, adapt};
    use crate::techniques::weights::peft::Exchange;
    use crate::techniques::weights::{Made, WeightTechnique};

    impl WeightTechnique for RandLora {
        fn conditioner(&self, builder: &mut Builder, device: &Device) -> Made {
            adapt(builder, device, &self.on, &self.along, self.clone())
        }

        fn exchange(&self) -> Option<Box<dyn Exchange>> {
            Some(Box::new(self.clone()))
        }
    }

    impl RandLora {
        /// n, for a matrix whose smaller side is this.
        pub(in crate::techniques::weights) fn products(&self, small: usize) -> usize {
            if self.products == 0 { small.div_ceil(self.basis as usize) } else { self.products as usize }
        }

        /// s.
        pub(in crate::techniques::weights) fn scale(&self, products: usize) -> f32 {
            let rank = self.basis as f32;
            match self.scaled {
                Scale::Rank => self.alpha / rank,
                Scale::Root => self.alpha / (rank * (products as f32).sqrt()),
                Scale::Ten => 10.0 / rank,
            }
        }

        /// `count` numbers of variance 1; `small` is the smaller side of the matrix that they are for.
        fn draw(&self, seed: u64, name: &str, count: usize, small: usize) -> Vec<f32> {
            let sparse = |period: f64| {
                let mut stream = Stream::new(seed, name);
                let value = libm::sqrt(period) as f32;
                let mut one = || {
                    let u = stream.uniform() * 2.0 * period;
                    if u < 1.0 {
                        value
                    } else if u < 2.0 {
                        -value
                    } else {
                        0.0
                    }
                };
                (0..count).map(|_| one()).collect()
            };
            match self.drawn {
                Drawn::Uniform => uniform(seed, name, count, libm::sqrt(3.0)),
                Drawn::Normal => normal(seed, name, count, 1.0),
                Drawn::Binary => sparse(1.0),
                Drawn::Sparse => sparse(3.0),
                Drawn::VerySparse => sparse(libm::sqrt(small as f64)),
            }
        }
    }

    impl Adapter for RandLora {
        fn factors(&self, [inputs, outputs]: [usize; 2]) -> Vec<Factor> {
            let small = inputs.min(outputs);
            let n = self.products(small);
            vec![
                Factor::constant("lambda", [n, self.basis as usize], 0.0),
                Factor::constant("gamma", [n, small], 1.0 / n.max(small) as f32),
            ]
        }

        /// Aᵀ, `[d, r]`, and all Bⱼᵀ one below the other, `[n r, D]`.
        fn bases(&self, [inputs, outputs]: [usize; 2], seed: u64) -> Vec<Basis> {
            let (small, large) = (inputs.min(outputs), inputs.max(outputs));
            let (rank, n) = (self.basis as usize, self.products(small));
            let draw = |name, shape: [usize; 2]| Basis {
                name,
                shape,
                values: self.draw(seed, name, shape[0] * shape[1], small),
            };
            vec![draw("randlora.a", [small, rank]), draw("randlora.b", [n * rank, large])]
        }

        fn change(&self, known: Known<'_>) -> Tensor<4> {
            let [lambda, gamma] = known.factors();
            let [a, b] = known.bases();
            let [replicas, layers, n, rank] = lambda.dims();
            let [inputs, outputs] = known.shape;
            let (small, large) = (inputs.min(outputs), inputs.max(outputs));
            let a = a.reshape([replicas, 1, small, 1, rank]);
            let gamma = gamma.swap_dims(2, 3);
            let product = if self.summed {
                // (Σ A Γⱼ)ᵀ, [R, L, d, r], times (Σ Bⱼ Λⱼ)ᵀ, [R, L, r, D].
                let first = a.reshape([replicas, 1, small, rank]) * gamma.sum_dim(3);
                let each =
                    b.reshape([replicas, 1, n, rank, large]) * lambda.reshape([replicas, layers, n, rank, 1]);
                first.matmul(each.sum_dim(2).reshape([replicas, layers, rank, large]))
            } else {
                // Γⱼ Aᵀ Λⱼ side by side, [R, L d, n r].
                let scaled = a * gamma.reshape([replicas, layers, small, n, 1]);
                let scaled = scaled * lambda.reshape([replicas, layers, 1, n, rank]);
                let product = scaled.reshape([replicas, layers * small, n * rank]).matmul(b);
                product.reshape([replicas, layers, small, large])
            };
            let change = if small == inputs { product } else { product.swap_dims(2, 3) };
            change * self.scale(n)
        }
    }
}
