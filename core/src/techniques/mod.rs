//! The papers' mathematics: one folder a slot, and in it one room a choice, with its data, its words and its rules, and
//! behind the feature `engine` what it does.

pub mod activation;
pub mod initialization;
pub mod tokens;
pub mod weights;

/// A name with what is unusual about it: "structured (5×5, rank 8)".
fn with_details(name: &str, details: &[String]) -> String {
    if details.is_empty() { name.to_owned() } else { format!("{name} ({})", details.join(", ")) }
}

/// The values of a field of a technique in each replica, by its key; `None` where all replicas have the one that is declared.
#[cfg(feature = "engine")]
pub type Own<'a> = &'a dyn Fn(&str) -> Option<Vec<f32>>;
