//! The table of every field of the experiment, as its rooms declare them.
//!
//! Read by the range checks, the page's controls, the command line's `--set`, the names of variants and the
//! documentation. A slot's row stands before the rows of what its choices bring.

use std::sync::LazyLock;

use super::experiment::Experiment;
use crate::fields::{Field, Node, Problem, Table, group, quote, suggestion};

/// Every field, in the order in which files and pages show them.
pub static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let mut table = Table::default();
    Experiment::declare("", group(), &mut table);
    table.finish()
});

/// The row with this path; `task.name` finds `task`.
pub fn field(path: &str) -> Option<&'static Field> {
    let find = |path: &str| FIELDS.iter().find(|field| field.path == path);
    find(path).or_else(|| path.strip_suffix(".name").and_then(find).filter(|field| field.is_slot()))
}

/// The row with this path, or a problem that names the nearest one.
pub fn known_field(path: &str) -> Result<&'static Field, Problem> {
    field(path).ok_or_else(|| unknown(path, FIELDS.iter().map(|field| field.path)))
}

/// No field has this path.
pub(crate) fn unknown<'a>(path: &str, known: impl IntoIterator<Item = &'a str>) -> Problem {
    let shown: String = path.chars().take(80).collect();
    let sentence = format!("There is no field {}{}", quote(path), suggestion(path, known));
    let stop = if sentence.ends_with('?') { "" } else { "." };
    Problem { field: shown, sentence: sentence + stop }
}

impl Experiment {
    /// Whether the experiment has this field.
    pub fn has(&self, field: &Field) -> bool {
        self.get(field.path).is_some()
    }

    /// Whether the experiment has this field, and its value changes anything there.
    pub fn heeds(&self, field: &Field) -> bool {
        self.has(field) && (field.matters)(&self.surroundings())
    }
}

#[cfg(test)]
mod field_tests;
#[cfg(test)]
mod tests;
