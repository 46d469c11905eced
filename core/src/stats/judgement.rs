//! From the replicas of two variants and a claim to a verdict and a sentence. **[`judge_rows`](super::judge_rows)
//! replaces this rule**, whose second half is wrong where a claim predicts divergence; [`Verdict`] stays.
//!
//! The rule, in this order:
//!
//! 1. **Divergence.** A replica without a number diverged, and that is worse than any number. A seed on which both
//!    diverged says nothing and is left out. If the variant alone diverged on more than half of the other seeds, on at
//!    least three, and the baseline alone on none, the claim is contradicted; the other way round, it is supported.
//!    (The median difference is then beyond every number, on one side.)
//! 2. **Number.** With fewer than three seeds on which both have a number, nothing is decided.
//! 3. **Interval.** On these seeds, the 95 % interval of the paired difference decides, if it lies wholly where the claim
//!    is true or wholly where it is false; see [`Claim::decide`].
//! 4. **Restraint.** Seeds left out in step 3 must not flatter: with any seed on which the variant alone diverged, a
//!    claim is not supported; with any on which the baseline alone did, it is not contradicted.

use serde::{Deserialize, Serialize};

use super::unit::Digits;
use super::{Claim, Inequality, Paired, StatsError, Unit};

/// The fewest paired replicas that can decide anything.
pub const MIN_REPLICAS: usize = 3;

/// What the replicas say about a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The claim holds here.
    Supported,
    /// The claim does not hold here.
    Contradicted,
    /// These replicas, at this size, allow both.
    NotDecided,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Supported => "Supported",
            Self::Contradicted => "Contradicted",
            Self::NotDecided => "Not decided at this scale",
        })
    }
}

/// A verdict with what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// What was decided.
    pub verdict: Verdict,
    /// About what.
    pub claim: Claim,
    /// How many seeds there were.
    pub replicas: usize,
    /// On how many of them the variant diverged.
    pub variant_diverged: usize,
    /// On how many of them the baseline diverged.
    pub baseline_diverged: usize,
    /// Whether divergence alone decided.
    pub by_divergence: bool,
    /// The comparison on the seeds where both have a number, if there is one.
    pub paired: Option<Paired>,
}

/// Judges a claim by its replicas: `variant[i]` and `baseline[i]` come from the same seed, and `None` is a replica that
/// diverged. The rule is at the top of this file.
///
/// # Errors
/// If the two are not equally long, if there is no replica, or if a number is not finite.
pub fn judge(
    claim: Claim,
    variant: &[Option<f64>],
    baseline: &[Option<f64>],
) -> Result<Judgement, StatsError> {
    if variant.len() != baseline.len() {
        return Err(StatsError::Unpaired { variant: variant.len(), baseline: baseline.len() });
    }
    if variant.is_empty() {
        return Err(StatsError::Empty);
    }
    let (mut numbers, mut baseline_numbers) = (Vec::new(), Vec::new());
    let (mut lost, mut won) = (0, 0);
    for (index, (&v, &b)) in variant.iter().zip(baseline).enumerate() {
        for value in [v, b].into_iter().flatten() {
            if !value.is_finite() {
                return Err(StatsError::NotFinite { index, value });
            }
        }
        match (v, b) {
            (Some(v), Some(b)) => {
                numbers.push(v);
                baseline_numbers.push(b);
            }
            (None, Some(_)) => lost += 1,
            (Some(_), None) => won += 1,
            (None, None) => {}
        }
    }
    let paired = match Paired::from_samples(&numbers, &baseline_numbers) {
        Ok(paired) => Some(paired),
        Err(StatsError::Empty) => None,
        Err(error) => return Err(error),
    };

    let counted = numbers.len() + lost + won;
    let most = |count: usize| count >= MIN_REPLICAS && 2 * count > counted;
    let by_divergence = (most(lost) && won == 0) || (most(won) && lost == 0);
    let verdict = if by_divergence {
        if lost > 0 { Verdict::Contradicted } else { Verdict::Supported }
    } else {
        let interval = paired.filter(|p| p.n >= MIN_REPLICAS).and_then(|p| p.ci95);
        match interval.map_or(Verdict::NotDecided, |interval| claim.decide(interval)) {
            Verdict::Supported if lost > 0 => Verdict::NotDecided,
            Verdict::Contradicted if won > 0 => Verdict::NotDecided,
            verdict => verdict,
        }
    };
    let diverged = |replicas: &[Option<f64>]| replicas.iter().filter(|r| r.is_none()).count();
    Ok(Judgement {
        verdict,
        claim,
        replicas: variant.len(),
        variant_diverged: diverged(variant),
        baseline_diverged: diverged(baseline),
        by_divergence,
        paired,
    })
}

impl Judgement {
    /// One sentence for people: the verdict, the mean of `variant − baseline`, its interval, and n.
    ///
    /// "Supported: +3.1 points, 95 % interval [1.2, 5.0], n = 5". A margin is stated as the claim that it makes, and
    /// divergence where there was any.
    pub fn sentence(&self, unit: Unit) -> String {
        let mut sentence = format!("{}: ", self.verdict);
        if self.by_divergence {
            sentence += &self.divergence();
            return sentence;
        }
        match self.paired {
            Some(paired) if paired.n >= MIN_REPLICAS => sentence += &self.numbers(&paired, unit),
            paired => {
                let n = paired.map_or(0, |paired| paired.n);
                sentence += &format!("n = {n}, and a verdict needs at least {MIN_REPLICAS} pairs");
            }
        }
        if self.variant_diverged + self.baseline_diverged > 0 {
            sentence += "; ";
            sentence += &self.divergence();
        }
        sentence
    }

    fn divergence(&self) -> String {
        let seeds = self.replicas;
        match (self.variant_diverged, self.baseline_diverged) {
            (variant, 0) => {
                format!("the variant diverged on {variant} of {seeds} seeds, the baseline on none")
            }
            (0, baseline) => {
                format!("the baseline diverged on {baseline} of {seeds} seeds, the variant on none")
            }
            (variant, baseline) => {
                format!("the variant diverged on {variant} of {seeds} seeds, the baseline on {baseline}")
            }
        }
    }

    fn numbers(&self, paired: &Paired, unit: Unit) -> String {
        let mean = paired.mean_difference * unit.scale;
        let (low, high) = paired.ci95.unwrap_or((paired.mean_difference, paired.mean_difference));
        let (low, high) = (low * unit.scale, high * unit.scale);
        let threshold = self.claim.threshold() * unit.scale;
        let digits = Digits::to_show(mean, low, high, &[threshold]);

        let space = if unit.name.is_empty() { "" } else { " " };
        let mut text = format!(
            "{}{space}{}, 95 % interval [{}, {}], n = {}",
            digits.signed(mean),
            unit.name,
            digits.plain(low),
            digits.plain(high),
            paired.n
        );
        if self.claim.margin.get() > 0.0 {
            let relation = match self.claim.says {
                Inequality::Higher => "more than",
                Inequality::Lower => "less than",
                Inequality::NotLower => "at least",
                Inequality::NotHigher => "at most",
            };
            text += &format!(", claimed {relation} {}", digits.signed(threshold));
        }
        text
    }
}

#[cfg(test)]
mod tests;
