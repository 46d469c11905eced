//! The convolution that an attention map amounts to: how much weight a token gives, on average, to the one at each
//! offset from it. A map that imitates an impulse filter has all of it at one offset.

/// Offsets in each direction that are looked at.
pub const REACH: usize = 2;

/// The mean weight at each offset from −[`REACH`] to [`REACH`], row by row, of `N × N` weights between the tokens of a
/// square grid; those tokens that have no neighbour at an offset are left out of its mean. `None` if the tokens are no
/// grid, or a grid so small that not every offset is in it.
pub fn means(weights: &[f32], tokens: usize) -> Option<Vec<f32>> {
    let edge = tokens.isqrt();
    if edge * edge != tokens || edge <= REACH || weights.len() != tokens * tokens {
        return None;
    }
    let offsets = || 0..=2 * REACH;
    let neighbour = |at: usize, offset: usize| (at + offset).checked_sub(REACH).filter(|found| *found < edge);
    let mean = |(down, right): (usize, usize)| {
        let (mut sum, mut count) = (0.0, 0);
        for (row, column) in (0..edge).flat_map(|row| (0..edge).map(move |column| (row, column))) {
            if let (Some(other_row), Some(other_column)) = (neighbour(row, down), neighbour(column, right)) {
                sum += f64::from(weights[(row * edge + column) * tokens + other_row * edge + other_column]);
                count += 1;
            }
        }
        (sum / f64::from(count)) as f32
    };
    Some(offsets().flat_map(|down| offsets().map(move |right| (down, right))).map(mean).collect())
}

/// The filter with all of its weight at one offset, rows before columns.
pub fn impulse((down, right): (i32, i32)) -> Vec<f32> {
    let reach = REACH as i32;
    let offsets = || -reach..=reach;
    let one = |row: i32| offsets().map(move |column| f32::from(u8::from((row, column) == (down, right))));
    offsets().flat_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impulse_lies_where_its_offset_says() {
        let filter = impulse((-1, 0));
        assert_eq!((filter.len(), filter.iter().sum::<f32>(), filter[5 + 2]), (25, 1.0, 1.0));
    }

    #[test]
    fn a_shift_has_all_of_its_weight_at_one_offset() {
        // Every token looks at its right neighbour; the last of a row at all alike.
        let edge = 4;
        let mut weights = vec![0.0; 256];
        for token in 0..16 {
            match token % edge {
                3 => weights[token * 16..token * 16 + 16].fill(1.0 / 16.0),
                _ => weights[token * 16 + token + 1] = 1.0,
            }
        }
        let means = means(&weights, 16).unwrap();
        assert_eq!(means.len(), 25);
        let place = REACH * 5 + REACH + 1;
        assert_eq!(means[place], 1.0);
        assert!(means.iter().enumerate().all(|(at, mean)| at == place || *mean <= 1.0 / 16.0), "{means:?}");
    }

    #[test]
    fn uniform_attention_is_the_same_at_every_offset() {
        let means = means(&[1.0 / 9.0; 81], 9).unwrap();
        assert!(means.iter().all(|mean| (mean - 1.0 / 9.0).abs() < 1e-7), "{means:?}");
    }

    #[test]
    fn what_is_no_grid_or_too_small_a_one_has_no_offsets() {
        assert_eq!(means(&[0.0; 64], 8), None);
        assert_eq!(means(&[0.0; 16], 4), None);
        assert_eq!(means(&[0.0; 80], 9), None);
    }
}
