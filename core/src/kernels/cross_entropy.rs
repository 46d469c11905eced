//! Cross-entropy of every replica by itself, in nats.
//!
//! ```text
//! loss[r] = 1/M · Σₘ ( log Σ_c exp z[r,m,c] − z[r,m,target] )        ∂z = (softmax(z) − onehot) · ∂loss[r] / M
//! ```

use burn::tensor::{Int, Tensor};
use cubecl::prelude::*;

use super::loops::{exp, indices};
use super::prelude::*;

/// Mean cross-entropy of each replica.
///
/// # Shapes
/// - `logits`: `[R, M, C]`
/// - `targets`: `[R, M]`, classes 0 to C − 1
/// - returns `[R]`
pub fn cross_entropy(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::cross_entropy_mean(logits.into_dispatch(), targets.into_dispatch()))
}

#[backend_extension(Flex, Cube, Autodiff, Fusion)]
pub(super) trait CrossEntropyOps: Backend {
    #[fusion(dtype = logits, shape = Shape::new([logits[0]]))]
    fn cross_entropy_mean(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self>;
}

#[backend_extension(Flex, Cube, Fusion)]
pub(super) trait CrossEntropyGradients: Backend {
    /// `∂z`
    #[fusion(dtype = logits, shape = logits)]
    fn cross_entropy_mean_input(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl<B: Backend + CrossEntropyOps + CrossEntropyGradients, C: CheckpointStrategy> CrossEntropyOps
    for Autodiff<B, C>
{
    fn cross_entropy_mean(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self> {
        differentiable::<B, C, _, _>(
            [logits],
            |[logits], wanted| {
                let kept = wanted.then(|| (logits.clone(), targets.clone()));
                (kept, B::cross_entropy_mean(logits, targets))
            },
            |(logits, targets), grad, _| [Some(B::cross_entropy_mean_input(logits, targets, grad))],
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
    let (largest, sum) = partition(logits, start, classes);
    losses[ABSOLUTE_POS] = largest + sum.ln() - logits[start + targets[ABSOLUTE_POS] as usize];
}

/// One thread a replica.
#[cube(launch_unchecked)]
fn mean_kernel(losses: &[f32], means: &mut [f32], units: usize, rows: usize) {
    end_beyond(units);
    let mut sum = 0.0f32;
    for m in ABSOLUTE_POS * rows..(ABSOLUTE_POS + 1) * rows {
        sum += losses[m];
    }
    means[ABSOLUTE_POS] = sum / f32::cast_from(rows);
}

/// One thread a row.
#[cube(launch_unchecked)]
fn cross_entropy_input_kernel(
    logits: &[f32],
    targets: &[i32],
    grad: &[f32],
    dlogits: &mut [f32],
    units: usize,
    rows: usize,
    classes: usize,
) {
    end_beyond(units);
    let start = ABSOLUTE_POS * classes;
    let (largest, sum) = partition(logits, start, classes);
    let factor = grad[ABSOLUTE_POS / rows] / f32::cast_from(rows);
    let target = start + targets[ABSOLUTE_POS] as usize;
    for c in start..start + classes {
        let hit = select(c == target, 1.0f32, 0.0f32);
        dlogits[c] = ((logits[c] - largest).exp() / sum - hit) * factor;
    }
}

impl CrossEntropyOps for CubeBackend {
    fn cross_entropy_mean(logits: CubeTensor, targets: CubeTensor) -> CubeTensor {
        let (logits, targets) = (contiguous(logits), contiguous(targets));
        let [r, m, c] = logits.shape().dims();
        let (losses, means) = (empty(&logits, [r, m]), empty(&logits, [r]));
        launch!(row_losses_kernel, r * m, [logits, targets], [losses], [c]);
        launch!(mean_kernel, r, [losses], [means], [m]);
        means
    }
}

impl CrossEntropyGradients for CubeBackend {
    fn cross_entropy_mean_input(logits: CubeTensor, targets: CubeTensor, grad: CubeTensor) -> CubeTensor {
        let (logits, targets, grad) = (contiguous(logits), contiguous(targets), contiguous(grad));
        let [r, m, c] = logits.shape().dims();
        let dlogits = empty(&logits, [r, m, c]);
        launch!(cross_entropy_input_kernel, r * m, [logits, targets, grad], [dlogits], [m, c]);
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
        let [r, m, c] = logits.shape().dims();
        let (logits, targets) = (Values::of(&logits), indices(&targets));
        let mut means = vec![0.0; r];
        for (index, row) in logits.chunks_exact(c).enumerate() {
            let (largest, sum) = row_partition(row);
            means[index / m] += (largest + sum.ln() - row[targets[index]]) / m as f32;
        }
        tensor(means, [r])
    }
}

impl CrossEntropyGradients for Flex {
    fn cross_entropy_mean_input(logits: FlexTensor, targets: FlexTensor, grad: FlexTensor) -> FlexTensor {
        let [r, m, c] = logits.shape().dims();
        let (mut rows, targets, grad) = (Values::of(&logits).to_vec(), indices(&targets), Values::of(&grad));
        for (index, row) in rows.chunks_exact_mut(c).enumerate() {
            let (largest, sum) = row_partition(row);
            let factor = grad[index / m] / m as f32;
            row.iter_mut().for_each(|z| *z = exp(*z - largest) / sum * factor);
            row[targets[index]] -= factor;
        }
        tensor(rows, [r, m, c])
    }
}
