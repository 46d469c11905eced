//! Classification of lists of symbols, all of one length: what tasks of them share.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::{Dataset, draw_examples, even_chunk};
use crate::interface::{Batch, Input, Targets};
use crate::surroundings::Reading;

/// One part of a set of lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lists {
    /// `[n, length]`, one byte a symbol.
    pub symbols: Vec<u8>,
    /// `[n]`: the class of each list.
    pub classes: Vec<u8>,
}

/// Lists in memory; a step uploads those it wants.
pub struct ListTask {
    reading: Reading,
    train: Lists,
    test: Lists,
    device: Device,
}

impl ListTask {
    /// Lists of as many symbols as the reading has tokens.
    pub fn new(reading: Reading, train: Lists, test: Lists, device: &Device) -> Self {
        Self { reading, train, test, device: device.clone() }
    }

    fn batch(&self, lists: &Lists, indices: &[usize], replicas: usize) -> Batch {
        let (length, size) = (self.reading.tokens(), indices.len() / replicas);
        let symbols = indices.iter().flat_map(|&at| &lists.symbols[at * length..][..length]);
        let symbols: Vec<i32> = symbols.map(|&symbol| i32::from(symbol)).collect();
        let classes: Vec<i32> = indices.iter().map(|&at| i32::from(lists.classes[at])).collect();
        let upload = |values: Vec<i32>, columns: usize| {
            Tensor::<2, Int>::from_data(TensorData::new(values, [replicas, columns]), &self.device)
        };
        Batch {
            input: Input::Tokens(upload(symbols, size * length)),
            targets: Targets::Classes(upload(classes, size)),
        }
    }

    fn first_of_test(&self, from: usize, to: usize, replicas: usize) -> Batch {
        let one: Vec<usize> = (from..to).collect();
        self.batch(&self.test, &one.repeat(replicas), replicas)
    }
}

impl Dataset for ListTask {
    fn reading(&self) -> Reading {
        self.reading
    }

    fn train_batch(&self, seeds: &[u64], step: u32, size: usize) -> Batch {
        self.batch(&self.train, &draw_examples(seeds, step, size, self.train.classes.len()), seeds.len())
    }

    fn test_chunks(&self) -> usize {
        self.test.classes.len() / even_chunk(self.test.classes.len())
    }

    fn test_chunk(&self, index: usize, replicas: usize) -> Batch {
        let size = even_chunk(self.test.classes.len());
        self.first_of_test(index * size, (index + 1) * size, replicas)
    }

    fn test_examples(&self, count: usize, replicas: usize) -> Batch {
        self.first_of_test(0, count.min(self.test.classes.len()), replicas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_the_shapes_of_its_reading_and_each_list_its_class() {
        let reading = Reading::Symbols { tokens: 3, vocabulary: 9, classes: 4 };
        let lists = |count: u8| Lists {
            symbols: (0..count).flat_map(|list| [list, 7, 8]).collect(),
            classes: (0..count).map(|list| list % 4).collect(),
        };
        let task = ListTask::new(reading, lists(5), lists(6), &Device::flex());
        for (batch, size) in
            [(task.train_batch(&[1, 2], 3, 8), 8), (task.test_examples(4, 2), 4), (task.test_chunk(0, 2), 6)]
        {
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
