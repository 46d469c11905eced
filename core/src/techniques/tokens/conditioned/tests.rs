use burn::tensor::{Device, Tensor, TensorData};
use nalgebra::{DMatrix, DVector};

use super::Size;
use super::engine::*;
use crate::protocol::DeviceChoice;
use crate::random::Stream;
use crate::techniques::tokens::TokenMap;
use crate::train::Engine;

/// N × D: fewer tokens than channels, more, as many, and sizes that no tile divides.
const SHAPES: [(usize, usize); 5] = [(36, 64), (64, 20), (24, 24), (7, 13), (13, 6)];

/// The equation, from a singular value decomposition in f64.
fn reference(x: &DMatrix<f64>, strength: f64) -> DMatrix<f64> {
    let svd = x.clone().svd(true, true);
    let (u, v_t) = (svd.u.expect("asked for"), svd.v_t.expect("asked for"));
    x + u * v_t * (strength * svd.singular_values.max())
}

fn condition_number(x: &DMatrix<f64>) -> f64 {
    let values = x.singular_values();
    values.max() / values.min()
}

fn normal(rows: usize, columns: usize, stream: &mut Stream) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |_, _| stream.normal())
}

/// Random singular vectors, and singular values from 1 to 1/κ spread at random over the orders of magnitude.
fn badly_conditioned(rows: usize, columns: usize, kappa: f64, stream: &mut Stream) -> DMatrix<f64> {
    let rank = rows.min(columns);
    let [u, v] = [rows, columns].map(|n| normal(n, rank, stream).qr().q());
    let values = DVector::from_fn(rank, |i, _| match i {
        0 => 1.0,
        1 => 1.0 / kappa,
        _ => kappa.powf(-stream.uniform()),
    });
    u * DMatrix::from_diagonal(&(values * 8.0)) * v.transpose()
}

/// `[1, B·N, D]` of B examples.
fn batch(examples: &[DMatrix<f64>], device: &Device) -> Tensor<3> {
    let (n, d) = examples[0].shape();
    let values: Vec<f32> =
        examples.iter().flat_map(|x| x.transpose().iter().map(|&x| x as f32).collect::<Vec<_>>()).collect();
    Tensor::from_data(TensorData::new(values, [1, examples.len() * n, d]), device)
}

fn conditioned(
    examples: &[DMatrix<f64>],
    strength: f32,
    iterations: u32,
    device: &Device,
) -> Vec<DMatrix<f64>> {
    let (n, d) = examples[0].shape();
    let result =
        ConditionedTokens::new(strength, iterations, Size::Grown, n).forward(batch(examples, device));
    let values: Vec<f64> = result.into_data().iter::<f64>().collect();
    values.chunks_exact(n * d).map(|one| DMatrix::from_row_slice(n, d, one)).collect()
}

#[test]
fn the_exact_form_equals_the_singular_value_decomposition() {
    let mut stream = Stream::new(1, "exact");
    for (n, d) in SHAPES {
        let examples: Vec<_> = (0..8).map(|_| badly_conditioned(n, d, 100.0, &mut stream)).collect();
        for (x, found) in examples.iter().zip(conditioned(&examples, 0.3, 0, &Device::flex())) {
            let difference = (found - reference(x, 0.3)).norm();
            assert!(difference < 1e-3 * 8.0, "{n} × {d}: {difference}");
        }
    }
}

#[test]
fn the_correction_s_singular_values_are_the_tokens_largest_one() {
    // Gaussian matrices have several singular values close to the largest: the hard case for σ₁.
    let mut stream = Stream::new(2, "sigma");
    for (n, d) in SHAPES {
        let examples: Vec<_> = (0..16).map(|_| normal(n, d, &mut stream)).collect();
        for (x, found) in examples.iter().zip(conditioned(&examples, 1.0, 0, &Device::flex())) {
            let correction = (found - x).singular_values() / x.singular_values().max();
            let (least, most) = (correction.min(), correction.max());
            assert!(least > 0.999 && most < 1.00001, "{n} × {d}: {least} to {most}");
        }
    }
}

#[test]
fn condition_numbers_fall_to_two_and_to_three_in_nine_iterations() {
    let mut stream = Stream::new(3, "kappa");
    for (n, d) in SHAPES {
        for kappa in [1.5, 30.0, 155.0, 1.4e3, 1e4] {
            let examples: Vec<_> = (0..16).map(|_| badly_conditioned(n, d, kappa, &mut stream)).collect();
            for (iterations, most) in [(0, 2.001), (9, 3.0)] {
                for (x, found) in
                    examples.iter().zip(conditioned(&examples, 1.0, iterations, &Device::flex()))
                {
                    let (before, after) = (condition_number(x), condition_number(&found));
                    assert!(after <= most, "{n} × {d}, {iterations} iterations: from {before} to {after}");
                    assert!(after <= before.max(most), "{n} × {d}: κ rose from {before} to {after}");
                }
            }
        }
    }
}

