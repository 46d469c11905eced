//! The rows of an experiment, collected from the rooms that declare them.

use super::field::{Field, Owner, Row};

/// Every field that an experiment can have, in the order in which files and pages show them.
#[derive(Debug, Default)]
pub struct Table {
    fields: Vec<Field>,
    /// Slot and choice that are being declared.
    within: Option<(&'static str, &'static str)>,
}

impl Table {
    /// Enters a row; returns its path, which lives as long as the program.
    pub fn enter(&mut self, path: &str, row: Row) -> &'static str {
        // Once for each field of the program.
        let path: &'static str = path.to_owned().leak();
        let owner = self.within.map(|(slot, choice)| Owner { slot, choices: vec![choice] });
        self.fields.push(Field { path, owner, row });
        path
    }

    /// Enters what a choice of a slot brings. What another one brings too is there once, for both; what is new stands
    /// before the next field that both bring, or at the end.
    ///
    /// # Panics
    /// If two choices bring a field of one path with different rows: a control can have one range only.
    pub fn enter_choice(&mut self, slot: &'static str, choice: &'static str, rows: impl FnOnce(&mut Self)) {
        let mut brought = Self { fields: Vec::new(), within: Some((slot, choice)) };
        rows(&mut brought);
        let mut before = self.fields.len();
        for field in brought.fields.into_iter().rev() {
            match self.fields.iter().position(|known| known.path == field.path) {
                Some(at) => {
                    self.fields[at].share(field);
                    before = at;
                }
                None => self.fields.insert(before, field),
            }
        }
    }

    /// All of them.
    pub fn finish(self) -> Vec<Field> {
        self.fields
    }
}

impl Field {
    /// The same field, brought by another choice too.
    fn share(&mut self, other: Field) {
        let (one, two) = (&self.row, &other.row);
        assert!(
            (one.kind, one.label, one.help, one.zero) == (two.kind, two.label, two.help, two.zero),
            "{} is declared in two ways",
            self.path
        );
        match (&mut self.owner, other.owner) {
            (Some(owner), Some(more)) => {
                assert_eq!(owner.slot, more.slot, "{} belongs to two slots", self.path);
                let new = |choice: &&'static str| !owner.choices.contains(choice);
                let more: Vec<_> = more.choices.into_iter().filter(new).collect();
                owner.choices.extend(more);
            }
            _ => self.owner = None,
        }
    }
}
