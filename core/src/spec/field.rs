//! One field of the experiment, as data: what it is called, what it may be, and how its values are written.
//!
//! A value is a `serde_json::Value` here, because a patch can hold a value of any field. [`Field::accept`] is the only
//! judge of a single value; it also makes it *canonical*, so that equal values are written equally.

use serde_json::Value;

use super::experiment::Experiment;
use super::nearest::suggestion;
use super::problem::{Problem, quote};

/// A row of the table [`super::FIELDS`].
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Dotted path, for example `model.heads`. For a tagged enum the path of the whole: `task`, not `task.name`.
    pub path: &'static str,
    /// A word or two, for a control and a table.
    pub label: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// Which values there are.
    pub kind: Kind,
    /// What a number counts; empty for a bare number.
    pub unit: &'static str,
    /// What 0 means, where 0 is allowed beside the range and is not simply a number.
    pub zero: Option<&'static str>,
    /// What the value must divide, and what to call that. `None` where it may be anything in range.
    pub divides: fn(&Experiment) -> Option<(u32, &'static str)>,
    /// Whether the experiment has this field at all.
    pub applies: fn(&Experiment) -> bool,
    /// Whether the value changes anything in this experiment; controls of those that do not are hidden.
    pub matters: fn(&Experiment) -> bool,
    /// How its value reads in the name of a variant.
    pub phrase: Phrase,
    /// How the value reads, where [`Field::text`] is not good enough.
    pub reading: Option<fn(&Experiment) -> String>,
}

/// Which values a field has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A whole number.
    Integer {
        /// Smallest.
        min: u32,
        /// Largest.
        max: u32,
        /// Stride of a control; the values between are allowed too.
        step: u32,
    },
    /// A number.
    Float {
        /// Smallest.
        min: f32,
        /// Largest.
        max: f32,
        /// Whether a control runs over its logarithm.
        log: bool,
    },
    /// On or off.
    Flag,
    /// One of some names.
    Choice {
        /// The names.
        options: &'static [Choice],
        /// Whether each name brings fields of its own, below this one's path.
        tagged: bool,
    },
    /// A line of text.
    Text {
        /// Longest, in characters.
        max: usize,
    },
}

/// One of the names of a [`Kind::Choice`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// As it is written in a file.
    pub name: &'static str,
    /// As it reads in a control.
    pub label: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// The last parts of the paths of the fields that this choice brings.
    pub fields: &'static [&'static str],
}

