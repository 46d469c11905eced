//! What is wrong with an experiment: the field, and a sentence that says what would be right.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that is wrong with an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Dotted path, for example `model.heads` or `variant.2.model.heads`; empty where no field is to blame.
    pub field: String,
    /// A whole sentence that names the field and says what is allowed.
    pub sentence: String,
}

impl Problem {
    /// A problem of `field`; `must` continues the sentence: "must be …, not …".
    pub fn of(field: &str, must: impl fmt::Display) -> Self {
        let mut sentence = format!("{field} {must}");
        if !sentence.ends_with('?') {
            sentence.push('.');
        }
        Self { field: field.to_owned(), sentence }
    }

    /// A problem of the whole.
    pub fn general(sentence: impl Into<String>) -> Self {
        Self { field: String::new(), sentence: sentence.into() }
    }

    /// The same problem, in the variant with this index.
    pub fn in_variant(self, index: usize) -> Self {
        let number = index + 1;
        let field = match self.field.as_str() {
            "" => format!("variant.{number}"),
            field => format!("variant.{number}.{field}"),
        };
        Self { field, sentence: format!("Variant {number}: {}", self.sentence) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Problem {}

/// Quotes what a user wrote, so that it can stand in a sentence: escaped, and short whatever was written.
pub fn quote(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut quoted: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().nth(LONGEST).is_some() {
        quoted.push('…');
    }
    format!("\"{quoted}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_of_a_variant_says_which() {
        let problem = Problem::of("model.heads", "must be from 1 to 64, not 0").in_variant(1);
        assert_eq!(problem.field, "variant.2.model.heads");
        assert_eq!(problem.to_string(), "Variant 2: model.heads must be from 1 to 64, not 0.");
    }

    #[test]
    fn what_was_written_is_quoted_on_one_short_line() {
        assert_eq!(quote("a\nb"), "\"a\\nb\"");
        assert!(quote(&"x".repeat(100_000)).chars().count() < 50);
    }
}
