use burn::tensor::{Device, Tensor, TensorData};

use super::polynomial::Polynomial;
use super::softmax::Softmax;
use super::*;
use crate::kernels::attention_scores;
use crate::random::Stream;

/// Attention weights of a choice.
fn forward(choice: impl Into<Activation>, scores: Tensor<4>, causal: bool) -> Tensor<4> {
    choice.into().engine().weights(scores, causal)
}

/// The equation, as loops.
fn reference(scores: &[f32], power: u32, scale: f64) -> Vec<f64> {
    scores
        .iter()
        .map(|&x| {
            let mut product = scale;
            for _ in 0..power {
                product *= f64::from(x);
            }
            product
        })
        .collect()
}

fn random(name: &str, count: usize, deviation: f64) -> Vec<f32> {
    let mut stream = Stream::new(11, name);
    (0..count).map(|_| (stream.normal() * deviation) as f32).collect()
}

/// `[1, H, N, N]`
fn upload(values: &[f32], tokens: usize) -> Tensor<4> {
    let shape = [1, values.len() / (tokens * tokens), tokens, tokens];
    Tensor::from_data(TensorData::new(values.to_vec(), shape), &Device::flex())
}

fn numbers(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn norm<'a>(values: impl IntoIterator<Item = &'a f32>) -> f64 {
    values.into_iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt()
}

const POLYNOMIALS: [(u32, f32); 6] = [(1, 0.0), (2, 0.5), (3, 0.0), (4, 1.0 / 36.0), (5, 2.0), (6, 1e-3)];

#[test]
fn polynomials_equal_the_plain_loops() {
    let scores = random("scores", 2 * 9 * 9, 1.5);
    for (power, scale) in POLYNOMIALS {
        let found = numbers(forward(Polynomial { power, scale }, upload(&scores, 9), false));
        // 0 stands for 1/√N, and N is 9.
        let scale = if scale == 0.0 { 1.0 / 3.0 } else { f64::from(scale) };
        for (found, wanted) in found.iter().zip(reference(&scores, power, scale)) {
            let difference = (f64::from(*found) - wanted).abs();
            assert!(difference <= 1e-6 * wanted.abs() + 1e-12, "x^{power}: {found} is not {wanted}");
        }
    }
}

#[test]
fn the_first_power_with_scale_one_is_the_scores_themselves() {
    let scores = random("scores", 2 * 5 * 5, 1.0);
    let identity = Polynomial { power: 1, scale: 1.0 };
    assert_eq!(numbers(forward(identity, upload(&scores, 5), false)), scores);
}

#[test]
fn the_gradient_of_a_polynomial_equals_finite_differences() {
    let scores = random("scores", 4 * 4, 1.0);
    let weights = random("weights", 4 * 4, 1.0);
    for (power, scale) in POLYNOMIALS {
        let activation = Polynomial { power, scale };
        let weighed = |scores: &[f32]| {
            let scores = upload(scores, 4).autodiff().require_grad();
            let sum = (forward(activation, scores.clone(), false) * upload(&weights, 4)).sum();
            (scores, sum)
        };
        let (tensor, sum) = weighed(&scores);
        let found = numbers(tensor.grad(&sum.backward()).expect("a gradient"));
        let scale = if scale == 0.0 { 0.5 } else { f64::from(scale) };
        for (i, found) in found.iter().enumerate() {
            // In f64, where a small step costs no digits: the loops are known to equal the tensors.
            let at = |shift: f64| {
                let x = f64::from(scores[i]) + shift;
                (0..power).fold(scale * f64::from(weights[i]), |product, _| product * x)
            };
            let wanted = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!(
                (f64::from(*found) - wanted).abs() <= 1e-4 * wanted.abs() + 1e-6,
                "x^{power}: {found}, {wanted}"
            );
        }
    }
}

