//! The two binary formats of `public/data`: labelled images and text as symbols.
//!
//! Little endian; every header field after the magic is a `u32`.
//!
//! ```text
//! images: "KAPPAIMG" version=1 train test height width channels classes peak
//!         pixels [train + test, height, width, channels] u8, then labels [train + test] u8
//! text:   "KAPPATXT" version=1 train test vocabulary
//!         the vocabulary in ASCII, ascending, then symbols [train + test] u8
//! ```
//!
//! The training part comes first. A pixel of value `peak` is full ink (16 in `digits.bin`, 255 in `mnist.bin`); a
//! symbol is an index into the vocabulary. A file ends exactly where its header says.
//!
//! The parsers only check and borrow: they copy nothing, allocate nothing that depends on the input, and answer any
//! input with a value or with an error that names the field. This file uses the standard library alone.

use std::fmt;
use std::ops::RangeInclusive;

const VERSION: u32 = 1;

/// Most examples in one part of an image file.
pub const MAX_IMAGES: u32 = 1 << 20;
/// Largest height or width of an image.
pub const MAX_SIDE: u32 = 1024;
/// Most symbols in one part of a text file.
pub const MAX_SYMBOLS: u32 = 1 << 26;
/// Most characters in a vocabulary: line feed and the 95 printable characters of ASCII.
pub const MAX_VOCABULARY: u32 = 96;
/// Most bytes of pixels in an image file.
pub const MAX_PIXEL_BYTES: u64 = 1 << 28;

/// Labelled images of one size, borrowed from the bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageSet<'a> {
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Values of a pixel: 1 is grey, 3 is red, green, blue.
    pub channels: usize,
    /// Labels are below this.
    pub classes: usize,
    /// The largest value that a pixel can have; `pixel / peak` is in 0..=1.
    pub peak: u8,
    /// The images to train on.
    pub train: Images<'a>,
    /// The images to measure on.
    pub test: Images<'a>,
}

impl ImageSet<'_> {
    /// Bytes of one image: `height * width * channels`.
    pub fn image_len(&self) -> usize {
        self.height * self.width * self.channels
    }
}

/// One part of an [`ImageSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Images<'a> {
    /// `[N, height, width, channels]`, row by row.
    pub pixels: &'a [u8],
    /// `[N]`.
    pub labels: &'a [u8],
}

impl<'a> Images<'a> {
    /// How many images there are; a parsed part has at least one.
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// The pixels and the label of one image.
    ///
    /// # Panics
    /// If `index` is not below [`count`](Self::count).
    pub fn get(&self, index: usize) -> (&'a [u8], u8) {
        let size = self.pixels.len() / self.labels.len();
        (&self.pixels[index * size..(index + 1) * size], self.labels[index])
    }
}

/// A text as indices into its vocabulary, borrowed from the bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextSet<'a> {
    /// The characters that occur, ascending. All are ASCII: printable, or the line feed.
    pub vocabulary: &'a [u8],
    /// The symbols to train on.
    pub train: &'a [u8],
    /// The symbols to measure on.
    pub test: &'a [u8],
}

impl TextSet<'_> {
    /// The text of `symbols`; a symbol outside the vocabulary becomes U+FFFD, the replacement character.
    pub fn decode(&self, symbols: &[u8]) -> String {
        let character =
            |&symbol: &u8| self.vocabulary.get(usize::from(symbol)).map_or('\u{FFFD}', |&c| char::from(c));
        symbols.iter().map(character).collect()
    }

    /// The symbol of `character`, if the vocabulary has it.
    pub fn symbol(&self, character: char) -> Option<u8> {
        let byte = u8::try_from(character).ok()?;
        let index = self.vocabulary.binary_search(&byte).ok()?;
        u8::try_from(index).ok()
    }
}

/// Why bytes are not a file of one of the two formats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError {
    /// The field that is wrong.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field; lengths and ends are in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields say it")]
pub enum Problem {
    /// The file does not begin with the name of the format.
    NotA { format: &'static str },
    /// A number of the header, or one that follows from it, is not allowed.
    OutOfRange { found: u64, least: u64, most: u64 },
    /// The file ends before the field does.
    Truncated { end: u64, length: u64 },
    /// The file goes on after the field, its last one.
    TooLong { end: u64, length: u64 },
    /// One of many values is larger than the header allows.
    TooLarge { index: usize, found: u8, most: u8 },
    /// A character is neither printable ASCII nor a line feed, or not above the one before it.
    NotAscending { index: usize, found: u8 },
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field;
        match self.problem {
            Problem::NotA { format } => {
                write!(f, "The {field} is wrong: the file does not begin with {format}.")
            }
            Problem::OutOfRange { found, least, most } if least == most => {
                write!(f, "The {field} is {found}, but must be {most}.")
            }
            Problem::OutOfRange { found, least, most } => {
                write!(f, "The {field} is {found}, but must be {least} to {most}.")
            }
            Problem::Truncated { end, length } => {
                write!(f, "The file ends in the {field}: it has {length} bytes of at least {end}.")
            }
            Problem::TooLong { end, length } => {
                write!(f, "The file goes on after the {field}: it has {length} bytes instead of {end}.")
            }
            Problem::TooLarge { index, found, most } => {
                write!(f, "The {field} have {found} at position {index}, but may be at most {most}.")
            }
            Problem::NotAscending { index, found } => write!(
                f,
                "The {field} has byte {found} at position {index}, but must be ascending, and \
                 printable ASCII or a line feed."
            ),
        }
    }
}

