//! Every choice against plain loops, its gradient against finite differences, the GPU against the CPU; then what the
//! papers say of them.

use nalgebra::DMatrix;

use burn::tensor::TensorData;

use super::equilibrated::{Axis, Equilibrated, Gradient, Scale, When};
use super::lines::FIXED;
use super::normalized::Normalized;
use super::plain::Plain;
use super::spectral::Spectral;
use super::spectral_norm::SpectralNorm;
use super::standardized::Standardized;
use super::*;
use crate::kernels::{Line, Lines, batch_norm, linear};
use crate::layers::Linear;
use crate::parameters::{Layout, Matrix};
use crate::protocol::DeviceChoice;
use crate::random::{Stream, normal};
use crate::train::Engine;

const SEEDS: [u64; 2] = [1, 2];

fn equilibrated(axis: Axis, scale: Scale, gradient: Gradient) -> Weights {
    Equilibrated { axis, scale, when: When::Always, gradient }.into()
}

fn paper() -> Weights {
    equilibrated(Axis::Row, Scale::Unit, Gradient::Through)
}

/// Every choice that makes weights at every step.
fn choices() -> Vec<Weights> {
    let mut choices = vec![
        Normalized {}.into(),
        Standardized {}.into(),
        SpectralNorm {}.into(),
        Spectral { shift: 0.7 }.into(),
    ];
    for axis in [Axis::Row, Axis::Column, Axis::Both] {
        for scale in [Scale::Unit, Scale::Initial] {
            choices.push(equilibrated(axis, scale, Gradient::Through));
        }
    }
    choices
}

/// A conditioner and its flat tensor of trained numbers.
struct Made {
    layout: Layout,
    values: Vec<f32>,
    conditioner: Option<Box<dyn Conditioner>>,
}

/// Parameters of the kinds that a network has: embedding, parts side by side, more rows and more columns, a head.
fn make(weights: Weights, row_spread: f32, seeds: &[u64], device: &Device) -> Made {
    let mut builder = Builder::new(seeds.to_vec());
    let random = |name: &'static str, count| move |seed| normal(seed, name, count, 0.5);
    builder.add("embedding.patch.weight", [3, 4], true, random("e", 12));
    let attention =
        Linear::with_weights(&mut builder, "blocks.0.attention.projection", 4, 12, random("p", 48));
    let parts = ["query", "key", "value"].map(|part| format!("blocks.0.attention.{part}.weight"));
    builder.name_parts(attention.weight, parts);
    Linear::with_weights(&mut builder, "blocks.0.mlp.up", 4, 7, random("u", 28));
    Linear::with_weights(&mut builder, "blocks.0.mlp.down", 7, 4, random("d", 28));
    Linear::with_weights(&mut builder, "head", 4, 2, |_| vec![0.0; 8]);
    spread_rows(&mut builder, row_spread, false);
    let conditioner = weights.engine().conditioner(&mut builder, device).expect("parts that there are");
    let (layout, values) = builder.finish();
    Made { layout, values: values.iter::<f32>().collect(), conditioner }
}

fn upload(values: &[f32], width: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len() / width, width]), device)
}

