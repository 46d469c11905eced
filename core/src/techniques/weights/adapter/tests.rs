//! Every adapter against plain loops and finite differences; then what the papers say of them.

use nalgebra::DMatrix;

use super::*;
use crate::layers::Linear;
use crate::parameters::Layout;
use crate::random::{Stream, normal};
use crate::techniques::weights::Weights;
use crate::techniques::weights::dora::Dora;
use crate::techniques::weights::frozen::Frozen;
use crate::techniques::weights::lora::{Lora, Scaling};
use crate::techniques::weights::nola::Nola;
use crate::techniques::weights::randlora::{Drawn, RandLora, Scale};
use crate::techniques::weights::sine::SineLora;
use crate::techniques::weights::vera::Vera;

const SEEDS: [u64; 2] = [3, 4];

/// Every adapter, small, on matrices that are wider than high, higher than wide, and square.
fn adapters() -> Vec<(&'static str, Weights)> {
    let (on, along) = ("query, value, up, down".to_owned(), "head".to_owned());
    let lora = Lora { on: on.clone(), along: along.clone(), rank: 2, alpha: 3.0, scaling: Scaling::Rank };
    let rand = RandLora {
        on: on.clone(),
        along: along.clone(),
        basis: 2,
        alpha: 5.0,
        scaled: Scale::Root,
        ..Default::default()
    };
    let sine = SineLora {
        on: on.clone(),
        along: along.clone(),
        rank: 2,
        alpha: 3.0,
        frequency: 7.0,
        ..Default::default()
    };
    vec![
        ("LoRA", lora.clone().into()),
        ("rsLoRA", Lora { scaling: Scaling::Root, ..lora }.into()),
        (
            "DoRA",
            Dora { on: on.clone(), along: along.clone(), rank: 2, alpha: 3.0, ..Default::default() }.into(),
        ),
        ("VeRA", Vera { on: on.clone(), along: along.clone(), rank: 3, initial: 0.3 }.into()),
        ("NoLA", Nola { on, along, rank: 2, alpha: 3.0, terms: 5 }.into()),
        ("RandLoRA", rand.clone().into()),
        ("RandLoRA summed", RandLora { summed: true, ..rand }.into()),
        ("SineLoRA", sine.clone().into()),
        ("Sine-DoRA", SineLora { lengths: true, ..sine }.into()),
    ]
}

struct Network {
    layout: Layout,
    values: Vec<f32>,
    conditioner: Option<Box<dyn Conditioner>>,
}

/// Two blocks and what stands around them; values of the seeds.
fn network(weights: &Weights, device: &Device) -> Result<Network, String> {
    let mut builder = Builder::new(SEEDS.to_vec());
    builder.add("embedding.patch.weight", [3, 4], true, |seed| normal(seed, "e", 12, 0.5));
    for block in 0..2 {
        let name = |part: &str| format!("blocks.{block}.{part}");
        let draw = |part: &str, rows: usize, columns: usize| {
            let full = name(part);
            move |seed| normal(seed, &full, rows * columns, 0.5)
        };
        let attention =
            Linear::with_weights(&mut builder, &name("attention.projection"), 4, 12, draw("p", 4, 12));
        let parts = ["query", "key", "value"].map(|part| name(&format!("attention.{part}.weight")));
        builder.name_parts(attention.weight, parts);
        Linear::with_weights(&mut builder, &name("mlp.up"), 4, 7, draw("u", 4, 7));
        Linear::with_weights(&mut builder, &name("mlp.down"), 7, 4, draw("d", 7, 4));
    }
    Linear::with_weights(&mut builder, "head", 4, 2, |seed| normal(seed, "h", 8, 0.5));
    let conditioner = weights.engine().conditioner(&mut builder, device)?;
    let (layout, values) = builder.finish();
    Ok(Network { layout, values: values.iter::<f32>().collect(), conditioner })
}

