use burn::tensor::{Device, Tensor, TensorData};
use nalgebra::DMatrix;

use super::engine::*;
use super::*;
use crate::interface::PatchMap;
use crate::kernels::FLOOR;
use crate::protocol::DeviceChoice;
use crate::random::Stream;
use crate::surroundings::Reading;
use crate::techniques::tokens::{TokenMap, TokenTechnique};
use crate::train::Engine;

/// The equation of the DCT as sums over cosines. Slow and plain: read this to learn what the technique does.
fn reference(x: &[f64], n: usize, d: usize, exponent: f64, floor: f64) -> Vec<f64> {
    let cosine = |size: usize, k: usize, j: usize| {
        let norm = (if k == 0 { 1.0 } else { 2.0 } / size as f64).sqrt();
        norm * (std::f64::consts::PI * k as f64 * (j as f64 + 0.5) / size as f64).cos()
    };
    let mut z = vec![0.0; n * d];
    for (at, z) in z.iter_mut().enumerate() {
        for row in 0..n {
            for column in 0..d {
                *z += cosine(n, at / d, row) * x[row * d + column] * cosine(d, at % d, column);
            }
        }
    }
    let largest = z.iter().fold(0.0f64, |most, z| most.max(z.abs()));
    for z in &mut z {
        let ratio = z.abs() / largest;
        let size = if ratio < floor { ratio * floor.powf(exponent - 1.0) } else { ratio.powf(exponent) };
        *z = z.signum() * largest * size;
    }
    let mut grayed = vec![0.0; n * d];
    for (at, x) in grayed.iter_mut().enumerate() {
        for k in 0..n {
            for l in 0..d {
                *x += cosine(n, k, at / d) * z[k * d + l] * cosine(d, l, at % d);
            }
        }
    }
    grayed
}

fn random(name: &str, count: usize) -> Vec<f32> {
    let mut stream = Stream::new(8, name);
    // A mean as large as the spread, as pixels have.
    (0..count).map(|_| (1.0 + stream.normal()) as f32).collect()
}

fn grayed(transform: Transform, exponent: f32, n: usize, d: usize, image: &[f32]) -> Vec<f32> {
    let grayer = PatchGrayer::new(transform, exponent, n, d);
    let mut image = image.to_vec();
    grayer.apply(&mut image);
    image
}

fn singular_values(n: usize, d: usize, image: &[f32]) -> Vec<f64> {
    let matrix = DMatrix::from_row_iterator(n, d, image.iter().map(|&x| f64::from(x)));
    matrix.singular_values().iter().copied().collect()
}

fn assert_close(what: &str, found: &[f32], wanted: &[f64], tolerance: f64) {
    assert_eq!(found.len(), wanted.len());
    let scale = wanted.iter().fold(1e-3f64, |most, x| most.max(x.abs()));
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((f64::from(*found) - wanted).abs() <= tolerance * scale, "{what}: {found} is not {wanted}");
    }
}

#[test]
fn the_cosine_matrix_is_orthonormal() {
    for n in [1, 2, 7, 48] {
        let matrix = dct_matrix(n);
        assert!((&matrix * matrix.transpose() - DMatrix::identity(n, n)).amax() < 1e-13, "{n}");
    }
}

#[test]
fn patches_are_grayed_by_frequency_as_the_plain_sums_say() {
    for (n, d) in [(4, 6), (9, 5), (7, 7)] {
        let image = random(&format!("image {n}"), n * d);
        let double: Vec<f64> = image.iter().map(|&x| f64::from(x)).collect();
        for exponent in [0.05, 0.5, 0.95] {
            let wanted = reference(&double, n, d, f64::from(exponent), 0.0);
            assert_close("DCT", &grayed(Transform::Dct, exponent, n, d, &image), &wanted, 1e-5);
        }
    }
}

#[test]
fn singular_values_are_raised_to_the_power_and_singular_vectors_stay() {
    for (n, d) in [(6, 9), (9, 6), (5, 5)] {
        let image = random(&format!("image {n}"), n * d);
        for exponent in [0.05f32, 0.5, 0.95] {
            let found = grayed(Transform::Svd, exponent, n, d, &image);
            let before = singular_values(n, d, &image);
            let power = |s: &f64| before[0] * (s / before[0]).powf(f64::from(exponent));
            let wanted: Vec<f64> = before.iter().map(power).collect();
            let after: Vec<f32> = singular_values(n, d, &found).iter().map(|&s| s as f32).collect();
            assert_close("singular values", &after, &wanted, 1e-5);
            // With the same vectors XᵀX' is symmetric and has no negative eigenvalue.
            let [x, y] =
                [&image, &found].map(|m| DMatrix::from_row_iterator(n, d, m.iter().map(|&x| f64::from(x))));
            let product = x.transpose() * y;
            let scale = product.amax();
            assert!((&product - product.transpose()).amax() < 1e-5 * scale);
            assert!(product.symmetric_eigenvalues().min() > -1e-5 * scale);
        }
    }
}

