//! Pushes and pops, and the stack that they leave.

use crate::random::Stream;
use crate::tasks::sequences::Sequence;

/// Takes the top of the stack away.
pub const POP: u16 = 0;
/// The probability of a push while the stack grows, and of a pop afterwards.
pub const LIKELY: f64 = 0.75;

/// `n` operations, the separator, the stack from the top; at most 2 n symbols.
pub fn sequence(stream: &mut Stream, n: usize, symbols: u16) -> Sequence {
    let (operations, stack) = operations(stream, n, symbols);
    let left: Vec<u16> = stack.into_iter().rev().collect();
    Sequence::default().given(&operations).given(&[symbols]).asked(&left).cut(2 * n)
}

/// The operations, and the stack after them, its top last.
fn operations(stream: &mut Stream, n: usize, symbols: u16) -> (Vec<u16>, Vec<u16>) {
    let (mut operations, mut stack) = (Vec::with_capacity(n), Vec::new());
    // Those that are not on the stack, in any order.
    let mut free: Vec<u16> = (1..symbols).collect();
    for step in 0..n {
        let pushes = if stack.len() <= 1 {
            true
        } else if step + 1 == n || free.is_empty() {
            false
        } else {
            let push = if step < 2 * n / 3 { LIKELY } else { 1.0 - LIKELY };
            stream.uniform() < push
        };
        if pushes {
            let symbol = free.swap_remove(stream.below(free.len()));
            stack.push(symbol);
            operations.push(symbol);
        } else {
            free.extend(stack.pop());
            operations.push(POP);
        }
    }
    (operations, stack)
}
