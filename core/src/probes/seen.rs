//! From matrices that a network was seen to compute to their spectra.

use super::report::{Quantity, Spectrum};
use super::spectrum::{Subject, averaged};

/// What is known of matrices before their numbers are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// What they are.
    pub quantity: Quantity,
    /// Where, for example `blocks.2`.
    pub place: String,
    /// `[R, S·H, rows, columns]`: of every replica, example and head.
    pub shape: [usize; 4],
    /// H; 1 where heads are not told apart.
    pub heads: usize,
    /// The largest rank that such a matrix can have.
    pub rank: usize,
}

/// One spectrum for each replica and head, over all examples. A Jacobian is followed by itself plus the identity.
///
/// # Panics
/// If there are not as many numbers as the outline says.
pub fn spectra(outline: &Outline, values: &[f32]) -> Vec<Spectrum> {
    let [replicas, all, rows, columns] = outline.shape;
    assert_eq!(values.len(), replicas * all * rows * columns, "numbers of {}", outline.place);
    let matrices: Vec<&[f32]> = values.chunks_exact(rows * columns).collect();
    // Heads are only told apart where there may be several; a single attention head is one of them.
    let by_head = matches!(outline.quantity, Quantity::Scores | Quantity::Attention);
    let mut found = Vec::new();
    for replica in 0..replicas {
        for head in 0..outline.heads {
            let subject = |quantity| {
                let head = by_head.then_some(head);
                Subject { quantity, name: &outline.place, head, replica, rounding: 0.0 }
            };
            let of_head = matrices[replica * all..][..all].iter().skip(head).step_by(outline.heads);
            let spectrum =
                averaged(&subject(outline.quantity), of_head.clone().copied(), rows, columns, outline.rank);
            found.push(spectrum);
            if outline.quantity == Quantity::Jacobian {
                let with_skip: Vec<Vec<f32>> = of_head.map(|matrix| plus_identity(matrix, columns)).collect();
                let subject = subject(Quantity::JacobianWithSkip);
                found.push(averaged(
                    &subject,
                    with_skip.iter().map(Vec::as_slice),
                    rows,
                    columns,
                    outline.rank,
                ));
            }
        }
    }
    found
}

fn plus_identity(matrix: &[f32], columns: usize) -> Vec<f32> {
    let mut sum = matrix.to_vec();
    sum.iter_mut().step_by(columns + 1).for_each(|value| *value += 1.0);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(quantity: Quantity, shape: [usize; 4], heads: usize) -> Outline {
        Outline { quantity, place: "blocks.1".into(), shape, heads, rank: 2 }
    }

    #[test]
    fn examples_of_one_head_and_replica_belong_together() {
        // Two replicas, two examples, two heads: κ of head h in replica r is 2 + h + 10 r in each example.
        let mut values = Vec::new();
        for replica in 0..2 {
            for example in 1..=2 {
                for head in 0..2 {
                    let (scale, kappa) = (example as f32, (2 + head + 10 * replica) as f32);
                    values.extend([kappa * scale, 0.0, 0.0, scale]);
                }
            }
        }
        let found = spectra(&outline(Quantity::Attention, [2, 4, 2, 2], 2), &values);
        let seen: Vec<_> = found.iter().map(|s| (s.replica, s.head, s.samples)).collect();
        assert_eq!(seen, [(0, Some(0), 2), (0, Some(1), 2), (1, Some(0), 2), (1, Some(1), 2)]);
        let kappas: Vec<f64> = found.iter().map(|s| s.condition_number.round()).collect();
        assert_eq!(kappas, [2.0, 3.0, 12.0, 13.0]);
        assert!(found.iter().all(|s| s.name == "blocks.1" && s.quantity == Quantity::Attention));
    }

    #[test]
    fn a_jacobian_is_followed_by_itself_plus_the_identity() {
        let found = spectra(&outline(Quantity::Jacobian, [1, 1, 2, 2], 1), &[1.0, 0.0, 0.0, 0.0]);
        assert_eq!(found[0].condition_number, f64::INFINITY);
        assert_eq!((found[1].quantity, found[1].head), (Quantity::JacobianWithSkip, None));
        assert_eq!(found[1].singular_values, [2.0, 1.0]);
    }
}