#[test]
fn graying_by_singular_values_never_raises_the_condition_number() {
    let mut stream = Stream::new(9, "kappa");
    for case in 0..256 {
        let (n, d) = (2 + stream.below(12), 2 + stream.below(12));
        let exponent = (0.05 + 0.95 * stream.uniform()) as f32;
        let image = random(&format!("case {case}"), n * d);
        let kappa = |image: &[f32]| {
            let values = singular_values(n, d, image);
            values[0] / values[values.len() - 1]
        };
        let (before, after) =
            (kappa(&image), kappa(&grayed(Transform::Svd, exponent.min(0.999), n, d, &image)));
        assert!(after <= before * 1.0001, "{n} × {d}, ε {exponent}: from {before} to {after}");
    }
}

#[test]
fn what_is_zero_stays_zero() {
    // Blank patches, as in the corners of a digit, and two equal ones: rank 2 of 4.
    let image = [0.0, 0.0, 0.0, 0.25, 0.5, 1.0, 0.25, 0.5, 1.0, 1.0, 0.0, 0.5f32];
    let found = grayed(Transform::Svd, 0.05, 4, 3, &image);
    assert_close(
        "rank",
        &singular_values(4, 3, &found)[2..].iter().map(|&s| s as f32).collect::<Vec<_>>(),
        &[0.0],
        1e-3,
    );
    for transform in [Transform::Svd, Transform::Dct] {
        assert_eq!(grayed(transform, 0.5, 4, 3, &[0.0; 12]), [0.0; 12]);
    }
}

#[test]
fn exponent_one_is_no_graying_at_all() {
    for transform in [Transform::Svd, Transform::Dct] {
        let asked = |exponent, place| {
            let reading = Reading::Patches { tokens: 4, features: 4, classes: 2 };
            Graying { transform, exponent, place }.before_training(reading).is_some()
        };
        assert!(!asked(1.0, Place::Patches) && asked(0.5, Place::Patches));
        assert!(!asked(0.5, Place::Embedding));
    }
}

fn upload(values: &[f32], shape: [usize; 3], device: &Device) -> Tensor<3> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

fn numbers(tensor: Tensor<3>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

#[test]
fn embedded_tokens_are_grayed_as_the_plain_sums_say_example_by_example() {
    let (n, d) = (5, 8);
    let x = random("embedded", 6 * n * d);
    // Two replicas of three examples.
    let found = DctGrayer::new(n, 0.6).forward(upload(&x, [2, 3 * n, d], &Device::flex()));
    let wanted: Vec<f64> = x
        .chunks_exact(n * d)
        .flat_map(|example| {
            let example: Vec<f64> = example.iter().map(|&x| f64::from(x)).collect();
            reference(&example, n, d, 0.6, f64::from(FLOOR))
        })
        .collect();
    assert_close("embedded", &numbers(found), &wanted, 1e-5);
}

/// Σ weight · grayed, and its gradient.
fn weighed(x: &[f32], shape: [usize; 3], tokens: usize, device: &Device) -> (f64, Vec<f32>) {
    let weights = upload(&random("weights", x.len()), shape, device);
    let input = upload(x, shape, device).autodiff().require_grad();
    let sum = (DctGrayer::new(tokens, 0.9).forward(input.clone()) * weights).sum();
    let gradient = input.grad(&sum.backward()).expect("a gradient");
    (f64::from(sum.inner().into_scalar::<f32>()), numbers(gradient))
}

#[test]
fn the_gradient_through_the_transform_equals_finite_differences() {
    let (shape, tokens) = ([2, 6, 4], 3);
    let x = random("gradient", 48);
    let (_, found) = weighed(&x, shape, tokens, &Device::flex());
    let wanted: Vec<f64> = (0..x.len())
        .map(|i| {
            let at = |shift: f32| {
                let mut moved = x.clone();
                moved[i] += shift;
                weighed(&moved, shape, tokens, &Device::flex()).0
            };
            (at(4e-3) - at(-4e-3)) / 8e-3
        })
        .collect();
    assert_close("gradient", &found, &wanted, 1e-2);
}

#[test]
fn the_gpu_grays_embedded_tokens_as_the_cpu_does() {
    let gpu = Engine::open(DeviceChoice::Gpu).expect("a wgpu adapter; without a GPU install Mesa's lavapipe");
    let (shape, tokens) = ([2, 18, 12], 9);
    let x = random("gpu", 2 * 18 * 12);
    let on = |device: &Device| {
        let grayed = DctGrayer::new(tokens, 0.9).forward(upload(&x, shape, device));
        (numbers(grayed), weighed(&x, shape, tokens, device).1)
    };
    let (found, found_gradient) = on(&gpu.device);
    let (wanted, wanted_gradient) = on(&Device::flex());
    let double = |values: Vec<f32>| values.into_iter().map(f64::from).collect::<Vec<_>>();
    assert_close("grayed", &found, &double(wanted), 1e-5);
    assert_close("gradient", &found_gradient, &double(wanted_gradient), 1e-4);
}
