//! VeRA and RandLoRA: drawn matrices that all modules share.

use serde_json::json;

use super::config::largest;
use super::{Config, Exchange, Module, Named, Numbers, OF_ALL, Settings, basis, number, transposed};
use crate::techniques::weights::adapter::{Adapter, Basis};
use crate::techniques::weights::randlora::RandLora;
use crate::techniques::weights::vera::Vera;
use crate::tensors::Tensors;

/// A tensor that all modules cut from, while it is put together.
struct Whole {
    name: &'static str,
    shape: Vec<usize>,
    values: Vec<Option<f32>>,
}

impl Whole {
    fn new(name: &'static str, shape: Vec<usize>) -> Self {
        let values = vec![None; shape.iter().product()];
        Self { name, shape, values }
    }

    /// Says what a module finds at a place.
    ///
    /// # Errors
    /// A sentence, if another module finds another number there.
    fn put(&mut self, at: usize, value: f32, modules: &[Module]) -> Result<(), String> {
        match self.values[at] {
            Some(other) if other.to_bits() != value.to_bits() => {
                let mut shapes: Vec<String> = Vec::new();
                for Module { shape: [inputs, outputs], .. } in modules {
                    let shape = format!("{inputs} × {outputs}");
                    if !shapes.contains(&shape) {
                        shapes.push(shape);
                    }
                }
                Err(format!(
                    "model.weights.on names matrices of the shapes {}, which have drawn matrices of their own here; PEFT cuts all from \
                     one ({}), so that it cannot make the same change. Adapt matrices of one shape.",
                    shapes.join(" and "),
                    self.name
                ))
            }
            _ => {
                self.values[at] = Some(value);
                Ok(())
            }
        }
    }

    /// What no module finds is 0.
    fn finish(self, tensors: &mut Named) {
        let values = self.values.into_iter().map(Option::unwrap_or_default).collect();
        tensors.insert(format!("{OF_ALL}{}", self.name), (self.shape, values));
    }
}

const VERA_A: &str = "vera_A";
const VERA_B: &str = "vera_B";

impl Exchange for Vera {
    fn places(&self) -> (&str, &str) {
        (&self.on, &self.along)
    }

    fn settings(&self, _: &[Module]) -> Result<Settings, String> {
        let settings = vec![
            ("d_initial", json!(self.initial)),
            ("init_weights", json!(true)),
            ("projection_prng_key", json!(0)),
            ("r", json!(self.rank)),
            ("save_projection", json!(true)),
            ("vera_dropout", json!(0.0)),
        ];
        Ok(("VERA", settings))
    }

    fn agrees(&self, config: &Config, _: &[Module]) -> Result<(), String> {
        config.is_kind("VERA", "vera")?;
        config.is_rank("rank", 256, self.rank)
    }

    fn drawn(&self, shape: [usize; 2], seed: u64) -> Vec<Basis> {
        self.bases(shape, seed)
    }

    fn write(&self, modules: &[Module], numbers: &Numbers) -> Result<Named, String> {
        let rank = self.rank as usize;
        let [all_inputs, all_outputs] = largest(modules);
        let mut whole_a = Whole::new(VERA_A, vec![rank, all_inputs]);
        let mut whole_b = Whole::new(VERA_B, vec![all_outputs, rank]);
        let mut tensors = Named::new();
        for module in modules {
            let (d, b) = (number(numbers, &module.factor("d")), number(numbers, &module.factor("b")));
            tensors.insert(module.tensor("vera_lambda_d"), (vec![rank], d.1.clone()));
            tensors.insert(module.tensor("vera_lambda_b"), (vec![module.shape[1]], b.1.clone()));
            let (_, a) = number(numbers, &basis(module.shape, "vera.a"));
            let (_, b) = number(numbers, &basis(module.shape, "vera.b"));
            let [inputs, outputs] = module.shape;
            for i in 0..rank {
                for column in 0..inputs {
                    whole_a.put(i * all_inputs + column, a[column * rank + i], modules)?;
                }
                for row in 0..outputs {
                    whole_b.put(row * rank + i, b[i * outputs + row], modules)?;
                }
            }
        }
        whole_a.finish(&mut tensors);
        whole_b.finish(&mut tensors);
        Ok(tensors)
    }

