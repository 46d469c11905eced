//! Extreme eigenvalues of a symmetric matrix that is known only by its products with vectors: Lanczos.
//!
//! ```text
//! w = H v_k − β_{k−1} v_{k−1}        α_k = v_k·w        w ← w − α_k v_k        β_k = ‖w‖        v_{k+1} = w / β_k
//! ```
//!
//! The eigenvalues of the tridiagonal matrix of α and β approach the outermost ones of `H` from inside, the outliers first.
//! Every new vector is made orthogonal to all before it, twice: without that, rounding brings found directions back.
//! A Hessian's largest eigenvalue bounds the step of gradient descent (2/λ); the smallest says how far the loss is
//! from convex.

use nalgebra::{DMatrix, SymmetricEigen};

/// The recurrence for one matrix.
#[derive(Clone, Debug)]
pub struct Lanczos {
    /// Orthonormal; the last is the one whose product is wanted.
    vectors: Vec<Vec<f32>>,
    /// α.
    diagonal: Vec<f64>,
    /// β.
    beside: Vec<f64>,
    done: bool,
}

/// β below this share of the largest α or β is rounding: the vectors then span all that `H` can reach from the start.
const NEGLIGIBLE: f64 = 1e-7;

impl Lanczos {
    /// Starts along `start`, of any length but 0.
    pub fn new(start: &[f32]) -> Self {
        let mut start: Vec<f64> = start.iter().map(|&x| f64::from(x)).collect();
        let norm = dot(&start, &start).sqrt();
        start.iter_mut().for_each(|x| *x /= norm);
        Self { vectors: vec![single(&start)], diagonal: vec![], beside: vec![], done: !norm.is_normal() }
    }

    /// The unit vector whose product with `H` comes next; `None` when there is no further one.
    pub fn vector(&self) -> Option<&[f32]> {
        self.vectors.last().filter(|_| !self.done).map(Vec::as_slice)
    }

    /// Takes the product of `H` with [`vector`](Self::vector). A product that is not finite ends the recurrence.
    pub fn absorb(&mut self, product: &[f64]) {
        if self.done || product.iter().any(|x| !x.is_finite()) {
            self.done = true;
            return;
        }
        let mut rest = product.to_vec();
        let last = &self.vectors[self.vectors.len() - 1];
        self.diagonal.push(last.iter().zip(product).map(|(v, w)| f64::from(*v) * w).sum());
        for _ in 0..2 {
            for vector in &self.vectors {
                let along: f64 = vector.iter().zip(&rest).map(|(v, w)| f64::from(*v) * w).sum();
                rest.iter_mut().zip(vector).for_each(|(w, v)| *w -= along * f64::from(*v));
            }
        }
        let norm = dot(&rest, &rest).sqrt();
        let scale = self.diagonal.iter().chain(&self.beside).fold(0.0f64, |most, x| most.max(x.abs()));
        if norm <= NEGLIGIBLE * scale || self.vectors.len() >= product.len() {
            self.done = true;
            return;
        }
        self.beside.push(norm);
        rest.iter_mut().for_each(|x| *x /= norm);
        self.vectors.push(single(&rest));
    }

    /// Products taken.
    pub fn steps(&self) -> usize {
        self.diagonal.len()
    }

    /// Largest and smallest eigenvalue of the tridiagonal matrix; `None` before the first product.
    pub fn extremes(&self) -> Option<(f64, f64)> {
        let n = self.steps();
        let entry = |i: usize, j: usize| match i.abs_diff(j) {
            0 => self.diagonal[i],
            1 => self.beside[i.min(j)],
            _ => 0.0,
        };
        let values = (n > 0).then(|| SymmetricEigen::new(DMatrix::from_fn(n, n, entry)).eigenvalues)?;
        Some((values.max(), values.min()))
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn single(vector: &[f64]) -> Vec<f32> {
    vector.iter().map(|&x| x as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn random(name: &str, n: usize) -> DMatrix<f64> {
        let mut stream = Stream::new(2, name);
        let a = DMatrix::from_fn(n, n, |_, _| stream.normal());
        (&a + a.transpose()) / 2.0
    }

    fn run(matrix: &DMatrix<f64>, steps: usize) -> Lanczos {
        let mut stream = Stream::new(3, "start");
        let start: Vec<f32> = (0..matrix.nrows()).map(|_| stream.normal() as f32).collect();
        let mut lanczos = Lanczos::new(&start);
        for _ in 0..steps {
            let Some(vector) = lanczos.vector() else { break };
            let vector = DMatrix::from_iterator(vector.len(), 1, vector.iter().map(|&x| f64::from(x)));
            lanczos.absorb((matrix * vector).as_slice());
        }
        lanczos
    }

    #[test]
    fn as_many_steps_as_rows_find_both_ends_of_the_spectrum() {
        let matrix = random("a", 20);
        let wanted = SymmetricEigen::new(matrix.clone()).eigenvalues;
        let found = run(&matrix, 40);
        assert_eq!(found.steps(), 20, "there is no 21st direction");
        let (largest, smallest) = found.extremes().unwrap();
        assert!((largest - wanted.max()).abs() < 1e-5 && (smallest - wanted.min()).abs() < 1e-5);
    }

    #[test]
    fn twelve_steps_find_outliers_among_hundreds_of_small_eigenvalues() {
        let n = 300;
        let bulk = random("b", n) / 40.0; // eigenvalues up to about 0.6
        let mut matrix = bulk;
        matrix[(7, 7)] += 30.0;
        matrix[(100, 100)] -= 9.0;
        let (largest, smallest) = run(&matrix, 12).extremes().unwrap();
        let wanted = SymmetricEigen::new(matrix).eigenvalues;
        assert!((largest - wanted.max()).abs() < 1e-4 * wanted.max(), "{largest} {}", wanted.max());
        assert!((smallest - wanted.min()).abs() < 1e-3 * wanted.min().abs(), "{smallest} {}", wanted.min());
    }

    #[test]
    fn a_matrix_of_few_different_eigenvalues_ends_early_and_exactly() {
        let mut matrix = DMatrix::from_diagonal_element(9, 9, 2.0);
        matrix[(3, 3)] = 5.0;
        let found = run(&matrix, 9);
        assert!(found.steps() <= 3, "{}", found.steps());
        let (largest, smallest) = found.extremes().unwrap();
        assert!((largest - 5.0).abs() < 1e-6 && (smallest - 2.0).abs() < 1e-6);
    }

    #[test]
    fn a_product_that_is_not_finite_ends_it() {
        let mut lanczos = Lanczos::new(&[1.0, 0.0]);
        lanczos.absorb(&[f64::NAN, 0.0]);
        assert!(lanczos.vector().is_none() && lanczos.extremes().is_none());
        assert!(Lanczos::new(&[0.0, 0.0]).vector().is_none(), "no direction to start along");
    }
}