impl Network {
    fn conditioner(&self) -> &dyn Conditioner {
        self.conditioner.as_deref().expect("an adapter makes weights")
    }

    fn upload(&self, values: &[f32], device: &Device) -> Tensor<2> {
        let shape = [SEEDS.len(), self.layout.width()];
        Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
    }

    fn weights(&self, values: &[f32], device: &Device) -> Vec<f32> {
        let made = self.conditioner().weights(&self.upload(values, device));
        made.weights.into_data().iter::<f32>().collect()
    }

    /// The values with every factor moved at random.
    fn moved(&self) -> Vec<f32> {
        let mut stream = Stream::new(5, "moved");
        let mut values = self.values.clone();
        for row in values.chunks_exact_mut(self.layout.width()) {
            for p in self.layout.parameters().iter().filter(|p| !p.read) {
                row[p.offset..][..p.rows * p.columns]
                    .iter_mut()
                    .for_each(|x| *x += 0.3 * stream.normal() as f32);
            }
        }
        values
    }

    /// A matrix of a replica, as it is called.
    fn matrix(&self, values: &[f32], replica: usize, name: &str) -> DMatrix<f64> {
        let all = self.layout.all();
        let found = all.iter().find(|matrix| matrix.name == name).unwrap_or_else(|| panic!("{name}"));
        let row = &values[replica * self.layout.width()..][..self.layout.width()];
        let numbers = found.gather(row).into_iter().map(f64::from);
        DMatrix::from_row_iterator(found.rows, found.columns, numbers)
    }
}

/// The matrices that adapt in [`network`].
fn adapted() -> Vec<String> {
    let of = |block| {
        ["attention.query", "attention.value", "mlp.up", "mlp.down"]
            .map(|part| format!("blocks.{block}.{part}.weight"))
    };
    (0..2).flat_map(of).collect()
}

/// The bases of a seed as matrices.
fn bases(adapter: &impl Adapter, shape: [usize; 2], seed: u64) -> Vec<DMatrix<f64>> {
    let matrix = |basis: Basis| {
        let [rows, columns] = basis.shape;
        DMatrix::from_row_iterator(rows, columns, basis.values.into_iter().map(f64::from))
    };
    adapter.bases(shape, seed).into_iter().map(matrix).collect()
}

