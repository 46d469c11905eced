//! Query and key weights whose maps are the targets.

use nalgebra::DMatrix;

use super::Impulse;
use super::targets::target;
use crate::layers::positions;
use crate::parameters::AttentionShape;
use crate::random::{Stream, xavier_uniform};
use crate::techniques::initialization::mimetic::products::halves;

/// Height of the impulse, and deviation of the noise, in the target.
const IMPULSE: f64 = 1000.0;
const NOISE: f64 = 1.8;
/// Largest Frobenius norm of a head's query weights.
const LARGEST_GAIN: f64 = 12.0;
/// The layer norm's, as in `kernels::layer_norm`.
const EPSILON: f64 = 1e-5;
/// Rows of a map that its mean mass is measured on, at most.
const MEASURED_ROWS: usize = 128;

/// Query and key weights of a layer, each `[D, h·d]`.
pub fn query_key(seed: u64, name: &str, shape: &AttentionShape, impulse: &Impulse) -> (Vec<f32>, Vec<f32>) {
    let (width, head_width, inner) = (shape.width, shape.head_width, shape.inner());
    let first = positions(seed, shape.tokens, width, shape.positions);
    let places = Places::new(&first, shape.tokens, width, rank(shape, impulse.rank));
    // Columns beyond the rank: no product, but a key that can learn.
    let mut query = xavier_uniform(seed, &format!("{name}.query.weight"), width, inner);
    let mut key = vec![0.0; width * inner];
    for head in 0..shape.heads {
        let wanted = target(impulse.target, impulse.kernel, seed, name, head, shape.tokens);
        let mut noise = Stream::new(seed, &format!("{name}.impulse.{head}"));
        let (left, right) = places.solve(&wanted, head_width, f64::from(impulse.mass), &mut noise);
        for column in 0..left.ncols() {
            for row in 0..width {
                let at = row * inner + head * head_width + column;
                query[at] = left[(row, column)] as f32;
                key[at] = right[(row, column)] as f32;
            }
        }
    }
    (query, key)
}

/// R before it meets the rank that the positions have.
fn rank(shape: &AttentionShape, asked: u32) -> usize {
    match (asked, shape.positions == 0.0) {
        (0, false) => (3 * shape.tokens / 8).max(1),
        (0, true) => (libm::sqrt(shape.tokens as f64) as usize / 2 * 2).clamp(1, 12),
        (rank, _) => rank as usize,
    }
}

/// The positions as the first block sees them, cut to rank R.
struct Places {
    /// `U_R Σ_R`, `[N, R]`: the normalized positions in the basis.
    scores: DMatrix<f64>,
    /// `G = U_R Σ_R⁻¹`, `[N, R]`.
    inverse: DMatrix<f64>,
    /// `V_R`, `[D, R]`.
    basis: DMatrix<f64>,
}

impl Places {
    fn new(positions: &[f32], tokens: usize, width: usize, rank: usize) -> Self {
        let mut normal = DMatrix::from_row_iterator(tokens, width, positions.iter().map(|&x| f64::from(x)));
        for mut row in normal.row_iter_mut() {
            let mean = row.mean();
            row.add_scalar_mut(-mean);
            let inverse = 1.0 / libm::sqrt(row.norm_squared() / width as f64 + EPSILON);
            row.scale_mut(inverse);
        }
        let svd = normal.svd(true, true);
        let (u, v) = (svd.u.expect("was asked for"), svd.v_t.expect("was asked for").transpose());
        let values = svd.singular_values;
        let present = values.iter().filter(|value| **value > 1e-6 * values[0]).count();
        let rank = rank.min(present).max(1);
        let scaled = |power: i32| {
            let mut scaled = u.columns(0, rank).into_owned();
            for (column, value) in values.iter().take(rank).enumerate() {
                scaled.column_mut(column).scale_mut(if power > 0 { *value } else { 1.0 / value });
            }
            scaled
        };
        Self { scores: scaled(1), inverse: scaled(-1), basis: v.columns(0, rank).into_owned() }
    }

    /// `W_Q` and `W_K` of one head, at most `head_width` columns each.
    fn solve(
        &self,
        target: &[Option<usize>],
        head_width: usize,
        mass: f64,
        noise: &mut Stream,
    ) -> (DMatrix<f64>, DMatrix<f64>) {
        let columns = head_width.min(self.inverse.ncols());
        let (left, right) = halves(self.inverse.tr_mul(&self.target_times_inverse(target, noise)));
        let cut = |half: DMatrix<f64>| {
            let mut half = half.columns(0, columns).into_owned();
            let norm = half.norm();
            half.scale_mut(1.0 / norm);
            half
        };
        let (left, right) = (cut(left), cut(right));
        let logits =
            (&self.scores * &left) * (&self.scores * &right).transpose() / libm::sqrt(head_width as f64);
        let gain = gain(&logits, target, mass);
        (&self.basis * left * gain, &self.basis * right * gain)
    }

    /// `T G`, without ever holding T.
    fn target_times_inverse(&self, target: &[Option<usize>], noise: &mut Stream) -> DMatrix<f64> {
        // Columns lie together in memory, and a row of G is read for every number of T.
        let by_token = self.inverse.transpose();
        let mut product = DMatrix::<f64>::zeros(by_token.nrows(), by_token.ncols());
        for (row, wanted) in target.iter().enumerate() {
            let mut sum = product.column_mut(row);
            for token in 0..by_token.ncols() {
                let drawn = noise.normal();
                let value = if *wanted == Some(token) { IMPULSE } else { NOISE * drawn };
                sum.axpy(value, &by_token.column(token), 1.0);
            }
        }
        product.transpose()
    }
}

/// The gain g at which the softmax of `g² · logits` has the share `mass` on the target on average, or the nearest to it
/// that a gain up to [`LARGEST_GAIN`] reaches.
fn gain(logits: &DMatrix<f64>, target: &[Option<usize>], mass: f64) -> f64 {
    let found = |gain: f64| mean_mass(logits, target, gain * gain);
    let (mut low, mut high) = (0.0, 0.0);
    let mut best = (0.0, 0.0);
    // Where some rows miss their target the mass falls again at large gains: the first gain that reaches it is wanted.
    for step in 1..=24 {
        let next = LARGEST_GAIN * f64::from(step) / 24.0;
        let reached = found(next);
        if reached > best.0 {
            best = (reached, next);
        }
        if reached >= mass {
            high = next;
            break;
        }
        low = next;
    }
    if high == 0.0 {
        return best.1;
    }
    for _ in 0..20 {
        let middle = 0.5 * (low + high);
        if found(middle) < mass { low = middle } else { high = middle }
    }
    high
}

/// Mean of softmax(factor · logits) at the target, over rows that have one.
fn mean_mass(logits: &DMatrix<f64>, target: &[Option<usize>], factor: f64) -> f64 {
    let (mut sum, mut rows) = (0.0, 0.0);
    for (row, wanted) in target.iter().enumerate().step_by(target.len().div_ceil(MEASURED_ROWS)) {
        if let Some(wanted) = *wanted {
            let at = logits[(row, wanted)];
            sum += 1.0 / logits.row(row).iter().map(|other| libm::exp(factor * (other - at))).sum::<f64>();
            rows += 1.0;
        }
    }
    sum / f64::max(rows, 1.0)
}