    fn read(&self, modules: &[Module], file: &mut Tensors<'_>) -> Result<Numbers, String> {
        let rank = self.rank as usize;
        let [all_inputs, all_outputs] = largest(modules);
        let whole_a = file.take(&format!("{OF_ALL}{VERA_A}"), &[rank, all_inputs])?;
        let whole_b = file.take(&format!("{OF_ALL}{VERA_B}"), &[all_outputs, rank])?;
        let whole_b = transposed(&whole_b, [all_outputs, rank]);
        let whole_a = transposed(&whole_a, [rank, all_inputs]);
        let mut numbers = Numbers::new();
        for module in modules {
            let [inputs, outputs] = module.shape;
            let d = file.take(&module.tensor("vera_lambda_d"), &[rank])?;
            numbers.insert(module.factor("d"), ([1, rank], d));
            let b = file.take(&module.tensor("vera_lambda_b"), &[outputs])?;
            numbers.insert(module.factor("b"), ([1, outputs], b));
            let a = whole_a[..inputs * rank].to_vec();
            numbers.insert(basis(module.shape, "vera.a"), ([inputs, rank], a));
            let b = whole_b.chunks_exact(all_outputs).flat_map(|row| &row[..outputs]).copied().collect();
            numbers.insert(basis(module.shape, "vera.b"), ([rank, outputs], b));
        }
        Ok(numbers)
    }
}

const RAND_A: &str = "randlora_A";
const RAND_B: &str = "randlora_B";

/// Smaller and larger side.
fn sides([inputs, outputs]: [usize; 2]) -> (usize, usize) {
    (inputs.min(outputs), inputs.max(outputs))
}

/// Where PEFT has the numbers of one drawn product.
///
/// PEFT multiplies two matrices whose n r inner places it counts in two ways: `B[large, n, r]` by product, then by rank; what Λ
/// and Γ scale, `[r, n, small]`, by rank, then by product. So Bⱼ's column i, which meets Λ's `[i, j]`, stands at the place
/// `i n + j` of `B[large, n r]`.
fn place(n: usize, i: usize, j: usize) -> usize {
    i * n + j
}

impl RandLora {
    /// n of a module, in PEFT.
    fn full(&self, shape: [usize; 2]) -> usize {
        sides(shape).0.div_ceil(self.basis as usize)
    }
}

impl Exchange for RandLora {
    fn places(&self) -> (&str, &str) {
        (&self.on, &self.along)
    }

    fn settings(&self, modules: &[Module]) -> Result<Settings, String> {
        let scales: Vec<f32> =
            modules.iter().map(|module| self.scale(self.products(sides(module.shape).0))).collect();
        if scales.iter().any(|scale| *scale != scales[0]) {
            return Err(
                "model.weights.scaled is root, which makes another scale for every number of products; PEFT has one for all \
                 modules. Adapt matrices of one shape."
                    .to_owned(),
            );
        }
        let settings = vec![
            ("init_weights", json!(true)),
            ("projection_prng_key", json!(0)),
            ("r", json!(self.basis)),
            ("randlora_alpha", json!(f64::from(scales[0]) * f64::from(self.basis))),
            ("randlora_dropout", json!(0.0)),
            ("save_projection", json!(true)),
            ("sparse", json!(false)),
            ("very_sparse", json!(false)),
        ];
        Ok(("RANDLORA", settings))
    }

    fn agrees(&self, config: &Config, modules: &[Module]) -> Result<(), String> {
        config.is_kind("RANDLORA", "randlora")?;
        config.is_rank("basis", 32, self.basis)?;
        self.is_full(modules)?;
        let there = config.number("randlora_alpha", 640.0)? / f64::from(self.basis);
        modules.iter().try_for_each(|module| {
            config.is_scale("randlora_alpha", there, self.scale(self.products(sides(module.shape).0)))
        })
    }

    fn drawn(&self, shape: [usize; 2], seed: u64) -> Vec<Basis> {
        self.bases(shape, seed)
    }

