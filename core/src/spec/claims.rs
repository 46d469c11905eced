//! What an experiment claims, row by row, and how its outcomes judge that.
//!
//! ```toml
//! [[claim]]
//! variant = "no attention skip"
//! against = "no MLP skip"         # the first variant unless said
//! of = "accuracy"
//! says = "lower"
//! whose = "paper"
//! text = "Attention needs its skip more than the MLP does."
//! ```
//!
//! The verdict on a paper is the verdict on its own rows; a control that behaves as predicted reads as that. Where no row is
//! written, every other variant is compared with the first as `compare.claim` says, and the lab says so itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::asked::Asked;
use super::experiment::Experiment;
use super::rounding::Rounded;
use crate::fields::Problem;
use crate::plain::{read_by_serde, table};
use crate::stats::{
    Differences, Judged, Looks, MIN_REPLICAS, Question, Row, Says, Statement, Which, Whose, judge_rows,
};

/// One claim: a metric of the task, or something that is measured, compared between variants, rounded or not.
pub type Claim = Row<Asked>;

/// Rows of an experiment, at most: more than this nobody reads.
pub const MAX_CLAIMS: usize = 12;

/// Characters of a claim's sentence, at most.
const MAX_TEXT: usize = 160;

read_by_serde!(Claim);
table!(JudgedClaim { claim, judged });

/// A claim with what the outcomes say of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgedClaim {
    /// What was claimed.
    pub claim: Claim,
    /// What came of it.
    pub judged: Judged,
}

impl Experiment {
    /// The claims that are judged: those that are written, or one for each variant after the first.
    pub fn claim_rows(&self) -> Vec<Claim> {
        if !self.claims.is_empty() {
            return self.claims.clone();
        }
        let (metric, claim) = (self.compare.metric, self.compare.claim);
        let statement = Statement::from(claim);
        let (metric_word, words) = (metric.word(), statement.says().words());
        let than = if statement.says() == Says::Same { "as" } else { "than" };
        let names = self.variant_names();
        let row = |(index, name): (usize, &String)| Row {
            variant: Which::Number(index + 1),
            against: None,
            than: None,
            of: Asked::Metric(metric),
            statement,
            whose: Whose::Lab,
            text: format!("The {metric_word} of {name} is {words} {than} that of {}.", names[0]),
        };
        names.iter().enumerate().skip(1).map(row).collect()
    }

    /// Judges every claim by the outcomes of all seeds: `outcome(variant, side)` has one for each, `None` where the run
    /// failed. Looks are those that were planned (`seeds.looks`), or one at all seeds.
    pub fn judge(&self, outcome: impl Fn(usize, &Asked) -> Vec<Option<f64>>) -> Vec<JudgedClaim> {
        let names = self.variant_names();
        let examples = self.task.outline().test_examples as usize;
        let claims = self.claim_rows();
        let question = |claim: &Claim| {
            let measure = claim.of.measure(examples);
            let compared = claim.find(&names).expect("the check found every variant");
            let side = |asked: Asked| (0..names.len()).map(|variant| outcome(variant, &asked)).collect();
            let sides: [Vec<_>; 2] = claim.of.sides().map(side);
            let differences = Differences::of(compared, &measure, &sides)
                .expect("every variant has one outcome for each seed, finite or none");
            Question { statement: claim.statement, whose: claim.whose, measure, differences }
        };
        let questions: Vec<Question> = claims.iter().map(question).collect();
        let planned = (self.seeds.count as usize).max(MIN_REPLICAS);
        let looks = self.planned_looks().unwrap_or_else(|| Looks::once(planned).expect("a plan of one look"));
        let judged = judge_rows(&questions, &looks);
        claims.into_iter().zip(judged).map(|(claim, judged)| JudgedClaim { claim, judged }).collect()
    }

    /// The looks that were planned; `None` if there is one, at all seeds.
    pub fn planned_looks(&self) -> Option<Looks> {
        let looks: Vec<usize> = self.seeds.looks.iter().map(|look| *look as usize).collect();
        Looks::try_from(looks).ok()
    }

    /// The number of seeds of the next planned look; `None` if there is none.
    pub fn next_look(&self) -> Option<u32> {
        self.seeds.looks.iter().map(|look| *look as u32).find(|look| *look > self.seeds.count)
    }

