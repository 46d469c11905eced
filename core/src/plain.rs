//! Reading types from plain values: the numbers, texts, lists and tables that JSON and JavaScript have.
//!
//! What an engine says and what was recorded is written by serde. Its readers would be a tenth of the page: they are made anew for
//! every type and every source. Here every type is read through one interface, and what it takes is one line, [`table!`], beside
//! the type. The tests of [`crate::protocol`] and of recordings assert that what is written is read.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// A plain value, wherever it comes from.
pub trait Plain {
    /// Whether it stands for nothing: `null`.
    fn is_nothing(&self) -> bool;
    /// A number, also one that is not finite.
    fn number(&self) -> Option<f64>;
    /// A text.
    fn text(&self) -> Option<String>;
    /// Yes or no.
    fn flag(&self) -> Option<bool>;
    /// Bytes, as one piece.
    fn bytes(&self) -> Option<Vec<u8>>;
    /// What is in a list.
    fn items(&self) -> Option<Vec<Box<dyn Plain>>>;
    /// What stands in a table under a name; nothing where that is `null`.
    fn entry(&self, name: &str) -> Option<Box<dyn Plain>>;
    /// The first name in a table.
    fn first_name(&self) -> Option<String>;
    /// All of it, in JSON.
    fn json(&self) -> Option<String>;
}

/// Why something could not be read: which part of it is missing, or is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong(pub &'static str);

impl fmt::Display for Wrong {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} is missing, or is not what it should be", self.0)
    }
}

/// What can be read from a plain value.
pub trait Read: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// Names what cannot be read.
    fn read(from: &dyn Plain) -> Result<Self, Wrong>;

    /// What stands for it where it is missing, if anything may.
    fn missing() -> Option<Self> {
        None
    }
}

/// Reads what stands under a name.
///
/// # Errors
/// Names what cannot be read.
pub fn entry<T: Read>(from: &dyn Plain, name: &'static str) -> Result<T, Wrong> {
    match from.entry(name) {
        Some(value) => T::read(&*value),
        None => T::missing().ok_or(Wrong(name)),
    }
}

/// The same of what is left out where it is empty.
///
/// # Errors
/// Names what cannot be read.
pub fn entry_or_empty<T: Read + Default>(from: &dyn Plain, name: &'static str) -> Result<T, Wrong> {
    from.entry(name).map_or_else(|| Ok(T::default()), |value| T::read(&*value))
}

/// Reads what serde reads from JSON: names, and what stands in files that people write.
///
/// # Errors
/// If that cannot be read.
pub fn by_serde<T: DeserializeOwned>(from: &dyn Plain) -> Result<T, Wrong> {
    from.json().and_then(|text| serde_json::from_str(&text).ok()).ok_or(Wrong(std::any::type_name::<T>()))
}

/// How a struct is read: its fields by their names, behind `;` those that are left out where they are empty.
macro_rules! table {
    ($type:ident { $($field:ident),* $(; $($empty:ident),*)? }) => {
        impl $crate::plain::Read for $type {
            fn read(from: &dyn $crate::plain::Plain) -> Result<Self, $crate::plain::Wrong> {
                Ok(Self {
                    $($field: $crate::plain::entry(from, stringify!($field))?,)*
                    $($($empty: $crate::plain::entry_or_empty(from, stringify!($empty))?,)*)?
                })
            }
        }
    };
}
pub(crate) use table;

/// Types that are read as [`by_serde`] reads them.
macro_rules! read_by_serde {
    ($($type:ty),*) => {
        $(impl $crate::plain::Read for $type {
            fn read(from: &dyn $crate::plain::Plain) -> Result<Self, $crate::plain::Wrong> {
                $crate::plain::by_serde(from)
            }
        })*
    };
}
pub(crate) use read_by_serde;

/// A whole number that is not negative.
fn whole(from: &dyn Plain) -> Result<u64, Wrong> {
    let number = from.number().filter(|number| number.fract() == 0.0 && *number >= 0.0);
    number.map(|number| number as u64).ok_or(Wrong("a whole number"))
}

macro_rules! whole_numbers {
    ($($type:ty),*) => {
        $(impl Read for $type {
            fn read(from: &dyn Plain) -> Result<Self, Wrong> {
                Self::try_from(whole(from)?).map_err(|_| Wrong("a whole number"))
            }
        })*
    };
}
whole_numbers!(u32, u64, usize);