/// ΔW as loops over single numbers, written from the papers' formulas.
fn reference(
    weights: &Weights,
    first: &DMatrix<f64>,
    factor: &dyn Fn(&str) -> DMatrix<f64>,
    seed: u64,
) -> DMatrix<f64> {
    let shape = [first.nrows(), first.ncols()];
    let made = |f: &dyn Fn(usize, usize) -> f64| DMatrix::from_fn(shape[0], shape[1], f);
    let thin = |a: &DMatrix<f64>, b: &DMatrix<f64>, i: usize, o: usize| {
        (0..a.ncols()).map(|k| a[(i, k)] * b[(k, o)]).sum::<f64>()
    };
    let directed = |change: DMatrix<f64>| {
        let (moved, lengths) = (first + change, factor("length"));
        DMatrix::from_fn(shape[0], shape[1], |i, o| {
            lengths[(0, o)] * moved[(i, o)] / moved.column(o).norm() - first[(i, o)]
        })
    };
    match weights {
        Weights::Lora(lora) => {
            let scale = match lora.scaling {
                Scaling::Rank => f64::from(lora.alpha) / f64::from(lora.rank),
                Scaling::Root => f64::from(lora.alpha) / f64::from(lora.rank).sqrt(),
            };
            let (a, b) = (factor("a"), factor("b"));
            made(&|i, o| scale * thin(&a, &b, i, o))
        }
        Weights::Dora(dora) => {
            let (a, b) = (factor("a"), factor("b"));
            directed(made(&|i, o| f64::from(dora.alpha) / f64::from(dora.rank) * thin(&a, &b, i, o)))
        }
        Weights::Vera(vera) => {
            let drawn = bases(vera, shape, seed);
            let (d, b) = (factor("d"), factor("b"));
            made(&|i, o| {
                let inner = (0..vera.rank as usize).map(|k| drawn[0][(i, k)] * d[(0, k)] * drawn[1][(k, o)]);
                inner.sum::<f64>() * b[(0, o)]
            })
        }
        Weights::Nola(nola) => {
            let drawn = bases(nola, shape, seed);
            let (rank, scale) = (nola.rank as usize, f64::from(nola.alpha) / f64::from(nola.rank));
            let sum = |weights: &DMatrix<f64>, of: &DMatrix<f64>, at: usize| {
                (0..weights.ncols()).map(|j| weights[(0, j)] * of[(j, at)]).sum::<f64>()
            };
            let (alpha, beta) = (factor("alpha"), factor("beta"));
            made(&|i, o| {
                let at = |k| sum(&alpha, &drawn[0], i * rank + k) * sum(&beta, &drawn[1], k * shape[1] + o);
                scale * (0..rank).map(at).sum::<f64>()
            })
        }
        Weights::RandLora(rand) => {
            let drawn = bases(rand, shape, seed);
            let (lambda, gamma) = (factor("lambda"), factor("gamma"));
            let (n, rank) = (lambda.nrows(), rand.basis as usize);
            let scale = f64::from(rand.alpha) / (rank as f64 * (n as f64).sqrt());
            // Of the larger side and the smaller one.
            let (large, small) = (drawn[1].ncols(), drawn[0].nrows());
            let product = |big: usize, little: usize| {
                let a = |k: usize| drawn[0][(little, k)];
                let b = |j: usize, k: usize| drawn[1][(j * rank + k, big)] * lambda[(j, k)];
                if rand.summed {
                    let gammas: f64 = (0..n).map(|j| gamma[(j, little)]).sum();
                    (0..rank).map(|k| (0..n).map(|j| b(j, k)).sum::<f64>() * a(k) * gammas).sum::<f64>()
                } else {
                    let all = (0..n).flat_map(|j| (0..rank).map(move |k| (j, k)));
                    all.map(|(j, k)| b(j, k) * a(k) * gamma[(j, little)]).sum::<f64>()
                }
            };
            assert_eq!((large, small), (shape[0].max(shape[1]), shape[0].min(shape[1])));
            made(&|i, o| scale * if shape[0] == small { product(o, i) } else { product(i, o) })
        }
        Weights::SineLora(sine) => {
            let (a, b) = (factor("a"), factor("b"));
            let scale = f64::from(sine.alpha) / f64::from(sine.rank) / (shape[0] as f64).sqrt();
            let change = made(&|i, o| scale * (f64::from(sine.frequency) * thin(&a, &b, i, o)).sin());
            if sine.lengths { directed(change) } else { change }
        }
        _ => unreachable!("not an adapter"),
    }
}

#[test]
fn every_adapter_starts_from_the_network_as_it_is_and_follows_its_formula() {
    let device = Device::flex();
    for (name, weights) in adapters() {
        let network = network(&weights, &device).unwrap();
        let first = network.weights(&network.values, &device);
        for (at, (made, raw)) in first.iter().zip(&network.values).enumerate() {
            assert!((made - raw).abs() < 1e-6, "{name} changes number {at} at the start: {raw} to {made}");
        }
        let moved = network.moved();
        let made = network.weights(&moved, &device);
        for (replica, seed) in SEEDS.iter().enumerate() {
            for matrix in adapted() {
                let first = network.matrix(&moved, replica, &matrix);
                let factor = |key: &str| network.matrix(&moved, replica, &format!("{matrix}.{key}"));
                let expected = &first + reference(&weights, &first, &factor, *seed);
                let found = network.matrix(&made, replica, &matrix);
                let error = (&found - &expected).amax() / expected.amax();
                assert!(error < 1e-5, "{name}, {matrix}: {error}");
                assert!((&found - &first).amax() > 1e-3, "{name}, {matrix} has not changed");
            }
            for matrix in ["blocks.0.attention.key.weight", "embedding.patch.weight", "head.weight"] {
                assert_eq!(network.matrix(&made, replica, matrix), network.matrix(&moved, replica, matrix));
            }
        }
    }
}

