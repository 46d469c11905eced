//! A room: one choice of a slot, with its fields, its words and its rules.

use std::fmt::Display;

use super::node::{Node, join};
use super::problem::Problem;
use crate::surroundings::Surroundings;

/// What every choice of every slot says of itself. What it is made of stands in its struct ([`super::fields!`]); what it
/// does, in the trait that its slot asks for.
pub trait Room: Node + Default {
    /// As it is written in a file.
    const NAME: &'static str;
    /// As it reads in a control.
    const LABEL: &'static str;
    /// One sentence.
    const HELP: &'static str;

    /// How it reads in the name of a variant, with its numbers where they are not the usual ones.
    fn words(&self) -> String {
        Self::NAME.to_owned()
    }

    /// Says what does not go together here; each field is in range by itself.
    fn rules(&self, _here: &Surroundings, _problems: &mut Problems<'_>) {}
}

/// Collects what is wrong with a room.
pub struct Problems<'a> {
    /// Where the room stands.
    path: &'a str,
    found: &'a mut Vec<Problem>,
}

impl<'a> Problems<'a> {
    /// Of a room at `path`.
    pub fn new(path: &'a str, found: &'a mut Vec<Problem>) -> Self {
        Self { path, found }
    }

    /// Unless it holds, `sentence` continues the name of the field at `key` (empty: the slot itself): "must be …".
    pub fn rule(&mut self, holds: bool, key: &str, sentence: impl Display) {
        if !holds {
            self.found.push(Problem::of(&join(self.path, key), sentence));
        }
    }

    /// `part` at `key` must divide `whole`, which is called `name`.
    pub fn divides(&mut self, key: &str, part: u32, whole: u32, name: &str) {
        let fits = part != 0 && whole.is_multiple_of(part);
        let divisors = || (1..=whole).filter(|part| whole.is_multiple_of(*part)).map(|part| part.to_string());
        if !fits {
            let divisors = divisors().collect::<Vec<_>>().join(", ");
            self.rule(
                false,
                key,
                format!("must divide {name}, {whole}, without remainder ({divisors}); it is {part}"),
            );
        }
    }
}

/// A room's own rules, then those of what stands in it.
pub fn check_room<T: Room>(room: &T, path: &str, here: &Surroundings, found: &mut Vec<Problem>) {
    room.rules(here, &mut Problems::new(path, found));
    Node::check(room, path, here, found);
}
