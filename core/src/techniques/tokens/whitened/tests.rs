use nalgebra::DMatrix;

use super::engine::PatchWhitener;
use crate::interface::PatchMap;
use crate::random::Stream;

/// Patches whose numbers are mixed by a random matrix and shifted, so that they are correlated and uneven.
fn patches(count: usize, features: usize, stream: &mut Stream) -> Vec<f32> {
    let mixing = DMatrix::from_fn(features, features, |i, _| stream.normal() * 10f64.powi(-(i as i32)));
    (0..count)
        .flat_map(|_| {
            let drawn = DMatrix::from_fn(1, features, |_, _| stream.normal());
            (drawn * &mixing).iter().map(|x| (x + 3.0) as f32).collect::<Vec<_>>()
        })
        .collect()
}

/// Mean and covariance, as loops.
fn moments(values: &[f32], features: usize) -> (Vec<f64>, DMatrix<f64>) {
    let rows: Vec<Vec<f64>> =
        values.chunks_exact(features).map(|row| row.iter().map(|&x| f64::from(x)).collect()).collect();
    let count = rows.len() as f64;
    let mean: Vec<f64> = (0..features).map(|i| rows.iter().map(|row| row[i]).sum::<f64>() / count).collect();
    let covariance = DMatrix::from_fn(features, features, |i, j| {
        rows.iter().map(|row| (row[i] - mean[i]) * (row[j] - mean[j])).sum::<f64>() / count
    });
    (mean, covariance)
}

fn whitened(train: &[f32], image: &[f32], features: usize, floor: f32) -> Vec<f32> {
    let mut whitener = PatchWhitener::new(features, floor);
    whitener.fit(train);
    let mut image = image.to_vec();
    whitener.apply(&mut image);
    image
}

#[test]
fn the_training_patches_become_white() {
    let mut stream = Stream::new(5, "white");
    for features in [1, 3, 6] {
        let train = patches(500, features, &mut stream);
        let (mean, covariance) = moments(&whitened(&train, &train, features, 1e-8), features);
        assert!(mean.iter().all(|mean| mean.abs() < 1e-3), "{mean:?}");
        // The smallest of six directions has a variance of about 10⁻¹⁰ of the largest: the floor holds it back.
        let kept = features.min(4);
        let block = covariance.view((0, 0), (kept, kept));
        assert!(features > 4 || (block - DMatrix::identity(kept, kept)).amax() < 1e-2, "{covariance}");
    }
}

#[test]
fn the_floor_is_that_of_the_equation() {
    let mut stream = Stream::new(6, "floor");
    let train = patches(400, 4, &mut stream);
    let (mean, covariance) = moments(&train, 4);
    let floor = 0.03 * covariance.trace() / 4.0;
    let eigen = covariance.symmetric_eigen();
    let scales = DMatrix::from_diagonal(&eigen.eigenvalues.map(|value| 1.0 / (value + floor).sqrt()));
    let matrix = &eigen.eigenvectors * scales * eigen.eigenvectors.transpose();
    let image = patches(5, 4, &mut stream);
    let found = whitened(&train, &image, 4, 0.03);
    for (patch, found) in image.chunks_exact(4).zip(found.chunks_exact(4)) {
        for o in 0..4 {
            let wanted: f64 = (0..4).map(|i| (f64::from(patch[i]) - mean[i]) * matrix[(i, o)]).sum();
            assert!(
                (f64::from(found[o]) - wanted).abs() < 1e-4 * wanted.abs().max(1.0),
                "{found:?} {wanted}"
            );
        }
    }
}

#[test]
fn another_image_of_the_test_split_does_not_change_the_matrix() {
    let mut stream = Stream::new(7, "splits");
    let train = patches(100, 3, &mut stream);
    let (one, two) = (patches(4, 3, &mut stream), patches(4, 3, &mut stream));
    let both = whitened(&train, &[one.clone(), two].concat(), 3, 1e-3);
    assert_eq!(whitened(&train, &one, 3, 1e-3), both[..12]);
}

#[test]
fn white_patches_stay_and_blank_ones_do_no_harm() {
    let mut stream = Stream::new(8, "identity");
    let train: Vec<f32> = (0..40_000).map(|_| stream.normal() as f32).collect();
    let found = whitened(&train, &train[..40], 4, 1e-8);
    for (found, before) in found.iter().zip(&train) {
        assert!((found - before).abs() < 0.05, "{found} was {before}");
    }
    assert_eq!(whitened(&[0.5; 24], &[0.5; 8], 4, 1e-3), [0.0; 8]);
    // A number that never varies stays small beside those that do.
    let corner: Vec<f32> = (0..300).flat_map(|_| [0.0, stream.normal() as f32]).collect();
    assert!(whitened(&corner, &corner, 2, 1e-3).iter().all(|x| x.is_finite() && x.abs() < 6.0));
}
