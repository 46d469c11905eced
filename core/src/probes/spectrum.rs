//! Singular values of a matrix, and what follows from them: condition number, stable rank, Frobenius norm.
//!
//! On the CPU in f64, from numbers that were read back: no GPU kernel finds singular values, and eigenvalues of
//! `AᵀA` would square the condition number and lose half of the digits.
//!
//! The numbers were made in f32, so singular values below `max(rows, columns) · ε · σ₁` (ε of f32) count as zero: the
//! matrix is singular then, and its condition number infinite. Of a matrix that is not finite, nothing is a number, and
//! its rank is 0.
//!
//! Of the same matrix in several examples:
//!
//! | what | over the examples |
//! |---|---|
//! | singular values | geometric mean of each |
//! | condition number | the median; of an even number the two in the middle, geometrically |
//! | stable rank, Frobenius norm | arithmetic mean |
//! | numerical rank | the smallest |

use nalgebra::{DMatrix, SVD};

use super::report::{Quantity, Spectrum};

/// The spectrum of one weight matrix, `rows × columns` numbers row by row.
pub fn spectrum(name: &str, replica: usize, values: &[f32], rows: usize, columns: usize) -> Spectrum {
    let subject = Subject { quantity: Quantity::Weight, name, head: None, replica, rounding: 0.0 };
    averaged(&subject, [values], rows, columns, rows.min(columns))
}

/// What a spectrum is one of.
pub struct Subject<'a> {
    /// What the matrices are.
    pub quantity: Quantity,
    /// Name or place.
    pub name: &'a str,
    /// Head, where heads are told apart.
    pub head: Option<usize>,
    /// Replica.
    pub replica: usize,
    /// ‖·‖_F of what rounding may have done to the numbers before they came here; singular values up to that count as zero.
    pub rounding: f64,
}

/// The spectrum of the same matrix in several examples, each `rows × columns` numbers row by row.
///
/// Only the first `rank` singular values are looked at: more cannot differ from zero.
///
/// # Panics
/// If there is no matrix, or one of another size.
pub fn averaged<'a>(
    subject: &Subject<'_>,
    matrices: impl IntoIterator<Item = &'a [f32]>,
    rows: usize,
    columns: usize,
    rank: usize,
) -> Spectrum {
    let singles = matrices.into_iter().map(|values| {
        let mut single = Single::of(values, rows, columns, rank);
        single.zero = single.zero.max(subject.rounding);
        single
    });
    let singles: Vec<Single> = singles.collect();
    let count = singles.len();
    assert!(count > 0, "a spectrum has a matrix");
    let mean = |of: fn(&Single) -> f64| singles.iter().map(of).sum::<f64>() / count as f64;
    let values = |at: usize| geometric_mean(&singles.iter().map(|one| one.singular[at]).collect::<Vec<_>>());
    Spectrum {
        quantity: subject.quantity,
        name: subject.name.into(),
        head: subject.head,
        samples: count,
        replica: subject.replica,
        singular_values: (0..rank).map(|at| values(at) as f32).collect(),
        condition_number: median(singles.iter().map(Single::condition).collect()),
        stable_rank: mean(Single::stable_rank),
        frobenius_norm: mean(|one| one.norm),
        numerical_rank: singles.iter().map(Single::rank).min().unwrap_or_default(),
    }
}

/// One matrix.
struct Single {
    /// Largest first.
    singular: Vec<f64>,
    /// Below this a singular value is rounding.
    zero: f64,
    norm: f64,
}

impl Single {
    fn of(values: &[f32], rows: usize, columns: usize, rank: usize) -> Self {
        let matrix = DMatrix::from_row_iterator(rows, columns, values.iter().map(|&x| f64::from(x)));
        let norm = matrix.norm();
        let mut singular = singular_values(matrix);
        singular.truncate(rank);
        let zero = rows.max(columns) as f64 * f64::from(f32::EPSILON) * singular[0];
        Self { singular, zero, norm }
    }

    fn condition(&self) -> f64 {
        let (largest, smallest) = (self.singular[0], self.singular[self.singular.len() - 1]);
        if smallest <= self.zero { f64::INFINITY } else { largest / smallest }
    }

    fn stable_rank(&self) -> f64 {
        let largest = self.singular[0];
        if largest == 0.0 { 0.0 } else { (self.norm / largest).powi(2) }
    }

    fn rank(&self) -> usize {
        self.singular.iter().filter(|&&value| value > self.zero).count()
    }
}

/// Largest first; not numbers if the matrix has one that is not finite.
fn singular_values(matrix: DMatrix<f64>) -> Vec<f64> {
    let count = matrix.nrows().min(matrix.ncols());
    let nothing = vec![f64::NAN; count];
    // An infinite number would keep the iteration busy for ever.
    if !matrix.iter().all(|value| value.is_finite()) {
        return nothing;
    }
    // Two or three iterations a singular value are usual.
    let most = 100 * (count + 1);
    let Some(found) = SVD::try_new_unordered(matrix, false, false, 5.0 * f64::EPSILON, most) else {
        return nothing;
    };
    let mut singular: Vec<f64> = found.singular_values.iter().map(|value| value.abs()).collect();
    singular.sort_by(|a, b| b.total_cmp(a));
    singular
}

/// Infinite where half of the matrices are singular or more, so that it does not look small just there; not a number if
/// one is not.
fn median(mut values: Vec<f64>) -> f64 {
    // What is not a number is last.
    values.sort_by(f64::total_cmp);
    let last = values.len() - 1;
    if values[last].is_nan() { f64::NAN } else { geometric_mean(&values[last / 2..=values.len() / 2]) }
}

/// `exp(mean ln x)`; the number itself if there is only one.
fn geometric_mean(values: &[f64]) -> f64 {
    match values {
        [one] => *one,
        _ => libm::exp(values.iter().map(|&value| libm::log(value)).sum::<f64>() / values.len() as f64),
    }
}

#[cfg(test)]
mod tests;
