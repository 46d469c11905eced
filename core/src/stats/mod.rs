//! What a handful of replicas allows one to say: means, 95 % intervals, paired comparisons and verdicts.
//!
//! ```text
//! samples of one variant ─────────────► Summary    mean, standard deviation, interval
//! variant and baseline, same seeds ───► Paired     mean difference, interval, t, p, d_z
//! the same, and a Claim ──────────────► Judgement  supported, contradicted, or not decided; and a sentence
//! values of one chart point ──────────► mean_ci    mean and half-width
//! ```
//!
//! Every interval is Student's: `mean ± t₀.₉₇₅(n − 1) · s / √n`, two-sided, 95 %. It assumes that what it averages is
//! roughly normal; for paired comparisons these are the differences, seed by seed. No correction is made for
//! comparing many variants at once: of twenty verdicts on variants that do not differ, one is expected to be wrong.
//!
//! Samples are finite numbers; anything else is an error, never left out in silence. A run that diverged has no
//! number: it is `None`, and [`judge`] says how it counts.
//!
//! This module knows neither Burn nor the page.

mod claim;
mod judgement;
mod margin;
mod paired;
mod report;
mod row;
mod student;
mod summary;
mod unit;

pub use claim::{Claim, Inequality};
pub use judgement::{Judgement, MIN_REPLICAS, Verdict, judge};
pub use margin::Margin;
pub use paired::Paired;
pub use report::VerdictReport;
pub use row::{Compared, Row, Says, Statement, Than, Which, Whose};
pub use summary::{Running, Summary, mean_ci};
pub use unit::Unit;

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
