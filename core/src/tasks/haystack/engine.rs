//! How the sequences are drawn.

use super::Haystack;
use crate::random::Stream;
use crate::tasks::sequences::Sequence;

/// What pads a sequence; no value is 0.
pub const PADDING: u16 = 0;

/// Some pairs, a query, its value.
pub fn sequence(task: &Haystack, stream: &mut Stream) -> Sequence {
    let (keys, half) = (task.keys as usize, task.vocabulary as usize / 2);
    let pairs = 1 + stream.below(keys);
    // The beginning of a permutation.
    let mut order: Vec<usize> = (0..keys).collect();
    for place in 0..pairs {
        order.swap(place, place + stream.below(keys - place));
    }
    let values: Vec<u16> = (0..pairs).map(|_| 1 + stream.below(half - 1) as u16).collect();
    let asked = stream.below(pairs);
    let said = order.iter().zip(&values).flat_map(|(&key, &value)| [(half + key) as u16, value]);
    Sequence::default()
        .given(&said.collect::<Vec<_>>())
        .given(&[(half + keys + order[asked]) as u16])
        .asked(&[values[asked]])
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::tasks::Described;

    /// The value that the sequence gives the key of its query, found by reading it; and all its values.
    fn read(symbols: &[u16], keys: u16, half: u16) -> (u16, Vec<u16>) {
        let (query, said) = (symbols[symbols.len() - 2], &symbols[..symbols.len() - 2]);
        let mut known = HashMap::new();
        for pair in said.chunks_exact(2) {
            assert!((half..half + keys).contains(&pair[0]) && (1..half).contains(&pair[1]), "{symbols:?}");
            assert_eq!(known.insert(pair[0] - half, pair[1]), None, "a key is there once");
        }
        (known[&(query - half - keys)], said.iter().skip(1).step_by(2).copied().collect())
    }

    #[test]
    fn the_answer_of_ten_thousand_sequences_is_the_value_of_the_querys_key() {
        for (keys, vocabulary) in [(30, 256), (12, 128), (2, 8)] {
            let task = Haystack { keys, vocabulary, ..Haystack::default() };
            let mut stream = Stream::new(1, "haystack");
            let mut lengths = vec![0; keys as usize + 1];
            for _ in 0..10_000 {
                let Sequence { symbols, asked } = sequence(&task, &mut stream);
                let (value, values) = read(&symbols, keys as u16, vocabulary as u16 / 2);
                assert_eq!(*symbols.last().unwrap(), value);
                assert!(asked.iter().rev().skip(1).all(|asked| !asked) && asked[asked.len() - 1]);
                assert!(symbols.len() < task.outline().reading.tokens());
                lengths[values.len()] += 1;
            }
            let each = 10_000 / keys as usize;
            assert!(lengths[1..].iter().all(|count| (each * 7 / 10..each * 13 / 10).contains(count)));
        }
    }

    #[test]
    fn who_guesses_a_value_that_was_said_reaches_the_chance() {
        for (keys, vocabulary) in [(30, 256), (12, 128), (2, 8), (5, 20)] {
            let task = Haystack { keys, vocabulary, ..Haystack::default() };
            let mut stream = Stream::new(2, "haystack");
            let right = (0..40_000).filter(|_| {
                let symbols = sequence(&task, &mut stream).symbols;
                let (value, values) = read(&symbols, keys as u16, vocabulary as u16 / 2);
                values[stream.below(values.len())] == value
            });
            let (share, chance) = (right.count() as f64 / 40_000.0, task.chance().unwrap());
            // Four standard errors of a share of at most one half.
            assert!((share - chance).abs() < 0.01, "{keys}: {share} is not {chance}");
        }
    }

    #[test]
    fn keys_need_room_in_the_vocabulary() {
        use crate::fields::{Problems, Room};
        use crate::surroundings::{Mixing, Surroundings};
        let task = Haystack { keys: 30, vocabulary: 100, ..Haystack::default() };
        let (mixing, reading) = (Mixing::Attention, task.outline().reading);
        let here = Surroundings { reading, mixing, width: 16, positions: None, starts_at_zero: false };
        let mut found = Vec::new();
        task.rules(&here, &mut Problems::new("task", &mut found));
        let sentences: Vec<_> = found.iter().map(|problem| problem.sentence.as_str()).collect();
        let wanted = "task.vocabulary must be an even number, at least 120 for this task.keys; it is 100.";
        assert_eq!(sentences, [wanted]);
    }
}
