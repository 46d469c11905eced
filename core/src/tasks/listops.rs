//! Nested operations on lists of digits: `listops`, generated. What is the result, 0 to 9?
//!
//! ListOps (Nangia and Bowman, 2018, arXiv 1804.06028), with the parameters of the Long-Range Arena (Tay et al., 2020,
//! arXiv 2011.04006), checked against its published generator:
//!
//! ```text
//! tree  =  digit, with probability ¾ and at depth 10        (uniform)
//!       |  operation, 2 to 10 trees, ]                      (both numbers uniform)
//! operation  =  [MIN | [MAX | [MED | [SM                    median, cut to a whole number; sum modulo 10
//! ```
//!
//! for example `[MAX 2 9 [MIN 4 7 ] 0 ]`, which is 9. A symbol is a token; the arena's parentheses, which its tokenizer
//! drops, are not drawn. Expressions have ¼ `length` to `length` symbols (the arena: 500 to 2,000), those outside are drawn
//! again, and no expression is there twice, neither within a split nor in both.
//!
//! Deviations: 20,000 training expressions for the arena's 96,000; padding is one more symbol at the end, which the network
//! sees as it sees all others (no mask), and the ends are within the range.

use std::collections::HashSet;

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::{Batch, Targets, Task, draw_examples, even_chunk};
use crate::nn::network::{Input, Reading};
use crate::random::Stream;
use crate::spec::LISTOPS_SYMBOLS;

const TRAINING_EXPRESSIONS: usize = 20_000;
const TEST_EXPRESSIONS: usize = 1_024;
/// The seed of the data; the seeds of an experiment choose among its expressions.
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

/// Expressions in memory, one byte a symbol; a step uploads those it wants.
pub struct ListopsTask {
    train: Split,
    test: Split,
    length: usize,
    device: Device,
}

struct Split {
    /// `[n, length]`.
    symbols: Vec<u8>,
    /// `[n]`.
    results: Vec<u8>,
}

impl ListopsTask {
    /// Draws both splits.
    ///
    /// # Errors
    /// If `length` is below 16: there would not be enough different expressions.
    pub fn new(length: usize, device: &Device) -> Result<Self, String> {
        if length < 16 {
            return Err(format!("task.length must be at least 16 symbols, not {length}."));
        }
        let mut generator = Generator::new(length);
        let (train, test) = (generator.split(TRAINING_EXPRESSIONS), generator.split(TEST_EXPRESSIONS));
        Ok(Self { train, test, length, device: device.clone() })
    }

    fn batch(&self, split: &Split, indices: &[usize], replicas: usize) -> Batch {
        let size = indices.len() / replicas;
        let symbols = indices.iter().flat_map(|&at| &split.symbols[at * self.length..][..self.length]);
        let symbols: Vec<i32> = symbols.map(|&symbol| i32::from(symbol)).collect();
        let results: Vec<i32> = indices.iter().map(|&at| i32::from(split.results[at])).collect();
        let upload = |values: Vec<i32>, columns: usize| {
            Tensor::<2, Int>::from_data(TensorData::new(values, [replicas, columns]), &self.device)
        };
        Batch {
            input: Input::Tokens(upload(symbols, size * self.length)),
            targets: Targets::Classes(upload(results, size)),
        }
    }
}

impl Task for ListopsTask {
    fn reading(&self) -> Reading {
        Reading::Symbols { tokens: self.length, vocabulary: LISTOPS_SYMBOLS as usize, classes: 10 }
    }

    fn train_batch(&self, seeds: &[u64], step: u32, size: usize) -> Batch {
        self.batch(&self.train, &draw_examples(seeds, step, size, TRAINING_EXPRESSIONS), seeds.len())
    }

    fn test_chunks(&self) -> usize {
        TEST_EXPRESSIONS / even_chunk(TEST_EXPRESSIONS)
    }

    fn test_chunk(&self, index: usize, replicas: usize) -> Batch {
        let size = even_chunk(TEST_EXPRESSIONS);
        let one: Vec<usize> = (index * size..(index + 1) * size).collect();
        self.batch(&self.test, &one.repeat(replicas), replicas)
    }

    fn test_examples(&self, count: usize, replicas: usize) -> Batch {
        let one: Vec<usize> = (0..count.min(TEST_EXPRESSIONS)).collect();
        self.batch(&self.test, &one.repeat(replicas), replicas)
    }
}

/// Draws expressions, none of them twice.
struct Generator {
    stream: Stream,
    length: usize,
    seen: HashSet<Vec<u8>>,
}

impl Generator {
    fn new(length: usize) -> Self {
        Self { stream: Stream::new(DATA_SEED, &format!("listops.{length}")), length, seen: HashSet::new() }
    }

    fn split(&mut self, count: usize) -> Split {
        let mut split = Split { symbols: Vec::with_capacity(count * self.length), results: Vec::new() };
        while split.results.len() < count {
            let mut symbols = Vec::with_capacity(self.length);
            // A lone digit is too short in any case, so the root is an operation.
            let Some(result) = self.operation(1, &mut symbols) else { continue };
            if symbols.len() < self.length / 4 || !self.seen.insert(symbols.clone()) {
                continue;
            }
            symbols.resize(self.length, PADDING);
            split.symbols.extend(symbols);
            split.results.push(result);
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

    fn text(symbols: &[u8]) -> String {
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
            let split = Generator::new(length).split(400);
            let mut deepest = 0;
            for (symbols, &result) in split.symbols.chunks_exact(length).zip(&split.results) {
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
        let mut generator = Generator::new(16);
        let (train, test) = (generator.split(2_000), generator.split(200));
        assert_eq!(Generator::new(16).split(2_000).symbols, train.symbols);
        let all: HashSet<&[u8]> =
            train.symbols.chunks_exact(16).chain(test.symbols.chunks_exact(16)).collect();
        assert_eq!(all.len(), 2_200);
        assert!((0..10).all(|digit| test.results.contains(&digit)));
    }

    #[test]
    fn a_batch_has_the_shapes_of_its_reading() {
        let device = Device::flex();
        let task = ListopsTask::new(32, &device).unwrap();
        let Input::Tokens(tokens) = task.train_batch(&[1, 2], 3, 4).input else { panic!("symbols") };
        assert_eq!(tokens.dims(), [2, 4 * 32]);
        assert!(tokens.into_data().iter::<i32>().all(|symbol| symbol < LISTOPS_SYMBOLS as i32));
        let Targets::Classes(results) = task.test_examples(16, 2).targets else { panic!("classes") };
        assert_eq!(results.dims(), [2, 16]);
        assert!(ListopsTask::new(8, &device).is_err());
    }
}
