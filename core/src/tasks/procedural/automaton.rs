//! Rows of an elementary cellular automaton: each cell follows from itself and its two neighbours.
//!
//! ```text
//! next = bit (4 left + 2 self + right) of the rule's number
//! 110: 111→0 110→1 101→1 100→0 011→1 010→1 001→1 000→0
//! ```

use crate::random::Stream;
use crate::tasks::sequences::Sequence;

/// Between two rows.
pub const SEPARATOR: u16 = 2;

/// `rows` rows of `cells` cells in a ring, a separator between them; the first row is drawn, the others are asked for.
pub fn sequence(stream: &mut Stream, cells: usize, rows: usize, number: u8) -> Sequence {
    let mut row: Vec<u16> = (0..cells).map(|_| stream.below(2) as u16).collect();
    let mut sequence = Sequence::default().given(&row);
    for _ in 1..rows {
        row = next(&row, number);
        sequence = sequence.given(&[SEPARATOR]).asked(&row);
    }
    sequence
}

/// The row after this one.
pub fn next(row: &[u16], number: u8) -> Vec<u16> {
    let cells = row.len();
    let around = |i: usize| 4 * row[(i + cells - 1) % cells] + 2 * row[i] + row[(i + 1) % cells];
    (0..cells).map(|i| u16::from(number) >> around(i) & 1).collect()
}
