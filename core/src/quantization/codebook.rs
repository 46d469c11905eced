//! The values that numbers are rounded to: sorted, smallest first.

/// Iterations of Lloyd's algorithm, at most.
const ITERATIONS: usize = 300;

/// The finite numbers, smallest first, in f64.
fn sorted(values: &[f32]) -> Vec<f64> {
    let mut sorted: Vec<f64> =
        values.iter().filter(|value| value.is_finite()).map(|value| f64::from(*value)).collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// `count` centroids: Lloyd's algorithm (1982) from quantiles, of numbers on a line. Between two centroids the border is their
/// middle, so that sums over sorted numbers are all that an iteration needs.
pub fn k_means(values: &[f32], count: usize) -> Vec<f32> {
    let sorted = sorted(values);
    let Some(last) = sorted.len().checked_sub(1) else {
        return Vec::new();
    };
    let mut sums = vec![0.0];
    sorted.iter().for_each(|value| sums.push(sums[sums.len() - 1] + value));
    let quantile = |k: usize| sorted[(((2 * k + 1) * sorted.len()) / (2 * count)).min(last)];
    let mut centroids: Vec<f64> = (0..count).map(quantile).collect();
    for _ in 0..ITERATIONS {
        let mut moved = false;
        let borders: Vec<usize> = centroids
            .windows(2)
            .map(|pair| sorted.partition_point(|value| *value <= (pair[0] + pair[1]) / 2.0))
            .collect();
        for (k, centroid) in centroids.iter_mut().enumerate() {
            let first = k.checked_sub(1).map_or(0, |before| borders[before]);
            let end = borders.get(k).copied().unwrap_or(sorted.len());
            // A centroid without numbers stays where it is.
            if end > first {
                let mean = (sums[end] - sums[first]) / (end - first) as f64;
                moved |= mean != *centroid;
                *centroid = mean;
            }
        }
        if !moved {
            break;
        }
    }
    centroids.into_iter().map(|centroid| centroid as f32).collect()
}

/// `count` levels, evenly from the smallest number to the largest.
pub fn even(values: &[f32], count: usize) -> Vec<f32> {
    let sorted = sorted(values);
    let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else {
        return Vec::new();
    };
    let step = (high - low) / (count - 1) as f64;
    (0..count).map(|k| (low + step * k as f64) as f32).collect()
}

/// The level next to a number; the number itself where there is none or it is not finite.
pub fn nearest(levels: &[f32], value: f32) -> f32 {
    if levels.is_empty() || !value.is_finite() {
        return value;
    }
    let above = levels.partition_point(|level| *level < value).min(levels.len() - 1);
    let below = above.saturating_sub(1);
    if value - levels[below] <= levels[above] - value { levels[below] } else { levels[above] }
}