    fn write(&self, modules: &[Module], numbers: &Numbers) -> Result<Named, String> {
        self.is_full(modules)?;
        let rank = self.basis as usize;
        let all = largest(modules);
        let (all_small, all_large, all_n) = (sides(all).0, sides(all).1, self.full(all));
        let mut whole_a = Whole::new(RAND_A, vec![rank, 1, all_small]);
        let mut whole_b = Whole::new(RAND_B, vec![all_large, all_n, rank]);
        let mut tensors = Named::new();
        for module in modules {
            let (small, large) = sides(module.shape);
            let n = self.full(module.shape);
            let (_, lambda) = number(numbers, &module.factor("lambda"));
            tensors.insert(module.tensor("randlora_lambda"), (vec![rank, n], transposed(lambda, [n, rank])));
            let (_, gamma) = number(numbers, &module.factor("gamma"));
            tensors.insert(module.tensor("randlora_gamma"), (vec![n, small], gamma.clone()));
            let (_, a) = number(numbers, &basis(module.shape, "randlora.a"));
            let (_, b) = number(numbers, &basis(module.shape, "randlora.b"));
            for i in 0..rank {
                for column in 0..small {
                    whole_a.put(i * all_small + column, a[column * rank + i], modules)?;
                }
                for j in 0..n {
                    for row in 0..large {
                        let at = row * all_n * rank + place(n, i, j);
                        whole_b.put(at, b[(j * rank + i) * large + row], modules)?;
                    }
                }
            }
        }
        whole_a.finish(&mut tensors);
        whole_b.finish(&mut tensors);
        Ok(tensors)
    }

    fn read(&self, modules: &[Module], file: &mut Tensors<'_>) -> Result<Numbers, String> {
        let rank = self.basis as usize;
        let all = largest(modules);
        let (all_small, all_large, all_n) = (sides(all).0, sides(all).1, self.full(all));
        let whole = [(RAND_A, vec![rank, 1, all_small]), (RAND_B, vec![all_large, all_n, rank])];
        let [a, b] = whole.map(|(key, shape)| {
            let values = file.take(&format!("{OF_ALL}{key}"), &shape)?;
            // PEFT writes them again under every module.
            for module in modules {
                let name = module.tensor(key);
                if file.entry(&name).is_some() && file.take(&name, &shape)? != values {
                    return Err(format!("{}’s tensor {name} differs from {OF_ALL}{key}.", super::MODEL));
                }
            }
            Ok(values)
        });
        let (whole_a, whole_b) = (a?, b?);
        let mut numbers = Numbers::new();
        for module in modules {
            let (small, large) = sides(module.shape);
            let n = self.full(module.shape);
            let lambda = file.take(&module.tensor("randlora_lambda"), &[rank, n])?;
            numbers.insert(module.factor("lambda"), ([n, rank], transposed(&lambda, [rank, n])));
            let gamma = file.take(&module.tensor("randlora_gamma"), &[n, small])?;
            numbers.insert(module.factor("gamma"), ([n, small], gamma));
            let mut a = vec![0.0; small * rank];
            let mut b = vec![0.0; n * rank * large];
            for i in 0..rank {
                for column in 0..small {
                    a[column * rank + i] = whole_a[i * all_small + column];
                }
                for j in 0..n {
                    for row in 0..large {
                        b[(j * rank + i) * large + row] = whole_b[row * all_n * rank + place(n, i, j)];
                    }
                }
            }
            numbers.insert(basis(module.shape, "randlora.a"), ([small, rank], a));
            numbers.insert(basis(module.shape, "randlora.b"), ([n * rank, large], b));
        }
        Ok(numbers)
    }
}

impl RandLora {
    /// # Errors
    /// A sentence, if this is one of the paper's ablations, which PEFT does not have.
    fn is_full(&self, modules: &[Module]) -> Result<(), String> {
        if self.summed {
            return Err("model.weights.summed is on, which PEFT does not have.".to_owned());
        }
        let other =
            modules.iter().find(|module| self.products(sides(module.shape).0) != self.full(module.shape));
        match other {
            None => Ok(()),
            Some(module) => Err(format!(
                "model.weights.products is {}, and PEFT has {} for {}, as many as full rank asks for.",
                self.products,
                self.full(module.shape),
                module.matrix
            )),
        }
    }
}
