use super::{Fuel, Warm};
use crate::fields::Phrase::Before;
use crate::fields::{Problems, Room, Row, fields, integer, named};
use crate::surroundings::Surroundings;

/// Both rooms have it.
pub const SIZE: Row = integer("Size", 1, 9, Before("size ")).or_help("How large it is.");

fields! {
    /// Burns something.
    pub struct Stove {
        /// What burns.
        fuel as "heating.fuel": Fuel = Fuel::Wood, named("Fuel", Before(""));
        size: u32 = 3, SIZE;
    }
}

impl Room for Stove {
    const NAME: &'static str = "stove";
    const LABEL: &'static str = "Stove";
    const HELP: &'static str = "Burns something.";

    fn words(&self) -> String {
        format!("{} stove", self.fuel.name())
    }

    fn rules(&self, _: &Surroundings, problems: &mut Problems<'_>) {
        problems.divides("size", self.size, 12, "the wall");
    }
}

impl Warm for Stove {
    fn degrees(&self) -> f32 {
        10.0 * self.size as f32
    }
}
