//! How the text is made into batches.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::interface::{Batch, Input, Targets};
use crate::surroundings::Reading;
use crate::tasks::format::TextSet;
use crate::tasks::{Dataset, HeldOut, Source, draw_examples, even_chunk};

const TEST_WINDOWS: usize = super::TEST_WINDOWS as usize;

/// Text in memory; a step uploads its windows.
pub struct TextTask {
    train: Vec<u8>,
    test: Vec<u8>,
    vocabulary: usize,
    context: usize,
    device: Device,
}

impl TextTask {
    /// Keeps the text.
    ///
    /// # Errors
    /// If a window does not fit into each part.
    pub fn new(set: &TextSet<'_>, context: usize, source: Source<'_>) -> Result<Self, String> {
        let (train, test) = match source.held_out {
            HeldOut::Test => (set.train, set.test),
            // The last ninth: as long as the test part, which is a tenth of the whole.
            HeldOut::Validation => set.train.split_at(set.train.len() / 9 * 8),
        };
        let shortest = train.len().min(test.len());
        if context == 0 || context >= shortest {
            return Err(format!("task.context must be 1 to {} characters, not {context}.", shortest - 1));
        }
        let (train, test) = (train.to_vec(), test.to_vec());
        Ok(Self { train, test, vocabulary: set.vocabulary.len(), context, device: source.device.clone() })
    }

    fn batch(&self, text: &[u8], starts: &[usize], replicas: usize) -> Batch {
        let shape = [replicas, starts.len() / replicas * self.context];
        let windows = |shift: usize| {
            let values = starts.iter().flat_map(|&start| &text[start + shift..][..self.context]);
            let values: Vec<i32> = values.map(|&symbol| i32::from(symbol)).collect();
            Tensor::<2, Int>::from_data(TensorData::new(values, shape), &self.device)
        };
        Batch { input: Input::Tokens(windows(0)), targets: Targets::Classes(windows(1)) }
    }

    fn test_start(&self, index: usize) -> usize {
        index * (self.test.len() - self.context - 1) / (TEST_WINDOWS - 1)
    }
}

impl Dataset for TextTask {
    fn reading(&self) -> Reading {
        Reading::Characters { tokens: self.context, vocabulary: self.vocabulary }
    }

    fn train_batch(&self, seeds: &[u64], step: u32, size: usize) -> Batch {
        let starts = draw_examples(seeds, step, size, self.train.len() - self.context);
        self.batch(&self.train, &starts, seeds.len())
    }

    fn test_chunks(&self) -> usize {
        TEST_WINDOWS / even_chunk(TEST_WINDOWS)
    }

    fn test_chunk(&self, index: usize, seeds: &[u64]) -> Batch {
        let size = even_chunk(TEST_WINDOWS);
        let starts: Vec<usize> = (index * size..(index + 1) * size).map(|i| self.test_start(i)).collect();
        self.batch(&self.test, &starts.repeat(seeds.len()), seeds.len())
    }

    fn test_examples(&self, count: usize, seeds: &[u64]) -> Batch {
        let starts: Vec<usize> = (0..count.min(TEST_WINDOWS)).map(|i| self.test_start(i)).collect();
        self.batch(&self.test, &starts.repeat(seeds.len()), seeds.len())
    }
}
