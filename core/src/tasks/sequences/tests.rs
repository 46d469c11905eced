//! What holds for every task of sequences.

use std::collections::HashSet;

use burn::tensor::{Device, TensorData};

use crate::fields::Node;
use crate::interface::{Batch, Input, Targets};
use crate::tasks::{Dataset, HeldOut, Source, Task};

fn rows(batch: Batch, length: usize) -> (Vec<Vec<i32>>, Vec<Vec<i32>>) {
    let (Input::Tokens(symbols), Targets::Asked(targets)) = (batch.input, batch.targets) else {
        panic!("sequences")
    };
    let rows = |data: TensorData| {
        data.iter::<i32>().collect::<Vec<_>>().chunks_exact(length).map(<[i32]>::to_vec).collect()
    };
    (rows(symbols.into_data()), rows(targets.into_data()))
}

fn load(task: &Task, held_out: HeldOut) -> Box<dyn Dataset> {
    let device = Device::flex();
    let source = Source { bytes: &[], patches: &|| None, held_out, seeds: &[1, 2], device: &device };
    task.engine().load(source).expect("it is generated")
}

/// Every task of sequences, every rule of the procedural one.
fn tasks() -> Vec<Task> {
    let with = |name: &str, settings: &[(&str, serde_json::Value)]| {
        let mut task = Task::from_name(name).expect("a task");
        assert!(settings.iter().all(|(key, value)| task.put(key, value)), "{name} {settings:?}");
        task
    };
    let rules = crate::tasks::procedural::Rule::OPTIONS.iter().flat_map(|rule| {
        [false, true]
            .map(|shuffled| with("procedural", &[("rule", rule.name.into()), ("shuffled", shuffled.into())]))
    });
    let settings = [
        with("addition", &[("digits", 2.into()), ("reversed", true.into())]),
        with("addition", &[("digits", 16.into()), ("whole", true.into())]),
        with("multiplication", &[("digits", 9.into()), ("whole", true.into())]),
        with("haystack", &[("keys", 30.into()), ("vocabulary", 256.into())]),
        with("procedural", &[("rule", "automaton".into()), ("number", 30.into()), ("grow", 5.into())]),
    ];
    let others = ["haystack", "addition", "multiplication", "sorting"].map(|name| with(name, &[]));
    rules.chain(others).chain(settings).collect()
}

#[test]
fn what_is_tested_on_is_never_trained_on_and_no_split_has_anothers_sequences() {
    for task in tasks() {
        let (test, validation) = (load(&task, HeldOut::Test), load(&task, HeldOut::Validation));
        let length = task.reading().tokens();
        let all = |data: &dyn Dataset| rows(data.test_examples(1024, &[1]), length).0;
        let (a, b): (HashSet<_>, HashSet<_>) =
            (all(&*test).into_iter().collect(), all(&*validation).into_iter().collect());
        assert!(a.is_disjoint(&b), "{}", task.name());
        for data in [&test, &validation] {
            let (trained, _) = rows(data.train_batch(&[1], 9, 1000), length);
            assert!(trained.iter().all(|row| !a.contains(row) && !b.contains(row)), "{}", task.name());
        }
    }
}

#[test]
fn a_class_is_the_next_symbol_where_it_is_asked_for() {
    for task in tasks() {
        let (data, length) = (load(&task, HeldOut::Test), task.reading().tokens());
        for batch in [data.train_batch(&[1, 2], 3, 50), data.test_chunk(0, &[1, 2])] {
            let (symbols, targets) = rows(batch, length);
            for (symbols, targets) in symbols.iter().zip(&targets) {
                let asked = (0..length).filter(|&place| targets[place] >= 0).collect::<Vec<_>>();
                assert!(!asked.is_empty() && asked.iter().all(|at| targets[*at] == symbols[at + 1]));
                let known = 0..task.reading().outputs() as i32;
                assert!(symbols.iter().all(|symbol| known.contains(symbol)), "{}", task.name());
            }
        }
    }
}

#[test]
fn a_batch_follows_from_seed_and_step_and_differs_between_them() {
    for task in tasks() {
        let (one, other) = (load(&task, HeldOut::Test), load(&task, HeldOut::Test));
        let length = task.reading().tokens();
        let batch = |data: &dyn Dataset, seeds: &[u64], step| rows(data.train_batch(seeds, step, 20), length);
        let both = batch(&*one, &[1, 2], 7);
        assert_eq!(both, batch(&*other, &[1, 2], 7));
        assert_eq!(both.0[20..], batch(&*other, &[2], 7).0);
        assert_eq!([&both.0[20..], &both.0[20..], &both.0[..20]].concat(), batch(&*one, &[2, 2, 1], 7).0);
        assert_ne!(both.0[..20], both.0[20..]);
        assert_ne!(both, batch(&*one, &[1, 2], 8));
    }
}
