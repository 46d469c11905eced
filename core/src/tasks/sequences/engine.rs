//! How sequences are drawn, held apart and made into batches.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::interface::{Batch, Input, Targets};
use crate::random::Stream;
use crate::surroundings::Reading;
use crate::tasks::{Dataset, HeldOut, Source, even_chunk, split_name};

/// The seed of the sequences that are tested on, by which all replicas are compared.
const DATA_SEED: u64 = 11;
/// How often a sequence is drawn until it belongs to the split that is asked for. One of sixteen belongs to the test split, so
/// that a thousand find none only where there are next to no sequences; then the last one is taken.
const TRIES: usize = 1024;

/// One sequence, before it is padded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sequence {
    /// Its symbols.
    pub symbols: Vec<u16>,
    /// For each of them, whether it is asked for when those before it are known.
    pub asked: Vec<bool>,
}

impl Sequence {
    /// The sequence, and after it symbols that are given.
    pub fn given(self, symbols: &[u16]) -> Self {
        self.then(symbols, false)
    }

    /// The sequence, and after it symbols that are asked for.
    pub fn asked(self, symbols: &[u16]) -> Self {
        self.then(symbols, true)
    }

    /// The sequence, and after it symbols that are asked for or not.
    pub fn then(mut self, symbols: &[u16], asked: bool) -> Self {
        self.symbols.extend(symbols);
        self.asked.resize(self.symbols.len(), asked);
        self
    }

    /// Keeps the first `count` symbols.
    pub fn cut(mut self, count: usize) -> Self {
        self.symbols.truncate(count);
        self.asked.truncate(count);
        self
    }

    /// Permutes the symbols; asked for are the same places as before.
    pub fn shuffled(mut self, stream: &mut Stream) -> Self {
        for last in (1..self.symbols.len()).rev() {
            self.symbols.swap(last, stream.below(last + 1));
        }
        self
    }

    /// The class at each place: the symbol after it where that is asked for, else −1.
    fn targets(&self) -> impl Iterator<Item = i16> {
        let next = self.symbols.iter().zip(&self.asked).skip(1);
        next.map(|(&symbol, &asked)| if asked { symbol as i16 } else { -1 }).chain([-1])
    }

    /// The split to which it belongs, by a hash of its symbols: no list of sequences is needed to keep them apart.
    fn split(&self) -> Split {
        // FNV-1a, whose upper bits are then those of a multiplication (Fibonacci hashing).
        let hash = self.symbols.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &symbol| {
            (hash ^ u64::from(symbol)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        match (hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60 {
            0 => Split::Held(HeldOut::Test),
            1 => Split::Held(HeldOut::Validation),
            _ => Split::Training,
        }
    }
}

/// Every sequence belongs to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Split {
    Training,
    Held(HeldOut),
}

/// Draws a sequence from the stream: one of the training split at a step, or one that is tested on.
type Draw = dyn Fn(&mut Stream, Option<u32>) -> Sequence;

/// Sequences that are drawn anew at every step: a batch follows from seed and step alone. What is tested on is drawn once, is
/// the same for all replicas, and is never trained on.
pub struct SequenceTask {
    reading: Reading,
    padding: u16,
    draw: Box<Draw>,
    /// `[n, context]`, and the classes.
    test: Vec<i16>,
    targets: Vec<i16>,
    device: Device,
}

impl SequenceTask {
    /// Sequences of a task called `name`, padded to as many symbols as the reading has tokens; so many are tested on.
    pub fn new(
        name: &str,
        (reading, padding): (Reading, u16),
        test: u32,
        source: Source<'_>,
        draw: impl Fn(&mut Stream, Option<u32>) -> Sequence + 'static,
    ) -> Self {
        let (draw, device) = (Box::new(draw), source.device.clone());
        let task = Self { reading, padding, draw, test: Vec::new(), targets: Vec::new(), device };
        let mut stream = Stream::new(DATA_SEED, &format!("{name}.{}", split_name(source.held_out)));
        let (mut symbols, mut targets) = (Vec::new(), Vec::new());
        for _ in 0..test {
            let sequence = task.one(&mut stream, None, Split::Held(source.held_out));
            task.place(&sequence, &mut symbols, &mut targets);
        }
        Self { test: symbols, targets, ..task }
    }

    /// Draws a sequence of this split.
    fn one(&self, stream: &mut Stream, step: Option<u32>, split: Split) -> Sequence {
        let mut sequence = (self.draw)(stream, step);
        for _ in 1..TRIES {
            if sequence.split() == split {
                break;
            }
            sequence = (self.draw)(stream, step);
        }
        sequence
    }

    /// Pads a sequence, and adds it to the others.
    fn place<T: From<i16>>(&self, sequence: &Sequence, symbols: &mut Vec<T>, targets: &mut Vec<T>) {
        let end = symbols.len() + self.reading.tokens();
        symbols.extend(sequence.symbols.iter().map(|&symbol| T::from(symbol as i16)));
        targets.extend(sequence.targets().map(T::from));
        debug_assert!(symbols.len() <= end, "a sequence is longer than what it is padded to");
        symbols.resize_with(end, || T::from(self.padding as i16));
        targets.resize_with(end, || T::from(-1));
    }

    fn batch(&self, symbols: Vec<i32>, targets: Vec<i32>, replicas: usize) -> Batch {
        let upload = |values: Vec<i32>| {
            let shape = [replicas, values.len() / replicas.max(1)];
            Tensor::<2, Int>::from_data(TensorData::new(values, shape), &self.device)
        };
        Batch { input: Input::Tokens(upload(symbols)), targets: Targets::Asked(upload(targets)) }
    }

    fn tested(&self) -> usize {
        self.test.len() / self.reading.tokens()
    }

    fn of_test(&self, from: usize, to: usize, replicas: usize) -> Batch {
        let length = self.reading.tokens();
        let cut = |values: &[i16]| {
            let one: Vec<i32> = values[from * length..to * length].iter().map(|&v| i32::from(v)).collect();
            one.repeat(replicas)
        };
        self.batch(cut(&self.test), cut(&self.targets), replicas)
    }
}

impl Dataset for SequenceTask {
    fn reading(&self) -> Reading {
        self.reading
    }

    fn train_batch(&self, seeds: &[u64], step: u32, size: usize) -> Batch {
        let count = seeds.len() * size * self.reading.tokens();
        let (mut symbols, mut targets) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for (place, &seed) in seeds.iter().enumerate() {
            // Replicas that try several values of a number have one seed.
            let drawn = seeds[..place].iter().position(|other| *other == seed);
            if let Some(same) = drawn.map(|at| at * count / seeds.len()) {
                symbols.extend_from_within(same..same + count / seeds.len());
                targets.extend_from_within(same..same + count / seeds.len());
                continue;
            }
            let mut stream = Stream::new(seed, &format!("batch.{step}"));
            for _ in 0..size {
                let sequence = self.one(&mut stream, Some(step), Split::Training);
                self.place(&sequence, &mut symbols, &mut targets);
            }
        }
        self.batch(symbols, targets, seeds.len())
    }

    fn test_chunks(&self) -> usize {
        self.tested() / even_chunk(self.tested())
    }

    fn test_chunk(&self, index: usize, seeds: &[u64]) -> Batch {
        let size = even_chunk(self.tested());
        self.of_test(index * size, (index + 1) * size, seeds.len())
    }

    fn test_examples(&self, count: usize, seeds: &[u64]) -> Batch {
        self.of_test(0, count.min(self.tested()), seeds.len())
    }
}
