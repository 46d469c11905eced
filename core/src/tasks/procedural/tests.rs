//! Ten thousand sequences of each rule, read symbol by symbol as the rules say.

use super::engine::{grown, sequence};
use super::{Procedural, Rule, automaton, brackets, stack};
use crate::fields::{Problems, Room};
use crate::random::Stream;
use crate::surroundings::{Mixing, Surroundings};
use crate::tasks::Described;
use crate::tasks::sequences::Sequence;

const CASES: usize = 10_000;

fn task(rule: Rule, n: u32, symbols: u32) -> Procedural {
    Procedural { rule, sequence_length: n, symbols, ..Procedural::default() }
}

/// Sequences of the rule, of all lengths and alphabets in turn.
fn every_sequence(rule: Rule, lengths: &[u32], mut read: impl FnMut(&Procedural, Sequence)) {
    let mut stream = Stream::new(5, rule.name());
    for case in 0..CASES {
        let task = task(rule, lengths[case % lengths.len()], [4, 8, 32][case / 7 % 3]);
        let drawn = sequence(&task, &mut stream, None);
        assert_eq!(drawn.symbols.len(), drawn.asked.len());
        assert!(drawn.symbols.len() <= task.outline().reading.tokens());
        read(&task, drawn);
    }
}

/// The output of a rule, from the words of its definition: slow and plain.
fn output(rule: Rule, inputs: &[&[u16]]) -> Vec<u16> {
    let x = inputs[0];
    let mut y = Vec::new();
    match rule {
        Rule::Identity => x.iter().for_each(|s| y.push(*s)),
        Rule::Reverse => x.iter().for_each(|s| y.insert(0, *s)),
        Rule::Sort => {
            for symbol in 0..=*x.iter().max().unwrap() {
                (0..x.len()).for_each(|i| y.extend((x[i] == symbol).then_some(symbol)));
            }
        }
        Rule::Set | Rule::Union => {
            for symbol in inputs.iter().flat_map(|x| x.iter()) {
                if !y.contains(symbol) {
                    y.push(*symbol);
                }
            }
        }
        Rule::Delete => {
            let mut deleted = false;
            for symbol in x {
                if *symbol == inputs[1][0] && !deleted {
                    deleted = true;
                } else {
                    y.push(*symbol);
                }
            }
        }
        other => panic!("{} has no output", other.name()),
    }
    y
}

#[test]
fn the_output_of_every_list_rule_follows_from_its_input() {
    for rule in [Rule::Identity, Rule::Reverse, Rule::Sort, Rule::Set, Rule::Union, Rule::Delete] {
        let separators = if matches!(rule, Rule::Union | Rule::Delete) { 2 } else { 1 };
        let mut absent = 0;
        every_sequence(rule, &[2, 3, 8, 16, 31], |task, drawn| {
            let separator = task.symbols as u16;
            let parts: Vec<&[u16]> = drawn.symbols.split(|symbol| *symbol == separator).collect();
            let n = task.sequence_length as usize;
            let lengths: Vec<usize> = parts[..separators].iter().map(|part| part.len()).collect();
            match rule {
                Rule::Union => assert_eq!(lengths, [n / 2, n / 2]),
                Rule::Delete => assert_eq!(lengths, [n, 1]),
                _ => assert_eq!(lengths, [n]),
            }
            assert_eq!(parts.len(), separators + 1);
            assert!(parts.iter().all(|part| part.iter().all(|symbol| (1..separator).contains(symbol))));
            let answer = parts[separators];
            assert_eq!(answer, output(rule, &parts[..separators]), "{} of {parts:?}", rule.name());
            absent += usize::from(rule == Rule::Delete && answer.len() == n);
            // Asked for is the output, and nothing else.
            let begins = drawn.symbols.len() - answer.len();
            assert!((0..drawn.asked.len()).all(|place| drawn.asked[place] == (place >= begins)));
        });
        assert!(
            rule != Rule::Delete || (CASES / 5..CASES * 4 / 5).contains(&absent),
            "{absent} of them not there"
        );
    }
}

#[test]
fn a_string_and_its_copy_are_equal() {
    every_sequence(Rule::Ww, &[2, 5, 16], |task, Sequence { symbols, asked }| {
        let n = task.sequence_length as usize;
        assert_eq!((symbols.len(), &symbols[..n]), (2 * n, &symbols[n..]));
        assert!(symbols.iter().all(|symbol| (1..task.symbols as u16).contains(symbol)));
        assert!((0..2 * n).all(|place| asked[place] == (place >= n)));
    });
}

