//! A claim as a row: what stands to what, in which quantity, how, by how much, and whose claim it is.
//!
//! ```toml
//! [[claim]]
//! variant = "no attention skip"   # by name, or by number counted from 1
//! against = "no MLP skip"         # the first variant unless said
//! of = "accuracy"                 # what is compared: the experiment's business, the type `Q` here
//! says = "lower"                  # higher, lower, not_lower, not_higher, same
//! margin = 0.0                    # in the unit of `of`; 0 unless said
//! whose = "paper"                 # paper, control, lab
//! text = "Attention needs its skip more than the MLP does."
//! ```
//!
//! A contrast of contrasts names a second pair, whose difference the first one's must exceed (or not):
//!
//! ```toml
//! variant = "divided"
//! against = "plain"
//! than = { variant = "divided, AdamW", against = "plain, AdamW" }
//! says = "higher"                 # the gain under one optimizer is higher than the gain under the other
//! ```
//!
//! With `δ` the true mean difference `variant − against` (or that of the two differences) and `m` the margin:
//!
//! | says | the claim |
//! |---|---|
//! | `higher` | δ > m |
//! | `lower` | δ < −m |
//! | `not_lower` | δ ≥ −m |
//! | `not_higher` | δ ≤ m |
//! | `same` | −m < δ < m, and m must be above 0: nothing can show that two numbers are equal in every digit |

use serde::{Deserialize, Serialize};

use super::{Claim, Inequality, Margin};

/// One claim of an experiment. `Q` is what is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written<Q>")]
pub struct Row<Q> {
    /// Which variant it is about.
    pub variant: Which,
    /// What that stands against; the first variant if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<Which>,
    /// Another pair, with whose difference the difference is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub than: Option<Than>,
    /// What is compared.
    pub of: Q,
    /// How it stands, and by how much.
    #[serde(flatten)]
    pub statement: Statement,
    /// Who says so.
    pub whose: Whose,
    /// The claim as a sentence.
    pub text: String,
}

/// What a row compares.
pub trait Compares {
    /// Whether both sides of a difference are read the same way, so that a variant against itself says nothing.
    fn reads_sides_alike(&self) -> bool;
}

/// How a claim says that a difference stands to 0, and by how much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "WrittenStatement")]
pub struct Statement {
    says: Says,
    margin: Margin,
}

/// How a claim says that the variant stands to what it is against. The table is at the top of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// Above it by more than the margin.
    Higher,
    /// Below it by more than the margin.
    Lower,
    /// Not below it by more than the margin.
    NotLower,
    /// Not above it by more than the margin.
    NotHigher,
    /// Within the margin of it, on either side.
    Same,
}

impl Says {
    /// How the variant stands, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::NotLower => "not lower",
            Self::NotHigher => "not higher",
            Self::Same => "the same",
        }
    }
}

/// Who makes a claim. A paper is judged by its own rows only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The paper: its rows are one family, corrected for being several.
    Paper,
    /// A control: what should happen if the paper's explanation is right.
    Control,
    /// The lab's own observation.
    Lab,
}

/// A variant, by its name or by its number counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a variant's name, or its number counted from 1")]
pub enum Which {
    /// Its number; the first variant is 1.
    Number(usize),
    /// Its name, computed from its patch.
    Name(String),
}

/// The second pair of a contrast of contrasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Than {
    /// Takes the place of the variant.
    pub variant: Which,
    /// Takes the place of what that stands against.
    pub against: Which,
}

/// A row with its variants found: indices from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The variant and what it stands against.
    pub pair: (usize, usize),
    /// The second pair of a contrast of contrasts.
    pub than: Option<(usize, usize)>,
}

/// A row as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<Q> {
    variant: Which,
    against: Option<Which>,
    than: Option<Than>,
    of: Q,
    says: Says,
    #[serde(default)]
    margin: Margin,
    whose: Whose,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenStatement {
    says: Says,
    #[serde(default)]
    margin: Margin,
}

impl<Q> TryFrom<Written<Q>> for Row<Q> {
    type Error = String;

