//! Which rule draws a sequence, and how long it is.

use super::{Procedural, Rule, automaton, brackets, lists, stack};
use crate::random::Stream;
use crate::tasks::sequences::Sequence;

/// A sequence of the rule: at a step as long as it has grown to, else of the whole length.
pub fn sequence(task: &Procedural, stream: &mut Stream, step: Option<u32>) -> Sequence {
    let whole = task.sequence_length;
    let n = step.map_or(whole, |step| grown(whole, task.grow, step)) as usize;
    let (symbols, kinds) = (task.symbols as u16, task.kinds as usize);
    let sequence = match task.rule {
        Rule::Identity => lists::one(stream, n, symbols, <[u16]>::to_vec),
        Rule::Reverse => lists::one(stream, n, symbols, lists::reversed),
        Rule::Sort => sorting(stream, n, symbols),
        Rule::Set => lists::one(stream, n, symbols, lists::distinct),
        Rule::Union => lists::union(stream, n, symbols),
        Rule::Delete => lists::delete(stream, n, symbols),
        Rule::Ww => lists::copied(stream, n, symbols),
        Rule::Stack => stack::sequence(stream, n, symbols),
        Rule::Dyck => brackets::dyck(stream, n, kinds),
        Rule::DyckShuffle => brackets::shuffle(stream, n, kinds),
        Rule::Automaton => automaton::sequence(stream, n, task.rows as usize, task.number as u8),
    };
    if task.shuffled { sequence.shuffled(stream) } else { sequence }
}

/// `n` symbols, the separator, and the symbols in rising order.
pub fn sorting(stream: &mut Stream, n: usize, symbols: u16) -> Sequence {
    lists::one(stream, n, symbols, lists::sorted)
}

/// The length at a step: 2 at first, by 2 longer at even distances, the whole from step `grow` on.
pub fn grown(whole: u32, grow: u32, step: u32) -> u32 {
    if step >= grow {
        return whole;
    }
    let stages = whole.saturating_sub(2).div_ceil(2);
    let stage = u64::from(stages) * u64::from(step) / u64::from(grow);
    whole.min(2 + 2 * stage as u32)
}
