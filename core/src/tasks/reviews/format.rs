//! Sentences as symbols, in a file.
//!
//! Little endian; every number of the header after the magic is a `u32`.
//!
//! ```text
//! "KAPPASEN" version=1 train test symbols
//! lengths [train + test] u16, classes [train + test] u8, then the symbols of all sentences, u16
//! ```
//!
//! The training part comes first. A symbol of 0 is padding, and stands in no sentence. The file ends where its header says.

use crate::fields::quote;

const MAGIC: &[u8; 8] = b"KAPPASEN";
const VERSION: u32 = 1;
/// Most symbols of a sentence.
pub const MAX_LENGTH: usize = 512;

/// One sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Its symbols, 1 to [`MAX_LENGTH`] of them, each from 1.
    pub symbols: Vec<u16>,
    /// 0 or 1.
    pub class: u8,
}

/// All sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentences {
    /// The training split.
    pub train: Vec<Sentence>,
    /// The test split.
    pub test: Vec<Sentence>,
}

/// Reads a file of [`super::TRAINING_SENTENCES`] and [`super::TEST_SENTENCES`].
///
/// # Errors
/// A sentence about what is wrong with it.
pub fn parse(bytes: &[u8]) -> Result<Sentences, String> {
    parse_of(bytes, super::TRAINING_SENTENCES as usize, super::TEST_SENTENCES as usize)
}

/// Reads a file of so many sentences.
fn parse_of(bytes: &[u8], training: usize, tested: usize) -> Result<Sentences, String> {
    let header = bytes.get(..24).filter(|header| header.starts_with(MAGIC));
    let header = header.ok_or("The file of sentences does not begin as one.")?;
    let number = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().expect("four bytes")) as usize;
    for (name, found, wanted) in [
        ("version", number(8), VERSION as usize),
        ("train", number(12), training),
        ("test", number(16), tested),
        ("symbols", number(20), super::SYMBOLS),
    ] {
        if found != wanted {
            return Err(format!("The file of sentences: {name} must be {wanted}, not {found}."));
        }
    }
    let count = training + tested;
    let short = || "The file of sentences ends too early.".to_owned();
    let lengths = bytes.get(24..24 + 2 * count).ok_or_else(short)?;
    let classes = bytes.get(24 + 2 * count..24 + 3 * count).ok_or_else(short)?;
    let mut rest = &bytes[24 + 3 * count..];
    let mut sentences = Vec::with_capacity(count);
    for (index, (length, &class)) in pairs(lengths).zip(classes).enumerate() {
        let length = usize::from(length);
        if class > 1 || !(1..=MAX_LENGTH).contains(&length) {
            return Err(format!(
                "Sentence {index} must have class 0 or 1 and 1 to {MAX_LENGTH} symbols, not {class} and {length}."
            ));
        }
        let (symbols, after) = rest.split_at_checked(2 * length).ok_or_else(short)?;
        let symbols: Vec<u16> = pairs(symbols).collect();
        let of_vocabulary = 1..super::SYMBOLS;
        if let Some(wrong) = symbols.iter().find(|symbol| !of_vocabulary.contains(&usize::from(**symbol))) {
            let most = super::SYMBOLS - 1;
            return Err(format!("Sentence {index}: a symbol must be from 1 to {most}, not {wrong}."));
        }
        sentences.push(Sentence { symbols, class });
        rest = after;
    }
    if !rest.is_empty() {
        return Err(format!("The file of sentences goes on for {} bytes after its end.", rest.len()));
    }
    let test = sentences.split_off(training);
    Ok(Sentences { train: sentences, test })
}

fn pairs(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
}

/// The bytes of a file.
pub fn write(sentences: &Sentences) -> Vec<u8> {
    let Sentences { train, test } = sentences;
    let mut bytes = MAGIC.to_vec();
    for number in [VERSION, train.len() as u32, test.len() as u32, super::SYMBOLS as u32] {
        bytes.extend(number.to_le_bytes());
    }
    let all = || train.iter().chain(test);
    bytes.extend(all().flat_map(|sentence| (sentence.symbols.len() as u16).to_le_bytes()));
    bytes.extend(all().map(|sentence| sentence.class));
    bytes.extend(all().flat_map(|sentence| &sentence.symbols).flat_map(|symbol| symbol.to_le_bytes()));
    bytes
}

