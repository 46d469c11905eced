//! One field, as data: what it is called, what it may be, and how its values are written.
//!
//! A room declares a [`Row`] for each of its fields ([`super::fields!`](crate::fields::fields)); where the room is put into
//! an experiment the row becomes a [`Field`], which knows its place. A value is a `serde_json::Value` here, because a patch
//! can hold a value of any field. [`Field::accept`] is the only judge of a single value; it also makes it *canonical*, so
//! that equal values are written equally.

use std::ops::Deref;

use serde_json::Value;

use super::nearest::suggestion;
use super::problem::{Problem, quote};
use crate::surroundings::Surroundings;

/// A field, where it stands in the experiment.
#[derive(Clone, Debug)]
pub struct Field {
    /// Dotted path, for example `model.heads`. For a slot the path of the whole: `task`, not `task.name`.
    pub path: &'static str,
    /// The choices that bring it; none where it is always there.
    pub owner: Option<Owner>,
    pub(super) row: Row,
}

/// Which choices of which slot bring a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Path of the slot.
    pub slot: &'static str,
    /// Names of its choices.
    pub choices: Vec<&'static str>,
}

/// What is said of a field where it is declared.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// A word or two, for a control and a table.
    pub label: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// Which values there are.
    pub kind: Kind,
    /// What a number counts; empty for a bare number.
    pub unit: &'static str,
    /// What 0 means, where 0 is allowed beside the range and is not simply a number; what an empty text or list means.
    pub zero: Option<&'static str>,
    /// Whether the value changes anything there; controls of those that do not are hidden.
    pub matters: fn(&Surroundings) -> bool,
    /// How its value reads in the name of a variant.
    pub phrase: Phrase,
    /// Whether a slot and what its choice brings read as one: "x³ / 216".
    pub whole: bool,
    /// Whether each replica of a run can have a value of its own, which is then data and costs no launch.
    pub each: bool,
}

impl Deref for Field {
    type Target = Row;

