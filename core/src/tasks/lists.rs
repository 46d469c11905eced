//! Classification of lists of symbols, all of one length: what tasks of them share.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::{Dataset, Drawn, HeldOut, Source, draw_examples, even_chunk, set_of};
use crate::interface::{Batch, Input, Targets};
use crate::surroundings::Reading;

/// One part of a set of lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lists {
    /// `[n, length]`.
    pub symbols: Vec<u16>,
    /// `[n]`: the class of each list.
    pub classes: Vec<u8>,
}

/// Lists in memory; a step uploads those it wants.
pub struct ListTask {
    reading: Reading,
    /// The seeds that have a set of their own; none where one set is for all.
    seeds: Vec<u64>,
    /// The training split of each set, and the other.
    train: Vec<Lists>,
    test: Vec<Lists>,
    device: Device,
}

impl ListTask {
    /// Lists of as many symbols as the reading has tokens: `generator(seed, prefix)` draws so many lists that it has not
    /// drawn before, from streams whose names have the prefix; the training split first, so many of them. All seeds have those of `fixed`, unless the data is drawn anew for each.
    pub fn drawn<G: FnMut(usize) -> Lists>(
        reading: Reading,
        (drawn, fixed): (Drawn, u64),
        source: Source<'_>,
        training: usize,
        generator: impl Fn(u64, &str) -> G,
    ) -> Self {
        let seeds = drawn.seeds(source.seeds, fixed);
        let (train, test) = seeds
            .iter()
            .map(|(seed, prefix)| {
                let (mut draw, tested) = (generator(*seed, prefix), drawn.test as usize);
                let (train, test) = (draw(training), draw(tested));
                // Drawn after both, so that none of it is in them.
                let held_out = if source.held_out == HeldOut::Validation { draw(tested) } else { test };
                (train, held_out)
            })
            .unzip();
        let seeds = seeds.into_iter().map(|(seed, _)| seed).collect();
        Self { reading, seeds, train, test, device: source.device.clone() }
    }

    /// Lists that are the same for every seed.
    pub fn fixed(reading: Reading, train: Lists, test: Lists, source: Source<'_>) -> Self {
        let device = source.device.clone();
        Self { reading, seeds: Vec::new(), train: vec![train], test: vec![test], device }
    }

    fn batch(&self, sets: &[Lists], indices: &[usize], seeds: &[u64]) -> Batch {
        let (replicas, length, size) = (seeds.len(), self.reading.tokens(), indices.len() / seeds.len());
        let (mut symbols, mut classes) = (Vec::<i32>::new(), Vec::<i32>::new());
        for (seed, indices) in seeds.iter().zip(indices.chunks_exact(size.max(1))) {
            let lists = &sets[set_of(&self.seeds, *seed)];
            for &at in indices {
                symbols
                    .extend(lists.symbols[at * length..][..length].iter().map(|&symbol| i32::from(symbol)));
                classes.push(i32::from(lists.classes[at]));
            }
        }
        let upload = |values: Vec<i32>, columns: usize| {
            Tensor::<2, Int>::from_data(TensorData::new(values, [replicas, columns]), &self.device)
        };
        Batch {
            input: Input::Tokens(upload(symbols, size * length)),
            targets: Targets::Classes(upload(classes, size)),
        }
    }

    fn first_of_test(&self, from: usize, to: usize, seeds: &[u64]) -> Batch {
        let one: Vec<usize> = (from..to).collect();
        self.batch(&self.test, &one.repeat(seeds.len()), seeds)
    }

    fn tested(&self) -> usize {
        self.test.first().map_or(0, |set| set.classes.len())
    }
}

impl Dataset for ListTask {
    fn reading(&self) -> Reading {
        self.reading
    }

    fn train_batch(&self, seeds: &[u64], step: u32, size: usize) -> Batch {
        let count = self.train.first().map_or(0, |set| set.classes.len());
        self.batch(&self.train, &draw_examples(seeds, step, size, count), seeds)
    }

    fn test_chunks(&self) -> usize {
        self.tested() / even_chunk(self.tested())
    }

    fn test_chunk(&self, index: usize, seeds: &[u64]) -> Batch {
        let size = even_chunk(self.tested());
        self.first_of_test(index * size, (index + 1) * size, seeds)
    }

    fn test_examples(&self, count: usize, seeds: &[u64]) -> Batch {
        self.first_of_test(0, count.min(self.tested()), seeds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_the_shapes_of_its_reading_and_each_list_its_class() {
        let reading = Reading::Symbols { tokens: 3, vocabulary: 9, classes: 4, padded: false };
        let lists = |count: u8| Lists {
            symbols: (0..count).flat_map(|list| [u16::from(list), 7, 8]).collect(),
            classes: (0..count).map(|list| list % 4).collect(),
        };
        let source = Source {
            bytes: &[],
            patches: &|| None,
            held_out: HeldOut::Test,
            seeds: &[1, 2],
            device: &Device::flex(),
        };
        let task = ListTask::drawn(reading, (Drawn::default(), 7), source, 5, |_, _| {
            |count: usize| lists(count.min(6) as u8)
        });
        for (batch, size) in [
            (task.train_batch(&[1, 2], 3, 8), 8),
            (task.test_examples(4, &[1, 2]), 4),
            (task.test_chunk(0, &[1, 2]), 6),
        ] {
            let (Input::Tokens(tokens), Targets::Classes(classes)) = (batch.input, batch.targets) else {
                panic!("symbols and classes")
            };
            assert_eq!((tokens.dims(), classes.dims()), ([2, size * 3], [2, size]));
            let tokens: Vec<i32> = tokens.into_data().iter::<i32>().collect();
            for (list, class) in tokens.chunks_exact(3).zip(classes.into_data().iter::<i32>()) {
                assert_eq!((list[0] % 4, list[1], list[2]), (class, 7, 8));
            }
        }
        assert_eq!(task.test_chunks(), 1);
    }
}
