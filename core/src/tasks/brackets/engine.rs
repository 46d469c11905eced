//! How the strings are drawn.

use std::collections::HashSet;

use super::{Brackets, DEPTHS};
use crate::random::Stream;
use crate::tasks::lists::{ListTask, Lists};
use crate::tasks::{Described, Source};

const TRAINING_STRINGS: usize = super::TRAINING_STRINGS as usize;
/// The seed of the data that all share; the seeds of an experiment choose among its strings.
const DATA_SEED: u64 = 11;
/// Added to the opening bracket of a kind: the closing one.
const CLOSING: u8 = 2;

/// All strings, drawn.
pub fn strings(task: &Brackets, source: Source<'_>) -> ListTask {
    let reading = task.outline().reading;
    ListTask::drawn(reading, (task.drawn, DATA_SEED), source, TRAINING_STRINGS, |seed, prefix| {
        let mut generator = Generator::new(seed, prefix, reading.tokens());
        move |count| generator.split(count)
    })
}

/// Draws strings, none of them twice.
struct Generator {
    stream: Stream,
    length: usize,
    /// W(h, n) within each depth, whether or not the path has reached it: `ways[depth - 1][reached][h][n]`.
    ways: Vec<[Vec<Vec<f64>>; 2]>,
    seen: HashSet<Vec<u8>>,
}

impl Generator {
    fn new(seed: u64, prefix: &str, length: usize) -> Self {
        let stream = Stream::new(seed, &format!("brackets.{prefix}{length}"));
        let ways = (1..=DEPTHS).map(|depth| ways(length, depth)).collect();
        Self { stream, length, ways, seen: HashSet::new() }
    }

    /// Classes take turns.
    fn split(&mut self, count: usize) -> Lists {
        let mut lists = Lists::default();
        while lists.classes.len() < count {
            let class = lists.classes.len() % DEPTHS;
            let string = self.string(class + 1);
            if self.seen.insert(string.clone()) {
                lists.symbols.extend(string.into_iter().map(u16::from));
                lists.classes.push(class as u8);
            }
        }
        lists
    }

    /// A balanced string that nests just so deep.
    fn string(&mut self, depth: usize) -> Vec<u8> {
        let (mut symbols, mut open) = (Vec::with_capacity(self.length), Vec::new());
        let mut reached = false;
        for left in (0..self.length).rev() {
            let height = open.len();
            let ways = &self.ways[depth - 1];
            let up = if height < depth {
                ways[usize::from(reached || height + 1 == depth)][height + 1][left]
            } else {
                0.0
            };
            let down = if height > 0 { ways[usize::from(reached)][height - 1][left] } else { 0.0 };
            if self.stream.uniform() * (up + down) < up {
                let kind = self.stream.below(usize::from(CLOSING)) as u8;
                open.push(kind);
                symbols.push(kind);
                reached |= open.len() == depth;
            } else {
                symbols.push(open.pop().expect("there is no way down from the ground") + CLOSING);
            }
        }
        symbols
    }
}

/// `[reached][h][n]`: ways from height h in n symbols to height 0, never above `depth`; where it was not reached before, by
/// way of it.
fn ways(length: usize, depth: usize) -> [Vec<Vec<f64>>; 2] {
    let mut ways = [vec![vec![0.0; length + 1]; depth + 1], vec![vec![0.0; length + 1]; depth + 1]];
    ways[1][0][0] = 1.0;
    for n in 1..=length {
        for h in 0..=depth {
            for reached in 0..2 {
                let up = if h < depth {
                    ways[reached.max(usize::from(h + 1 == depth))][h + 1][n - 1]
                } else {
                    0.0
                };
                let down = if h > 0 { ways[reached][h - 1][n - 1] } else { 0.0 };
                ways[reached][h][n] = up + down;
            }
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The depth of a string that must be balanced, read as one reads it.
    fn depth(symbols: &[u16]) -> usize {
        let (mut open, mut deepest) = (Vec::new(), 0);
        for &symbol in symbols {
            if symbol < u16::from(CLOSING) {
                open.push(symbol);
                deepest = deepest.max(open.len());
            } else {
                assert_eq!(open.pop(), Some(symbol - u16::from(CLOSING)), "{symbols:?}");
            }
        }
        assert!(open.is_empty(), "{symbols:?}");
        deepest
    }

    #[test]
    fn every_string_is_balanced_and_nests_as_deep_as_its_class_says() {
        for length in [24, 32, 256] {
            let lists = Generator::new(DATA_SEED, "", length).split(2_000);
            for (string, &class) in lists.symbols.chunks_exact(length).zip(&lists.classes) {
                assert_eq!(depth(string), usize::from(class) + 1);
            }
            assert!(
                (0..10).all(|class| lists.classes.iter().filter(|&&other| other == class).count() == 200)
            );
        }
    }

    #[test]
    fn strings_of_a_depth_are_as_many_as_counting_finds_and_equally_likely() {
        // All strings of eight symbols of one kind, by trying: Catalan's number 14, of which 1, 7, 5 and 1 nest so deep.
        let balanced = |bits: u32| {
            let (mut height, mut deepest) = (0i32, 0);
            for at in 0..8 {
                height += if bits >> at & 1 == 1 { 1 } else { -1 };
                if height < 0 {
                    return None;
                }
                deepest = deepest.max(height);
            }
            (height == 0).then_some(deepest)
        };
        let depths: Vec<i32> = (0..256).filter_map(balanced).collect();
        for depth in 1..=4 {
            let counted = depths.iter().filter(|&&other| other == depth).count();
            assert_eq!(ways(8, depth as usize)[0][0][8], counted as f64, "{depth}");
        }
        let mut generator = Generator::new(DATA_SEED, "", 8);
        let mut found = std::collections::BTreeMap::new();
        for _ in 0..5_000 {
            let shape: Vec<bool> = generator.string(3).iter().map(|&symbol| symbol < CLOSING).collect();
            *found.entry(shape).or_insert(0) += 1;
        }
        assert_eq!(found.len(), 5);
        // Five shapes of 1,000 each, standard deviation 28.
        assert!(found.values().all(|count| (880..1_120).contains(count)), "{found:?}");
    }

    #[test]
    fn strings_are_the_same_every_time_and_none_is_there_twice() {
        let mut generator = Generator::new(DATA_SEED, "", 24);
        let (train, test) = (generator.split(2_000), generator.split(200));
        assert_eq!(Generator::new(DATA_SEED, "", 24).split(2_000), train);
        let all: HashSet<&[u16]> =
            train.symbols.chunks_exact(24).chain(test.symbols.chunks_exact(24)).collect();
        assert_eq!(all.len(), 2_200);
    }
}