/// Theorem 4.1: for any scores ‖softmax‖_F ≤ √N and ‖∂softmax‖_F ≤ 2√N; and a row of sum 1 is no shorter than 1/√N.
#[test]
fn softmax_and_its_derivative_stay_within_the_paper_s_bounds() {
    for tokens in [2usize, 7, 36] {
        for deviation in [0.0, 0.3, 1.0, 10.0, 1000.0] {
            let scores = random("scores", 4 * tokens * tokens, deviation);
            let weights = numbers(forward(Softmax {}, upload(&scores, tokens), false));
            for head in weights.chunks_exact(tokens * tokens) {
                let root = (tokens as f64).sqrt();
                let size = norm(head);
                assert!(
                    (1.0 - 1e-4..=root * (1.0 + 1e-5)).contains(&size),
                    "N {tokens}, {deviation}: {size}"
                );
                let mut squares = 0.0;
                for row in head.chunks_exact(tokens) {
                    for (i, p) in row.iter().enumerate() {
                        for (j, q) in row.iter().enumerate() {
                            let derivative = f64::from(*p) * (f64::from(u8::from(i == j)) - f64::from(*q));
                            squares += derivative * derivative;
                        }
                    }
                }
                assert!(squares.sqrt() <= 2.0 * root, "N {tokens}, {deviation}: {}", squares.sqrt());
            }
        }
    }
}

/// Theorems 4.2 and 4.3 element by element: with scores of variance 1, `E‖S^p / √N‖_F ≈ √((2p − 1)!!) · √N`, and the
/// derivative `p S^(p−1) / √N` likewise: the order √N that softmax keeps, where the power alone has the order N.
#[test]
fn random_scores_divided_by_the_root_of_n_have_norms_of_that_order() {
    let deviation = |double_factorial: f64| double_factorial.sqrt();
    for tokens in [16usize, 64, 256] {
        let width = 64;
        let projected = random(&format!("N {tokens}"), tokens * 3 * width, 1.0);
        let projected = TensorData::new(projected, [1, tokens, 3 * width]);
        let projected = Tensor::<3>::from_data(projected, &Device::flex());
        let scores = attention_scores(projected, 1, tokens, 1.0 / (width as f32).sqrt(), false);
        let root = (tokens as f64).sqrt();
        for (power, factorial, before) in [(1, 1.0, 1.0), (2, 3.0, 1.0), (3, 15.0, 3.0)] {
            let activation = |power| Polynomial { power, scale: 0.0 };
            let size = norm(&numbers(forward(activation(power), scores.clone(), false))) / root;
            let wanted = deviation(factorial);
            assert!((size / wanted - 1.0).abs() < 0.35, "N {tokens}, x^{power}: {size} √N, not {wanted}");
            if power > 1 {
                let slope = norm(&numbers(forward(activation(power - 1), scores.clone(), false)));
                let (slope, wanted) = (f64::from(power) * slope / root, f64::from(power) * deviation(before));
                assert!(
                    (slope / wanted - 1.0).abs() < 0.35,
                    "N {tokens}, ∂x^{power}: {slope} √N, not {wanted}"
                );
            }
        }
    }
}

#[test]
fn no_polynomial_lets_a_token_see_those_after_it() {
    let (tokens, width) = (6, 4);
    let projected = random("causal", 2 * tokens * 3 * width, 1.0);
    let projected =
        Tensor::<3>::from_data(TensorData::new(projected, [1, 2 * tokens, 3 * width]), &Device::flex());
    for power in 1..=6 {
        let scores = attention_scores(projected.clone(), 2, tokens, 0.5, true);
        let weights = numbers(forward(Polynomial { power, scale: 0.0 }, scores, true));
        for (at, weight) in weights.iter().enumerate() {
            let (row, column) = (at / tokens % tokens, at % tokens);
            assert_eq!(*weight == 0.0, column > row, "x^{power}, row {row}, column {column}: {weight}");
        }
    }
}
