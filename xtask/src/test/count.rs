//! Counting tests from what the test runners print.

use std::fmt;
use std::ops::AddAssign;

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
}

impl Count {
    /// The counts in a line such as `test result: ok. 12 passed; 0 failed; 1 ignored; …`; zero in any other.
    pub fn in_line(line: &str) -> Self {
        let Some((_, result)) = line.split_once("test result:") else {
            return Self::default();
        };
        Self { passed: number_before(result, " passed"), failed: number_before(result, " failed") }
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn number_before(text: &str, word: &str) -> u64 {
    let Some((before, _)) = text.split_once(word) else {
        return 0;
    };
    before.rsplit(' ').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_line_of_rusts_test_runner() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(Count::in_line(line), Count { passed: 12, failed: 3 });
    }

    #[test]
    fn a_test_that_prints_such_words_is_not_counted() {
        assert_eq!(Count::in_line("test four_passed ... ok"), Count::default());
        assert_eq!(Count::in_line("12 passed; 3 failed"), Count::default());
    }

    #[test]
    fn the_last_line_says_both_numbers() {
        let mut total = Count { passed: 2, failed: 0 };
        total += Count { passed: 40, failed: 1 };
        assert_eq!(total.to_string(), "42 passed, 1 failed");
    }
}
