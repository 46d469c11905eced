//! From the differences of every row to its verdict.
//!
//! ```text
//! differences ─► Location: interval, p for and against ─► what the looks cost ─► Holm over the paper's rows ─► verdict
//! ```
//!
//! 1. The interval's ends and the p-values come from Student's test, or from the exact one at an end on whose side runs
//!    failed ([`super::location`]); a run that failed counts as the worst outcome, for the claim or against it.
//! 2. If several looks were planned, p becomes the error over all looks ([`super::looks`]). A number of seeds that was
//!    not planned has no verdict of its own: what is said of it holds "so far".
//! 3. The paper's rows are one family: their p-values are corrected ([`holm()`]), and a row is decided if the
//!    corrected one is at most 0.05. What it would be alone is kept beside it. Rows of controls and of the lab are not
//!    corrected.
//!
//! Judge all rows of an experiment at once, since the family is all of them.

use serde::{Deserialize, Serialize};

use super::chain::Chain;
use super::evidence::Evidence;
use super::flips::Flips;
use super::location::Location;
use super::summary::Running;
use super::{
    ALPHA, Differences, Failures, Limit, Look, Looks, Measure, Method, Pair, Says, Statement, Verdict, Whose,
    hedges, holm, sentence, sign, smallest_effect,
};
use crate::plain::{read_by_serde, table};

/// A row, ready to be judged.
#[derive(Clone, Debug)]
pub struct Question {
    /// What it says.
    pub statement: Statement,
    /// Who says so.
    pub whose: Whose,
    /// Of which quantity.
    pub measure: Measure,
    /// What was found, seed by seed.
    pub differences: Differences,
}

read_by_serde!(Verdict, Statement, Whose, Pair, Limit, Method);
table!(Look { number, of });
table!(Failures { variant, against, both, p });
table!(Judged {
    verdict,
    alone,
    statement,
    whose,
    pairs,
    mean,
    median,
    spread,
    standardized,
    interval,
    method,
    p,
    overall_p,
    corrected_p,
    family,
    flips,
    failures,
    would_have_seen,
    look,
    sentence
});
table!(Span { confidence, level, low, high });
table!(Spread { seen, used });
table!(FlipTest { p, smallest_p, agrees });

/// A row with its verdict and all that this rests on. Numbers are in the unit of the metric, logarithms where ratios
/// are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// What was decided, corrected for the family.
    pub verdict: Verdict,
    /// What would be decided if it were the only row.
    pub alone: Verdict,
    /// About what.
    pub statement: Statement,
    /// Who says so.
    pub whose: Whose,
    /// What each seed says, in their order: the dots of a chart.
    pub pairs: Vec<Pair>,
    /// The mean of the differences that are numbers; `None` if none is.
    pub mean: Option<f64>,
    /// The middle over all seeds that say something, failures as worse than every number; `None` if it is a failure.
    pub median: Option<f64>,
    /// The spread of the differences; `None` for fewer than two numbers.
    pub spread: Option<Spread>,
    /// Hedges' g: the mean in units of the spread, corrected for few seeds; only where no run failed alone.
    pub standardized: Option<f64>,
    /// Where the true difference lies.
    pub interval: Span,
    /// By which test.
    pub method: Method,
    /// The p-value against the claim's own threshold, for the side on which the data lie: two-sided, or that of two
    /// one-sided tests where "same" is being shown.
    pub p: f64,
    /// The same with all looks paid for; equal to `p` if there was one.
    pub overall_p: f64,
    /// `overall_p` after Holm's correction; `None` where the row is in no family.
    pub corrected_p: Option<f64>,
    /// How many rows its family has; 1 where it is in none.
    pub family: usize,
    /// The exact test that stands beside Student's; `None` where the verdict itself is exact, or for very many seeds.
    pub flips: Option<FlipTest>,
    /// The runs without a number.
    pub failures: Failures,
    /// How far from the claim's threshold a difference would have been found in four of five runs of as many seeds and
    /// that spread; for "same", which margin would have been shown. `None` where runs failed alone.
    pub would_have_seen: Option<f64>,
    /// Which look this was; `None` if none was planned at this number of seeds, and all this holds only so far.
    pub look: Option<Look>,
    /// All that in one sentence.
    pub sentence: String,
}

/// An interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// 0.95, over all looks; 0.9 where "same" is being shown by two one-sided tests.
    pub confidence: f64,
    /// What the interval of this look leaves out; `1 − confidence` if it is the only one.
    pub level: f64,
    /// Its lower end.
    pub low: Limit,
    /// Its upper end.
    pub high: Limit,
}

/// How much the differences vary.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// Their standard deviation.
    pub seen: f64,
    /// What was used: no less than the resolution of the measure allows.
    pub used: f64,
}

/// The exact sign-flip test beside Student's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlipTest {
    /// As [`Judged::p`].
    pub p: f64,
    /// The smallest that so many seeds can have.
    pub smallest_p: f64,
    /// Whether it decides as Student's does ([`Judged::alone`]); `None` where so few seeds cannot decide by it.
    pub agrees: Option<bool>,
}