    /// What the claims ask to be measured, each side once; metrics of the variants as they are come anyway.
    pub fn asked(&self) -> Vec<Asked> {
        let mut asked: Vec<Asked> = Vec::new();
        for side in self.claims.iter().flat_map(|claim| claim.of.sides()) {
            if !matches!(side, Asked::Metric(_)) && !asked.contains(&side) {
                asked.push(side);
            }
        }
        asked
    }

    /// Drops the claims about variants that are no longer there.
    pub fn drop_idle_claims(&mut self) {
        let names = self.variant_names();
        self.claims.retain(|claim| claim.find(&names).is_ok());
    }

    /// After variants were added, removed, reordered or changed: the claims that were made `before`, as far as the variants
    /// that they were about are still there, by name. A number would now mean another variant.
    pub fn follow_claims(&mut self, before: &Experiment) {
        if self.claims.is_empty() || self.variants == before.variants && self.model == before.model {
            return;
        }
        let names = before.variant_names();
        let name = |which: &mut Which| {
            if let Which::Number(number) = which
                && let Some(name) = number.checked_sub(1).and_then(|index| names.get(index))
            {
                *which = Which::Name(name.clone());
            }
        };
        for claim in &mut self.claims {
            name(&mut claim.variant);
            // Unless said, a claim is against what was the first variant then.
            name(claim.against.get_or_insert(Which::Number(1)));
            if let Some(than) = &mut claim.than {
                name(&mut than.variant);
                name(&mut than.against);
            }
        }
        self.drop_idle_claims();
    }

    /// What is wrong with the claims; the variants are good.
    pub(super) fn check_claims(&self) -> Vec<Problem> {
        let names = self.variant_names();
        let mut problems = Vec::new();
        if self.claims.len() > MAX_CLAIMS {
            let count = self.claims.len();
            problems
                .push(Problem::of("claim", format!("must be there at most {MAX_CLAIMS} times, not {count}")));
        }
        let metrics = self.task.metrics();
        for (index, claim) in self.claims.iter().enumerate() {
            let mut found = Vec::new();
            found.extend(claim.find(&names).err());
            match &claim.of {
                Asked::Metric(metric) | Asked::Rounded(Rounded { metric, .. })
                    if !metrics.contains(metric) =>
                {
                    let names: Vec<_> = metrics.iter().map(|metric| metric.name()).collect();
                    found.push(format!(
                        "of must be {} for this task, not {}.",
                        names.join(" or "),
                        metric.name()
                    ));
                }
                Asked::Metric(_) => {}
                Asked::Probed(probed) => found.extend(probed.problem(self)),
                Asked::Rounded(rounded) => found.extend(rounded.problem(self)),
            }
            if claim.text.chars().count() > MAX_TEXT {
                found.push(format!("text has at most {MAX_TEXT} characters."));
            }
            problems.extend(found.into_iter().map(|sentence| of_claim(index, &sentence)));
        }
        problems
    }
}

/// The claims of a file.
pub(super) fn read(value: Option<&Value>, problems: &mut Vec<Problem>) -> Vec<Claim> {
    let list = match value {
        None => return Vec::new(),
        Some(Value::Array(list)) => list,
        Some(_) => {
            problems.push(Problem::of("claim", "must be a list of claims: each [[claim]] begins one"));
            return Vec::new();
        }
    };
    let mut claims = Vec::new();
    for (index, entry) in list.iter().enumerate().take(2 * MAX_CLAIMS) {
        // As text, which links and recordings are read from too.
        match serde_json::from_str(&entry.to_string()) {
            Ok(claim) => claims.push(claim),
            Err(error) => {
                let said = error.to_string();
                problems.push(of_claim(index, said.split(" at line ").next().unwrap_or_default()));
            }
        }
    }
    claims
}

