use super::*;
use crate::random::Stream;

#[test]
fn a_diagonal_matrix_shows_its_diagonal() {
    let found = spectrum("d", 0, &[3.0, 0.0, 0.0, 0.0, 2.0, 0.0], 2, 3);
    assert_eq!(found.singular_values, [3.0, 2.0]);
    assert!((found.condition_number - 1.5).abs() < 1e-12);
    assert!((found.stable_rank - 13.0 / 9.0).abs() < 1e-12);
    assert!((found.frobenius_norm - 13f64.sqrt()).abs() < 1e-12);
    assert_eq!((found.numerical_rank, found.samples), (2, 1));
}

#[test]
fn a_singular_matrix_has_infinite_condition_and_its_true_rank() {
    let found = spectrum("s", 0, &[1.0, 2.0, 2.0, 4.0], 2, 2);
    assert_eq!(found.condition_number, f64::INFINITY);
    assert_eq!(found.numerical_rank, 1);
    let zero = spectrum("z", 0, &[0.0; 4], 2, 2);
    assert_eq!((zero.numerical_rank, zero.stable_rank), (0, 0.0));
    assert_eq!(zero.condition_number, f64::INFINITY);
}

#[test]
fn a_matrix_that_is_not_finite_is_said_to_be_so() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut values = vec![1.0; 5 * 7];
        values[17] = bad;
        let found = spectrum("n", 0, &values, 5, 7);
        assert!(found.condition_number.is_nan() && found.stable_rank.is_nan());
        assert!(found.singular_values.iter().all(|value| value.is_nan()));
        assert_eq!(found.numerical_rank, 0);
    }
    // The largest and the smallest numbers that there are do no harm.
    let extreme = spectrum("e", 0, &[f32::MAX, 0.0, 0.0, f32::MIN_POSITIVE], 2, 2);
    assert_eq!((extreme.condition_number, extreme.numerical_rank), (f64::INFINITY, 1));
}

fn subject() -> Subject<'static> {
    Subject { quantity: Quantity::Attention, name: "blocks.0", head: Some(2), replica: 1, rounding: 0.0 }
}

fn diagonal(values: [f32; 3]) -> Vec<f32> {
    let mut matrix = vec![0.0; 9];
    values.iter().enumerate().for_each(|(at, value)| matrix[4 * at] = *value);
    matrix
}

#[test]
fn several_examples_are_averaged_as_the_table_says() {
    let (a, b) = (diagonal([8.0, 4.0, 1.0]), diagonal([2.0, 1.0, 1.0]));
    let found = averaged(&subject(), [&a[..], &b[..]], 3, 3, 3);
    assert_eq!(
        (found.quantity, found.head, found.replica, found.samples),
        (Quantity::Attention, Some(2), 1, 2)
    );
    assert_eq!(found.singular_values, [4.0, 2.0, 1.0]);
    assert!((found.condition_number - 4.0).abs() < 1e-12, "√(8 · 2)");
    assert!((found.stable_rank - (81.0 / 64.0 + 6.0 / 4.0) / 2.0).abs() < 1e-12);
    assert!((found.frobenius_norm - (9.0 + 6f64.sqrt()) / 2.0).abs() < 1e-12);
    assert_eq!(found.numerical_rank, 3);
}

#[test]
fn a_singular_example_is_one_of_many_for_the_median_and_does_not_vanish() {
    let [better, good, bad] = [[2.0, 2.0, 1.0], [6.0, 4.0, 2.0], [6.0, 4.0, 0.0]].map(diagonal);
    let one = averaged(&subject(), [&bad[..], &better[..], &good[..]], 3, 3, 3);
    // The mean of those that are not singular would be √6.
    assert!((one.condition_number - 3.0).abs() < 1e-12 && one.numerical_rank == 2);
    assert_eq!(one.singular_values[2], 0.0);
    let half = averaged(&subject(), [&good[..], &bad[..]], 3, 3, 3);
    assert_eq!(half.condition_number, f64::INFINITY);
    let lost = averaged(&subject(), [&good[..], &diagonal([f32::NAN, 1.0, 1.0])[..], &good[..]], 3, 3, 3);
    assert!(lost.condition_number.is_nan());
}

#[test]
fn directions_that_cannot_be_there_do_not_count() {
    let found = averaged(&subject(), [&diagonal([6.0, 3.0, 0.0])[..]], 3, 3, 2);
    assert_eq!((found.singular_values.len(), found.condition_number, found.numerical_rank), (2, 2.0, 2));
}

/// Always Skip Attention, proposition 4.2: `κ(XM + X) ≪ κ(XM)`, for most M, not for each.
#[test]
fn a_skip_mends_a_badly_conditioned_product_but_not_every_one() {
    let (rows, columns) = (8, 12);
    let mut stream = Stream::new(3, "test");
    let mut normal = |count: usize| (0..count).map(|_| stream.normal()).collect::<Vec<_>>();
    let x = DMatrix::from_row_iterator(rows, columns, normal(rows * columns));
    // Singular directions shrink by half each.
    let shrinking =
        DMatrix::from_fn(columns, columns, |i, j| if i == j { 0.5f64.powi(2 * i as i32) } else { 0.0 });
    let mixing = DMatrix::from_row_iterator(columns, columns, normal(columns * columns));
    let m = &mixing * shrinking * mixing.transpose() * 0.05;
    let condition = |matrix: &DMatrix<f64>| {
        let values: Vec<f32> = matrix.transpose().iter().map(|&value| value as f32).collect();
        spectrum("", 0, &values, rows, columns).condition_number
    };
    let (without, with) = (condition(&(&x * &m)), condition(&(&x * &m + &x)));
    assert!(with < without / 50.0, "{without} without, {with} with");
    let opposite = -DMatrix::identity(columns, columns) + &m * 0.01;
    assert!(condition(&(&x * &opposite + &x)) > 10.0 * condition(&(&x * &opposite)));
}
