//! Singular values of a matrix, and what follows from them: condition number, stable rank, Frobenius norm.
//!
//! On the CPU in f64, from numbers that were read back: no GPU kernel finds singular values, and eigenvalues of
//! `AᵀA` would square the condition number and lose half of the digits.

use nalgebra::DMatrix;

use super::report::{Quantity, Spectrum};

/// The spectrum of `rows × columns` numbers, row by row.
///
/// Singular values below `max(rows, columns) · ε · σ₁` (ε of f32, in which the numbers were made) count as zero:
/// the condition number is then infinite.
pub fn spectrum(name: &str, replica: usize, values: &[f32], rows: usize, columns: usize) -> Spectrum {
    let matrix = DMatrix::from_row_iterator(rows, columns, values.iter().map(|&x| f64::from(x)));
    let frobenius_norm = matrix.norm();
    let mut singular: Vec<f64> = if values.iter().all(|x| x.is_finite()) {
        matrix.singular_values().iter().copied().collect()
    } else {
        vec![f64::NAN; rows.min(columns)]
    };
    singular.sort_by(|a, b| b.total_cmp(a));
    let (largest, smallest) = (singular[0], singular[singular.len() - 1]);
    let zero = rows.max(columns) as f64 * f64::from(f32::EPSILON) * largest;
    Spectrum {
        quantity: Quantity::Weight,
        name: name.into(),
        head: None,
        samples: 1,
        replica,
        condition_number: if smallest <= zero { f64::INFINITY } else { largest / smallest },
        stable_rank: if largest > 0.0 { (frobenius_norm / largest).powi(2) } else { 0.0 },
        frobenius_norm,
        numerical_rank: singular.iter().filter(|&&value| value > zero).count(),
        singular_values: singular.into_iter().map(|value| value as f32).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagonal_matrix_shows_its_diagonal() {
        let found = spectrum("d", 0, &[3.0, 0.0, 0.0, 0.0, 2.0, 0.0], 2, 3);
        assert_eq!(found.singular_values, [3.0, 2.0]);
        assert!((found.condition_number - 1.5).abs() < 1e-12);
        assert!((found.stable_rank - 13.0 / 9.0).abs() < 1e-12);
        assert!((found.frobenius_norm - 13f64.sqrt()).abs() < 1e-12);
        assert_eq!(found.numerical_rank, 2);
    }

    #[test]
    fn a_singular_matrix_has_infinite_condition_and_its_true_rank() {
        let found = spectrum("s", 0, &[1.0, 2.0, 2.0, 4.0], 2, 2);
        assert_eq!(found.condition_number, f64::INFINITY);
        assert_eq!(found.numerical_rank, 1);
        let zero = spectrum("z", 0, &[0.0; 4], 2, 2);
        assert_eq!((zero.numerical_rank, zero.stable_rank), (0, 0.0));
    }
}