/// A problem of the claim with this index.
pub(crate) fn of_claim(index: usize, sentence: &str) -> Problem {
    let number = index + 1;
    let stop = if sentence.ends_with('.') { "" } else { "." };
    Problem { field: format!("claim.{number}"), sentence: format!("Claim {number}: {sentence}{stop}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{samples, tree};
    use super::*;
    use crate::spec::{from_toml, to_toml};
    use crate::stats::Verdict;

    const FILE: &str = "version = 2\ntitle = 'x'\ntask = 'digits'\n[[variant]]\n[[variant]]\nset.\"model.heads\" = 8\n\
                        [[variant]]\nset.\"model.depth\" = 2\n";

    fn with(claims: &str) -> Result<Experiment, Vec<String>> {
        from_toml(&format!("{FILE}{claims}"))
            .map_err(|problems| problems.into_iter().map(|problem| problem.sentence).collect())
    }

    const CLAIM: &str = "[[claim]]\nvariant = '8 heads'\nof = 'accuracy'\nsays = 'higher'\nwhose = 'paper'\ntext = 'More \
                         heads help.'\n";

    #[test]
    fn claims_are_read_and_written_with_the_experiment() {
        let experiment = with(CLAIM).unwrap();
        assert_eq!(experiment.claims.len(), 1);
        assert_eq!(experiment.claims[0].variant, Which::Name("8 heads".to_owned()));
        assert_eq!(from_toml(&to_toml(&experiment)).as_ref(), Ok(&experiment));
        assert_eq!(tree::read(&tree::written(&experiment)).as_ref(), Ok(&experiment));
        assert!(experiment.variant(1).unwrap().claims.is_empty(), "a variant claims nothing");
    }

    #[test]
    fn a_claim_that_cannot_be_judged_is_named() {
        for (wrong, words) in [
            (CLAIM.replace("8 heads", "9 heads"), "9 heads"),
            (CLAIM.replace("'accuracy'", "'psnr'"), "of must be accuracy or loss for this task, not psnr."),
            (CLAIM.replace("'higher'", "'better'"), "better"),
            (CLAIM.replace("whose", "who"), "who"),
            (CLAIM.replace("'8 heads'", "7"), "7"),
            (CLAIM.replace("More heads", &"x".repeat(200)), "at most 160 characters"),
            (CLAIM.replace("says = 'higher'", "says = 'same'"), "margin"),
        ] {
            let found = with(&wrong).unwrap_err();
            assert!(found[0].starts_with("Claim 1: ") && found[0].contains(words), "{found:?}");
        }
        assert!(with("claim = 3\n").is_err());
        assert!(with(&CLAIM.repeat(13)).unwrap_err()[0].contains("at most 12 times"));
    }

    #[test]
    fn without_rows_every_other_variant_is_compared_with_the_first() {
        let experiment = with("").unwrap();
        let rows = experiment.claim_rows();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1].text, "The accuracy of 2 layers is not lower than that of 4 layers, 4 heads.");
        assert!(rows.iter().all(|row| row.whose == Whose::Lab));
    }

    #[test]
    fn claims_are_judged_by_the_outcomes_of_their_variants() {
        let experiment =
            with(&(CLAIM.to_owned() + &CLAIM.replace("'8 heads'", "'2 layers'\nagainst = 2"))).unwrap();
        // Five seeds: eight heads gain ten points, two layers lose as much against them.
        let outcome = |variant: usize, _: &Asked| {
            (0..5).map(|seed| Some([0.5, 0.6, 0.5][variant] + 0.01 * f64::from(seed % 3))).collect()
        };
        let judged = experiment.judge(outcome);
        let verdicts: Vec<_> = judged.iter().map(|row| row.judged.verdict).collect();
        assert_eq!(verdicts, [Verdict::Supported, Verdict::Contradicted]);
        assert_eq!(judged[0].judged.family, 2, "both are the paper's");
        let back: Vec<JudgedClaim> =
            serde_json::from_value(serde_json::to_value(&judged).unwrap()).expect("it survives serde");
        assert_eq!(back.len(), 2);
    }

    #[test]
    fn claims_about_variants_that_are_gone_are_dropped() {
        let mut experiment = with(CLAIM).unwrap();
        experiment.variants.remove(1);
        assert!(experiment.check().is_err());
        experiment.drop_idle_claims();
        assert!(experiment.claims.is_empty() && experiment.check().is_ok());
        let mut kept = with(CLAIM).unwrap();
        kept.variants.remove(2);
        kept.drop_idle_claims();
        assert_eq!(kept.claims.len(), 1);
        let mut reordered = with(&CLAIM.replace("'8 heads'", "2")).unwrap();
        let before = reordered.clone();
        reordered.variants.swap(0, 1);
        reordered.follow_claims(&before);
        let names = reordered.variant_names();
        let found = reordered.claims[0].find(&names).unwrap();
        assert_eq!(found.pair, (0, 1), "it is still eight heads that are claimed to be better");
        assert_eq!(
            json!(samples::digits()).get("claim"),
            None,
            "nothing is written where nothing is claimed"
        );
    }
}