#[test]
fn gradients_by_factors_are_those_of_finite_differences_and_all_that_is_held_has_none() {
    let device = Device::flex();
    for (name, weights) in adapters() {
        let network = network(&weights, &device).unwrap();
        let moved = network.moved();
        let mut stream = Stream::new(6, "weighing");
        let mut weighing = vec![0.0f32; moved.len()];
        for row in weighing.chunks_exact_mut(network.layout.width()) {
            for p in network.layout.parameters().iter().filter(|p| p.read && !p.frozen) {
                row[p.offset..][..p.rows * p.columns].fill_with(|| stream.normal() as f32);
            }
        }
        let raw = network.upload(&moved, &device);
        let made = network.conditioner().weights(&raw);
        let found = network.conditioner().gradients(&raw, made, network.upload(&weighing, &device));
        let found: Vec<f32> = found.into_data().iter::<f32>().collect();
        // DoRA's norms are constants on the way back: as they are at `moved`, differences must leave them.
        let stopped = matches!(&weights, Weights::Dora(_))
            || matches!(&weights, Weights::SineLora(sine) if sine.lengths);
        let sum = |values: &[f32]| {
            let made = network.weights(values, &device);
            made.iter().zip(&weighing).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum::<f64>()
        };
        let width = network.layout.width();
        for p in network.layout.parameters() {
            let first = width + p.offset;
            let count = p.rows * p.columns;
            if p.read {
                let along = p.name.starts_with("head.");
                for at in first..first + count {
                    let expected = if along { weighing[at] } else { 0.0 };
                    assert_eq!(found[at], expected, "{name}, {}", p.name);
                }
                continue;
            }
            if stopped && !p.name.ends_with(".length") {
                continue;
            }
            for at in (first..first + count).step_by(3) {
                let h = 1e-2f32;
                let [up, down] = [h, -h].map(|h| {
                    let mut values = moved.clone();
                    values[at] += h;
                    sum(&values)
                });
                let difference = (up - down) / (2.0 * f64::from(h));
                let error = (difference - f64::from(found[at])).abs();
                // The sine bends within a step of 0.01.
                let allowed = if name.starts_with("Sine") { 3e-2 } else { 5e-3 };
                assert!(
                    error < allowed * (1.0 + difference.abs()),
                    "{name}, {} {at}: {difference}, {}",
                    p.name,
                    found[at]
                );
            }
        }
    }
}

#[test]
fn the_norms_of_dora_are_constants_on_the_way_back() {
    // With the norms as constants, ∂/∂B of Σ w m V / ‖V‖ is s Aᵀ (w m / ‖V‖).
    let device = Device::flex();
    let (_, weights) = adapters().into_iter().find(|(name, _)| *name == "DoRA").unwrap();
    let network = network(&weights, &device).unwrap();
    let moved = network.moved();
    let raw = network.upload(&moved, &device);
    let ones = vec![1.0; moved.len()];
    let made = network.conditioner().weights(&raw);
    let found = network.conditioner().gradients(&raw, made, network.upload(&ones, &device));
    let found: Vec<f32> = found.into_data().iter::<f32>().collect();
    for matrix in adapted() {
        let of = |key: &str| network.matrix(&moved, 1, &format!("{matrix}.{key}"));
        let (first, a, b, lengths) = (network.matrix(&moved, 1, &matrix), of("a"), of("b"), of("length"));
        let directions = first + &a * &b * 1.5;
        let expected = DMatrix::from_fn(b.nrows(), b.ncols(), |k, o| {
            1.5 * a.column(k).sum() * lengths[(0, o)] / directions.column(o).norm()
        });
        let found = network.matrix(&found, 1, &format!("{matrix}.b"));
        assert!((&found - &expected).amax() < 1e-4 * expected.amax(), "{matrix}: {found} {expected}");
    }
}

