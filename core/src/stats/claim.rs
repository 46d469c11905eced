//! What a paper says about a quantity, in a form that measurements can answer. **Version 1 of the format;
//! [`Row`](super::Row) replaces it**, which can also say "the same", and knows whose claim it is and against what.
//!
//! Every claim is one inequality about the true mean difference `variant − baseline` and a margin `m ≥ 0`:
//!
//! | says | the claim | margin |
//! |---|---|---|
//! | `higher` | difference > m | the smallest improvement of interest |
//! | `lower` | difference < −m | the same |
//! | `not_lower` | difference ≥ −m | how much worse is still "no worse" |
//! | `not_higher` | difference ≤ m | the same |
//!
//! "More accurate than softmax" is `higher`; "at least as accurate, give or take half a point" is `not_lower` with
//! margin 0.005; "better conditioned" is `lower`.

use serde::{Deserialize, Serialize};

use super::judgement::Verdict;
use super::{Interval, Margin};
use crate::fields::Phrase::Before;
use crate::fields::{choice, fields, float, leaf, named};

fields! {
    /// A claim about `variant − baseline`. Unless said otherwise "not lower": what most papers say of accuracy at the least.
    #[derive(Copy, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Claim {
        /// Where every other variant should stand to the first.
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

impl Claim {
    /// The difference at which the claim begins to be true.
    pub fn threshold(&self) -> f64 {
        let margin = self.margin.get();
        match self.says {
            Inequality::Higher | Inequality::NotHigher => margin,
            Inequality::Lower | Inequality::NotLower => 0.0 - margin,
        }
    }

    /// Where an interval of the mean difference lies: wholly where the claim is true, wholly where it is false, or
    /// neither.
    ///
    /// An interval that ends exactly at the threshold supports a claim of "no worse", and decides nothing about a
    /// claim of "better": two variants that agree in every digit are no worse than each other, and neither is better.
    pub fn decide(&self, (low, high): Interval) -> Verdict {
        let at = self.threshold();
        let (supported, contradicted) = match self.says {
            Inequality::Higher => (low > at, high < at),
            Inequality::Lower => (high < at, low > at),
            Inequality::NotLower => (low >= at, high < at),
            Inequality::NotHigher => (high <= at, low > at),
        };
        match (supported, contradicted) {
            (true, _) => Verdict::Supported,
            (_, true) => Verdict::Contradicted,
            _ => Verdict::NotDecided,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(says: Inequality, margin: f64) -> Claim {
        Claim { says, margin: Margin::try_from(margin).unwrap() }
    }

    const ALL: [Inequality; 4] =
        [Inequality::Higher, Inequality::Lower, Inequality::NotLower, Inequality::NotHigher];

    #[test]
    fn an_interval_decides_only_from_one_side_of_the_threshold() {
        use Verdict::{Contradicted, NotDecided, Supported};
        for (says, margin, interval, verdict) in [
            (Inequality::Higher, 0.0, (0.1, 0.3), Supported),
            (Inequality::Higher, 0.0, (-0.1, 0.3), NotDecided),
            (Inequality::Higher, 0.0, (-0.3, -0.1), Contradicted),
            (Inequality::Higher, 0.2, (0.1, 0.3), NotDecided),
            (Inequality::Higher, 0.4, (0.1, 0.3), Contradicted), // there is an effect, but not one that large
            (Inequality::Lower, 0.0, (-0.3, -0.1), Supported),
            (Inequality::Lower, 0.2, (-0.3, -0.1), NotDecided),
            (Inequality::Lower, 0.0, (0.1, 0.3), Contradicted),
            (Inequality::NotLower, 0.2, (-0.1, 0.3), Supported),
            (Inequality::NotLower, 0.2, (-0.3, 0.3), NotDecided),
            (Inequality::NotLower, 0.2, (-0.5, -0.3), Contradicted),
            (Inequality::NotHigher, 0.2, (-0.3, 0.1), Supported),
            (Inequality::NotHigher, 0.2, (0.3, 0.5), Contradicted),
        ] {
            assert_eq!(claim(says, margin).decide(interval), verdict, "{says:?} {margin} {interval:?}");
        }
    }

    #[test]
    fn exact_equality_is_no_worse_and_not_better() {
        for says in ALL {
            let expected = match says {
                Inequality::Higher | Inequality::Lower => Verdict::NotDecided,
                Inequality::NotLower | Inequality::NotHigher => Verdict::Supported,
            };
            assert_eq!(claim(says, 0.0).decide((0.0, 0.0)), expected, "{says:?}");
        }
    }

    #[test]
    fn higher_and_lower_are_mirror_images() {
        for low in -10..10 {
            for high in low..10 {
                for margin in 0..4 {
                    let (low, high, margin) = (f64::from(low), f64::from(high), f64::from(margin));
                    for (one, other) in [
                        (Inequality::Higher, Inequality::Lower),
                        (Inequality::NotLower, Inequality::NotHigher),
                    ] {
                        let forth = claim(one, margin).decide((low, high));
                        assert_eq!(forth, claim(other, margin).decide((-high, -low)));
                    }
                }
            }
        }
    }

    #[test]
    fn a_claim_is_read_strictly() {
        let read = |text: &str| toml::from_str::<Claim>(text);
        assert_eq!(read("says = 'not_lower'\nmargin = 0.005").unwrap(), claim(Inequality::NotLower, 0.005));
        assert_eq!(read("says = 'higher'").unwrap(), claim(Inequality::Higher, 0.0));
        assert_eq!(read("says = 'higher'\nmargin = 1").unwrap(), claim(Inequality::Higher, 1.0));
        for wrong in [
            "says = 'better'",
            "says = 'lower'\nmargin = -0.1",
            "says = 'lower'\nmargin = nan",
            "says = 'lower'\nmargin = inf",
            "says = 'lower'\nmargins = 0.1",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let error = read("says = 'lower'\nmargin = -0.1").unwrap_err().to_string();
        assert!(
            error.contains("The margin is -0.1, but must be a finite number and not negative."),
            "{error}"
        );
    }
}
