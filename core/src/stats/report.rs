//! A variant compared with the first one, ready to be shown: the two means, their paired difference, the verdict.
//! **Version 1 of the format; [`Judged`](super::Judged) replaces it**, one a row instead of one a variant.

use serde::{Deserialize, Serialize};

use super::{Claim, Metric, Paired, StatsError, Summary, Verdict, judge};

/// What the end of a run says of one variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictReport {
    /// What is compared.
    pub metric: Metric,
    /// The baseline's replicas that have a number; `None` where all diverged.
    pub baseline: Option<Summary>,
    /// The variant's replicas that have a number; `None` where all diverged.
    pub variant: Option<Summary>,
    /// `variant − baseline`, on the seeds where both have a number; `None` where there is no such seed.
    pub difference: Option<Paired>,
    /// What this says about the claim.
    pub verdict: Verdict,
    /// One sentence, in the unit of the metric: "Supported: +3.1 points, 95 % interval [1.2, 5.0], n = 5".
    pub sentence: String,
}

impl VerdictReport {
    /// Compares `variant[i]` with `baseline[i]`, the same seed; `None` is a replica that diverged.
    ///
    /// # Errors
    /// If the two are not equally long, if there is no replica, or if a number is not finite.
    pub fn new(
        metric: Metric,
        claim: Claim,
        baseline: &[Option<f64>],
        variant: &[Option<f64>],
    ) -> Result<Self, StatsError> {
        let judgement = judge(claim, variant, baseline)?;
        Ok(Self {
            metric,
            baseline: summary(baseline)?,
            variant: summary(variant)?,
            difference: judgement.paired,
            verdict: judgement.verdict,
            sentence: judgement.sentence(metric.unit()),
        })
    }
}

/// The summary of the replicas that have a number, if any has.
fn summary(replicas: &[Option<f64>]) -> Result<Option<Summary>, StatsError> {
    let numbers: Vec<f64> = replicas.iter().copied().flatten().collect();
    match Summary::from_samples(&numbers) {
        Err(StatsError::Empty) => Ok(None),
        summary => summary.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(baseline: &[Option<f64>], variant: &[Option<f64>]) -> VerdictReport {
        VerdictReport::new(Metric::Accuracy, Claim::default(), baseline, variant).unwrap()
    }

    #[test]
    fn means_difference_and_verdict_agree() {
        let report = report(&[Some(0.5), Some(0.6), Some(0.7)], &[Some(0.61), Some(0.70), Some(0.79)]);
        assert_eq!(report.verdict, Verdict::Supported);
        let means = report.variant.unwrap().mean - report.baseline.unwrap().mean;
        assert!((means - report.difference.unwrap().mean_difference).abs() < 1e-12);
        assert!(
            report.sentence.starts_with("Supported: +10") && report.sentence.contains("points"),
            "{report:?}"
        );
    }

    #[test]
    fn a_variant_that_always_diverges_has_no_mean_and_a_verdict() {
        let report = report(&[Some(0.5); 3], &[None; 3]);
        assert_eq!((report.variant, report.difference), (None, None));
        assert_eq!(report.verdict, Verdict::Contradicted);
    }

    #[test]
    fn a_report_survives_the_way_to_the_page() {
        let report = report(&[Some(0.5), Some(0.6), None], &[Some(0.4), Some(0.6), Some(0.5)]);
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<VerdictReport>(&text).unwrap(), report);
    }
}
