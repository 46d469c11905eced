//! Where an adapter adapts, and what is trained along: the fields that all adapters have.

use crate::fields::{Row, line};

/// The row of the matrices that adapt.
pub const ON: Row = line("Adapts", 120).or_help(
    "The matrices that adapt, by pieces of their names: query, key, value, output, attention, up, down, mlp, blocks.0; map.",
);

/// The row of what is trained as it is.
pub const ALONG: Row = line("Trained along", 120)
    .or_help("What is trained besides, by pieces of names: usually the head, which the new task needs.")
    .zero("nothing");

/// Where the authors of LoRA adapt: the projections of queries and values.
pub fn queries_and_values() -> String {
    "query, value".to_owned()
}

/// What a new task needs.
pub fn head() -> String {
    "head".to_owned()
}

/// The one matrix of a linear map: where there is no other, nothing needs to be said.
const MAP: &str = "map";

/// "LoRA (rank 8, on up)": what differs from the usual places is said.
pub fn words(name: &str, mut details: Vec<String>, on: &str, along: &str) -> String {
    if on == MAP && along.is_empty() {
        return crate::techniques::with_details(name, &details);
    }
    if on != queries_and_values() {
        details.push(format!("on {on}"));
    }
    words_along(name, details, along)
}

/// The same of what adapts nowhere.
pub fn words_along(name: &str, mut details: Vec<String>, along: &str) -> String {
    match along {
        "head" => {}
        "" => details.push("nothing along".to_owned()),
        along => details.push(format!("with {along}")),
    }
    crate::techniques::with_details(name, &details)
}
