//! How sentences are made into batches.

use super::Reviews;
use super::format::{Sentence, Sentences};
use crate::tasks::lists::{ListTask, Lists};
use crate::tasks::{Described as _, HeldOut, Source};

/// One of so many sentences of each class is held out for validation.
const VALIDATION: usize = 6;

/// The sentences, cut and padded.
pub(super) fn sentences(task: &Reviews, set: &Sentences, source: Source<'_>) -> ListTask {
    let length = task.sentence_length as usize;
    let (train, mut test) = match source.held_out {
        HeldOut::Test => (set.train.iter().collect(), set.test.iter().collect()),
        HeldOut::Validation => {
            let mut seen = [0usize; 2];
            set.train.iter().partition::<Vec<&Sentence>, _>(|sentence| {
                let seen = &mut seen[usize::from(sentence.class)];
                *seen += 1;
                !usize::is_multiple_of(*seen, VALIDATION)
            })
        }
    };
    test.truncate(task.test as usize);
    ListTask::fixed(task.outline().reading, lists(&train, length), lists(&test, length), source)
}

/// A sentence that is too long keeps its last symbol, which says that it ends.
fn lists(sentences: &[&Sentence], length: usize) -> Lists {
    let mut symbols = Vec::with_capacity(sentences.len() * length);
    for sentence in sentences {
        let whole = &sentence.symbols;
        let kept = whole.len().min(length);
        symbols.extend(&whole[..kept - 1]);
        symbols.extend(whole.last());
        symbols.resize(symbols.len() + length - kept, 0);
    }
    Lists { symbols, classes: sentences.iter().map(|sentence| sentence.class).collect() }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::interface::{Input, Targets};
    use crate::tasks::Dataset;

    fn set() -> Sentences {
        let sentence = |index: u16| Sentence {
            symbols: (0..4 + 3 * (index % 4)).map(|at| 100 + index + at).collect(),
            class: (index % 2) as u8,
        };
        Sentences { train: (0..48).map(sentence).collect(), test: (100..164).map(sentence).collect() }
    }

    fn load(held_out: HeldOut, test: u32) -> ListTask {
        let device = Device::flex();
        let source = Source { bytes: &[], patches: &|| None, held_out, seeds: &[1], device: &device };
        sentences(&Reviews { sentence_length: 8, test }, &set(), source)
    }

    fn read(data: &dyn Dataset, count: usize) -> (Vec<Vec<i32>>, Vec<i32>) {
        let batch = data.test_examples(count, &[1]);
        let (Input::Tokens(tokens), Targets::Classes(classes)) = (batch.input, batch.targets) else {
            panic!("symbols and classes")
        };
        let tokens: Vec<i32> = tokens.into_data().iter::<i32>().collect();
        (tokens.chunks_exact(8).map(<[i32]>::to_vec).collect(), classes.into_data().iter::<i32>().collect())
    }

    #[test]
    fn sentences_are_cut_before_their_end_and_padded_after_it() {
        let (tokens, classes) = read(&load(HeldOut::Test, 16), 4);
        assert_eq!(tokens[0], [200, 201, 202, 203, 0, 0, 0, 0]);
        assert_eq!(tokens[1], [201, 202, 203, 204, 205, 206, 207, 0]);
        assert_eq!(tokens[2], [202, 203, 204, 205, 206, 207, 208, 211]);
        assert_eq!(classes, [0, 1, 0, 1]);
    }

    #[test]
    fn the_test_split_has_as_many_as_are_asked_for_and_validation_is_held_out_of_training() {
        assert_eq!(read(&load(HeldOut::Test, 16), 64).0.len(), 16);
        let data = load(HeldOut::Validation, 64);
        let (held_out, _) = read(&data, 64);
        assert_eq!(held_out.len(), 8, "one of six, of each class");
        let trained = data.train_batch(&[1], 1, 500).input;
        let Input::Tokens(trained) = trained else { panic!("symbols") };
        let trained: Vec<i32> = trained.into_data().iter::<i32>().collect();
        assert!(trained.chunks_exact(8).all(|list| !held_out.iter().any(|other| other == list)));
    }
}
