//! Rules that make a list from one or two others.

use crate::random::Stream;
use crate::tasks::sequences::Sequence;

/// `n` data symbols, each of 1 to `symbols` − 1.
fn drawn(stream: &mut Stream, n: usize, symbols: u16) -> Vec<u16> {
    (0..n).map(|_| 1 + stream.below(usize::from(symbols) - 1) as u16).collect()
}

/// An input, the separator, what the rule makes of it.
pub fn one(stream: &mut Stream, n: usize, symbols: u16, rule: impl Fn(&[u16]) -> Vec<u16>) -> Sequence {
    let input = drawn(stream, n, symbols);
    Sequence::default().given(&input).given(&[symbols]).asked(&rule(&input))
}

/// Two inputs of half the length, and what is in either.
pub fn union(stream: &mut Stream, n: usize, symbols: u16) -> Sequence {
    let [first, second] = [0; 2].map(|_| drawn(stream, n / 2, symbols));
    let both = distinct(&[&first[..], &second].concat());
    Sequence::default().given(&first).given(&[symbols]).given(&second).given(&[symbols]).asked(&both)
}

/// An input, a symbol, and the input without its first place.
pub fn delete(stream: &mut Stream, n: usize, symbols: u16) -> Sequence {
    let (input, deleted) = (drawn(stream, n, symbols), drawn(stream, 1, symbols));
    let left = without_first(&input, deleted[0]);
    Sequence::default().given(&input).given(&[symbols]).given(&deleted).given(&[symbols]).asked(&left)
}

/// A string and its copy, nothing between them.
pub fn copied(stream: &mut Stream, n: usize, symbols: u16) -> Sequence {
    let string = drawn(stream, n, symbols);
    Sequence::default().given(&string).asked(&string)
}

/// From behind.
pub fn reversed(list: &[u16]) -> Vec<u16> {
    list.iter().rev().copied().collect()
}

/// In rising order, repetitions kept.
pub fn sorted(list: &[u16]) -> Vec<u16> {
    let mut list = list.to_vec();
    list.sort_unstable();
    list
}

/// Every symbol once, in the order in which they come first.
pub fn distinct(list: &[u16]) -> Vec<u16> {
    let mut seen = std::collections::HashSet::new();
    list.iter().copied().filter(|symbol| seen.insert(*symbol)).collect()
}

/// All but the first place where the symbol stands, if there is one.
pub fn without_first(list: &[u16], symbol: u16) -> Vec<u16> {
    let mut list = list.to_vec();
    if let Some(place) = list.iter().position(|other| *other == symbol) {
        list.remove(place);
    }
    list
}
