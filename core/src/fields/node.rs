//! A node of an experiment's tree: a number or a name, some fields together, or a slot.

use std::sync::LazyLock;

use serde_json::Value;

use super::field::{Field, Kind, Row, shortest};
use super::problem::Problem;
use super::table::Table;
use crate::surroundings::Surroundings;

/// Something that fields are read from and written to. Paths are dotted and relative to the node; the node itself is at
/// the empty path.
pub trait Node: Sized {
    /// Enters the rows of this node, which stands at `path` and was declared with `row`.
    fn declare(path: &str, row: Row, table: &mut Table);

    /// The value at a path; of a slot the name of its choice; `None` where nothing stands.
    fn get(&self, path: &str) -> Option<Value>;

    /// Sets the value at a path, which the field's [`accept`](super::Field::accept) took; whether anything stands there.
    fn put(&mut self, path: &str, value: &Value) -> bool;

    /// How the slot at a path reads with all that its choice brings; `None` where no slot stands.
    fn words(&self, path: &str) -> Option<String>;

    /// What does not go together here, the fields being in range by themselves. This node stands at `path`.
    fn check(&self, path: &str, here: &Surroundings, found: &mut Vec<Problem>);
}

/// Whether a dotted name has these pieces, one or several, somewhere: `blocks.0.mlp.up` has `mlp` and `0.mlp`, not `ml`.
pub fn has_pieces(name: &str, pieces: &str) -> bool {
    format!(".{name}.").contains(&format!(".{pieces}."))
}

/// What is left of a path below a key: `heads` is below the key `heads` the empty path, `mlp.width` below `mlp` is
/// `width`. Everything is below the empty key.
pub fn below<'a>(path: &'a str, key: &str) -> Option<&'a str> {
    if key.is_empty() {
        return Some(path);
    }
    match path.strip_prefix(key)? {
        "" => Some(""),
        rest => rest.strip_prefix('.'),
    }
}

/// The path of a key below another path.
pub fn join(path: &str, key: &str) -> String {
    match (path, key) {
        ("", key) => key.to_owned(),
        (path, "") => path.to_owned(),
        (path, key) => format!("{path}.{key}"),
    }
}

/// The fields of one kind of node, by their paths below it.
pub type Keys = LazyLock<Vec<Field>>;

/// Found when they are first asked for.
pub const fn keys<T: Node>() -> Keys {
    LazyLock::new(|| {
        let mut table = Table::default();
        T::declare("", super::field::group(), &mut table);
        table.finish()
    })
}

/// Gives a slot's new choice what the one before had beside the tag, as far as it has the same.
pub fn keep_beside<T: Node>(tag: &str, keys: &[Field], left: &T, chosen: &mut T) {
    for field in keys.iter().filter(|field| below(field.path, tag).is_none()) {
        if let Some(value) = left.get(field.path) {
            chosen.put(field.path, &value);
        }
    }
}

/// Makes a type a leaf: `leaf!(Type, row, to_value, from_value)`, where `row` completes the declared [`Row`],
/// `to_value` is `fn(&Type) -> Value` and `from_value` is `fn(&Value) -> Option<Type>`.
macro_rules! leaf {
    ($type:ty, $row:expr, $to_value:expr, $from_value:expr) => {
        impl $crate::fields::Node for $type {
            fn declare(path: &str, row: $crate::fields::Row, table: &mut $crate::fields::Table) {
                let complete: fn($crate::fields::Row) -> $crate::fields::Row = $row;
                table.enter(path, complete(row));
            }

            fn get(&self, path: &str) -> Option<serde_json::Value> {
                let to_value: fn(&$type) -> serde_json::Value = $to_value;
                path.is_empty().then(|| to_value(self))
            }

            fn put(&mut self, path: &str, value: &serde_json::Value) -> bool {
                let from_value: fn(&serde_json::Value) -> Option<$type> = $from_value;
                match from_value(value).filter(|_| path.is_empty()) {
                    Some(value) => *self = value,
                    None => return false,
                }
                true
            }

            fn words(&self, _: &str) -> Option<String> {
                None
            }

            fn check(
                &self,
                _: &str,
                _: &$crate::surroundings::Surroundings,
                _: &mut Vec<$crate::fields::Problem>,
            ) {
            }
        }
    };
}
pub(crate) use leaf;

leaf!(u32, |row| row, |number| (*number).into(), |value| value.as_u64()?.try_into().ok());
leaf!(f32, |row| row, |number| shortest(*number).into(), |value| value.as_f64().map(|number| number as f32));
leaf!(bool, |row| Row { kind: Kind::Flag, ..row }, |flag| (*flag).into(), |value| value.as_bool());
leaf!(String, |row| row, |text| text.as_str().into(), |value| value.as_str().map(str::to_owned));
leaf!(Vec<f32>, |row| row, |list| list.iter().map(|number| shortest(*number)).collect(), |value| value
    .as_array()?
    .iter()
    .map(|number| number.as_f64().map(|number| number as f32))
    .collect());
