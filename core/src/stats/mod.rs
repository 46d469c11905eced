//! What a handful of replicas allows one to say: means, intervals, comparisons seed by seed, and verdicts on claims.
//!
//! ```text
//! Row (a claim) ───────────────► Compared      which variants, found by their names
//! outcomes of their seeds ─────► Differences   one a seed; a run that failed stays a failure
//! all rows of an experiment ───► judge_rows ─► Judged: verdict, effect, interval, p, and a sentence
//! outcomes of one variant ─────► Standing      mean of those that have a number, median of all, how many failed
//! a row, before it is run ─────► foresee       the smallest effect that so many seeds find
//! values of one chart point ───► mean_ci       mean and half-width
//! ```
//!
//! | file | method |
//! |---|---|
//! | `row`, `margin` | what a claim says, and about what |
//! | `measure` | which way is worse, differences or ratios, the floor of a spread |
//! | `differences` | pairs, and contrasts of contrasts |
//! | `location` | intervals whose two ends may come from two tests, because failures lie on one side |
//! | `student`, `normal` | distributions |
//! | `sign`, `mcnemar`, `flips` | exact tests: of a median, of how often runs fail, of a mean |
//! | `evidence` | the four inequalities, and "the same" by two one-sided tests |
//! | `chain`, `looks` | several planned looks that err in 5 % together |
//! | `holm` | several rows that do |
//! | `power`, `foreseen` | the smallest effect that is found |
//! | `hedges` | effects in units of their spread |
//! | `judged`, `sentence`, `unit` | verdicts, in words and digits |
//! | `standing`, `summary` | one variant by itself |
//!
//! Student's intervals assume that what they average, here the differences, is roughly normal. Of a few seeds nobody
//! can know that: every row therefore keeps each seed's difference, has an exact test beside it that needs no such
//! thing, and says whether the two agree. The paper's rows of an experiment are corrected for being several; twenty
//! experiments are not.
//!
//! Samples are finite numbers; anything else is an error, never left out in silence. A run that diverged has no
//! number: it is `None`, and worse than every number in the measure's direction.
//!
//! This module knows neither Burn nor the page.

mod chain;
mod claim;
mod differences;
mod evidence;
mod flips;
mod foreseen;
mod hedges;
mod holm;
mod judged;
mod location;
mod looks;
mod margin;
mod mcnemar;
mod measure;
mod metric;
mod normal;
mod power;
mod row;
mod sentence;
mod sign;
#[cfg(test)]
mod simulated;
mod standing;
mod student;
mod summary;
mod unit;
mod verdict;

pub use claim::{Claim, Inequality};
pub use differences::{Differences, Outcomes, Pair};
pub use evidence::ALPHA;
pub use foreseen::{Foreseen, foresee};
pub use holm::holm;
pub use judged::{FlipTest, Judged, Question, Span, Spread, judge_rows};
pub use location::{Limit, Method};
pub use looks::{Look, Looks};
pub use margin::Margin;
pub use mcnemar::{Failures, unseen_failures};
pub use measure::{Direction, Form, Measure};
pub use metric::Metric;
pub use power::{POWER, finds, finds_same, smallest_effect};
pub use row::{Compared, Compares, Row, Says, Statement, Than, Which, Whose};
pub use sign::smallest_p;
pub use standing::Standing;
pub use summary::{Running, Summary, mean_ci};
pub use unit::Unit;
pub use verdict::{MIN_REPLICAS, Verdict};

/// A two-sided 95 % interval: its lower and its upper end.
pub type Interval = (f64, f64);

/// Why samples have no statistics.
#[derive(Clone, Debug, PartialEq)]
pub enum StatsError {
    /// There are none.
    Empty,
    /// One is infinite or not a number.
    NotFinite {
        /// Its position.
        index: usize,
        /// The sample.
        value: f64,
    },
    /// One of which a logarithm is needed is not positive.
    NotPositive {
        /// Its position.
        index: usize,
        /// The sample.
        value: f64,
    },
    /// They are so large that their spread or a difference overflows.
    Overflow,
    /// Samples that should be pairs are not equally many.
    Unpaired {
        /// Samples of the variant.
        variant: usize,
        /// Samples of the baseline.
        baseline: usize,
    },
}

impl std::fmt::Display for StatsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => write!(f, "There are no samples; a mean needs at least one."),
            Self::NotFinite { index, value } => {
                write!(f, "Sample {index} is {value}, which is not a finite number.")
            }
            Self::NotPositive { index, value } => {
                write!(f, "Sample {index} is {value}, and has no logarithm: it must be above 0.")
            }
            Self::Overflow => write!(f, "The samples are too large: their spread overflows."),
            Self::Unpaired { variant, baseline } => write!(
                f,
                "The variant has {variant} samples and the baseline {baseline}; a paired comparison needs \
                 one of each for every seed."
            ),
        }
    }
}

impl std::error::Error for StatsError {}