/// What is trained for matrices of these shapes.
fn trained(adapter: &impl Adapter, shapes: &[[usize; 2]]) -> usize {
    let of =
        |shape: &[usize; 2]| adapter.factors(*shape).iter().map(|f| f.shape[0] * f.shape[1]).sum::<usize>();
    shapes.iter().map(of).sum()
}

#[test]
fn trained_numbers_are_as_many_as_peft_reports_for_llama() {
    // Llama-3.2-3B: queries 3072 × 3072, values 3072 × 1024, 28 layers; PEFT's method comparison.
    let shapes: Vec<_> = (0..28).flat_map(|_| [[3072, 3072], [3072, 1024]]).collect();
    assert_eq!(trained(&Lora { rank: 32, ..Default::default() }, &shapes), 9_175_040);
    assert_eq!(trained(&Dora { rank: 32, ..Default::default() }, &shapes), 9_289_728);
    assert_eq!(trained(&Vera::default(), &shapes), 129_024);
    assert_eq!(trained(&RandLora::default(), &shapes), 9_289_728);
    for (basis, count) in [(16, 1152), (4, 4224)] {
        assert_eq!(trained(&RandLora { basis, ..Default::default() }, &[[128, 128]]), count);
    }
}

/// ΔW of one matrix, from factors in order.
fn change(adapter: &impl Adapter, shape: [usize; 2], factors: &[Vec<f32>]) -> Vec<f32> {
    let device = Device::flex();
    let places = adapter.factors(shape);
    let tensor = |(factor, values): (&Factor, &Vec<f32>)| {
        let [rows, columns] = factor.shape;
        Tensor::<4>::from_data(TensorData::new(values.clone(), [1, 1, rows, columns]), &device).autodiff()
    };
    let factors: Vec<Tensor<4>> = places.iter().zip(factors).map(tensor).collect();
    let upload = |basis: Basis| {
        let [rows, columns] = basis.shape;
        Tensor::<3>::from_data(TensorData::new(basis.values, [1, rows, columns]), &device).autodiff()
    };
    let bases: Vec<Tensor<3>> = adapter.bases(shape, 1).into_iter().map(upload).collect();
    let known = Known { shape, factors: &factors, bases: &bases, first: None };
    adapter.change(known).inner().into_data().iter::<f32>().collect()
}

#[test]
fn distinct_gammas_make_the_rank_of_randlora() {
    let adapter = RandLora { basis: 16, ..Default::default() };
    let lambda = normal(1, "lambda", 8 * 16, 1.0);
    let distinct = normal(1, "gamma", 8 * 128, 1.0);
    let equal: Vec<f32> = std::iter::repeat_n(&distinct[..128], 8).flatten().copied().collect();
    for (gamma, rank) in [(distinct, 127..=128), (equal, 16..=16)] {
        let values = change(&adapter, [128, 128], &[lambda.clone(), gamma]);
        let matrix = DMatrix::from_row_iterator(128, 128, values.into_iter().map(f64::from));
        let singular = matrix.singular_values();
        let found = singular.iter().filter(|s| **s > 1e-6 * singular.max()).count();
        assert!(rank.contains(&found), "rank {found}, not {rank:?}");
    }
}