#[test]
fn a_stack_is_what_its_operations_leave() {
    // Pushes and choices, before and after two thirds.
    let mut chosen = [[0usize; 2]; 2];
    every_sequence(Rule::Stack, &[2, 3, 8, 16, 31], |task, Sequence { symbols, asked }| {
        let (n, separator) = (task.sequence_length as usize, task.symbols as u16);
        let mut held: Vec<u16> = Vec::new();
        for (step, &symbol) in symbols[..n].iter().enumerate() {
            let (few, full) = (held.len() <= 1, held.len() + 1 == task.symbols as usize);
            if few {
                assert_ne!(symbol, stack::POP, "at most one is there, so that one is pushed");
            } else if step + 1 == n || full {
                assert_eq!(symbol, stack::POP);
            } else {
                let late = usize::from(step >= 2 * n / 3);
                chosen[late][0] += usize::from(symbol != stack::POP);
                chosen[late][1] += 1;
            }
            if symbol == stack::POP {
                held.pop().expect("there is something to pop");
            } else {
                assert!((1..separator).contains(&symbol) && !held.contains(&symbol));
                held.push(symbol);
            }
        }
        assert_eq!(symbols[n], separator);
        held.reverse();
        held.truncate(n - 1);
        assert_eq!(symbols[n + 1..], held[..]);
        assert!((0..symbols.len()).all(|place| asked[place] == (place > n)) && symbols.len() <= 2 * n);
    });
    for (late, probability) in [(0, 0.75), (1, 0.25)] {
        let [pushes, all] = chosen[late];
        let share = pushes as f64 / all as f64;
        // Five standard errors.
        assert!((share - probability).abs() < 5.0 * (0.1875 / all as f64).sqrt(), "{share} of {all}");
    }
}

#[test]
fn every_bracket_closes_the_last_one_that_is_open_and_all_are_closed() {
    let mut chosen = [0usize; 2];
    every_sequence(Rule::Dyck, &[2, 8, 16, 64], |task, Sequence { symbols, asked }| {
        let (kinds, length) = (task.kinds as u16, task.sequence_length as usize);
        let mut open = Vec::new();
        for (place, &symbol) in symbols.iter().enumerate() {
            let left = length - place;
            if !open.is_empty() && open.len() + 1 < left {
                chosen[0] += usize::from(symbol < kinds);
                chosen[1] += 1;
            }
            if symbol < kinds {
                open.push(symbol);
            } else {
                assert_eq!(open.pop(), Some(symbol - kinds), "{symbols:?}");
            }
        }
        assert!(open.is_empty() && symbols.len() == length && asked.iter().all(|asked| *asked));
    });
    let share = chosen[0] as f64 / chosen[1] as f64;
    assert!((share - brackets::OPEN).abs() < 2.5 / (chosen[1] as f64).sqrt(), "{share} of {}", chosen[1]);
}

#[test]
fn shuffled_brackets_close_what_is_open_and_are_never_deeper_than_sixteen() {
    let (mut chosen, mut deepest, mut left_open) = ([0usize; 2], 0, 0);
    every_sequence(Rule::DyckShuffle, &[2, 9, 64, 256], |task, Sequence { symbols, asked }| {
        let kinds = task.kinds as usize;
        let mut open = vec![0i32; kinds];
        for &symbol in &symbols {
            let depth: i32 = open.iter().sum();
            let opens = usize::from(symbol) < kinds;
            match depth {
                0 => assert!(opens),
                16 => assert!(!opens),
                _ => chosen = [chosen[0] + usize::from(opens), chosen[1] + 1],
            }
            open[usize::from(symbol) % kinds] += if opens { 1 } else { -1 };
            assert!(open.iter().all(|count| *count >= 0), "{symbols:?}");
            deepest = deepest.max(open.iter().sum());
        }
        left_open += usize::from(open.iter().any(|count| *count > 0));
        assert!(symbols.len() == task.sequence_length as usize && asked.iter().all(|asked| *asked));
    });
    let share = chosen[0] as f64 / chosen[1] as f64;
    assert!((share - brackets::OPEN).abs() < 2.5 / (chosen[1] as f64).sqrt(), "{share} of {}", chosen[1]);
    assert_eq!(deepest, brackets::DEEPEST as i32);
    assert!(left_open > CASES / 4, "the end may find brackets open, and found {left_open}");
}