    fn deref(&self) -> &Row {
        &self.row
    }
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
        /// Whether it is a slot: each name may bring fields of its own.
        slot: bool,
    },
    /// A line of text.
    Text {
        /// Longest, in characters.
        max: usize,
    },
    /// Some different numbers, in rising order.
    List {
        /// How many, at most.
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

/// A whole number from `min` to `max`.
pub const fn integer(label: &'static str, min: u32, max: u32, phrase: Phrase) -> Row {
    Row::new(label, Kind::Integer { min, max, step: 1 }, phrase)
}

/// A number from `min` to `max`.
pub const fn float(label: &'static str, min: f32, max: f32, phrase: Phrase) -> Row {
    Row::new(label, Kind::Float { min, max, log: false }, phrase)
}

/// A number from `min` to `max` whose control runs over the logarithm.
pub const fn logarithmic(label: &'static str, min: f32, max: f32, phrase: Phrase) -> Row {
    Row::new(label, Kind::Float { min, max, log: true }, phrase)
}

/// On or off; `noun` is what is there or not.
pub const fn flag(label: &'static str, noun: &'static str) -> Row {
    Row::new(label, Kind::Flag, Phrase::Flag(noun))
}

/// One of the names of the field's type.
pub const fn named(label: &'static str, phrase: Phrase) -> Row {
    Row::new(label, Kind::Choice { options: &[], slot: false }, phrase)
}

/// A line of at most `max` characters.
pub const fn line(label: &'static str, max: usize) -> Row {
    Row::new(label, Kind::Text { max }, Phrase::Before(""))
}

/// At most `max` different numbers; `zero` says what none of them means.
pub const fn list(label: &'static str, max: usize) -> Row {
    Row::new(label, Kind::List { max }, Phrase::Before(""))
}

/// Fields that stand together below a name of their own, without a control.
pub const fn group() -> Row {
    Row::new("", Kind::Flag, Phrase::Before(""))
}

impl Row {
    const fn new(label: &'static str, kind: Kind, phrase: Phrase) -> Self {
        Self {
            label,
            help: "",
            kind,
            unit: "",
            zero: None,
            matters: |_| true,
            phrase,
            whole: false,
            each: false,
        }
    }

    /// The sentence of help, unless one was given.
    pub const fn or_help(mut self, help: &'static str) -> Self {
        if self.help.is_empty() {
            self.help = help;
        }
        self
    }

    /// What the number counts.
    pub const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// The stride of an integer's control.
    pub const fn step(mut self, step: u32) -> Self {
        if let Kind::Integer { min, max, .. } = self.kind {
            self.kind = Kind::Integer { min, max, step };
        }
        self
    }

    /// Allows 0, or an empty text or list, with this meaning.
    pub const fn zero(mut self, meaning: &'static str) -> Self {
        self.zero = Some(meaning);
        self
    }

    /// Where the value changes anything.
    pub const fn matters(mut self, matters: fn(&Surroundings) -> bool) -> Self {
        self.matters = matters;
        self
    }

    /// Lets each replica of a run have a value of its own.
    pub const fn each(mut self) -> Self {
        self.each = true;
        self
    }

    /// Lets a slot and what its choice brings read as one.
    pub const fn whole(mut self) -> Self {
        self.whole = true;
        self
    }
}

impl Field {
    /// Whether this is a slot, whose choice is written `path` or `path.name`.
    pub fn is_slot(&self) -> bool {
        matches!(self.kind, Kind::Choice { slot: true, .. })
    }

    /// Whether this is the field of that path, or stands below it: `model.heads` is within `model`.
    pub fn is_within(&self, path: &str) -> bool {
        self.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
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
                .map(|text| if self.zero.is_some() { text.trim() } else { text })
                .filter(|text| self.zero.is_some() || !text.trim().is_empty())
                .filter(|text| text.chars().count() <= max && !text.chars().any(char::is_control))
                .map(Value::from),
            Kind::List { max } => value.as_array().and_then(|numbers| rising(numbers, max)).map(Value::from),
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
            (Kind::List { .. }, _) if text.trim().is_empty() => Value::Array(Vec::new()),
            (Kind::List { .. }, _) => text
                .split(',')
                .map(|part| serde_json::from_str::<serde_json::Number>(part.trim()).map(Value::from))
                .collect::<Result<Value, _>>()
                .unwrap_or_else(|_| Value::from(text)),
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
                (Kind::Float { .. }, Some(float)) => written(float as f32),
                _ => number.to_string(),
            },
            Value::Array(numbers) => {
                let numbers = numbers.iter().filter_map(Value::as_f64).map(|number| written(number as f32));
                numbers.collect::<Vec<_>>().join(", ")
            }
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
            Kind::List { max } => format!("at most {max} different numbers with commas between them"),
        };
        match self.zero {
            Some(meaning) if matches!(self.kind, Kind::Text { .. } | Kind::List { .. }) => {
                format!("empty ({meaning}) or {range}")
            }
            Some(meaning) => format!("0 ({meaning}) or {range}"),
            None => range,
        }
    }
}

/// The numbers in rising order, if there are at most `max` and all are different and finite.
fn rising(numbers: &[Value], max: usize) -> Option<Vec<f64>> {
    let numbers: Option<Vec<f64>> = numbers
        .iter()
        .map(|number| Some(f64::from(number.as_f64()? as f32)).filter(|number| number.is_finite()))
        .collect();
    let mut numbers = numbers.filter(|numbers| numbers.len() <= max)?;
    numbers.sort_by(f64::total_cmp);
    numbers
        .is_sorted_by(|a, b| a < b)
        .then(|| numbers.into_iter().map(|number| shortest(number as f32 + 0.0)).collect())
}

/// A number as people write it: 0.1, 4, 5e-5.
pub fn written(number: f32) -> String {
    let text = format!("{number:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
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

/// A number in decimal digits, as JSON writes it. Files and links are read the same way; beside that, the standard library's
/// reader would bring a table that is as large in the page as a lesson, since it does not compress.
pub fn decimal(text: &str) -> Option<f64> {
    serde_json::from_str(text).ok()
}

/// The `f64` that is written with the fewest digits and is still this `f32`: 0.1, not 0.10000000149011612.
pub fn shortest(number: f32) -> f64 {
    let written = decimal(&format!("{number:?}")).unwrap_or(f64::from(number));
    // Rounding twice could in principle end at a neighbour.
    if written as f32 == number { written } else { f64::from(number) }
}