#[test]
fn the_sine_has_the_stable_ranks_of_the_notes() {
    // Factors uniform within ±1/√n and ±1/√r, as in the table of adapters-procedural.md, B.3; one draw there, the mean of four here.
    for (n, rank, frequency, expected) in [
        (128, 5, 100.0, 18.6),
        (128, 5, 400.0, 32.4),
        (256, 5, 200.0, 46.2),
        (256, 16, 100.0, 37.1),
        (256, 16, 400.0, 65.6),
    ] {
        let adapter = SineLora { rank, frequency, ..Default::default() };
        let draw = |name: &str, fan_in| crate::random::fan_in_uniform(1, name, fan_in, n * rank as usize);
        let of = |index: usize| {
            let factors = [draw(&format!("a{index}"), n), draw(&format!("b{index}"), rank as usize)];
            let values = change(&adapter, [n, n], &factors);
            let matrix = DMatrix::from_row_iterator(n, n, values.into_iter().map(f64::from));
            matrix.norm_squared() / matrix.singular_values().max().powi(2)
        };
        let found = (0..4).map(of).sum::<f64>() / 4.0;
        assert!(
            (found / expected - 1.0).abs() < 0.1,
            "n {n}, rank {rank}, ω {frequency}: {found}, not {expected}"
        );
    }
}

#[test]
fn the_sine_is_that_of_double_precision_at_large_arguments() {
    let device = Device::flex();
    let mut stream = Stream::new(2, "arguments");
    let arguments: Vec<f32> = (0..4096).map(|_| (400.0 * stream.normal()) as f32).collect();
    let x = Tensor::<4>::from_data(TensorData::new(arguments.clone(), [1, 1, 64, 64]), &device).autodiff();
    let found: Vec<f32> =
        crate::techniques::weights::sine::engine::sine(x).inner().into_data().iter::<f32>().collect();
    for (x, found) in arguments.iter().zip(found) {
        let error = (f64::from(found) - f64::from(*x).sin()).abs();
        // A turn in single precision is wrong by 1.7e-7; there are up to 250 of them.
        assert!(error < 1e-4, "sin {x}: {found}, wrong by {error}");
    }
}

#[test]
fn sparse_bases_are_as_sparse_as_they_say_and_all_have_variance_one() {
    for (drawn, zeros) in [
        (Drawn::Uniform, 0.0),
        (Drawn::Normal, 0.0),
        (Drawn::Binary, 0.0),
        (Drawn::Sparse, 2.0 / 3.0),
        (Drawn::VerySparse, 0.9),
    ] {
        let adapter = RandLora { basis: 10, drawn, ..Default::default() };
        let values = &adapter.bases([100, 100], 1)[1].values;
        let count = values.len() as f64;
        let variance = values.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / count;
        let found = values.iter().filter(|x| **x == 0.0).count() as f64 / count;
        assert!((variance - 1.0).abs() < 0.1, "{drawn:?}: {variance}");
        assert!((found - zeros).abs() < 0.02, "{drawn:?}: {found} zeros");
    }
}

#[test]
fn what_a_network_does_not_have_is_said_by_name() {
    let device = Device::flex();
    let refused = |weights: Weights| network(&weights, &device).err().expect("a name of nothing");
    let said = refused(Lora { on: "query, gate".to_owned(), ..Default::default() }.into());
    let wanted = "model.weights.on names \"gate\", which this network does not have. It has embedding, patch, blocks, attention, \
                  query, key, value, mlp, up, down, head.";
    assert_eq!(said, wanted);
    let said = refused(Frozen { along: "tail".to_owned() }.into());
    assert!(said.starts_with("model.weights.along names \"tail\""), "{said}");
}

#[test]
fn as_many_numbers_are_trained_as_the_factors_and_the_head_have() {
    let device = Device::flex();
    let head = 4 * 2 + 2;
    let count = |weights: Weights| network(&weights, &device).unwrap().layout.count();
    assert_eq!(count(Frozen::default().into()), head);
    assert_eq!(count(Frozen { along: String::new() }.into()), 0);
    // Queries and values of two blocks, 4 × 4.
    assert_eq!(count(Lora { rank: 2, ..Default::default() }.into()), head + 4 * 2 * (4 + 4));
}