/// Judges all rows of an experiment, looked at by this plan.
pub fn judge_rows(questions: &[Question], looks: &Looks) -> Vec<Judged> {
    let planned = looks.chain();
    let family = questions.iter().filter(|question| question.whose == Whose::Paper).count();
    let mut rows: Vec<Judged> =
        questions.iter().map(|question| one(question, looks, &planned, family)).collect();
    let members = |row: &&mut Judged| row.whose == Whose::Paper;
    let p: Vec<f64> = rows.iter().filter(|row| row.whose == Whose::Paper).map(|row| row.overall_p).collect();
    for (row, corrected) in rows.iter_mut().filter(members).zip(holm(&p)) {
        row.corrected_p = Some(corrected);
        if corrected > ALPHA {
            row.verdict = Verdict::NotDecided;
        }
    }
    for (row, question) in rows.iter_mut().zip(questions) {
        row.sentence = sentence::of(row, &question.measure);
    }
    rows
}

/// A row by itself, without correction and sentence.
fn one(question: &Question, looks: &Looks, planned: &Chain, family: usize) -> Judged {
    let Question { statement, whose, measure, differences } = question;
    let seeds = differences.pairs.len();
    let look = looks.at(seeds);
    let unplanned = Chain::new(&[seeds.max(2)]);
    let (chain, index) = look.map_or((&unplanned, 0), |look| (planned, look));
    let family = if *whose == Whose::Paper { family } else { 1 };

    let margin = measure.threshold(statement.margin().get());
    let location = Location::new(differences, measure.direction);
    let evidence = Evidence::of(*statement, margin, &location);
    let overall = evidence.overall(chain, index);
    let verdict = overall.verdict();

    let (confidence, alpha) = if evidence.within() { (0.9, 2.0 * ALPHA) } else { (0.95, ALPHA) };
    let level = chain.levels(alpha, index)[index];
    let (low, high) = location.interval(level);

    let failures = Failures::of(differences);
    let numbers = differences.numbers();
    let running: Running = numbers.iter().copied().collect();
    let mean = (running.n() > 0).then(|| running.mean());
    let spread = running.std().map(|seen| Spread { seen, used: seen.max(differences.floor) });
    let by_student = spread.filter(|_| location.method() == Method::Student && failures.alone() == 0);
    let standardized = by_student.zip(hedges::correction(numbers.len()));
    let flips = by_student.and_then(|_| Flips::new(&numbers)).map(|flips| {
        let beside = Evidence::of(*statement, margin, &flips);
        // One of all ways to choose the signs, on one side or on either.
        let smallest = sign::smallest_p(numbers.len());
        let (smallest, paid) = if evidence.within() {
            (smallest / 2.0, chain.overall(smallest, index) / 2.0)
        } else {
            (smallest, chain.overall(smallest, index))
        };
        let agrees = (paid <= ALPHA).then(|| beside.overall(chain, index).verdict() == verdict);
        FlipTest { p: beside.p(), smallest_p: smallest, agrees }
    });
    let would_have_seen = by_student.and_then(|spread| {
        let level = one_sided_level(chain, index, statement.says(), family);
        smallest_effect(statement.says(), numbers.len(), level).map(|effect| effect * spread.used)
    });
    Judged {
        verdict,
        alone: verdict,
        statement: *statement,
        whose: *whose,
        pairs: differences.pairs.clone(),
        mean,
        median: location.median,
        spread,
        standardized: standardized.map(|(spread, factor)| factor * running.mean() / spread.used),
        interval: Span { confidence, level, low, high },
        method: location.method(),
        p: evidence.p(),
        overall_p: overall.p(),
        corrected_p: None,
        family,
        flips,
        failures,
        would_have_seen,
        look: look.map(|look| Look { number: look + 1, of: looks.seeds().len() }),
        sentence: String::new(),
    }
}

/// The one-sided level at which a row is decided in any case at this look, whatever the other rows of its family show.
pub(super) fn one_sided_level(chain: &Chain, look: usize, says: Says, family: usize) -> f64 {
    // Two one-sided tests at 5 % are a two-sided one at 10 %.
    let alpha = if says == Says::Same { 2.0 * ALPHA } else { ALPHA };
    chain.levels(alpha / family as f64, look)[look] / 2.0
}

impl Evidence {
    /// The same with the looks paid for. Two one-sided tests at 5 % are a two-sided one at 10 %.
    fn overall(self, chain: &Chain, look: usize) -> Self {
        let supports = if self.equivalence {
            chain.overall((2.0 * self.supports).min(1.0), look) / 2.0
        } else {
            chain.overall(self.supports, look)
        };
        Self { supports, contradicts: chain.overall(self.contradicts, look), ..self }
    }

    fn verdict(&self) -> Verdict {
        if self.supports <= ALPHA {
            Verdict::Supported
        } else if self.contradicts <= ALPHA {
            Verdict::Contradicted
        } else {
            Verdict::NotDecided
        }
    }
}

#[cfg(test)]
mod tests;
