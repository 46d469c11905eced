//! What a claim compares of variants whose trained matrices were rounded to few bits (`quantize`).
//!
//! ```toml
//! of = { metric = "relative-error", bits = 3 }                      # both sides of 3 bits a number
//! of = { metric = "relative-error", bits = 5, against_bits = 32 }   # 5 bits against the other as it is
//! of = { metric = "relative-error", bytes = [300, 1200] }           # on average over the logarithm of the bytes
//! of = { number = "stable_rank", matrix = "change", place = "map.weight", step = "last", bits = 2, against_bits = 32 }
//! ```
//!
//! The difference of two means over the same bytes is the Bjøntegaard gap of the two curves (`crate::quantization`). Where the two
//! sides have different widths, a variant can stand against itself.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, Number, Probed, When};
use super::experiment::Experiment;
use crate::probes::report::Quantity;
use crate::quantization::{QuantizedTo, WHOLE, mean_over_bytes};
use crate::stats::{Compares, Metric};

/// A metric after rounding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rounded {
    /// Which.
    pub metric: Metric,
    /// To so many bits a number; 32 is the variant as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// The bits of what it stands against, where those are others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against_bits: Option<u32>,
    /// In place of bits: the mean over the logarithm of the bytes from the first of these to the second, through all widths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<[u64; 2]>,
}

impl Compares for Asked {
    fn reads_sides_alike(&self) -> bool {
        let [one, other] = self.sides();
        one == other
    }
}

impl Asked {
    /// What is read of the variant, and what of the one that it stands against: each with one width, or with none where nothing
    /// was rounded.
    pub fn sides(&self) -> [Self; 2] {
        let widths = |bits: Option<u32>, other: Option<u32>| [bits, other.or(bits)];
        match self {
            Self::Rounded(asked) if asked.bits.is_some() => {
                widths(asked.bits, asked.against_bits).map(|bits| match bits {
                    Some(WHOLE) => Self::Metric(asked.metric),
                    _ => Self::Rounded(Rounded { bits, against_bits: None, ..asked.clone() }),
                })
            }
            Self::Probed(asked) if asked.bits.is_some() => {
                widths(asked.bits, asked.against_bits).map(|bits| {
                    let bits = bits.filter(|bits| *bits != WHOLE);
                    Self::Probed(Probed { bits, against_bits: None, ..asked.clone() })
                })
            }
            _ => [self.clone(), self.clone()],
        }
    }

    /// One side of it, of a variant as it is and rounded to each width: one number a seed, `None` where there is none that is
    /// finite. `None` if it is not asked after rounding, or not to one of these widths.
    pub fn read_rounded(&self, points: &[QuantizedTo]) -> Option<Vec<Option<f64>>> {
        let at = |bits: u32| points.iter().find(|point| point.bits == bits);
        let values: Vec<f64> = match self {
            Self::Rounded(Rounded { metric, bits: Some(bits), .. }) => {
                at(*bits)?.metric(*metric).iter().map(|value| f64::from(*value)).collect()
            }
            Self::Rounded(Rounded { metric, bytes: Some(bytes), .. }) => {
                let rounded = || points.iter().filter(|point| point.bits != WHOLE);
                let seeds = points.first()?.metric(*metric).len();
                let quality = |point: &QuantizedTo, seed: usize| {
                    point.metric(*metric).get(seed).map_or(f64::NAN, |value| f64::from(*value))
                };
                let mean = |seed: usize| {
                    let curve: Vec<(f64, f64)> =
                        rounded().map(|point| (point.bytes as f64, quality(point, seed))).collect();
                    mean_over_bytes(&curve, bytes.map(|bytes| bytes as f64)).unwrap_or(f64::NAN)
                };
                (0..seeds).map(mean).collect()
            }
            Self::Probed(Probed { number, place: Some(place), bits: Some(bits), .. }) => {
                let change = at(*bits)?.changes.iter().find(|change| change.name == *place)?;
                let of = if *number == Number::Error { &change.error } else { &change.stable_rank };
                of.clone()
            }
            _ => return None,
        };
        Some(values.into_iter().map(|value| Some(value).filter(|value| value.is_finite())).collect())
    }
}

impl Rounded {
    /// What is wrong with it in this experiment, as a sentence.
    pub(super) fn problem(&self, experiment: &Experiment) -> Option<String> {
        match (self.bits, self.bytes) {
            (Some(bits), None) => of_widths(experiment, bits, self.against_bits).or_else(|| {
                (bits == WHOLE && self.against_bits.unwrap_or(WHOLE) == WHOLE).then(|| {
                    format!(
                        "of rounds nothing; write of = \"{}\" for the variants as they are.",
                        self.metric.name()
                    )
                })
            }),
            (None, Some([low, high])) if self.against_bits.is_none() => {
                let good = 0 < low && low < high && experiment.quantize.bits.len() > 1;
                (!good).then(|| {
                    "of asks for a mean over bytes, which takes two widths in quantize.bits, and bytes above 0 of which the \
                     second are more."
                        .to_owned()
                })
            }
            _ => Some(
                "of needs bits, with against_bits beside it where those are others, or bytes.".to_owned(),
            ),
        }
    }
}

impl Probed {
    /// What is wrong with its widths in this experiment, as a sentence.
    pub(super) fn problem_of_widths(&self, experiment: &Experiment) -> Option<String> {
        let Some(bits) = self.bits else {
            return match (self.number, self.against_bits) {
                (Number::Error, _) => {
                    Some("of asks for the error of a change, which rounding makes: it needs bits.".to_owned())
                }
                (_, Some(_)) => Some("of has against_bits without bits.".to_owned()),
                _ => None,
            };
        };
        let known = matches!(self.number, Number::StableRank | Number::Error);
        if !known || self.matrix != Some(Quantity::Change) || self.step != When::Last {
            return Some(
                "of has bits: after rounding there are the numbers stable_rank and error of the matrix change at the step \
                 last."
                    .to_owned(),
            );
        }
        let whole = [Some(bits), self.against_bits].contains(&Some(WHOLE));
        of_widths(experiment, bits, self.against_bits).or_else(|| {
            (self.number == Number::Error && whole)
                .then(|| "of asks for the error of a change that is not rounded.".to_owned())
        })
    }
}

/// What is wrong with widths that a claim names.
fn of_widths(experiment: &Experiment, bits: u32, against: Option<u32>) -> Option<String> {
    let rounded = &experiment.quantize.bits;
    let unknown = |bits: &u32| *bits != WHOLE && !rounded.contains(&(*bits as f32));
    [Some(bits), against].into_iter().flatten().find(unknown).map(|bits| {
        let widths: Vec<_> = rounded.iter().map(|width| format!("{width}, ")).collect();
        format!(
            "of has {bits} bits, and quantize.bits rounds to others: it must be one of {}32.",
            widths.concat()
        )
    })
}

#[cfg(test)]
mod tests;
