//! What is compared: quality against bytes, and how far rounding can move a stable rank.

/// The Bjøntegaard gap (VCEG-M33, 2001): how much better one curve is than another, on average over the logarithm of the bytes
/// that both have, as [`mean_over_bytes`] of each.
///
/// `None` if a curve has fewer than two points with different bytes, or the two have no bytes in common.
///
/// # Shapes
/// - `one`, `other`: bytes and quality of each point, in any order
/// - returns quality of `one` minus that of `other`
pub fn bjontegaard(one: &[(f64, f64)], other: &[(f64, f64)]) -> Option<f64> {
    let ends = |curve: &[(f64, f64)]| {
        let bytes = curve.iter().map(|(bytes, _)| *bytes);
        [bytes.clone().fold(f64::INFINITY, f64::min), bytes.fold(0.0, f64::max)]
    };
    let (one_ends, other_ends) = (ends(one), ends(other));
    let common = [one_ends[0].max(other_ends[0]), one_ends[1].min(other_ends[1])];
    Some(mean_over_bytes(one, common)? - mean_over_bytes(other, common)?)
}

/// The mean quality of a curve over the logarithm of the bytes from `low` to `high`: of a cubic in log₁₀(bytes), by least squares;
/// of fewer than four points, the polynomial through them.
///
/// `None` if the curve has fewer than two points with different bytes, does not reach from `low` to `high`, or has a number that
/// is not finite.
///
/// # Shapes
/// - `curve`: bytes and quality of each point, in any order
pub fn mean_over_bytes(curve: &[(f64, f64)], [low, high]: [f64; 2]) -> Option<f64> {
    let (low, high) = (low.log10(), high.log10());
    let mut points: Vec<(f64, f64)> = curve.iter().map(|(bytes, q)| (bytes.log10(), *q)).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points.dedup_by(|a, b| a.0 == b.0);
    let reaches = points.len() > 1 && points[0].0 <= low && high <= points[points.len() - 1].0;
    if !reaches || high <= low || points.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
        return None;
    }
    // Centred, so that powers of a logarithm of bytes do not cancel.
    let middle = (low + high) / 2.0;
    let centred: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x - middle, *y)).collect();
    let coefficients = fit(&centred, points.len().min(4))?;
    let integral = |x: f64| {
        let term = |(k, c): (usize, &f64)| c * x.powi(k as i32 + 1) / (k + 1) as f64;
        coefficients.iter().enumerate().map(term).sum::<f64>()
    };
    Some((integral(high - middle) - integral(low - middle)) / (high - low))
}

/// Coefficients of a polynomial by least squares, lowest first: Gauss on the normal equations.
fn fit(points: &[(f64, f64)], count: usize) -> Option<Vec<f64>> {
    let power = |x: f64, k: usize| x.powi(k as i32);
    let mut rows: Vec<Vec<f64>> = (0..count)
        .map(|i| {
            let left = (0..count).map(|j| points.iter().map(|(x, _)| power(*x, i + j)).sum());
            left.chain([points.iter().map(|(x, y)| y * power(*x, i)).sum()]).collect()
        })
        .collect();
    for at in 0..count {
        let pivot = (at..count).max_by(|a, b| rows[*a][at].abs().total_cmp(&rows[*b][at].abs()))?;
        rows.swap(at, pivot);
        if rows[at][at] == 0.0 {
            return None;
        }
        for below in at + 1..count {
            let factor = rows[below][at] / rows[at][at];
            let pivot = rows[at].clone();
            rows[below]
                .iter_mut()
                .zip(pivot)
                .skip(at)
                .for_each(|(value, of_pivot)| *value -= factor * of_pivot);
        }
    }
    let mut found = vec![0.0; count];
    for at in (0..count).rev() {
        let rest: f64 = (at + 1..count).map(|column| rows[at][column] * found[column]).sum();
        found[at] = (rows[at][count] - rest) / rows[at][at];
    }
    Some(found)
}

/// Between what the stable rank of a matrix must lie after an error E was added, by the triangle inequality on both norms:
///
/// ```text
/// (‖M‖_F − ‖E‖_F) / (‖M‖₂ + ‖E‖₂)  ≤  √SR(M + E)  ≤  (‖M‖_F + ‖E‖_F) / (‖M‖₂ − ‖E‖₂)
/// ```
///
/// The lower end is 0 where ‖E‖_F ≥ ‖M‖_F, the upper one infinite where ‖E‖₂ ≥ ‖M‖₂. `[Frobenius, spectral]` norms.
pub fn stable_rank_band([frobenius, spectral]: [f64; 2], [of_error, largest]: [f64; 2]) -> [f64; 2] {
    let low = (frobenius - of_error).max(0.0) / (spectral + largest);
    let high = if spectral > largest { (frobenius + of_error) / (spectral - largest) } else { f64::INFINITY };
    [low * low, high * high]
}
