//! The macros on rooms of their own, so that what is said here holds for any experiment.

use serde_json::json;

use super::Phrase::{After, Before};
use super::*;
use crate::surroundings::{Mixing, Reading, Surroundings};

fields! {
    /// A house.
    pub struct House {
        /// How many people live there.
        people: u32 = 2, integer("People", 1, 9, Before("people "));
        /// What warms it.
        warmth: Warmth = Warmth::default(), named("Warmth", After(" heating")).whole();
        /// What stands around it.
        garden: Garden = Garden::default(), group();
    }
    with {
        /// No field.
        notes: Vec<String> = vec!["new".to_owned()];
    }
}

fields! {
    /// Around the house.
    pub struct Garden {
        /// Whether there is a tree.
        tree: bool = false, flag("Tree", "tree");
    }
}

choice! {
    /// What burns.
    pub enum Fuel {
        /// From the forest.
        Wood: "wood", "Wood";
        /// From below the ground.
        Coal: "coal", "Coal";
    }
}

slot! {
    /// What warms a house: two rooms in files of their own.
    pub enum Warmth at "heating" is Warm {
        stove::Stove,
        sun::Sun,
    }
}

/// What all that warms has.
pub trait Warm {
    /// Degrees.
    fn degrees(&self) -> f32;
}

fn table() -> Vec<Field> {
    let mut table = Table::default();
    House::declare("house", group(), &mut table);
    table.finish()
}

fn here() -> Surroundings {
    let reading = Reading::Places { outputs: 1 };
    Surroundings { reading, mixing: Mixing::Nothing, width: 1, positions: None, starts_at_zero: false }
}

#[test]
fn rows_stand_in_the_order_of_the_members_and_know_who_brings_them() {
    let table = table();
    let paths: Vec<_> = table.iter().map(|field| field.path).collect();
    assert_eq!(
        paths,
        [
            "house.people",
            "house.warmth.heating",
            "house.warmth.heating.fuel",
            "house.warmth.heating.area",
            "house.warmth.size",
            "house.garden.tree"
        ]
    );
    let owners = |path| table.iter().find(|field| field.path == path).and_then(|field| field.owner.clone());
    let of =
        |choices: &[&'static str]| Some(Owner { slot: "house.warmth.heating", choices: choices.to_vec() });
    assert_eq!(owners("house.people"), None);
    assert_eq!(owners("house.warmth.heating.fuel"), of(&["stove"]));
    assert_eq!(owners("house.warmth.size"), of(&["stove", "sun"]));
}

#[test]
fn the_doc_comment_is_the_help() {
    let table = table();
    assert_eq!(table[0].help, "How many people live there.");
    let Kind::Choice { options, slot: false } = table[2].kind else { panic!("{:?}", table[2]) };
    assert_eq!((options[1].name, options[1].help), ("coal", "From below the ground."));
}

#[test]
fn values_are_read_and_written_where_they_stand() {
    let mut house = House::default();
    assert_eq!((house.people, house.notes.len()), (2, 1));
    for (path, value) in
        [("people", json!(5)), ("garden.tree", json!(true)), ("warmth.heating.fuel", json!("coal"))]
    {
        assert!(house.put(path, &value), "{path}");
        assert_eq!(house.get(path), Some(value));
    }
    for absent in
        ["", "peopl", "people.x", "garden", "garden.tree.x", "warmth", "warmth.heating.area", "notes"]
    {
        assert_eq!(house.get(absent), None, "{absent}");
        assert!(!house.put(absent, &json!(1)), "{absent}");
    }
    assert!(!house.put("people", &json!("five")) && !house.put("warmth.heating", &json!("ice")));
    assert_eq!(house.people, 5, "what was refused changed nothing");
}

#[test]
fn another_choice_keeps_what_stands_beside_the_tag_and_drops_what_stands_below() {
    let mut house = House::default();
    assert!(house.put("warmth.size", &json!(7)) && house.put("warmth.heating.fuel", &json!("coal")));
    assert!(house.put("warmth.heating", &json!("sun")));
    assert_eq!(house.get("warmth.size"), Some(json!(7)));
    assert_eq!(house.get("warmth.heating.fuel"), None);
    assert!(house.put("warmth.heating", &json!("stove")));
    assert_eq!(house.get("warmth.heating.fuel"), Some(json!("wood")));
}

#[test]
fn a_choice_reads_and_warms_as_its_room_says() {
    let mut house = House::default();
    assert_eq!(house.words("warmth.heating").as_deref(), Some("wood stove"));
    assert_eq!(house.warmth.chosen().degrees(), 30.0);
    house.warmth = sun::Sun::default().into();
    assert_eq!((house.words("warmth.heating").as_deref(), house.warmth.name()), (Some("sun"), "sun"));
    assert_eq!(house.words("people"), None);
}

#[test]
fn the_rules_of_the_chosen_room_are_checked_and_no_others() {
    let mut house = House::default();
    let problems = |house: &House| {
        let mut found = Vec::new();
        house.check("house", &here(), &mut found);
        found.into_iter().map(|problem| problem.sentence).collect::<Vec<_>>()
    };
    assert!(problems(&house).is_empty());
    assert!(house.put("warmth.size", &json!(5)));
    assert_eq!(
        problems(&house),
        ["house.warmth.size must divide the wall, 12, without remainder (1, 2, 3, 4, 6, 12); it is 5."]
    );
    assert!(house.put("warmth.heating", &json!("sun")));
    assert!(problems(&house).is_empty());
}

#[test]
#[should_panic(expected = "is declared in two ways")]
fn rooms_that_declare_one_field_in_two_ways_are_found_out() {
    let mut table = Table::default();
    table.enter_choice("slot", "one", |table| _ = table.enter("slot.x", flag("X", "x")));
    table.enter_choice("slot", "two", |table| _ = table.enter("slot.x", flag("Y", "x")));
}
