//! LoRA and DoRA.

use serde_json::json;

use super::{Config, Exchange, Module, Named, Numbers, Settings, number, transposed};
use crate::techniques::weights::adapter::Basis;
use crate::techniques::weights::dora::Dora;
use crate::techniques::weights::lora::{Lora, Scaling};
use crate::tensors::Tensors;

const A: &str = "lora_A.weight";
const B: &str = "lora_B.weight";
const MAGNITUDE: &str = "lora_magnitude_vector";

/// What both have.
struct Thin {
    name: &'static str,
    rank: u32,
    alpha: f32,
    scaling: Scaling,
    lengths: bool,
}

impl Thin {
    fn settings(&self) -> Settings {
        let settings = vec![
            ("init_lora_weights", json!(true)),
            ("lora_alpha", json!(self.alpha)),
            ("lora_dropout", json!(0.0)),
            ("r", json!(self.rank)),
            ("use_dora", json!(self.lengths)),
            ("use_rslora", json!(self.scaling == Scaling::Root)),
        ];
        ("LORA", settings)
    }

    fn agrees(&self, config: &Config) -> Result<(), String> {
        config.is_kind("LORA", self.name)?;
        config.is_flag("use_dora", self.lengths, self.name)?;
        config.is_rank("rank", 8, self.rank)?;
        let rank = f64::from(self.rank);
        let divisor = if config.flag("use_rslora")? { rank.sqrt() } else { rank };
        let there = config.number("lora_alpha", 8.0)? / divisor;
        config.is_scale("lora_alpha", there, self.scaling.of(self.alpha, self.rank))
    }

    fn write(&self, modules: &[Module], numbers: &Numbers) -> Named {
        let mut tensors = Named::new();
        for module in modules {
            for (key, there) in [("a", A), ("b", B)] {
                let (shape, values) = number(numbers, &module.factor(key));
                let turned = transposed(values, *shape);
                tensors.insert(module.tensor(there), (vec![shape[1], shape[0]], turned));
            }
            if self.lengths {
                let (shape, values) = number(numbers, &module.factor("length"));
                tensors.insert(module.tensor(MAGNITUDE), (vec![shape[1]], values.clone()));
            }
        }
        tensors
    }

    fn read(&self, modules: &[Module], file: &mut Tensors<'_>) -> Result<Numbers, String> {
        let mut numbers = Numbers::new();
        let rank = self.rank as usize;
        for module in modules {
            let [inputs, outputs] = module.shape;
            let a = file.take(&module.tensor(A), &[rank, inputs])?;
            numbers.insert(module.factor("a"), ([inputs, rank], transposed(&a, [rank, inputs])));
            let b = file.take(&module.tensor(B), &[outputs, rank])?;
            numbers.insert(module.factor("b"), ([rank, outputs], transposed(&b, [outputs, rank])));
            if self.lengths {
                let lengths = file.take(&module.tensor(MAGNITUDE), &[outputs])?;
                numbers.insert(module.factor("length"), ([1, outputs], lengths));
            }
        }
        Ok(numbers)
    }
}

impl From<&Lora> for Thin {
    fn from(lora: &Lora) -> Self {
        let Lora { rank, alpha, scaling, .. } = *lora;
        Self { name: "lora", rank, alpha, scaling, lengths: false }
    }
}

impl From<&Dora> for Thin {
    fn from(dora: &Dora) -> Self {
        let Dora { rank, alpha, scaling, .. } = *dora;
        Self { name: "dora", rank, alpha, scaling, lengths: true }
    }
}

/// Both are written and read by what they share.
macro_rules! thin {
    ($($adapter:ty),*) => {$(
        impl Exchange for $adapter {
            fn places(&self) -> (&str, &str) {
                (&self.on, &self.along)
            }

            fn settings(&self, _: &[Module]) -> Result<Settings, String> {
                Ok(Thin::from(self).settings())
            }

            fn agrees(&self, config: &Config, _: &[Module]) -> Result<(), String> {
                Thin::from(self).agrees(config)
            }

            fn drawn(&self, _: [usize; 2], _: u64) -> Vec<Basis> {
                Vec::new()
            }

            fn write(&self, modules: &[Module], numbers: &Numbers) -> Result<Named, String> {
                Ok(Thin::from(self).write(modules, numbers))
            }

            fn read(&self, modules: &[Module], file: &mut Tensors<'_>) -> Result<Numbers, String> {
                Thin::from(self).read(modules, file)
            }
        }
    )*};
}

thin!(Lora, Dora);