/// How a value reads in the name of a variant. The name must tell two values apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phrase {
    /// The text, then the value: "width 64".
    Before(&'static str),
    /// The value, then the text: "softmax attention".
    After(&'static str),
    /// The value, then the noun: "1 head", "8 heads".
    Count(&'static str, &'static str),
    /// The noun, or "no" and the noun.
    Flag(&'static str),
}

impl Field {
    const fn row(path: &'static str, label: &'static str, kind: Kind, phrase: Phrase) -> Self {
        Self {
            path,
            label,
            help: "",
            kind,
            unit: "",
            zero: None,
            divides: |_| None,
            applies: |_| true,
            matters: |_| true,
            phrase,
            reading: None,
        }
    }

    pub(super) const fn integer(
        path: &'static str,
        label: &'static str,
        min: u32,
        max: u32,
        phrase: Phrase,
    ) -> Self {
        Self::row(path, label, Kind::Integer { min, max, step: 1 }, phrase)
    }

    pub(super) const fn float(
        path: &'static str,
        label: &'static str,
        min: f32,
        max: f32,
        phrase: Phrase,
    ) -> Self {
        Self::row(path, label, Kind::Float { min, max, log: false }, phrase)
    }

    pub(super) const fn logarithmic(
        path: &'static str,
        label: &'static str,
        min: f32,
        max: f32,
        phrase: Phrase,
    ) -> Self {
        Self::row(path, label, Kind::Float { min, max, log: true }, phrase)
    }

    pub(super) const fn flag(path: &'static str, label: &'static str, noun: &'static str) -> Self {
        Self::row(path, label, Kind::Flag, Phrase::Flag(noun))
    }

    pub(super) const fn choice(
        path: &'static str,
        label: &'static str,
        options: &'static [Choice],
        phrase: Phrase,
    ) -> Self {
        Self::row(path, label, Kind::Choice { options, tagged: false }, phrase)
    }

    pub(super) const fn tagged(
        path: &'static str,
        label: &'static str,
        options: &'static [Choice],
        phrase: Phrase,
    ) -> Self {
        Self::row(path, label, Kind::Choice { options, tagged: true }, phrase)
    }

    pub(super) const fn line(path: &'static str, label: &'static str, max: usize) -> Self {
        Self::row(path, label, Kind::Text { max }, Phrase::Before(""))
    }

    pub(super) const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    pub(super) const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// The stride of an integer's control.
    pub(super) const fn step(mut self, step: u32) -> Self {
        if let Kind::Integer { min, max, .. } = self.kind {
            self.kind = Kind::Integer { min, max, step };
        }
        self
    }

    pub(super) const fn zero(mut self, meaning: &'static str) -> Self {
        self.zero = Some(meaning);
        self
    }

    pub(super) const fn divides(mut self, whole: fn(&Experiment) -> Option<(u32, &'static str)>) -> Self {
        self.divides = whole;
        self
    }

    pub(super) const fn applies(mut self, applies: fn(&Experiment) -> bool) -> Self {
        self.applies = applies;
        self
    }

    pub(super) const fn matters(mut self, matters: fn(&Experiment) -> bool) -> Self {
        self.matters = matters;
        self
    }

    pub(super) const fn reading(mut self, reading: fn(&Experiment) -> String) -> Self {
        self.reading = Some(reading);
        self
    }

    /// Whether this is a tagged enum, whose name is written `path` or `path.name`.
    pub fn is_tagged(&self) -> bool {
        matches!(self.kind, Kind::Choice { tagged: true, .. })
    }

    /// The option of this choice with that name.
    pub fn option(&self, name: &str) -> Option<&'static Choice> {
        match self.kind {
            Kind::Choice { options, .. } => options.iter().find(|option| option.name == name),
            _ => None,
        }
    }

    /// The canonical form of `value`, or why it is none of this field's.
    pub fn accept(&self, value: &Value) -> Result<Value, Problem> {
        let zero = self.zero.is_some() && value.as_f64() == Some(0.0);
        let accepted = match self.kind {
            Kind::Integer { min, max, .. } => value
                .as_u64()
                .filter(|number| zero || (u64::from(min)..=u64::from(max)).contains(number))
                .map(Value::from),
            Kind::Float { min, max, .. } => value
                .as_f64()
                // Adding 0 turns -0 into 0.
                .map(|number| number as f32 + 0.0)
                .filter(|number| zero || (min..=max).contains(number))
                .map(|number| Value::from(shortest(number))),
            Kind::Flag => value.as_bool().map(Value::from),
            Kind::Choice { .. } => value.as_str().filter(|name| self.option(name).is_some()).map(Value::from),
            Kind::Text { max } => value
                .as_str()
                .filter(|text| !text.trim().is_empty() && text.chars().count() <= max)
                .filter(|text| !text.chars().any(char::is_control))
                .map(Value::from),
        };
        accepted.ok_or_else(|| {
            let hint = match (self.kind, value.as_str()) {
                (Kind::Choice { options, .. }, Some(name)) => {
                    suggestion(name, options.iter().map(|o| o.name))
                }
                _ => String::new(),
            };
            Problem::of(self.path, format!("must be {}, not {}{hint}", self.allowed(), show(value)))
        })
    }

    /// Reads a value as it stands in a link or on the command line.
    pub fn parse(&self, text: &str) -> Result<Value, Problem> {
        let value = match (self.kind, text) {
            (Kind::Flag, "on" | "true") => Value::from(true),
            (Kind::Flag, "off" | "false") => Value::from(false),
            (Kind::Integer { .. } | Kind::Float { .. }, _) => {
                serde_json::from_str::<serde_json::Number>(text)
                    .map_or_else(|_| Value::from(text), Value::from)
            }
            _ => Value::from(text),
        };
        self.accept(&value)
    }

    /// Writes a value so that [`Field::parse`] reads it again.
    pub fn text(&self, value: &Value) -> String {
        match value {
            Value::Bool(true) => "on".to_owned(),
            Value::Bool(false) => "off".to_owned(),
            Value::String(text) => text.clone(),
            Value::Number(number) => match (self.kind, number.as_f64()) {
                (Kind::Float { .. }, Some(float)) => {
                    let text = format!("{:?}", float as f32);
                    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
                }
                _ => number.to_string(),
            },
            other => other.to_string(),
        }
    }

    /// What is allowed, as the end of a sentence: "a whole number from 1 to 64".
    pub fn allowed(&self) -> String {
        let range = match self.kind {
            Kind::Integer { min, max, .. } if min == max => min.to_string(),
            Kind::Integer { min, max, .. } => format!("a whole number from {min} to {max}"),
            Kind::Float { min, max, .. } => format!("a number from {min:?} to {max:?}"),
            Kind::Flag => "true or false".to_owned(),
            Kind::Choice { options, .. } => {
                let names: Vec<_> = options.iter().map(|option| option.name).collect();
                match names.as_slice() {
                    [name] => (*name).to_owned(),
                    names => format!("one of {}", names.join(", ")),
                }
            }
            Kind::Text { max } => format!("one line of text, at most {max} characters"),
        };
        match self.zero {
            Some(meaning) => format!("0 ({meaning}) or {range}"),
            None => range,
        }
    }
}

/// How a wrong value is shown.
fn show(value: &Value) -> String {
    match value {
        Value::Null => "a number that is not finite".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quote(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a table".to_owned(),
    }
}

/// The `f64` that is written with the fewest digits and is still this `f32`: 0.1, not 0.10000000149011612.
fn shortest(number: f32) -> f64 {
    let written = format!("{number:?}").parse().unwrap_or(f64::from(number));
    // Rounding twice could in principle end at a neighbour.
    if written as f32 == number { written } else { f64::from(number) }
}

#[cfg(test)]
mod tests;