    fn try_from(written: Written<Q>) -> Result<Self, String> {
        let Written { variant, against, than, of, says, margin, whose, text } = written;
        if text.trim().is_empty() {
            return Err("The claim has no text: say in a sentence what is claimed.".to_owned());
        }
        let statement = Statement::new(says, margin)?;
        Ok(Self { variant, against, than, of, statement, whose, text })
    }
}

impl TryFrom<WrittenStatement> for Statement {
    type Error = String;

    fn try_from(written: WrittenStatement) -> Result<Self, String> {
        Self::new(written.says, written.margin)
    }
}

impl Statement {
    /// The statement of that margin.
    ///
    /// # Errors
    /// If it says "same" without a margin.
    pub fn new(says: Says, margin: Margin) -> Result<Self, String> {
        if says == Says::Same && margin.get() == 0.0 {
            return Err("\"same\" needs a margin above 0: no number of seeds can show that a difference is \
                        exactly 0."
                .to_owned());
        }
        Ok(Self { says, margin })
    }

    /// How the difference stands.
    pub fn says(self) -> Says {
        self.says
    }

    /// By how much, in the unit of what is compared.
    pub fn margin(self) -> Margin {
        self.margin
    }
}

impl From<Inequality> for Says {
    /// For files of version 1.
    fn from(inequality: Inequality) -> Self {
        match inequality {
            Inequality::Higher => Self::Higher,
            Inequality::Lower => Self::Lower,
            Inequality::NotLower => Self::NotLower,
            Inequality::NotHigher => Self::NotHigher,
        }
    }
}

impl From<Claim> for Statement {
    /// For files of version 1.
    fn from(claim: Claim) -> Self {
        Self { says: claim.says.into(), margin: claim.margin }
    }
}

impl<Q: Compares> Row<Q> {
    /// Finds the variants among all of an experiment's, by their names.
    ///
    /// # Errors
    /// A sentence, if one does not exist, if a name means several, or if a variant is compared with itself and both sides are
    /// read the same way.
    pub fn find(&self, names: &[impl AsRef<str>]) -> Result<Compared, String> {
        let alike = self.of.reads_sides_alike();
        let pair = |variant: &Which, against: &Which| {
            let (variant, against) = (variant.find(names)?, against.find(names)?);
            if alike && variant == against {
                return Err(format!("The claim compares \"{}\" with itself.", names[variant].as_ref()));
            }
            Ok((variant, against))
        };
        let first = Which::Number(1);
        let pair_of_row = pair(&self.variant, self.against.as_ref().unwrap_or(&first))?;
        let than = self.than.as_ref().map(|than| {
            let than = pair(&than.variant, &than.against)?;
            if than == pair_of_row {
                return Err("The claim compares a difference with itself.".to_owned());
            }
            Ok(than)
        });
        Ok(Compared { pair: pair_of_row, than: than.transpose()? })
    }
}