#[test]
fn the_gradient_passes_as_if_the_correction_were_a_constant() {
    let (n, d) = (5, 8);
    let mut stream = Stream::new(4, "gradient");
    let device = Device::flex();
    let x = batch(&[normal(n, d, &mut stream), normal(n, d, &mut stream)], &device).autodiff().require_grad();
    let weights = batch(&[normal(n, d, &mut stream), normal(n, d, &mut stream)], &device);
    let y = ConditionedTokens::new(1.0, 9, Size::Grown, n).forward(x.clone());
    assert!((y.clone().inner() - x.clone().inner()).abs().max().into_scalar::<f32>() > 0.1);
    let gradients = (y * weights.clone()).sum().backward();
    let found = x.grad(&gradients).expect("a gradient");
    assert_eq!(found.into_data(), weights.into_data());
}

#[test]
fn examples_and_replicas_do_not_see_each_other_and_zeros_stay_zeros() {
    let (n, d) = (6, 10);
    let device = Device::flex();
    let mut stream = Stream::new(5, "apart");
    let examples = [normal(n, d, &mut stream), DMatrix::zeros(n, d), normal(n, d, &mut stream) * 100.0];
    let together = conditioned(&examples, 1.0, 9, &device);
    for (x, found) in examples.iter().zip(&together) {
        assert_eq!(conditioned(std::slice::from_ref(x), 1.0, 9, &device)[0], *found);
    }
    assert_eq!(together[1], DMatrix::zeros(n, d));
    let replicas = batch(&examples, &device).reshape([3, n, d]);
    let apart = ConditionedTokens::new(1.0, 9, Size::Grown, n).forward(replicas).reshape([1, 3 * n, d]);
    let values: Vec<f64> = apart.into_data().iter::<f64>().collect();
    assert_eq!(DMatrix::from_row_slice(3 * n, d, &values).rows(0, n), together[0]);
}

#[test]
fn the_gpu_finds_the_same_correction_as_the_cpu() {
    let gpu = Engine::open(DeviceChoice::Gpu).expect("a wgpu adapter; without a GPU install Mesa's lavapipe");
    let mut stream = Stream::new(6, "gpu");
    for (n, d) in SHAPES {
        let mut examples: Vec<_> = (0..3).map(|_| badly_conditioned(n, d, 50.0, &mut stream)).collect();
        examples.push(DMatrix::zeros(n, d));
        for iterations in [0, 1, 9] {
            let wanted = conditioned(&examples, 1.0, iterations, &Device::flex());
            let found = conditioned(&examples, 1.0, iterations, &gpu.device);
            for (wanted, found) in wanted.iter().zip(found) {
                let difference = (found - wanted).amax();
                assert!(difference < 2e-4 * 8.0, "{n} × {d}, {iterations} iterations: {difference}");
            }
        }
    }
}

/// Proposition 4.2, where its proof holds: the products of square weights lose no rank and N ≥ D.
#[test]
fn the_tokens_condition_number_bounds_that_of_linear_attention() {
    let mut stream = Stream::new(7, "bound");
    let (n, d) = (20, 8);
    for _ in 0..50 {
        let x = badly_conditioned(n, d, 20.0, &mut stream);
        let [query, key, value] = std::array::from_fn(|_| normal(d, d, &mut stream));
        let output = &x * &query * key.transpose() * x.transpose() * &x * &value;
        let weights: f64 = [&query, &key, &value].into_iter().map(condition_number).product();
        let bound = |x: &DMatrix<f64>| weights * condition_number(x).powi(3);
        assert!(condition_number(&output) <= bound(&x) * 1.001);
        let conditioned = &conditioned(std::slice::from_ref(&x), 1.0, 9, &Device::flex())[0];
        assert!(bound(conditioned) < bound(&x) / 100.0, "the correction lowers the bound");
    }
}

#[test]
fn tokens_that_keep_their_size_have_the_same_condition_number_and_pass_gradients_in_proportion() {
    let mut stream = Stream::new(1, "size");
    let x = badly_conditioned(36, 64, 500.0, &mut stream);
    let device = Device::flex();
    let kept = ConditionedTokens::new(1.0, 0, Size::Kept, 36);
    let tokens = batch(&[x.clone(), x.clone() * 3.0], &device).autodiff().require_grad();
    let y = kept.forward(tokens.clone());
    let found: Vec<f64> = y.clone().inner().into_data().iter::<f64>().collect();
    let ratio = x.norm() / reference(&x, 1.0).norm();
    for (one, size) in found.chunks_exact(36 * 64).zip([1.0, 3.0]) {
        let one = DMatrix::from_row_slice(36, 64, one);
        assert!((one.norm() / x.norm() / size - 1.0).abs() < 1e-4, "the size is kept");
        assert!(condition_number(&one) < 2.01, "{}", condition_number(&one));
    }
    // The correction and the scale count as constants, so that the gradient of a sum is the scale everywhere.
    let gradient = tokens.grad(&y.sum().backward()).expect("a gradient");
    for value in gradient.into_data().iter::<f64>() {
        assert!((value / ratio - 1.0).abs() < 1e-3, "{value} is not {ratio}");
    }
}
