//! Files of named tensors (safetensors), read strictly: bytes from anywhere become numbers here, or one sentence.
//!
//! ```text
//! 8 bytes: length of the header    header: JSON, name → type, shape, first and last byte    numbers, little endian
//! ```
//!
//! A reader says what the file is called in sentences ("The checkpoint") and what it takes at most ([`Limits`]). The header is
//! checked whole before a number is copied: no name twice, types that are known, shapes whose numbers are exactly the bytes
//! that are claimed, and tensors that lie one behind the other without a gap up to the end of the file. So nothing is ever
//! allocated that the file does not hold. Then tensors are taken one by one, with the shape that the caller needs, and what
//! nobody took is an error too ([`Tensors::finish`]).

mod header;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;

pub use header::Dtype;
pub use write::write;

/// What a file may have at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole file.
    pub bytes: usize,
    /// Bytes of its header.
    pub header: usize,
    /// Tensors.
    pub tensors: usize,
}

/// What is known of one tensor before its numbers are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// How a number is written.
    pub dtype: Dtype,
    /// The outermost dimension first.
    pub shape: Vec<usize>,
    /// First byte behind the header.
    start: usize,
    /// First byte behind the tensor.
    end: usize,
}

/// A file whose header is good.
#[derive(Clone, Debug)]
pub struct Tensors<'a> {
    called: String,
    metadata: BTreeMap<String, String>,
    entries: BTreeMap<String, Entry>,
    numbers: &'a [u8],
}

impl<'a> Tensors<'a> {
    /// Reads the header. `called` begins sentences: "The checkpoint".
    ///
    /// # Errors
    /// A sentence about the first thing that is wrong, naming the tensor where it is one tensor's.
    pub fn read(bytes: &'a [u8], called: &str, limits: Limits) -> Result<Self, String> {
        if bytes.len() > limits.bytes {
            return Err(too_large(called, bytes.len() as u64, limits.bytes));
        }
        let broken = |why: &str| format!("{called} is not a whole safetensors file: {why}.");
        let (length, rest) =
            bytes.split_first_chunk::<8>().ok_or_else(|| broken("it has fewer than 8 bytes"))?;
        let length = u64::from_le_bytes(*length);
        if length > limits.header as u64 {
            return Err(broken(&format!(
                "its header claims {length} bytes, and at most {} are read",
                limits.header
            )));
        }
        let (header, numbers) = rest.split_at_checked(length as usize).ok_or_else(|| {
            broken(&format!("its header claims {length} bytes, and {} are there", rest.len()))
        })?;
        let header::Header { metadata, tensors } =
            header::parse(header, limits.tensors).map_err(|why| broken(&why))?;
        let mut entries = BTreeMap::new();
        for (name, raw) in tensors {
            let entry = raw.entry().map_err(|why| format!("{called}’s tensor {} {why}.", shown(&name)))?;
            entries.insert(name, entry);
        }
        let mut places: Vec<(usize, usize, &str)> =
            entries.iter().map(|(name, entry)| (entry.start, entry.end, name.as_str())).collect();
        places.sort_unstable();
        let mut at = 0;
        for (start, end, name) in places {
            if start != at {
                return Err(format!(
                    "{called}’s tensor {} begins at byte {start}, where the one before it ends at {at}.",
                    shown(name)
                ));
            }
            if end > numbers.len() {
                return Err(broken(&format!(
                    "the tensor {} ends at byte {end}, and the file has {} behind its header",
                    shown(name),
                    numbers.len()
                )));
            }
            at = end;
        }
        if at != numbers.len() {
            return Err(broken(&format!("{} bytes follow the last tensor", numbers.len() - at)));
        }
        Ok(Self { called: called.to_owned(), metadata, entries, numbers })
    }

    /// An entry of the file's own text.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// What is there and was not taken yet, by name.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// What is known of one that was not taken yet.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Takes the numbers of a tensor of this shape, the last dimension fastest: all are finite.
    ///
    /// # Errors
    /// A sentence naming the tensor: it is missing, has another shape or no real numbers, or one of them is not finite.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let values = self.take_any(name, shape)?;
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => {
                Err(format!("{}’s tensor {} is {} at place {at}.", self.called, shown(name), values[at]))
            }
            None => Ok(values),
        }
    }

    /// The same where numbers need not be finite.
    ///
    /// # Errors
    /// A sentence naming the tensor: it is missing, or has another shape or no real numbers.
    pub fn take_any(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let called = &self.called;
        let Some(entry) = self.entries.get(name) else {
            return Err(format!("{called} has no tensor {}.", shown(name)));
        };
        if entry.shape != shape {
            return Err(format!(
                "{called}’s tensor {} has the shape {:?}, not {shape:?}.",
                shown(name),
                entry.shape
            ));
        }
        let values = entry.dtype.floats(&self.numbers[entry.start..entry.end]).ok_or_else(|| {
            format!("{called}’s tensor {} is of {}, not of real numbers.", shown(name), entry.dtype)
        })?;
        self.entries.remove(name);
        Ok(values)
    }

    /// Says that nothing more is wanted.
    ///
    /// # Errors
    /// A sentence naming the first tensor that nobody took, and how many more there are.
    pub fn finish(self) -> Result<(), String> {
        let mut left = self.entries.keys();
        match (left.next(), left.count()) {
            (None, _) => Ok(()),
            (Some(name), 0) => Err(format!("{}’s tensor {} has no place here.", self.called, shown(name))),
            (Some(name), more) => Err(format!(
                "{}’s tensor {} has no place here, and so it is with {more} more.",
                self.called,
                shown(name)
            )),
        }
    }
}

/// The sentence about a file that is larger than what is read.
pub fn too_large(called: &str, bytes: u64, limit: usize) -> String {
    format!("{called} has {bytes} bytes; at most {limit} are read.")
}

/// A name as a sentence has it: a stranger's file may call a tensor anything.
pub(crate) fn shown(name: &str) -> String {
    if name.is_empty() { "without a name".to_owned() } else { one_line(name, 120) }
}

/// Words out of a stranger's file on one line of so many characters.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let mut line: String = text.chars().take(longest).map(|c| if c.is_control() { '�' } else { c }).collect();
    if text.chars().nth(longest).is_some() {
        line.push('…');
    }
    line
}