impl Which {
    fn find(&self, names: &[impl AsRef<str>]) -> Result<usize, String> {
        match self {
            Self::Number(number) if (1..=names.len()).contains(number) => Ok(number - 1),
            Self::Number(number) => {
                Err(format!("There is no variant {number}; they are numbered from 1 to {}.", names.len()))
            }
            Self::Name(name) => {
                let mut found = (0..names.len()).filter(|index| names[*index].as_ref() == name);
                match (found.next(), found.next()) {
                    (Some(index), None) => Ok(index),
                    (Some(_), Some(_)) => Err(format!(
                        "Several variants are called \"{name}\"; name the one by its number, counted from 1."
                    )),
                    _ => {
                        let known: Vec<_> =
                            names.iter().map(|name| format!("\"{}\"", name.as_ref())).collect();
                        Err(format!("No variant is called \"{name}\"; they are called {}.", known.join(", ")))
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Compares for String {
        fn reads_sides_alike(&self) -> bool {
            self != "two widths"
        }
    }

    const NAMES: [&str; 4] = ["baseline", "no MLP skip", "no attention skip", "twice"];

    const WHOLE: &str = r#"
        variant = "no attention skip"
        against = "no MLP skip"
        of = "accuracy"
        says = "lower"
        margin = 0.0
        whose = "paper"
        text = "Attention needs its skip more than the MLP does."
    "#;

    fn read(text: &str) -> Result<Row<String>, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_row_reads_as_it_is_designed_and_finds_its_variants() {
        let row = read(WHOLE).unwrap();
        assert_eq!((row.statement.says(), row.statement.margin().get()), (Says::Lower, 0.0));
        assert_eq!((row.of.as_str(), row.whose), ("accuracy", Whose::Paper));
        assert_eq!(row.find(&NAMES), Ok(Compared { pair: (2, 1), than: None }));
        let short =
            read("variant = 2\nof = 'loss'\nsays = 'higher'\nwhose = 'lab'\ntext = 'It is.'").unwrap();
        assert_eq!(short.find(&NAMES), Ok(Compared { pair: (1, 0), than: None }));
    }

    #[test]
    fn a_contrast_of_contrasts_has_four_variants() {
        let text = WHOLE.replace("says", "than = { variant = 4, against = 1 }\nsays");
        let row = read(&text).unwrap();
        assert_eq!(row.find(&NAMES), Ok(Compared { pair: (2, 1), than: Some((3, 0)) }));
    }

    #[test]
    fn a_row_is_written_as_it_is_read() {
        for text in [WHOLE.to_owned(), WHOLE.replace("says", "than = { variant = 4, against = 1 }\nsays")] {
            let row = read(&text).unwrap();
            assert_eq!(read(&toml::to_string(&row).unwrap()).unwrap(), row);
            let json = serde_json::to_string(&row).unwrap();
            assert_eq!(serde_json::from_str::<Row<String>>(&json).unwrap(), row);
        }
    }

    #[test]
    fn a_row_that_says_nothing_clear_is_refused_with_the_reason() {
        for (from, to, reason) in [
            ("says = \"lower\"", "says = \"same\"", "\"same\" needs a margin above 0"),
            ("margin = 0.0", "margin = -1.0", "must be a finite number and not negative"),
            ("margin = 0.0", "margins = 0.0", "unknown field `margins`"),
            ("whose = \"paper\"", "", "missing field `whose`"),
            ("whose = \"paper\"", "whose = \"mine\"", "unknown variant `mine`"),
            ("\"no MLP skip\"", "-1", "a variant's name, or its number counted from 1"),
            ("Attention needs its skip more than the MLP does.", " ", "The claim has no text"),
            ("says = \"lower\"", "says = \"lower\"\nthan = { variant = 4 }", "missing field `against`"),
        ] {
            let text = WHOLE.replace(from, to);
            assert_ne!(text, WHOLE, "{from}");
            let error = read(&text).unwrap_err();
            assert!(error.contains(reason), "{to}: {error}");
        }
        assert!(
            read(&WHOLE.replace("says = \"lower\"\n        margin = 0.0", "says = \"same\"\nmargin = 0.02"))
                .is_ok()
        );
    }

    #[test]
    fn a_variant_that_is_not_there_is_named_with_those_that_are() {
        let find = |from: &str, to: &str| read(&WHOLE.replace(from, to)).unwrap().find(&NAMES).unwrap_err();
        assert_eq!(
            find("no MLP skip", "no skip"),
            "No variant is called \"no skip\"; they are called \"baseline\", \"no MLP skip\", \"no attention \
             skip\", \"twice\"."
        );
        assert_eq!(find("\"no MLP skip\"", "5"), "There is no variant 5; they are numbered from 1 to 4.");
        assert_eq!(find("\"no MLP skip\"", "0"), "There is no variant 0; they are numbered from 1 to 4.");
        assert_eq!(
            find("no MLP skip", "no attention skip"),
            "The claim compares \"no attention skip\" with itself."
        );
        let two_widths = WHOLE.replace("no MLP skip", "no attention skip").replace("accuracy", "two widths");
        assert_eq!(read(&two_widths).unwrap().find(&NAMES), Ok(Compared { pair: (2, 2), than: None }));
        let than_itself = "than = { variant = 3, against = 2 }\nsays";
        assert_eq!(find("says", than_itself), "The claim compares a difference with itself.");
        let names = ["a", "no MLP skip", "no MLP skip", "no attention skip"];
        let error = read(WHOLE).unwrap().find(&names).unwrap_err();
        assert!(error.starts_with("Several variants are called \"no MLP skip\""), "{error}");
    }
}
