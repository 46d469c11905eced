//! Largest and smallest eigenvalue of the Hessian of each replica's training loss.
//!
//! ```text
//! H v ≈ (g(θ + εv) − g(θ − εv)) / 2ε        ε = 10⁻⁴ ‖θ‖
//! ```
//!
//! Burn differentiates once only, so products with the Hessian are differences of gradients, on one batch that is the
//! same at every probe. θ are the trained numbers: where weights are made from them by [`crate::techniques::weights`],
//! the curvature is that which the optimizer sees (and with equilibrated rows, exactly 0 along every row).
//! What is found is no eigenvalue of a Hessian where gradients are not derivatives of a smooth loss. A ReLU has kinks, and
//! differences of gradients count them: the largest value comes out up to a third too large, the smallest up to four times
//! too far below zero, with any ε. A term that counts as a constant (conditioned tokens, the norm of rows divided at the
//! start) makes the differences no symmetric matrix at all.
//!
//! All replicas take each step of [`Lanczos`] together; one read a step.

use burn::tensor::{ExecutionError, Tensor, TensorData};

use super::run::Run;
use crate::interface::Batch;
use crate::probes::curvature::Lanczos;
use crate::probes::report::Curvature;
use crate::random::Stream;

/// Products with the Hessian.
const STEPS: usize = 16;

/// ε as a share of ‖θ‖. Rounding is 10⁻⁷ of θ, so 10⁻³ of the difference; a larger share sees more of how the curvature itself
/// changes on the way: with cubic attention an independent computation in f64 found 10.08 and −14.36 where 10⁻³ gave 11.94
/// and −8.97, and 10⁻⁴ gives 10.14 and −14.16.
const SHARE: f64 = 1e-4;

/// One entry a replica; none for a replica whose gradients are not finite.
pub(super) async fn curvatures(run: &Run) -> Result<Vec<Curvature>, ExecutionError> {
    let raw = run.state().parameters.clone();
    let [replicas, width] = raw.dims();
    let first = run.probe_batch();
    let batch = || Batch { input: first.input.clone(), targets: first.targets.clone() };

    let values: Vec<f32> = raw.clone().into_data_async().await?.iter::<f32>().collect();
    let norm = |row: &[f32]| row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    let shares: Vec<f64> = values.chunks_exact(width).map(|row| SHARE * norm(row)).collect();
    let mut all: Vec<Lanczos> = run.seeds.iter().map(|&seed| Lanczos::new(&start(run, seed))).collect();

    for _ in 0..STEPS {
        let mut shift = Vec::with_capacity(replicas * width);
        for (lanczos, share) in all.iter().zip(&shares) {
            match lanczos.vector() {
                Some(vector) => shift.extend(vector.iter().map(|&x| (f64::from(x) * share) as f32)),
                None => shift.resize(shift.len() + width, 0.0),
            }
        }
        if all.iter().all(|lanczos| lanczos.vector().is_none()) {
            break;
        }
        let shift = Tensor::<2>::from_data(TensorData::new(shift, [replicas, width]), &raw.device());
        let above = run.gradient_at(&(raw.clone() + shift.clone()), batch());
        let below = run.gradient_at(&(raw.clone() - shift), batch());
        let difference: Vec<f32> = (above - below).into_data_async().await?.iter::<f32>().collect();
        for ((lanczos, share), row) in all.iter_mut().zip(&shares).zip(difference.chunks_exact(width)) {
            let product: Vec<f64> = row.iter().map(|&x| f64::from(x) / (2.0 * share)).collect();
            lanczos.absorb(&product);
        }
    }
    let curvature = |(replica, lanczos): (usize, Lanczos)| {
        let (largest, smallest) = lanczos.extremes()?;
        Some(Curvature { replica, largest, smallest, steps: lanczos.steps() })
    };
    Ok(all.into_iter().enumerate().filter_map(curvature).collect())
}

/// Random numbers where parameters are, 0 in the gaps between them.
fn start(run: &Run, seed: u64) -> Vec<f32> {
    let mut stream = Stream::new(seed, "curvature");
    let mut vector = vec![0.0; run.layout.width()];
    for p in run.layout.parameters() {
        vector[p.offset..][..p.rows * p.columns].fill_with(|| stream.normal() as f32);
    }
    vector
}
