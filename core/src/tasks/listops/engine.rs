//! How expressions are drawn and made into batches.

use std::collections::HashSet;

use super::Listops;
use crate::random::Stream;
use crate::tasks::lists::{ListTask, Lists};
use crate::tasks::{Described, Source};

const TRAINING_EXPRESSIONS: usize = super::TRAINING_EXPRESSIONS as usize;
/// The seed of the data that all share; the seeds of an experiment choose among its expressions.
const DATA_SEED: u64 = 10;
/// Where only digits grow; the root has depth 1.
const MAX_DEPTH: usize = 10;
const MAX_ARGUMENTS: usize = 10;
/// Chance of an operation where one may grow.
const OPERATION: f64 = 0.25;

/// The first of four operations, after ten digits.
const MIN: u8 = 10;
const MAX: u8 = 11;
const MEDIAN: u8 = 12;
const SUM: u8 = 13;
const END: u8 = 14;
const PADDING: u8 = 15;

/// All expressions, drawn.
pub fn expressions(task: &Listops, source: Source<'_>) -> ListTask {
    let reading = task.outline().reading;
    ListTask::drawn(reading, (task.drawn, DATA_SEED), source, TRAINING_EXPRESSIONS, |seed, prefix| {
        let mut generator = Generator::new(seed, prefix, reading.tokens());
        move |count| generator.split(count)
    })
}

/// Draws expressions, none of them twice.
struct Generator {
    stream: Stream,
    length: usize,
    seen: HashSet<Vec<u8>>,
}

impl Generator {
    fn new(seed: u64, prefix: &str, length: usize) -> Self {
        Self { stream: Stream::new(seed, &format!("listops.{prefix}{length}")), length, seen: HashSet::new() }
    }

    fn split(&mut self, count: usize) -> Lists {
        let mut split = Lists::default();
        while split.classes.len() < count {
            let mut symbols = Vec::with_capacity(self.length);
            // A lone digit is too short in any case, so the root is an operation.
            let Some(result) = self.operation(1, &mut symbols) else { continue };
            if symbols.len() < self.length / 4 || !self.seen.insert(symbols.clone()) {
                continue;
            }
            symbols.resize(self.length, PADDING);
            split.symbols.extend(symbols.into_iter().map(u16::from));
            split.classes.push(result);
        }
        split
    }

    /// Appends a tree and finds its result; `None` as soon as the expression is too long.
    fn tree(&mut self, depth: usize, symbols: &mut Vec<u8>) -> Option<u8> {
        if depth < MAX_DEPTH && self.stream.uniform() <= OPERATION {
            return self.operation(depth, symbols);
        }
        let digit = self.stream.below(10) as u8;
        symbols.push(digit);
        (symbols.len() < self.length).then_some(digit)
    }

    fn operation(&mut self, depth: usize, symbols: &mut Vec<u8>) -> Option<u8> {
        let operation = MIN + self.stream.below(4) as u8;
        let count = 2 + self.stream.below(MAX_ARGUMENTS - 1);
        symbols.push(operation);
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            values.push(self.tree(depth + 1, symbols)?);
        }
        symbols.push(END);
        (symbols.len() <= self.length).then(|| apply(operation, values))
    }
}

/// The result of an operation on 2 or more digits.
fn apply(operation: u8, mut values: Vec<u8>) -> u8 {
    values.sort_unstable();
    let last = values.len() - 1;
    match operation {
        MIN => values[0],
        MAX => values[last],
        MEDIAN => (values[last / 2] + values[values.len() / 2]) / 2,
        SUM => (values.iter().map(|&value| u32::from(value)).sum::<u32>() % 10) as u8,
        _ => unreachable!("there are four operations"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(symbols: &[u16]) -> String {
        let symbols: Vec<u8> = symbols.iter().map(|&symbol| symbol as u8).collect();
        let word = |&symbol: &u8| match symbol {
            MIN => "[MIN".to_owned(),
            MAX => "[MAX".to_owned(),
            MEDIAN => "[MED".to_owned(),
            SUM => "[SM".to_owned(),
            END => "]".to_owned(),
            digit => digit.to_string(),
        };
        let end = symbols.iter().position(|&symbol| symbol == PADDING).unwrap_or(symbols.len());
        assert!(symbols[end..].iter().all(|&symbol| symbol == PADDING), "padding stands at the end only");
        symbols[..end].iter().map(word).collect::<Vec<_>>().join(" ")
    }

    /// Reads one tree off the front of the words; its value and its height.
    fn read<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<(f64, usize)> {
        let word = words.next().expect("the expression goes on");
        if word == "]" {
            return None;
        }
        if let Ok(digit) = word.parse() {
            return Some((digit, 1));
        }
        let (mut values, mut height) = (Vec::new(), 0);
        while let Some((value, below)) = read(words) {
            values.push(value);
            height = height.max(below);
        }
        assert!((2..=MAX_ARGUMENTS).contains(&values.len()), "{} arguments", values.len());
        values.sort_by(f64::total_cmp);
        let count = values.len();
        let value = match word {
            "[MIN" => values[0],
            "[MAX" => values[count - 1],
            "[MED" if count % 2 == 1 => values[count / 2],
            "[MED" => ((values[count / 2 - 1] + values[count / 2]) / 2.0).floor(),
            "[SM" => values.iter().sum::<f64>() % 10.0,
            other => panic!("{other}"),
        };
        Some((value, height + 1))
    }

    #[test]
    fn every_result_is_that_of_the_expression_as_text() {
        for length in [16, 128, 512] {
            let split = Generator::new(DATA_SEED, "", length).split(400);
            let mut deepest = 0;
            for (symbols, &result) in split.symbols.chunks_exact(length).zip(&split.classes) {
                let text = text(symbols);
                let mut words = text.split(' ');
                let (value, height) = read(&mut words).unwrap();
                assert_eq!((value, words.next()), (f64::from(result), None), "{text}");
                assert!((length / 4..=length).contains(&text.split(' ').count()), "{text}");
                deepest = deepest.max(height);
            }
            assert!(deepest <= MAX_DEPTH && (length == 16 || deepest >= 5), "{deepest}");
        }
    }

    #[test]
    fn operations_are_those_of_the_paper() {
        assert_eq!(apply(MIN, vec![3, 1, 2]), 1);
        assert_eq!(apply(MAX, vec![3, 1, 2]), 3);
        assert_eq!(apply(MEDIAN, vec![9, 1, 2]), 2);
        assert_eq!(apply(MEDIAN, vec![9, 1, 4, 2]), 3);
        assert_eq!(apply(MEDIAN, vec![1, 2]), 1, "cut, not rounded");
        assert_eq!(apply(SUM, vec![9, 9, 9]), 7);
    }

    #[test]
    fn expressions_are_the_same_every_time_and_none_is_there_twice() {
        let mut generator = Generator::new(DATA_SEED, "", 16);
        let (train, test) = (generator.split(2_000), generator.split(200));
        assert_eq!(Generator::new(DATA_SEED, "", 16).split(2_000).symbols, train.symbols);
        let all: HashSet<&[u16]> =
            train.symbols.chunks_exact(16).chain(test.symbols.chunks_exact(16)).collect();
        assert_eq!(all.len(), 2_200);
        assert!((0..10).all(|digit| test.classes.contains(&digit)));
    }
}
