//! Experiments as files. Reading is strict: every problem is named by its field, nothing is dropped or guessed.

use serde_json::Value;

use super::experiment::Experiment;
use super::tree;
use crate::fields::Problem;

/// Bytes of a file, at most. The largest file of this repository has less than a tenth of that.
pub const MAX_BYTES: usize = 64 << 10;

/// Reads and checks an experiment.
pub fn from_toml(text: &str) -> Result<Experiment, Vec<Problem>> {
    if text.len() > MAX_BYTES {
        let sentence = format!(
            "An experiment file has at most {MAX_BYTES} bytes; this one has {}. Is it another file?",
            text.len()
        );
        return Err(vec![Problem::general(sentence)]);
    }
    let table: ::toml::Table = text.parse().map_err(|error| vec![syntax(text, &error)])?;
    let tree = Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect());
    tree::read(&tree)
}

/// Writes an experiment with every field, so that it does not depend on any default.
pub fn to_toml(experiment: &Experiment) -> String {
    ::toml::to_string(&tree::written(experiment))
        .expect("a tree of numbers, names and tables can be written as TOML")
}

/// A syntax error with the place where it is.
fn syntax(text: &str, error: &::toml::de::Error) -> Problem {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.lines().count().max(1) + usize::from(before.ends_with('\n'));
    let message = error.message().trim().replace('\n', "; ");
    Problem::general(format!("Line {line} is not TOML: {message}."))
}

/// Dates become text and numbers that are not finite become null; no field accepts either.
fn json(value: ::toml::Value) -> Value {
    match value {
        ::toml::Value::String(text) => text.into(),
        ::toml::Value::Integer(number) => number.into(),
        ::toml::Value::Float(number) => number.into(),
        ::toml::Value::Boolean(flag) => flag.into(),
        ::toml::Value::Datetime(date) => date.to_string().into(),
        ::toml::Value::Array(list) => list.into_iter().map(json).collect(),
        ::toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn sentences(text: &str) -> Vec<String> {
        from_toml(text).unwrap_err().into_iter().map(|problem| problem.sentence).collect()
    }

    #[test]
    fn what_is_written_is_read_again() {
        for experiment in samples::every_choice() {
            let text = to_toml(&experiment);
            assert_eq!(from_toml(&text), Ok(experiment), "{text}");
        }
    }

    #[test]
    fn numbers_are_written_as_people_write_them() {
        let text = to_toml(&samples::every_choice()[0]);
        assert!(text.contains("learning_rate = 0.001\n"), "{text}");
        assert!(text.contains("beta1 = 0.9\n"), "{text}");
    }

    #[test]
    fn few_lines_are_enough_and_the_rest_is_default() {
        let text = "version = 2\ntitle = 'Digits'\ntask = 'digits'\n[[variant]]\n[[variant]]\nset.\"model.heads\" = 8\n";
        let experiment = from_toml(text).unwrap();
        assert_eq!(experiment.variants.len(), 2);
        assert_eq!(experiment.training, super::super::Training::default());
    }

    #[test]
    fn a_slip_of_syntax_is_found_by_its_line() {
        let found = sentences("version = 2\ntitle = 'x'\nmodel = = 3\n");
        assert!(found[0].starts_with("Line 3 is not TOML"), "{found:?}");
    }

    #[test]
    fn nothing_is_dropped_in_silence() {
        let text = "version = 2\ntitle = 'x'\ntask = { name = 'digits', path = 2 }\ncolour = 3\n[[variant]]\nset = 3\n";
        let expected = [
            "There is no field \"task.path\"; did you mean \"task.patch\"?",
            "There is no field \"colour\".",
            "Variant 1: set must be a table of dotted paths and values.",
        ];
        let mut found = sentences(text);
        found.sort();
        let mut expected = expected.map(str::to_owned).to_vec();
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn strange_values_are_refused() {
        for value in ["nan", "inf", "-1", "1979-05-27", "[]", "{}", "'x'", "99999999999999999999"] {
            let text = format!(
                "version = 2\ntitle = 'x'\ntask = 'digits'\n[training]\nlearning_rate = {value}\n[[variant]]\n"
            );
            assert!(from_toml(&text).is_err(), "{value}");
        }
    }

    #[test]
    fn a_file_that_is_too_large_is_not_parsed() {
        let found = sentences(&"#".repeat(MAX_BYTES + 1));
        assert!(found[0].contains("at most 65536 bytes"), "{found:?}");
    }
}
