use super::*;
use crate::stats::Margin;

const UP: [f64; 5] = [0.91, 0.92, 0.90, 0.93, 0.91];
const DOWN: [f64; 5] = [0.88, 0.87, 0.89, 0.88, 0.89];

fn claim(says: Inequality, margin: f64) -> Claim {
    Claim { says, margin: Margin::try_from(margin).unwrap() }
}

fn some(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

/// The values, but diverged where the mask has an `x`.
fn diverged(values: &[f64], mask: &str) -> Vec<Option<f64>> {
    values.iter().zip(mask.chars()).map(|(&v, c)| (c != 'x').then_some(v)).collect()
}

fn higher(variant: &[Option<f64>], baseline: &[Option<f64>]) -> Judgement {
    judge(claim(Inequality::Higher, 0.0), variant, baseline).unwrap()
}

#[test]
fn a_clear_difference_supports_or_contradicts() {
    let (up, down) = (some(&UP), some(&DOWN));
    assert_eq!(higher(&up, &down).verdict, Verdict::Supported);
    assert_eq!(higher(&down, &up).verdict, Verdict::Contradicted);
    let lower = judge(claim(Inequality::Lower, 0.0), &down, &up).unwrap();
    assert_eq!(lower.verdict, Verdict::Supported);
    let more_than_that = judge(claim(Inequality::Higher, 0.05), &up, &down).unwrap();
    assert_eq!(more_than_that.verdict, Verdict::NotDecided);
    let far_more = judge(claim(Inequality::Higher, 0.2), &up, &down).unwrap();
    assert_eq!(far_more.verdict, Verdict::Contradicted);
}

#[test]
fn two_replicas_decide_nothing() {
    let judgement = higher(&some(&[5.0, 5.1]), &some(&[1.0, 1.1]));
    assert_eq!(judgement.verdict, Verdict::NotDecided);
    assert_eq!(
        judgement.sentence(Unit::NONE),
        "Not decided at this scale: n = 2, and a verdict needs at least 3 pairs"
    );
}

#[test]
fn equal_replicas_are_no_worse_and_not_better() {
    let same = some(&UP);
    assert_eq!(higher(&same, &same).verdict, Verdict::NotDecided);
    let no_worse = judge(claim(Inequality::NotLower, 0.0), &same, &same).unwrap();
    assert_eq!(no_worse.verdict, Verdict::Supported);
    assert_eq!(no_worse.sentence(Unit::POINTS), "Supported: 0 points, 95 % interval [0, 0], n = 5");
}

#[test]
fn a_variant_that_diverges_on_most_seeds_contradicts_whatever_the_rest_say() {
    let down = some(&DOWN);
    for mask in ["xxxxx", "xxxx.", "xx.x."] {
        let up = diverged(&UP, mask);
        for says in [Inequality::Higher, Inequality::Lower, Inequality::NotLower, Inequality::NotHigher] {
            let judgement = judge(claim(says, 0.0), &up, &down).unwrap();
            assert_eq!(judgement.verdict, Verdict::Contradicted, "{mask} {says:?}");
            let opposite = judge(claim(says, 0.0), &down, &up).unwrap();
            assert_eq!(opposite.verdict, Verdict::Supported, "{mask} {says:?}");
        }
    }
    assert_eq!(
        higher(&diverged(&UP, "xxxx."), &down).sentence(Unit::POINTS),
        "Contradicted: the variant diverged on 4 of 5 seeds, the baseline on none"
    );
    assert_eq!(
        higher(&down, &diverged(&UP, "xxxxx")).sentence(Unit::POINTS),
        "Supported: the baseline diverged on 5 of 5 seeds, the variant on none"
    );
}

#[test]
fn a_variant_that_diverges_once_cannot_be_supported_but_can_be_contradicted() {
    let judgement = higher(&diverged(&UP, ".x..."), &some(&DOWN));
    assert_eq!((judgement.verdict, judgement.variant_diverged), (Verdict::NotDecided, 1));
    let sentence = judgement.sentence(Unit::POINTS);
    assert!(
        sentence.starts_with("Not decided at this scale: +2.75 points, 95 % interval [0.03, 5.47]"),
        "{sentence}"
    );
    assert!(
        sentence.ends_with(", n = 4; the variant diverged on 1 of 5 seeds, the baseline on none"),
        "{sentence}"
    );
    let judgement = higher(&diverged(&DOWN, ".x..."), &some(&UP));
    assert_eq!(judgement.verdict, Verdict::Contradicted);
}

#[test]
fn a_baseline_that_diverges_once_never_hurts_the_variant() {
    assert_eq!(higher(&some(&UP), &diverged(&DOWN, "..x..")).verdict, Verdict::Supported);
    assert_eq!(higher(&some(&DOWN), &diverged(&UP, "..x..")).verdict, Verdict::NotDecided);
}

#[test]
fn divergence_on_both_sides_decides_nothing() {
    let all = diverged(&UP, "xxxxx");
    let judgement = higher(&all, &all);
    assert_eq!(judgement.verdict, Verdict::NotDecided);
    assert_eq!(
        judgement.sentence(Unit::POINTS),
        "Not decided at this scale: n = 0, and a verdict needs at least 3 pairs; the variant \
         diverged on 5 of 5 seeds, the baseline on 5"
    );
    let (left, right) = (diverged(&UP, "xxx.."), diverged(&DOWN, "...x."));
    assert_eq!(higher(&left, &right).verdict, Verdict::NotDecided);
    // Two of two are most of the seeds that say something, but fewer than three.
    let (left, right) = (diverged(&UP, "xxxxx"), diverged(&DOWN, "xxx.."));
    assert_eq!(higher(&left, &right).verdict, Verdict::NotDecided);
}

#[test]
fn a_divergence_never_speaks_for_the_one_that_diverged() {
    // All ways in which six seeds can diverge, for a variant that is better, worse, or much the same.
    let baseline = [0.0, 0.4, -0.2, 0.1, -0.3, 0.2];
    for shift in [0.8, -0.8, 0.05] {
        let noise = [0.1, 0.0, -0.1, 0.2, -0.15, 0.05];
        let variant: [f64; 6] = std::array::from_fn(|i| baseline[i] + shift + noise[i]);
        let verdict = |variant_mask: u32, baseline_mask: u32| {
            let keep = |values: &[f64; 6], mask: u32| -> Vec<Option<f64>> {
                (0..6).map(|i| (mask >> i & 1 == 0).then_some(values[i])).collect()
            };
            higher(&keep(&variant, variant_mask), &keep(&baseline, baseline_mask)).verdict
        };
        for variant_mask in 0..64 {
            for baseline_mask in 0..64 {
                let before = verdict(variant_mask, baseline_mask);
                for seed in 0..6 {
                    let after = verdict(variant_mask | 1 << seed, baseline_mask);
                    assert!(after != Verdict::Supported || before == Verdict::Supported);
                    let after = verdict(variant_mask, baseline_mask | 1 << seed);
                    assert!(after != Verdict::Contradicted || before == Verdict::Contradicted);
                }
            }
        }
    }
}

#[test]
fn the_sentence_has_the_numbers_in_the_unit_of_the_reader() {
    let difference = [0.031, 0.012, 0.05, 0.031, 0.031];
    let judgement = higher(&some(&difference), &some(&[0.0; 5]));
    assert_eq!(judgement.sentence(Unit::POINTS), "Supported: +3.1 points, 95 % interval [1.4, 4.8], n = 5");
    let judgement = judge(claim(Inequality::NotLower, 0.02), &some(&[0.0; 5]), &some(&difference)).unwrap();
    assert_eq!(
        judgement.sentence(Unit::POINTS),
        "Not decided at this scale: −3.1 points, 95 % interval [−4.8, −1.4], n = 5, claimed at least −2.0"
    );
    assert_eq!(
        judgement.sentence(Unit::NONE),
        "Not decided at this scale: −0.031, 95 % interval [−0.048, −0.014], n = 5, claimed at least −0.020"
    );
}

#[test]
fn what_cannot_be_judged_is_an_error() {
    let judge = |variant: &[Option<f64>], baseline: &[Option<f64>]| {
        judge(claim(Inequality::Higher, 0.0), variant, baseline).unwrap_err()
    };
    assert_eq!(judge(&[], &[]), StatsError::Empty);
    assert_eq!(judge(&[Some(1.0)], &[]), StatsError::Unpaired { variant: 1, baseline: 0 });
    let not_finite = judge(&[None, Some(f64::INFINITY)], &[None, None]);
    assert_eq!(not_finite, StatsError::NotFinite { index: 1, value: f64::INFINITY });
}

#[test]
fn a_judgement_survives_the_way_through_serde() {
    for mask in [".....", "x....", "xxxxx"] {
        let judgement = higher(&diverged(&UP, mask), &some(&DOWN));
        let value = serde_json::to_value(judgement).unwrap();
        assert_eq!(serde_json::from_value::<Judgement>(value).unwrap(), judgement);
    }
}
