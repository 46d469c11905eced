//! What is claimed where no row is written: one inequality for every variant against the first.
//!
//! A bench needs no sentences: two fields say how all variants should stand. Where an experiment has something to say of
//! single variants it writes rows ([`Row`](super::Row)), which can also say "the same" and whose claim it is.

use serde::{Deserialize, Serialize};

use super::Margin;
use crate::fields::Phrase::Before;
use crate::fields::{choice, fields, float, leaf, named};

fields! {
    /// A claim about `variant − baseline`. Unless said otherwise "not lower": what most papers say of accuracy at the least.
    #[derive(Copy, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Claim {
        /// Where every other variant should stand to the first, if no claims are written row by row.
        says: Inequality = Inequality::NotLower, named("Claim", Before("claim: "));
        /// By how much, or how much less still counts as equal; in the unit of what is compared.
        margin: Margin = Margin::default(), float("Margin", 0.0, 1000.0, Before("margin "));
    }
}

choice! {
    /// How a claim says that the variant stands to the baseline.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Inequality {
        /// Above the first variant by more than the margin.
        Higher: "higher", "Higher";
        /// Below the first variant by more than the margin.
        Lower: "lower", "Lower";
        /// Not below the first variant by more than the margin.
        NotLower: "not_lower", "Not lower";
        /// Not above the first variant by more than the margin.
        NotHigher: "not_higher", "Not higher";
    }
}

leaf!(Margin, |row| row, |margin| f64::from(*margin).into(), |value| Margin::try_from(value.as_f64()?).ok());
