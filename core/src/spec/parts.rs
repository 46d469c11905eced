//! Parts of a network that learn otherwise than the rest: a share of the learning rate, and a schedule.
//!
//! ```text
//! training.parts = "head 2, embedding 0.5 constant"
//! ```
//!
//! A part is named by a piece of the dotted names of its parameters: `head`, `blocks.0`, `attention.value`, `weight`. Where two
//! parts have the same parameter, the later one counts. Whether there is such a part is for the network to say.

use crate::fields::{choice, decimal, has_pieces, quote, suggestion};

/// Parts that are named, at most.
pub const MAX_PARTS: usize = 5;

/// A factor is at most this.
const MAX_FACTOR: f32 = 1000.0;

choice! {
    /// How the learning rate goes after the warm-up.
    pub enum Schedule {
        /// Along a cosine to zero.
        Cosine: "cosine", "Cosine";
        /// Along a line to zero.
        Linear: "linear", "Linear";
        /// Not at all.
        Constant: "constant", "Constant";
    }
}

/// A part of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// A piece of the names of its parameters.
    pub name: String,
    /// What the learning rate is multiplied with, 0 to 1000.
    pub factor: f32,
    /// How it goes after the warm-up.
    pub schedule: Schedule,
}

impl Part {
    /// Whether a parameter of this dotted name belongs to it.
    pub fn has(&self, parameter: &str) -> bool {
        has_pieces(parameter, &self.name)
    }
}

/// Reads the parts of a network.
///
/// # Errors
/// What is wrong, as the end of a sentence.
pub fn read(text: &str) -> Result<Vec<Part>, String> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let parts = entries.map(read_part).collect::<Result<Vec<_>, _>>()?;
    if parts.len() > MAX_PARTS {
        return Err(format!("must name at most {MAX_PARTS} parts, not {}", parts.len()));
    }
    Ok(parts)
}

fn read_part(entry: &str) -> Result<Part, String> {
    let words: Vec<&str> = entry.split_whitespace().collect();
    let (name, factor, schedule) = match words[..] {
        [name, factor] => (name, factor, None),
        [name, factor, schedule] => (name, factor, Some(schedule)),
        _ => {
            return Err(format!(
                "must be parts like \"head 2\" or \"head 2 constant\", not {}",
                quote(entry)
            ));
        }
    };
    let factor = decimal(factor)
        .map(|factor| factor as f32)
        .filter(|factor| (0.0..=MAX_FACTOR).contains(factor))
        .ok_or_else(|| {
            format!("must give {} a factor from 0 to {MAX_FACTOR}, not {}", quote(name), quote(factor))
        })?;
    let schedule = schedule.map_or(Ok(Schedule::Cosine), |word| {
        Schedule::from_name(word).ok_or_else(|| {
            let names: Vec<_> = Schedule::OPTIONS.iter().map(|option| option.name).collect();
            let hint = suggestion(word, names.iter().copied());
            format!(
                "must give {} one of the schedules {}, not {}{hint}",
                quote(name),
                names.join(", "),
                quote(word)
            )
        })
    })?;
    Ok(Part { name: name.to_owned(), factor, schedule })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_with_their_factors_and_schedules() {
        let part = |name: &str, factor, schedule| Part { name: name.to_owned(), factor, schedule };
        assert_eq!(read(""), Ok(Vec::new()));
        assert_eq!(
            read("head 2, attention.value 0 constant ,blocks.0 1e-2 linear"),
            Ok(vec![
                part("head", 2.0, Schedule::Cosine),
                part("attention.value", 0.0, Schedule::Constant),
                part("blocks.0", 0.01, Schedule::Linear),
            ])
        );
    }

    #[test]
    fn what_is_no_part_is_said() {
        for (text, said) in [
            ("head", "must be parts like"),
            ("head two", "must give \"head\" a factor from 0 to 1000, not \"two\""),
            ("head -1", "not \"-1\""),
            ("head 1 cosin", "did you mean \"cosine\"?"),
            ("a 1, b 1, c 1, d 1, e 1, f 1", "must name at most 5 parts, not 6"),
        ] {
            let found = read(text).unwrap_err();
            assert!(found.contains(said), "{text}: {found}");
        }
    }

    #[test]
    fn a_part_has_the_parameters_whose_names_it_is_a_piece_of() {
        let part = read("attention.value 2").unwrap().remove(0);
        assert!(part.has("blocks.0.attention.value.weight"));
        assert!(!part.has("blocks.0.attention.values.weight") && !part.has("attention.query.value"));
    }
}
