//! Products of small matrices on the CPU, in tiles that stay in registers.

use std::array::from_fn;

/// A matrix within a slice: number (i, k) lies at `from + i · row + k · column`.
#[derive(Clone, Copy)]
pub(super) struct Strided<'a> {
    pub(super) values: &'a [f32],
    pub(super) from: usize,
    pub(super) row: usize,
    pub(super) column: usize,
}

impl Strided<'_> {
    /// The transpose, rows one after the other.
    pub(super) fn packed_transpose(&self, rows: usize, columns: usize) -> Vec<f32> {
        let mut packed = vec![0.0; rows * columns];
        for (k, line) in packed.chunks_exact_mut(rows).enumerate() {
            for (i, value) in line.iter_mut().enumerate() {
                *value = self.values[self.from + i * self.row + k * self.column];
            }
        }
        packed
    }
}

/// Rows within a slice, each number beside the next: row k begins at `from + k · row`.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) values: &'a [f32],
    pub(super) from: usize,
    pub(super) row: usize,
}

/// Where a product is written, likewise.
pub(super) struct Target<'a> {
    pub(super) values: &'a mut [f32],
    pub(super) from: usize,
    pub(super) row: usize,
}

/// `target = scale · left right`, with `left` of `[rows, inner]` and `right` of `[inner, columns]`.
pub(super) fn multiply(
    target: &mut Target<'_>,
    scale: f32,
    left: Strided<'_>,
    right: Rows<'_>,
    [rows, inner, columns]: [usize; 3],
) {
    let mut column = 0;
    while column < columns {
        let mut row = 0;
        let wide = if columns - column >= 8 {
            8
        } else if columns - column >= 4 {
            4
        } else {
            1
        };
        while row < rows {
            let tall = if rows - row >= 4 { 4 } else { 1 };
            let at = (row, column);
            match (tall, wide) {
                (4, 8) => tile::<4, 8>(target, scale, left, right, at, inner),
                (4, 4) => tile::<4, 4>(target, scale, left, right, at, inner),
                (4, _) => tile::<4, 1>(target, scale, left, right, at, inner),
                (_, 8) => tile::<1, 8>(target, scale, left, right, at, inner),
                (_, 4) => tile::<1, 4>(target, scale, left, right, at, inner),
                _ => tile::<1, 1>(target, scale, left, right, at, inner),
            }
            row += tall;
        }
        column += wide;
    }
}

/// One tile of M rows and C columns.
#[inline(always)]
fn tile<const M: usize, const C: usize>(
    target: &mut Target<'_>,
    scale: f32,
    left: Strided<'_>,
    right: Rows<'_>,
    (row, column): (usize, usize),
    inner: usize,
) {
    let mut sums = [[0.0f32; C]; M];
    let starts: [usize; M] = from_fn(|i| left.from + (row + i) * left.row);
    let mut from = right.from + column;
    for k in 0..inner {
        let line: &[f32; C] = right.values[from..][..C].try_into().expect("as many as asked for");
        for (sums, start) in sums.iter_mut().zip(starts) {
            let value = left.values[start + k * left.column];
            for (sum, x) in sums.iter_mut().zip(line) {
                *sum += value * x;
            }
        }
        from += right.row;
    }
    for (i, sums) in sums.iter().enumerate() {
        let place = &mut target.values[target.from + (row + i) * target.row + column..][..C];
        place.iter_mut().zip(sums).for_each(|(place, sum)| *place = scale * sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_of_tile_equals_the_plain_sums() {
        for [rows, inner, columns] in [[1, 1, 1], [4, 3, 8], [5, 7, 13], [9, 4, 6], [3, 16, 36], [36, 5, 4]] {
            let number = |seed: usize| ((seed * 37 + 11) % 23) as f32 / 7.0 - 1.5;
            let left: Vec<f32> = (0..rows * inner + 2).map(number).collect();
            let right: Vec<f32> = (0..inner * (columns + 3)).map(|i| number(i + 5)).collect();
            // The left matrix lies transposed, the right one in rows that are longer than it is wide.
            let left = Strided { values: &left, from: 2, row: 1, column: rows };
            let right = Rows { values: &right, from: 1, row: columns + 2 };
            let mut out = vec![9.0; rows * (columns + 1)];
            let mut target = Target { values: &mut out, from: 0, row: columns + 1 };
            multiply(&mut target, 0.5, left, right, [rows, inner, columns]);
            for i in 0..rows {
                for j in 0..columns {
                    let term = |k: usize| {
                        f64::from(left.values[2 + i + k * rows])
                            * f64::from(right.values[1 + k * (columns + 2) + j])
                    };
                    let want = 0.5 * (0..inner).map(term).sum::<f64>();
                    let got = f64::from(out[i * (columns + 1) + j]);
                    assert!((got - want).abs() < 1e-4, "{rows}×{inner}×{columns}: {got} is not {want}");
                }
                assert_eq!(out[i * (columns + 1) + columns], 9.0, "nothing beside it is touched");
            }
        }
    }

    #[test]
    fn a_packed_transpose_has_the_columns_as_rows() {
        let values: Vec<f32> = (0..12).map(|i| i as f32).collect();
        let matrix = Strided { values: &values, from: 1, row: 4, column: 1 };
        assert_eq!(matrix.packed_transpose(2, 3), [1.0, 5.0, 2.0, 6.0, 3.0, 7.0]);
    }
}