/// All sentences in two splits; which are tested on follows from the sentences alone.
///
/// # Errors
/// If there are not as many as the task has.
pub fn split(mut all: Vec<Sentence>) -> Result<Sentences, String> {
    let (training, tested) = (super::TRAINING_SENTENCES as usize, super::TEST_SENTENCES as usize);
    if all.len() != training + tested {
        let (wanted, found) = (training + tested, all.len());
        return Err(format!("There must be {wanted} sentences of a clear sentiment, not {found}."));
    }
    all.sort_by_cached_key(|sentence| scrambled(&sentence.symbols));
    let train = all.split_off(tested);
    Ok(Sentences { train, test: all })
}

/// A number that looks drawn, of the symbols (FNV-1a).
fn scrambled(symbols: &[u16]) -> u64 {
    symbols
        .iter()
        .flat_map(|symbol| symbol.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The sentences of the text file of the source: a number, a tab, the mean sentiment, a tab, the sentence; with their classes.
///
/// # Errors
/// A sentence that names the line.
pub fn classed(text: &str) -> Result<Vec<(&str, u8)>, String> {
    let mut found = Vec::new();
    for (index, line) in text.lines().filter(|line| !line.trim().is_empty()).enumerate() {
        let mut columns = line.splitn(3, '\t').skip(1);
        let score = columns.next().and_then(|score| score.trim().parse::<f64>().ok());
        let (Some(score), Some(sentence)) = (score, columns.next()) else {
            let number = index + 1;
            return Err(format!(
                "Line {number} must be a number, a score and a sentence, not {}.",
                quote(line)
            ));
        };
        if score.abs() > 0.5 {
            found.push((sentence.trim(), u8::from(score > 0.5)));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Sentences {
        let sentence = |symbols: &[u16], class| Sentence { symbols: symbols.to_vec(), class };
        let train = vec![sentence(&[101, 7, 102], 1), sentence(&[101, 102], 0)];
        Sentences { train, test: vec![sentence(&[30_521], 1)] }
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(parse_of(&write(&some()), 2, 1), Ok(some()));
    }

    #[test]
    fn every_shorter_or_longer_file_and_every_wrong_number_is_refused_in_words() {
        let good = write(&some());
        for end in 0..good.len() {
            assert!(parse_of(&good[..end], 2, 1).is_err(), "{end} bytes");
        }
        let changed = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            parse_of(&bytes, 2, 1).unwrap_err()
        };
        for (at, byte, said) in [
            (0, b'X', "does not begin as one"),
            (8, 2, "version must be 1, not 2"),
            (12, 3, "train must be 2, not 3"),
            (16, 9, "test must be 1, not 9"),
            (20, 0, "symbols must be 30522"),
            (24, 0, "not 1 and 0"),
            (25, 9, "1 to 512 symbols"),
            (30, 2, "class 0 or 1"),
            (34, 255, "from 1 to 30521, not 65381"),
            (24, 2, "Sentence 2"),
        ] {
            let problem = changed(at, byte);
            assert!(problem.contains(said) || problem.contains("goes on"), "byte {at}: {problem}");
        }
        let longer = [good, vec![0]].concat();
        assert!(parse_of(&longer, 2, 1).unwrap_err().contains("goes on for 1 bytes"));
    }

    #[test]
    fn the_splits_do_not_depend_on_the_order_and_have_both_classes_in_their_shares() {
        let count = super::super::TRAINING_SENTENCES + super::super::TEST_SENTENCES;
        let sentence = |index: u32| Sentence { symbols: vec![index as u16 + 1], class: (index % 2) as u8 };
        let forward = split((0..count).map(sentence).collect()).unwrap();
        assert_eq!(split((0..count).rev().map(sentence).collect()), Ok(forward.clone()));
        let pleased = forward.test.iter().filter(|sentence| sentence.class == 1).count();
        assert!((900..1150).contains(&pleased), "{pleased} of 2048");
        assert!(split(vec![sentence(0)]).unwrap_err().contains("must be 10043 sentences"));
    }

    #[test]
    fn sentences_of_no_clear_sentiment_are_left_out() {
        let text = "1\t2.25\tGood.\r\n2\t-0.5\tHm.\r\n3\t-1.5\tBad, bad.\r\n";
        assert_eq!(classed(text), Ok(vec![("Good.", 1), ("Bad, bad.", 0)]));
        assert!(classed("1\tx\tGood.").unwrap_err().contains("Line 1"));
        assert!(classed("1\t1.0").unwrap_err().contains("Line 1"));
    }
}