#[test]
fn every_row_of_the_automaton_follows_from_the_one_before() {
    // left, self, right → next, as the notes print rule 110.
    let table = ["111 0", "110 1", "101 1", "100 0", "011 1", "010 1", "001 1", "000 0"];
    every_sequence(Rule::Automaton, &[2, 3, 16, 31], |task, Sequence { symbols, asked }| {
        let cells = task.sequence_length as usize;
        let rows: Vec<&[u16]> = symbols.split(|symbol| *symbol == automaton::SEPARATOR).collect();
        assert_eq!((rows.len(), symbols.len()), (task.rows as usize, task.outline().reading.tokens()));
        for pair in rows.windows(2) {
            for cell in 0..cells {
                let around = [(cell + cells - 1) % cells, cell, (cell + 1) % cells].map(|at| pair[0][at]);
                let around = around.map(|state| state.to_string()).concat();
                let line = table.iter().find(|line| line.starts_with(&around)).expect("a line");
                assert!(line.ends_with(&pair[1][cell].to_string()), "{around}");
            }
        }
        for (place, &symbol) in symbols.iter().enumerate() {
            assert_eq!(asked[place], place >= cells && symbol != automaton::SEPARATOR);
        }
    });
}

#[test]
fn wolframs_numbers_are_the_rules_of_that_name() {
    let row = [0, 1, 1, 0, 1, 0, 0, 1];
    let neighbours = |i: usize| (row[(i + 7) % 8], row[i], row[(i + 1) % 8]);
    let by = |rule: fn((u16, u16, u16)) -> u16| (0..8).map(|i| rule(neighbours(i))).collect::<Vec<_>>();
    assert_eq!(automaton::next(&row, 90), by(|(left, _, right)| left ^ right));
    assert_eq!(automaton::next(&row, 30), by(|(left, own, right)| left ^ (own | right)));
    assert_eq!(automaton::next(&row, 184), by(|(left, own, right)| if own == 1 { right } else { left }));
    assert_eq!(automaton::next(&row, 204), row);
}

#[test]
fn shuffling_keeps_how_many_there_are_of_each_symbol_and_what_is_asked_for() {
    for option in Rule::OPTIONS {
        let plain = task(Rule::from_name(option.name).unwrap(), 16, 8);
        let shuffled = Procedural { shuffled: true, ..plain };
        let mut moved = 0;
        for case in 0..200 {
            let draw = |task| sequence(task, &mut Stream::new(case, "shuffled"), None);
            let (mut one, mut other) = (draw(&plain), draw(&shuffled));
            assert_eq!(one.asked, other.asked);
            moved += usize::from(one.symbols != other.symbols);
            one.symbols.sort_unstable();
            other.symbols.sort_unstable();
            assert_eq!(one.symbols, other.symbols);
        }
        assert!(moved > 190, "{}: {moved}", option.name);
    }
}

#[test]
fn the_length_grows_evenly_from_two_to_the_whole() {
    assert_eq!([0, 1, 1000].map(|step| grown(16, 0, step)), [16; 3]);
    assert_eq!([0, 99, 100, 350, 699, 700, 5000].map(|step| grown(16, 700, step)), [2, 2, 4, 8, 14, 16, 16]);
    assert_eq!([0, 50, 99, 100].map(|step| grown(5, 100, step)), [2, 4, 4, 5]);
    assert_eq!(grown(2, 100, 3), 2);
    for (rule, at_first) in [(Rule::Identity, 5), (Rule::Dyck, 2), (Rule::Automaton, 11), (Rule::Delete, 7)] {
        let growing = Procedural { grow: 100, ..task(rule, 16, 200) };
        let length = |step| sequence(&growing, &mut Stream::new(3, "grow"), step).symbols.len();
        assert_eq!(length(Some(0)), at_first, "{}", rule.name());
        assert_eq!(length(Some(100)), length(None));
        assert!(length(Some(50)) < length(None));
    }
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let problems = |task: Procedural| {
        let (mixing, reading) = (Mixing::Attention, task.outline().reading);
        let mut found = Vec::new();
        let here = Surroundings { reading, mixing, width: 16, positions: None, starts_at_zero: false };
        task.rules(&here, &mut Problems::new("task", &mut found));
        found.into_iter().map(|problem| problem.sentence).collect::<Vec<_>>()
    };
    assert_eq!(problems(task(Rule::DyckShuffle, 15, 8)), [""; 0]);
    let odd = "task.sequence_length must be even, for every bracket is closed; it is 15.";
    assert_eq!(problems(task(Rule::Dyck, 15, 8)), [odd]);
    let long = "task.rows must be smaller: a sequence has at most 1024 symbols, and would have 2078.";
    assert_eq!(problems(Procedural { rows: 63, ..task(Rule::Automaton, 32, 8) }), [long]);
    let many = "task.test must be at most 8176 where a sequence has 513 symbols; it is 16384.";
    assert_eq!(problems(Procedural { test: 16_384, ..task(Rule::Sort, 256, 8) }), [many]);
}
