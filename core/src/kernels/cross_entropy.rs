//! Cross-entropy of every replica by itself, in nats.
//!
//! ```text
//! loss[r] = 1/A[r] · Σₘ ( log Σ_c exp z[r,m,c] − z[r,m,target] )     ∂z = (softmax(z) − onehot) · ∂loss[r] / A[r]
//! ```
//!
//! A negative target is not asked for: its row counts neither in the sum nor in A, the number of rows that do, and its
//! gradient is 0. Where all rows are asked for, A = M. The kernel that takes the means counts, and the gradient is handed the
//! counts, since a thread for each row would count all rows again: two launches forward and one backward, whatever is asked.
//! A replica that is asked nothing has loss 0.

use burn::tensor::{Int, Tensor};
use cubecl::prelude::*;

use super::loops::{exp, indices};
use super::prelude::*;

/// Mean cross-entropy of each replica.
///
/// # Shapes
/// - `logits`: `[R, M, C]`
/// - `targets`: `[R, M]`, classes 0 to C − 1, negative where nothing is asked
/// - returns `[R]`
pub fn cross_entropy(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::cross_entropy_mean(logits.into_dispatch(), targets.into_dispatch()))
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait CrossEntropyOps: Backend {
    #[fusion(dtype = logits, shape = Shape::new([logits[0]]))]
    fn cross_entropy_mean(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self>;
}

/// The parts that the loss is made of, and its gradient.
#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait CrossEntropyParts: Backend {
    /// The loss and A, `[R]` each.
    #[fusion(meta = |logits, _targets| {
        let one = shaped(logits, [logits.shape[0]]);
        (one.clone(), one)
    })]
    fn cross_entropy_asked(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// `∂z`
    #[fusion(dtype = logits, shape = logits)]
    fn cross_entropy_mean_input(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
        asked: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl<B: Backend + CrossEntropyOps + CrossEntropyParts, C: CheckpointStrategy> CrossEntropyOps
    for Autodiff<B, C>
{
    fn cross_entropy_mean(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [logits],
            |[logits], wanted| {
                let kept = wanted.then(|| (logits.clone(), targets.clone()));
                let (means, asked) = B::cross_entropy_asked(logits, targets);
                (kept.map(|(logits, targets)| (logits, targets, asked)), means)
            },
            |(logits, targets, asked), grad, _| {
                [Some(B::cross_entropy_mean_input(logits, targets, asked, grad))]
            },
        )
    }
}

/// Largest logit of a row, and the sum of the exponentials above it.
#[cube]
fn partition(logits: &[f32], start: usize, classes: usize) -> (f32, f32) {
    let mut largest = logits[start];
    for c in start + 1..start + classes {
        largest = max(largest, logits[c]);
    }
    let mut sum = 0.0f32;
    for c in start..start + classes {
        sum += (logits[c] - largest).exp();
    }
    (largest, sum)
}

/// One thread a row.
#[cube(launch_unchecked)]
fn row_losses_kernel(logits: &[f32], targets: &[i32], losses: &mut [f32], units: usize, classes: usize) {
    end_beyond(units);
    let start = ABSOLUTE_POS * classes;
    let target = targets[ABSOLUTE_POS];
    if target >= 0 {
        let (largest, sum) = partition(logits, start, classes);
        losses[ABSOLUTE_POS] = largest + sum.ln() - logits[start + target as usize];
    } else {
        losses[ABSOLUTE_POS] = 0.0f32;
    }
}

/// One thread a replica.
#[cube(launch_unchecked)]
fn mean_kernel(
    losses: &[f32],
    targets: &[i32],
    means: &mut [f32],
    asked: &mut [f32],
    units: usize,
    rows: usize,
) {
    end_beyond(units);
    let mut sum = 0.0f32;
    let mut count = 0.0f32;
    for m in ABSOLUTE_POS * rows..(ABSOLUTE_POS + 1) * rows {
        sum += losses[m];
        count += select(targets[m] >= 0, 1.0f32, 0.0f32);
    }
    means[ABSOLUTE_POS] = sum / max(count, 1.0f32);
    asked[ABSOLUTE_POS] = count;
}

/// One thread a row.
#[cube(launch_unchecked)]
fn cross_entropy_input_kernel(
    logits: &[f32],
    targets: &[i32],
    asked: &[f32],
    grad: &[f32],
    dlogits: &mut [f32],
    units: usize,
    rows: usize,
    classes: usize,
) {
    end_beyond(units);
    let start = ABSOLUTE_POS * classes;
    let target = targets[ABSOLUTE_POS];
    if target >= 0 {
        let (largest, sum) = partition(logits, start, classes);
        let replica = ABSOLUTE_POS / rows;
        let factor = grad[replica] / asked[replica];
        let target = start + target as usize;
        for c in start..start + classes {
            let hit = select(c == target, 1.0f32, 0.0f32);
            dlogits[c] = ((logits[c] - largest).exp() / sum - hit) * factor;
        }
    } else {
        for c in start..start + classes {
            dlogits[c] = 0.0f32;
        }
    }
}

impl CrossEntropyOps for CubeBackend {
    fn cross_entropy_mean(logits: CubeTensor, targets: CubeTensor) -> CubeTensor {
        Self::cross_entropy_asked(logits, targets).0
    }
}

impl CrossEntropyParts for CubeBackend {
    fn cross_entropy_asked(logits: CubeTensor, targets: CubeTensor) -> (CubeTensor, CubeTensor) {
        let (logits, targets) = (contiguous(logits), contiguous(targets));
        let [r, m, c] = logits.shape().dims();
        let (losses, means, asked) = (empty(&logits, [r, m]), empty(&logits, [r]), empty(&logits, [r]));
        launch!(row_losses_kernel, r * m, [logits, targets.clone()], [losses], [c]);
        launch!(mean_kernel, r, [losses, targets], [means, asked], [m]);
        (means, asked)
    }

    fn cross_entropy_mean_input(
        logits: CubeTensor,
        targets: CubeTensor,
        asked: CubeTensor,
        grad: CubeTensor,
    ) -> CubeTensor {
        let [logits, targets, asked, grad] = [logits, targets, asked, grad].map(contiguous);
        let [r, m, c] = logits.shape().dims();
        let dlogits = empty(&logits, [r, m, c]);
        launch!(cross_entropy_input_kernel, r * m, [logits, targets, asked, grad], [dlogits], [m, c]);
        dlogits
    }
}

/// Largest logit, and the sum of the exponentials above it.
fn row_partition(row: &[f32]) -> (f32, f32) {
    let largest = row.iter().copied().fold(f32::MIN, f32::max);
    (largest, row.iter().map(|z| exp(z - largest)).sum())
}

impl CrossEntropyOps for Flex {
    fn cross_entropy_mean(logits: FlexTensor, targets: FlexTensor) -> FlexTensor {
        Self::cross_entropy_asked(logits, targets).0
    }
}

impl CrossEntropyParts for Flex {
    fn cross_entropy_asked(logits: FlexTensor, targets: FlexTensor) -> (FlexTensor, FlexTensor) {
        let [r, m, c] = logits.shape().dims();
        let (logits, targets) = (Values::of(&logits), indices(&targets));
        // A negative target has become a number beyond all classes.
        let count = |targets: &[usize]| targets.iter().filter(|&&target| target < c).count() as f32;
        let asked: Vec<f32> = targets.chunks_exact(m).map(count).collect();
        let mut means = vec![0.0; r];
        for (index, row) in logits.chunks_exact(c).enumerate() {
            if let Some(z) = row.get(targets[index]) {
                let (largest, sum) = row_partition(row);
                means[index / m] += (largest + sum.ln() - z) / asked[index / m];
            }
        }
        (tensor(means, [r]), tensor(asked, [r]))
    }

    fn cross_entropy_mean_input(
        logits: FlexTensor,
        targets: FlexTensor,
        asked: FlexTensor,
        grad: FlexTensor,
    ) -> FlexTensor {
        let [r, m, c] = logits.shape().dims();
        let (mut rows, targets) = (Values::of(&logits).to_vec(), indices(&targets));
        let (asked, grad) = (Values::of(&asked), Values::of(&grad));
        let (asked, grad) = (&asked[..], &grad[..]);
        for (index, row) in rows.chunks_exact_mut(c).enumerate() {
            let target = targets[index];
            if target >= c {
                row.fill(0.0);
                continue;
            }
            let (largest, sum) = row_partition(row);
            let factor = grad[index / m] / asked[index / m];
            row.iter_mut().for_each(|z| *z = exp(*z - largest) / sum * factor);
            row[target] -= factor;
        }
        tensor(rows, [r, m, c])
    }
}
