//! What a paper says about a quantity, in a form that measurements can answer.
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

use super::Interval;
use super::judgement::Verdict;
use crate::fields::Phrase::Before;
use crate::fields::{choice, fields, float, leaf, named};

fields! {
    /// A claim about `variant − baseline`. Unless said otherwise "not lower": what most papers say of accuracy at the least.
    #[derive(Copy, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Claim {
        /// Where every other variant should stand to the first.
        says: Says = Says::NotLower, named("Claim", Before("claim: "));
        /// By how much, or how much less still counts as equal; in the unit of what is compared.
        margin: Margin = Margin::default(), float("Margin", 0.0, 1000.0, Before("margin "));
    }
}

choice! {
    /// How a claim says that the variant stands to the baseline.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Says {
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
            Says::Higher | Says::NotHigher => margin,
            Says::Lower | Says::NotLower => 0.0 - margin,
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
            Says::Higher => (low > at, high < at),
            Says::Lower => (high < at, low > at),
            Says::NotLower => (low >= at, high < at),
            Says::NotHigher => (high <= at, low > at),
        };
        match (supported, contradicted) {
            (true, _) => Verdict::Supported,
            (_, true) => Verdict::Contradicted,
            _ => Verdict::NotDecided,
        }
    }
}

/// A finite number that is not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Margin(f64);

impl Margin {
    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Margin {
    type Error = String;

    fn try_from(value: f64) -> Result<Self, String> {
        if value.is_finite() && value >= 0.0 {
            Ok(Self(value))
        } else {
            Err(format!("The margin is {value}, but must be a finite number and not negative."))
        }
    }
}

impl From<Margin> for f64 {
    fn from(margin: Margin) -> Self {
        margin.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(says: Says, margin: f64) -> Claim {
        Claim { says, margin: Margin::try_from(margin).unwrap() }
    }

    const ALL: [Says; 4] = [Says::Higher, Says::Lower, Says::NotLower, Says::NotHigher];

    #[test]
    fn an_interval_decides_only_from_one_side_of_the_threshold() {
        use Verdict::{Contradicted, NotDecided, Supported};
        for (says, margin, interval, verdict) in [
            (Says::Higher, 0.0, (0.1, 0.3), Supported),
            (Says::Higher, 0.0, (-0.1, 0.3), NotDecided),
            (Says::Higher, 0.0, (-0.3, -0.1), Contradicted),
            (Says::Higher, 0.2, (0.1, 0.3), NotDecided),
            (Says::Higher, 0.4, (0.1, 0.3), Contradicted), // there is an effect, but not one that large
            (Says::Lower, 0.0, (-0.3, -0.1), Supported),
            (Says::Lower, 0.2, (-0.3, -0.1), NotDecided),
            (Says::Lower, 0.0, (0.1, 0.3), Contradicted),
            (Says::NotLower, 0.2, (-0.1, 0.3), Supported),
            (Says::NotLower, 0.2, (-0.3, 0.3), NotDecided),
            (Says::NotLower, 0.2, (-0.5, -0.3), Contradicted),
            (Says::NotHigher, 0.2, (-0.3, 0.1), Supported),
            (Says::NotHigher, 0.2, (0.3, 0.5), Contradicted),
        ] {
            assert_eq!(claim(says, margin).decide(interval), verdict, "{says:?} {margin} {interval:?}");
        }
    }

    #[test]
    fn exact_equality_is_no_worse_and_not_better() {
        for says in ALL {
            let expected = match says {
                Says::Higher | Says::Lower => Verdict::NotDecided,
                Says::NotLower | Says::NotHigher => Verdict::Supported,
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
                    for (one, other) in [(Says::Higher, Says::Lower), (Says::NotLower, Says::NotHigher)] {
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
        assert_eq!(read("says = 'not_lower'\nmargin = 0.005").unwrap(), claim(Says::NotLower, 0.005));
        assert_eq!(read("says = 'higher'").unwrap(), claim(Says::Higher, 0.0));
        assert_eq!(read("says = 'higher'\nmargin = 1").unwrap(), claim(Says::Higher, 1.0));
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
