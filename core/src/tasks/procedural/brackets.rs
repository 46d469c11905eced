//! Brackets of several kinds: opening ones are 0 to k − 1, their closing ones k to 2k − 1.

use crate::random::Stream;
use crate::tasks::sequences::Sequence;

/// The probability that a bracket opens where it may open or close.
pub const OPEN: f64 = 0.5;
/// Brackets that are open at once, at most, where kinds are shuffled.
pub const DEEPEST: usize = 16;

/// `length` brackets, an even number: all are closed, the last opened first.
pub fn dyck(stream: &mut Stream, length: usize, kinds: usize) -> Sequence {
    let (mut symbols, mut open) = (Vec::with_capacity(length), Vec::new());
    for left in (1..=length).rev() {
        // With as many open as places are left all are closed; one more could not be.
        let opens = open.is_empty() || open.len() + 1 < left && stream.uniform() < OPEN;
        if opens {
            let kind = stream.below(kinds);
            open.push(kind);
            symbols.push(kind as u16);
        } else {
            symbols.extend(open.pop().map(|kind| (kind + kinds) as u16));
        }
    }
    Sequence::default().asked(&symbols)
}

/// `length` brackets: none closes that is not open, the kinds in any order.
pub fn shuffle(stream: &mut Stream, length: usize, kinds: usize) -> Sequence {
    let (mut symbols, mut open) = (Vec::with_capacity(length), vec![0usize; kinds]);
    for _ in 0..length {
        let depth: usize = open.iter().sum();
        let opens = depth == 0 || depth < DEEPEST && stream.uniform() < OPEN;
        if opens {
            let kind = stream.below(kinds);
            open[kind] += 1;
            symbols.push(kind as u16);
        } else {
            let some: Vec<usize> = (0..kinds).filter(|kind| open[*kind] > 0).collect();
            let kind = some[stream.below(some.len())];
            open[kind] -= 1;
            symbols.push((kind + kinds) as u16);
        }
    }
    Sequence::default().asked(&symbols)
}