impl Read for f64 {
    fn read(from: &dyn Plain) -> Result<Self, Wrong> {
        from.number().ok_or(Wrong("a number"))
    }
}

impl Read for f32 {
    fn read(from: &dyn Plain) -> Result<Self, Wrong> {
        f64::read(from).map(|number| number as Self)
    }
}

impl Read for bool {
    fn read(from: &dyn Plain) -> Result<Self, Wrong> {
        from.flag().ok_or(Wrong("a yes or no"))
    }
}

impl Read for String {
    fn read(from: &dyn Plain) -> Result<Self, Wrong> {
        from.text().ok_or(Wrong("a text"))
    }
}

impl<T: Read> Read for Option<T> {
    fn read(from: &dyn Plain) -> Result<Self, Wrong> {
        if from.is_nothing() { Ok(None) } else { T::read(from).map(Some) }
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(from: &dyn Plain) -> Result<Self, Wrong> {
        from.items().ok_or(Wrong("a list"))?.iter().map(|item| T::read(&**item)).collect()
    }
}

impl<T: Read, const N: usize> Read for [T; N] {
    fn read(from: &dyn Plain) -> Result<Self, Wrong> {
        Self::try_from(Vec::read(from)?).map_err(|_| Wrong("a list of so many"))
    }
}

impl<A: Read, B: Read> Read for (A, B) {
    fn read(from: &dyn Plain) -> Result<Self, Wrong> {
        match from.items().as_deref() {
            Some([one, other]) => Ok((A::read(&**one)?, B::read(&**other)?)),
            _ => Err(Wrong("a pair")),
        }
    }
}

impl Plain for Value {
    fn is_nothing(&self) -> bool {
        self.is_null()
    }

    fn number(&self) -> Option<f64> {
        self.as_f64()
    }

    fn text(&self) -> Option<String> {
        self.as_str().map(str::to_owned)
    }

    fn flag(&self) -> Option<bool> {
        self.as_bool()
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        self.as_array()?.iter().map(|byte| u8::try_from(byte.as_u64()?).ok()).collect()
    }

    fn items(&self) -> Option<Vec<Box<dyn Plain>>> {
        Some(self.as_array()?.iter().map(|item| Box::new(item.clone()) as Box<dyn Plain>).collect())
    }

    fn entry(&self, name: &str) -> Option<Box<dyn Plain>> {
        self.get(name).filter(|value| !value.is_null()).map(|value| Box::new(value.clone()) as Box<dyn Plain>)
    }

    fn first_name(&self) -> Option<String> {
        self.as_object()?.keys().next().cloned()
    }

    fn json(&self) -> Option<String> {
        Some(self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct House {
        rooms: Vec<u32>,
        owner: Option<String>,
        size: [f32; 2],
        notes: Vec<String>,
    }
    table!(House { rooms, owner, size; notes });

    #[test]
    fn a_table_is_read_by_the_names_of_its_fields_and_what_may_be_missing_is_empty() {
        let house = House::read(&json!({ "rooms": [3, 4], "owner": null, "size": [1.5, 2.0] })).unwrap();
        assert_eq!(house, House { rooms: vec![3, 4], owner: None, size: [1.5, 2.0], notes: Vec::new() });
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let read = |value: Value| House::read(&value).unwrap_err().to_string();
        assert!(read(json!({ "size": [1, 2] })).starts_with("rooms is missing"));
        assert!(read(json!({ "rooms": [1.5], "size": [1, 2] })).starts_with("a whole number is missing"));
        assert!(read(json!({ "rooms": [-1], "size": [1, 2] })).starts_with("a whole number"));
        assert!(read(json!({ "rooms": [4_294_967_296u64], "size": [1, 2] })).starts_with("a whole number"));
        assert!(read(json!({ "rooms": [], "size": [1, 2, 3] })).starts_with("a list of so many"));
        assert!(read(json!({ "rooms": [], "size": [1, 2], "notes": [null] })).starts_with("a text"));
        assert_eq!(<(u32, f64)>::read(&json!([1])), Err(Wrong("a pair")));
    }
}