fn numbers(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

impl Made {
    fn weights_of(&self, values: &[f32], device: &Device) -> Vec<f32> {
        let raw = upload(values, self.layout.width(), device);
        numbers(self.conditioner.as_ref().expect("a choice that makes weights").weights(&raw).weights)
    }

    fn gradients_of(&self, values: &[f32], gradients: &[f32], device: &Device) -> Vec<f32> {
        let [raw, gradients] = [values, gradients].map(|x| upload(x, self.layout.width(), device));
        let conditioner = self.conditioner.as_ref().expect("a choice that makes weights");
        numbers(conditioner.gradients(&raw, conditioner.weights(&raw), gradients))
    }

    /// Random weights for a sum of all made weights; 0 in the gaps.
    fn weighing(&self) -> Vec<f32> {
        let mut stream = Stream::new(9, "weighing");
        let mut all = vec![0.0; self.values.len()];
        for row in all.chunks_exact_mut(self.layout.width()) {
            for p in self.layout.parameters().iter().filter(|p| p.read) {
                row[p.offset..][..p.rows * p.columns].fill_with(|| stream.normal() as f32);
            }
        }
        all
    }
}

/// The weights of one matrix as loops: a column is an output.
fn reference(choice: &Weights, matrix: &DMatrix<f64>, first: &DMatrix<f64>, lengths: &[f64]) -> DMatrix<f64> {
    let rms = |norms: Vec<f64>| (norms.iter().map(|x| x * x).sum::<f64>() / norms.len() as f64).sqrt();
    let columns_to = |w: &DMatrix<f64>, length: &dyn Fn(usize) -> f64| {
        DMatrix::from_fn(w.nrows(), w.ncols(), |i, o| w[(i, o)] / w.column(o).norm() * length(o))
    };
    match *choice {
        Weights::Plain(_) => matrix.clone(),
        Weights::Equilibrated(Equilibrated { axis, scale, .. }) => {
            let first = if axis == Axis::Row { first.clone() } else { first.transpose() };
            let c = match scale {
                Scale::Unit => 1.0,
                Scale::Initial => rms(first.column_iter().map(|column| column.norm()).collect()),
            };
            match axis {
                Axis::Row => columns_to(matrix, &|_| c),
                Axis::Column => columns_to(&matrix.transpose(), &|_| c).transpose(),
                Axis::Both => columns_to(&columns_to(matrix, &|_| 1.0).transpose(), &|_| c).transpose(),
            }
        }
        Weights::Normalized(_) => columns_to(matrix, &|o| lengths[o]),
        Weights::Standardized(_) => {
            let n = matrix.nrows() as f64;
            DMatrix::from_fn(matrix.nrows(), matrix.ncols(), |i, o| {
                let mean = matrix.column(o).mean();
                let variance = matrix.column(o).map(|x| (x - mean).powi(2)).sum() / n;
                (matrix[(i, o)] - mean) / (variance.sqrt() * n.sqrt())
            })
        }
        Weights::SpectralNorm(_) => matrix / matrix.singular_values().max(),
        Weights::Spectral(Spectral { shift }) => {
            let added = |i, o: usize| if o % matrix.nrows() == i { f64::from(shift) } else { 0.0 };
            matrix + DMatrix::from_fn(matrix.nrows(), matrix.ncols(), added)
        }
        _ => unreachable!("adapters have tests of their own"),
    }
}

fn dense(matrix: &Matrix, row: &[f32]) -> DMatrix<f64> {
    let values = matrix.gather(row).into_iter().map(f64::from);
    DMatrix::from_row_iterator(matrix.rows, matrix.columns, values)
}

/// Trained numbers other than the first ones, lengths included.
fn moved(made: &Made) -> Vec<f32> {
    let mut stream = Stream::new(4, "moved");
    made.values
        .iter()
        .map(|x| if *x == 0.0 { 0.0 } else { x * (1.0 + 0.5 * stream.uniform() as f32) })
        .collect()
}

#[test]
fn every_choice_equals_the_plain_loops_and_leaves_the_rest_as_it_is() {
    let device = Device::flex();
    for choice in choices() {
        let made = make(choice.clone(), 0.0, &SEEDS, &device);
        let (width, values) = (made.layout.width(), moved(&made));
        let got = made.weights_of(&values, &device);
        for (replica, (raw, got)) in values.chunks_exact(width).zip(got.chunks_exact(width)).enumerate() {
            let first = &made.values[replica * width..][..width];
            let mut untouched: Vec<bool> = vec![true; width];
            for matrix in made.layout.conditioned() {
                let length =
                    made.layout.parameters().iter().find(|p| p.name == format!("{}.length", matrix.name));
                let lengths: Vec<f64> = length
                    .map(|p| raw[p.offset..][..p.columns].iter().map(|&x| f64::from(x)).collect())
                    .unwrap_or_default();
                let shifted = !matches!(choice, Weights::Spectral(_)) || !matrix.name.contains("mlp");
                let plain = Weights::from(Plain {});
                let choice = if shifted { &choice } else { &plain };
                let want = reference(choice, &dense(&matrix, raw), &dense(&matrix, first), &lengths);
                let difference = (dense(&matrix, got) - want).abs().max();
                assert!(difference < 3e-6, "{choice:?}, {}: {difference}", matrix.name);
                for i in 0..matrix.rows {
                    untouched[matrix.offset + i * matrix.stride..][..matrix.columns].fill(false);
                }
            }
            assert!((0..width).all(|i| !untouched[i] || got[i].to_bits() == raw[i].to_bits()), "{choice:?}");
        }
    }
}

#[test]
fn every_gradient_equals_finite_differences() {
    let device = Device::flex();
    for choice in choices() {
        let made = make(choice.clone(), 0.0, &SEEDS[..1], &device);
        let (values, weighing) = (moved(&made), made.weighing());
        let got = made.gradients_of(&values, &weighing, &device);
        let sum = |values: &[f32]| -> f64 {
            let weights = made.weights_of(values, &device);
            weights.iter().zip(&weighing).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        for p in made.layout.parameters() {
            for at in p.offset..p.offset + p.rows * p.columns {
                let step = 2e-3f32;
                let shifted = |by: f32| {
                    let mut values = values.clone();
                    values[at] += by;
                    sum(&values)
                };
                let want = (shifted(step) - shifted(-step)) / f64::from(2.0 * step);
                let got = f64::from(got[at]);
                assert!(
                    (got - want).abs() < 4e-3 * want.abs().max(2.0),
                    "{choice:?} {}: {got} {want}",
                    p.name
                );
            }
        }
    }
}

#[test]
fn a_stopped_gradient_takes_the_norms_as_constants() {
    let device = Device::flex();
    let made = make(equilibrated(Axis::Row, Scale::Unit, Gradient::Stopped), 0.0, &SEEDS, &device);
    let (width, weighing) = (made.layout.width(), made.weighing());
    let got = made.gradients_of(&made.values, &weighing, &device);
    for (row, (got, weighing)) in
        made.values.chunks_exact(width).zip(got.chunks_exact(width).zip(weighing.chunks_exact(width)))
    {
        for matrix in made.layout.conditioned() {
            let (w, g, k) = (dense(&matrix, row), dense(&matrix, got), dense(&matrix, weighing));
            for o in 0..matrix.columns {
                let difference = (g.column(o) - k.column(o) / w.column(o).norm()).abs().max();
                assert!(difference < 1e-5, "{}: {difference}", matrix.name);
            }
        }
    }
}

#[test]
fn the_gpu_makes_the_same_weights_and_gradients_as_the_plain_loops() {
    let gpu = Engine::open(DeviceChoice::Gpu).expect("a wgpu adapter; without a GPU install Mesa's lavapipe");
    let stopped = equilibrated(Axis::Both, Scale::Unit, Gradient::Stopped);
    for choice in choices().into_iter().chain([stopped]) {
        let on = |device: &Device| {
            let made = make(choice.clone(), 0.3, &SEEDS, device);
            let (values, weighing) = (moved(&made), made.weighing());
            (made.weights_of(&values, device), made.gradients_of(&values, &weighing, device))
        };
        let ((weights, gradients), (wanted, wanted_gradients)) = (on(&gpu.device), on(&Device::flex()));
        for (got, want) in weights.iter().zip(&wanted).chain(gradients.iter().zip(&wanted_gradients)) {
            assert!((got - want).abs() < 2e-5 * want.abs().max(1.0), "{choice:?}: {got} is not {want}");
        }
        assert_eq!(weights.len(), wanted.len());
    }
}

#[test]
fn replicas_do_not_see_each_other() {
    let device = Device::flex();
    for choice in choices() {
        let both = make(choice.clone(), 0.3, &SEEDS, &device);
        let together = both.gradients_of(&both.values, &both.weighing(), &device);
        let width = both.layout.width();
        for (replica, seed) in SEEDS.iter().enumerate() {
            let alone = make(choice.clone(), 0.3, &[*seed], &device);
            assert_eq!(alone.values, both.values[replica * width..][..width]);
            let weighing = &both.weighing()[replica * width..][..width];
            let found = alone.gradients_of(&alone.values, weighing, &device);
            assert_eq!(found, together[replica * width..][..width], "{choice:?}");
        }
    }
}

#[test]
fn plain_weights_are_not_touched_and_nothing_is_made_of_them() {
    let device = Device::flex();
    let plain = make(Plain {}.into(), 0.0, &SEEDS, &device);
    assert!(plain.conditioner.is_none());
    assert_eq!(plain.values, make(paper(), 0.0, &SEEDS, &device).values, "the same trained numbers at first");
}

#[test]
fn equilibrated_rows_have_the_norm_that_was_asked_for() {
    let device = Device::flex();
    for (scale, when) in [Scale::Unit, Scale::Initial]
        .into_iter()
        .flat_map(|scale| [(scale, When::Always), (scale, When::Start)])
    {
        let choice = Equilibrated { axis: Axis::Row, scale, when, gradient: Gradient::Through }.into();
        let made = make(choice, 0.5, &SEEDS[..1], &device);
        let plain = make(Plain {}.into(), 0.5, &SEEDS[..1], &device);
        assert_eq!(made.conditioner.is_none(), when == When::Start);
        let weights =
            if when == When::Start { made.values.clone() } else { made.weights_of(&made.values, &device) };
        for matrix in made.layout.conditioned() {
            let first = dense(&matrix, &plain.values);
            let want = if scale == Scale::Unit { 1.0 } else { first.norm() / (matrix.columns as f64).sqrt() };
            for column in dense(&matrix, &weights).column_iter() {
                assert!((column.norm() - want).abs() < 1e-6, "{}: {} {want}", matrix.name, column.norm());
            }
        }
    }
}

#[test]
fn a_row_of_zeros_stays_zero_and_gets_no_gradient() {
    let device = Device::flex();
    for choice in [paper(), Normalized {}.into(), Standardized {}.into(), SpectralNorm {}.into()] {
        let made = make(choice.clone(), 0.0, &SEEDS[..1], &device);
        let mut values = made.values.clone();
        let matrix = made.layout.conditioned().pop().unwrap();
        values[matrix.offset..][..matrix.rows * matrix.columns].fill(0.0);
        let weights = made.weights_of(&values, &device);
        let gradients = made.gradients_of(&values, &made.weighing(), &device);
        for found in [weights, gradients] {
            assert!(matrix.gather(&found).iter().all(|&x| x == 0.0), "{choice:?}");
            assert!(found.iter().all(|x| x.is_finite()), "{choice:?}");
        }
    }
}

fn condition(matrix: &DMatrix<f64>) -> f64 {
    let values = matrix.singular_values();
    values.max() / values.min()
}

/// `m` rows of `n ≥ m` numbers, one row an output as in the paper, each row times 10^u with u in ±spread.
fn random_rows(seed: u64, m: usize, n: usize, spread: f64) -> DMatrix<f64> {
    let mut stream = Stream::new(seed, "rows");
    let factors: Vec<f64> = (0..m).map(|_| 10f64.powf(spread * (2.0 * stream.uniform() - 1.0))).collect();
    DMatrix::from_fn(m, n, |i, _| factors[i] * stream.normal())
}

/// E(W) W, by the code that training runs.
fn equilibrate(rows: &DMatrix<f64>) -> DMatrix<f64> {
    let device = Device::flex();
    let (m, n) = rows.shape();
    let line = |o| Line { offset: o, count: n, stride: m };
    let lines = Lines::new(&(0..m).map(line).collect::<Vec<_>>(), &[vec![1.0; m]], None, &[], &device);
    let values: Vec<f32> = rows.as_slice().iter().map(|&x| x as f32).collect(); // columns of `rows` are inputs
    let made = numbers(lines.map(upload(&values, m * n, &device), FIXED));
    DMatrix::from_iterator(m, n, made.into_iter().map(f64::from))
}

#[test]
fn equilibration_is_within_root_m_of_any_diagonal_scaling() {
    for case in 0..64 {
        let (m, n) = (2 + case as usize % 7, 8 + case as usize % 5);
        let rows = random_rows(case, m, n, 1.0);
        let found = condition(&equilibrate(&rows));
        let mut stream = Stream::new(case, "scalings");
        for _ in 0..64 {
            let scales: Vec<f64> = (0..m).map(|_| 10f64.powf(3.0 * stream.uniform() - 1.5)).collect();
            let scaled = DMatrix::from_fn(m, n, |i, j| scales[i] * rows[(i, j)]);
            assert!(found <= (m as f64).sqrt() * condition(&scaled), "case {case}: {found}");
        }
    }
}

#[test]
fn equilibration_brings_badly_scaled_rows_back_to_what_they_were_made_from() {
    for seed in 0..8 {
        let even = random_rows(seed, 32, 64, 0.0);
        let uneven = random_rows(seed, 32, 64, 1.5);
        let [before, bad, after] = [condition(&even), condition(&uneven), condition(&equilibrate(&uneven))];
        assert!(bad > 20.0 * before, "{bad} {before}");
        assert!(after < 1.2 * before, "{after} {before}");
    }
}

#[test]
fn weight_normalization_with_lengths_of_one_is_row_equilibration() {
    let device = Device::flex();
    let normalized = make(Normalized {}.into(), 0.5, &SEEDS[..1], &device);
    let rows = make(paper(), 0.5, &SEEDS[..1], &device);
    let start = normalized.weights_of(&normalized.values, &device);
    for matrix in normalized.layout.conditioned() {
        let difference = (dense(&matrix, &start) - dense(&matrix, &normalized.values)).abs().max();
        assert!(difference < 1e-6, "it starts from the same weights: {difference}");
    }
    let mut values = normalized.values.clone();
    for p in normalized.layout.parameters().iter().filter(|p| !p.read) {
        assert!(!p.decay && p.name.ends_with(".length"));
        values[p.offset..][..p.columns].fill(1.0);
    }
    let width = rows.layout.width();
    assert_eq!(normalized.weights_of(&values, &device)[..width], rows.weights_of(&rows.values, &device));
    let weighing = normalized.weighing();
    let found = normalized.gradients_of(&values, &weighing, &device);
    assert_eq!(found[..width], rows.gradients_of(&rows.values, &weighing[..width], &device));
}

#[test]
fn right_before_batch_norm_equilibration_does_nothing() {
    let device = Device::flex();
    let made = make(paper(), 0.5, &SEEDS[..1], &device);
    let width = made.layout.width();
    let up = made.layout.parameters().iter().find(|p| p.name == "blocks.0.mlp.up.weight").unwrap();
    let x = Tensor::<3>::from_data(TensorData::new(normal(7, "x", 40, 100.0), [1, 10, 4]), &device);
    let through = |values: &[f32]| {
        let flat = upload(values, width, &device);
        let weight = crate::kernels::view(flat, up.offset, up.rows, up.columns);
        let y = linear(x.clone(), weight, Tensor::zeros([1, 1, 7], &device));
        let y = batch_norm(y, Tensor::ones([1, 1, 7], &device), Tensor::zeros([1, 1, 7], &device));
        y.into_data().iter::<f32>().collect::<Vec<f32>>()
    };
    let (with, without) = (through(&made.weights_of(&made.values, &device)), through(&made.values));
    let difference = with.iter().zip(&without).fold(0f32, |most, (a, b)| most.max((a - b).abs()));
    assert!(difference < 1e-4, "{difference}");
}

#[test]
fn the_spread_scales_the_rows_of_the_first_weights_and_nothing_else() {
    let device = Device::flex();
    let even = make(Plain {}.into(), 0.0, &SEEDS, &device);
    let uneven = make(Plain {}.into(), 0.7, &SEEDS, &device);
    let width = even.layout.width();
    let mut exponents = Vec::new();
    for (replica, (a, b)) in
        even.values.chunks_exact(width).zip(uneven.values.chunks_exact(width)).enumerate()
    {
        for matrix in even.layout.conditioned() {
            let mut stream = Stream::new(SEEDS[replica], &format!("{}.spread", matrix.name));
            for (before, after) in dense(&matrix, a).column_iter().zip(dense(&matrix, b).column_iter()) {
                let exponent = (after.norm() / before.norm()).log10();
                let drawn = 2.0 * stream.uniform() - 1.0;
                assert!((exponent - f64::from(0.7f32) * drawn).abs() < 1e-5, "{}", matrix.name);
                exponents.push(exponent);
            }
        }
        for p in even.layout.parameters().iter().filter(|p| !p.conditioned) {
            let all = p.offset..p.offset + p.rows * p.columns;
            assert_eq!(a[all.clone()], b[all], "{}", p.name);
        }
    }
    assert!(exponents.iter().any(|x| *x > 0.4) && exponents.iter().any(|x| *x < -0.4), "{exponents:?}");
}
