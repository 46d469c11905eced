//! How equations are written. Symbols: digits 0 to 9, the operation 10, `=` 11, padding 12, digits of the answer 20 to 29, the
//! stop 30.

use crate::random::Stream;
use crate::tasks::sequences::Sequence;

/// The sign of the operation, whichever the task has.
const OPERATION: u16 = 10;
const EQUALS: u16 = 11;
/// What pads a sequence.
pub const PADDING: u16 = 12;
/// Added to a digit of an answer.
const ANSWER: u16 = 20;
const STOP: u16 = 30;

/// How an equation is written, and what of it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Whether the least significant digit comes first, in all three numbers.
    pub reversed: bool,
    /// Whether the first digit of the answer is asked for, too.
    pub whole: bool,
    /// Symbols N to which it is padded.
    pub context: usize,
}

/// A number of so many digits, each one drawn; the first of several is not 0.
pub fn number(stream: &mut Stream, digits: u32) -> u64 {
    (0..digits).fold(0, |number, place| {
        let digit = if place == 0 && digits > 1 { 1 + stream.below(9) } else { stream.below(10) };
        10 * number + digit as u64
    })
}

/// `first ∘ second = answer`. Asked for is what comes after a digit of the answer: another one, the stop; after the stop one
/// symbol of padding, where there is room for it.
pub fn equation(first: u64, second: u64, answer: u64, form: Form) -> Sequence {
    let digits = |number: u64, shift: u16| -> Vec<u16> {
        let digits = number.to_string().into_bytes().into_iter().map(|digit| u16::from(digit - b'0') + shift);
        if form.reversed { digits.rev().collect() } else { digits.collect() }
    };
    let answer = digits(answer, ANSWER);
    Sequence::default()
        .given(&digits(first, 0))
        .given(&[OPERATION])
        .given(&digits(second, 0))
        .given(&[EQUALS])
        .then(&answer[..1], form.whole)
        .asked(&answer[1..])
        .asked(&[STOP, PADDING])
        .cut(form.context)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a sequence says, read symbol by symbol: both numbers, the answer, and the number of symbols up to the stop.
    fn read(symbols: &[u16], reversed: bool) -> ([u64; 3], usize) {
        let mut numbers = [Vec::new(), Vec::new(), Vec::new()];
        let (mut at, mut place) = (0, 0);
        while symbols[place] != STOP {
            match symbols[place] {
                digit @ 0..=9 if at < 2 => numbers[at].push(digit),
                OPERATION if at == 0 => at = 1,
                EQUALS if at == 1 => at = 2,
                digit @ 20..=29 if at == 2 => numbers[2].push(digit - 20),
                other => panic!("{other} at {place} of {symbols:?}"),
            }
            place += 1;
        }
        let value = |mut digits: Vec<u16>| {
            if reversed {
                digits.reverse();
            }
            digits.into_iter().fold(0, |value, digit| 10 * value + u64::from(digit))
        };
        (numbers.map(value), place + 1)
    }

    #[test]
    fn ten_thousand_equations_of_each_kind_hold_and_ask_what_comes_after_an_answers_symbol() {
        let mut stream = Stream::new(1, "arithmetic");
        for case in 0..10_000 {
            let (digits, reversed, whole) = (1 + case % 9, case % 2 == 0, case % 3 == 0);
            let [a, b] = [0; 2].map(|_| number(&mut stream, digits));
            let least = if digits > 1 { 10u64.pow(digits - 1) } else { 0 };
            assert!((least..10u64.pow(digits)).contains(&a));
            for (result, context) in [(a + b, 3 * digits + 4), (a * b, 4 * digits + 4)] {
                let context = context as usize;
                let sequence = equation(a, b, result, Form { reversed, whole, context });
                let (numbers, end) = read(&sequence.symbols, reversed);
                assert_eq!(numbers, [a, b, result]);
                assert!(end <= context && sequence.symbols[end..].iter().all(|symbol| *symbol == PADDING));
                assert_eq!(sequence.symbols.len(), context.min(end + 1));
                for at in 0..sequence.symbols.len() {
                    let before = if at == 0 { 0 } else { sequence.symbols[at - 1] };
                    assert_eq!(sequence.asked[at], before >= 20 || whole && before == EQUALS, "{at}");
                }
            }
        }
    }

    #[test]
    fn products_of_more_digits_than_fit_are_refused_and_sums_are_not() {
        use crate::fields::{Problems, Room};
        use crate::surroundings::{Mixing, Surroundings};
        use crate::tasks::addition::Addition;
        use crate::tasks::{Described, multiplication::Multiplication};
        let sum = Addition { digits: 16, ..Addition::default() };
        let product = Multiplication { digits: 10, ..Multiplication::default() };
        let (mixing, reading) = (Mixing::Attention, sum.outline().reading);
        let here = Surroundings { reading, mixing, width: 16, positions: None, starts_at_zero: false };
        let mut found = Vec::new();
        sum.rules(&here, &mut Problems::new("task", &mut found));
        product.rules(&here, &mut Problems::new("task", &mut found));
        let sentences: Vec<_> = found.iter().map(|problem| problem.sentence.as_str()).collect();
        assert_eq!(sentences, ["task.digits must be at most 9 for a product; it is 10."]);
    }

    #[test]
    fn an_equation_is_written_as_on_paper_or_from_behind() {
        let form = Form { reversed: false, whole: false, context: 10 };
        let forward = equation(58, 67, 125, form);
        assert_eq!(forward.symbols, [5, 8, 10, 6, 7, 11, 21, 22, 25, 30]);
        let backward = equation(58, 7, 65, Form { reversed: true, whole: true, context: 10 });
        assert_eq!(backward.symbols, [8, 5, 10, 7, 11, 25, 26, 30, 12]);
        assert_eq!(backward.asked, [false, false, false, false, false, true, true, true, true]);
    }
}