impl std::error::Error for FormatError {}

/// Reads a file of labelled images.
pub fn parse_images(bytes: &[u8]) -> Result<ImageSet<'_>, FormatError> {
    let mut reader = Reader::new(bytes, "KAPPAIMG")?;
    let train = reader.number("train count", 1..=MAX_IMAGES)?;
    let test = reader.number("test count", 1..=MAX_IMAGES)?;
    let height = reader.number("height", 1..=MAX_SIDE)?;
    let width = reader.number("width", 1..=MAX_SIDE)?;
    let channels = reader.number("channel count", 1..=4)?;
    let classes = reader.number("class count", 2..=256)?;
    let peak = reader.number("peak", 1..=255)?;

    // The ranges above keep this below 2^43.
    let count = u64::from(train) + u64::from(test);
    let image = u64::from(height) * u64::from(width) * u64::from(channels);
    in_range("number of pixel bytes", count * image, 1..=MAX_PIXEL_BYTES)?;
    let pixels = reader.bytes("pixels", count * image)?;
    let labels = reader.last_bytes("labels", count)?;

    let peak = peak as u8; // at most 255, by its range
    at_most("pixels", pixels, peak)?;
    at_most("labels", labels, (classes - 1) as u8)?; // at most 255, by its range

    let (train_pixels, test_pixels) = pixels.split_at(train as usize * image as usize);
    let (train_labels, test_labels) = labels.split_at(train as usize);
    Ok(ImageSet {
        height: height as usize,
        width: width as usize,
        channels: channels as usize,
        classes: classes as usize,
        peak,
        train: Images { pixels: train_pixels, labels: train_labels },
        test: Images { pixels: test_pixels, labels: test_labels },
    })
}

/// Reads a file of text.
pub fn parse_text(bytes: &[u8]) -> Result<TextSet<'_>, FormatError> {
    let mut reader = Reader::new(bytes, "KAPPATXT")?;
    let train = reader.number("train count", 1..=MAX_SYMBOLS)?;
    let test = reader.number("test count", 1..=MAX_SYMBOLS)?;
    let size = reader.number("vocabulary size", 2..=MAX_VOCABULARY)?;
    let vocabulary = reader.bytes("vocabulary", u64::from(size))?;
    let symbols = reader.last_bytes("symbols", u64::from(train) + u64::from(test))?;

    for (index, &byte) in vocabulary.iter().enumerate() {
        let allowed = byte == b'\n' || (b' '..=b'~').contains(&byte);
        let ascending = index == 0 || vocabulary[index - 1] < byte;
        if !allowed || !ascending {
            return fail("vocabulary", Problem::NotAscending { index, found: byte });
        }
    }
    at_most("symbols", symbols, (size - 1) as u8)?; // at most 95, by its range

    let (train, test) = symbols.split_at(train as usize);
    Ok(TextSet { vocabulary, train, test })
}

/// Walks over a file from its beginning, and knows what it reads.
struct Reader<'a> {
    file: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    /// A reader that stands behind the magic and the version.
    fn new(file: &'a [u8], format: &'static str) -> Result<Self, FormatError> {
        let mut reader = Self { file, position: 0 };
        if reader.bytes("magic", 8)? != format.as_bytes() {
            return fail("magic", Problem::NotA { format });
        }
        reader.number("version", VERSION..=VERSION)?;
        Ok(reader)
    }

    fn number(&mut self, field: &'static str, allowed: RangeInclusive<u32>) -> Result<u32, FormatError> {
        let mut word = [0; 4];
        word.copy_from_slice(self.bytes(field, 4)?);
        let found = u32::from_le_bytes(word);
        let (least, most) = allowed.into_inner();
        in_range(field, found.into(), least.into()..=most.into())?;
        Ok(found)
    }

    fn bytes(&mut self, field: &'static str, count: u64) -> Result<&'a [u8], FormatError> {
        let length = self.file.len() as u64;
        let end = self.position as u64 + count; // counts are below 2^43
        if end > length {
            return fail(field, Problem::Truncated { end, length });
        }
        let range = self.position..end as usize; // not above `file.len()`
        self.position = range.end;
        Ok(&self.file[range])
    }

    /// The bytes of the last field.
    fn last_bytes(mut self, field: &'static str, count: u64) -> Result<&'a [u8], FormatError> {
        let bytes = self.bytes(field, count)?;
        let (end, length) = (self.position as u64, self.file.len() as u64);
        if end < length {
            return fail(field, Problem::TooLong { end, length });
        }
        Ok(bytes)
    }
}

fn in_range(field: &'static str, found: u64, allowed: RangeInclusive<u64>) -> Result<(), FormatError> {
    if allowed.contains(&found) {
        return Ok(());
    }
    let (least, most) = allowed.into_inner();
    fail(field, Problem::OutOfRange { found, least, most })
}

fn at_most(field: &'static str, values: &[u8], most: u8) -> Result<(), FormatError> {
    match values.iter().position(|&value| value > most) {
        None => Ok(()),
        Some(index) => {
            let found = values[index];
            fail(field, Problem::TooLarge { index, found, most })
        }
    }
}

fn fail<T>(field: &'static str, problem: Problem) -> Result<T, FormatError> {
    Err(FormatError { field, problem })
}

#[cfg(test)]
mod tests;
