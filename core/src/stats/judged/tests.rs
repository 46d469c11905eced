use super::*;
use crate::stats::{Direction, Form, Margin, Says, Unit};

const BOTH: [f64; 5] = [0.70605, 0.69922, 0.73145, 0.6582, 0.73535];
const NO_MLP: [f64; 5] = [0.54199, 0.5752, 0.53418, 0.47852, 0.25488];
const NO_ATTENTION: [f64; 5] = [0.41895, 0.60645, 0.5459, 0.34961, 0.58984];
const LOSS: Measure = Measure {
    direction: Direction::LowerIsBetter,
    form: Form::Difference,
    unit: Unit { name: "nats", scale: 1.0 },
    step: 0.0,
};

fn some(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

/// The values, but failed where the mask has an `x`.
fn failed(values: &[f64], mask: &str) -> Vec<Option<f64>> {
    values.iter().zip(mask.chars()).map(|(&value, mark)| (mark != 'x').then_some(value)).collect()
}

fn question(
    (says, margin): (Says, f64),
    whose: Whose,
    measure: Measure,
    variant: &[Option<f64>],
    against: &[Option<f64>],
) -> Question {
    let statement = Statement::new(says, Margin::try_from(margin).unwrap()).unwrap();
    Question { statement, whose, measure, differences: Differences::new(&measure, variant, against).unwrap() }
}

fn lab(says: Says, margin: f64, variant: &[Option<f64>], against: &[Option<f64>]) -> Judged {
    let question = question((says, margin), Whose::Lab, Measure::share_of(1024), variant, against);
    judge_rows(&[question], &Looks::once(variant.len().max(3)).unwrap()).remove(0)
}

#[test]
fn the_asymmetry_that_always_skip_claims_is_not_decided_and_both_removals_are() {
    // S3, S4, S12: the claim's own row, from the recording.
    let accuracy = Measure::share_of(1024);
    let row = |variant: &[f64], against: &[f64]| {
        question((Says::Lower, 0.0), Whose::Paper, accuracy, &some(variant), &some(against))
    };
    let questions = [row(&NO_ATTENTION, &NO_MLP), row(&NO_MLP, &BOTH), row(&NO_ATTENTION, &BOTH)];
    let rows = judge_rows(&questions, &Looks::once(5).unwrap());
    let verdicts: Vec<Verdict> = rows.iter().map(|row| row.verdict).collect();
    assert_eq!(verdicts, [Verdict::NotDecided, Verdict::Supported, Verdict::Supported]);
    assert_eq!(
        rows[0].sentence,
        "Not decided by 5 seeds (claimed: lower): +3 points, 95 % interval [−21, 26], n = 5, p = 0.78, 0.78 as \
         one of 3 rows; an effect above 43 points would have been seen in four of five runs."
    );
    assert_eq!(
        rows[2].sentence,
        "Supported (claimed: lower): −20 points, 95 % interval [−32, −9], n = 5, p = 0.008, 0.023 as one of 3 rows."
    );
    assert_eq!(rows[0].pairs.len(), 5);
}

#[test]
fn a_divergence_that_the_claim_predicts_speaks_for_it() {
    // S1: lower accuracy, and higher loss.
    let both = some(&BOTH);
    for mask in ["x....", "..x.."] {
        let row = lab(Says::Lower, 0.0, &failed(&NO_ATTENTION, mask), &both);
        assert_eq!((row.verdict, row.method), (Verdict::Supported, Method::Mixed), "{}", row.sentence);
    }
    let six = [0.7, 0.7, 0.7, 0.6, 0.7, 0.8];
    let row = lab(Says::Lower, 0.0, &[None; 6], &some(&six));
    assert_eq!((row.verdict, row.method), (Verdict::Supported, Method::Exact));
    assert_eq!(
        row.sentence,
        "Holds here (claimed: lower): median beyond every number, 95 % interval [−∞, −∞], n = 6, p = 0.031; of \
         6 seeds, it failed on 6 and what it stands against on none (exact p = 0.031)."
    );
    assert_eq!(lab(Says::Higher, 0.0, &[None; 6], &some(&six)).verdict, Verdict::Contradicted);
    let loss = question((Says::Higher, 0.0), Whose::Paper, LOSS, &[None; 6], &some(&six));
    assert_eq!(judge_rows(&[loss], &Looks::once(6).unwrap())[0].verdict, Verdict::Supported);
}

#[test]
fn a_divergence_that_speaks_against_a_claim_is_never_left_out_of_its_support() {
    let up: Vec<f64> =
        BOTH.iter().map(|value| value + 0.1).zip([0.0, 0.01, -0.01, 0.02, 0.0]).map(|(a, b)| a + b).collect();
    assert_eq!(lab(Says::Higher, 0.0, &some(&up), &some(&BOTH)).verdict, Verdict::Supported);
    let row = lab(Says::Higher, 0.0, &failed(&up, "x...."), &some(&BOTH));
    assert_eq!(row.verdict, Verdict::NotDecided, "{}", row.sentence);
    assert_eq!((row.would_have_seen, row.standardized), (None, None));
}

#[test]
fn five_of_five_divergences_are_not_decided_and_six_of_six_are() {
    // S2: the exact p is 0.0625 and 0.031.
    for (n, verdict) in [(3, Verdict::NotDecided), (5, Verdict::NotDecided), (6, Verdict::Supported)] {
        let row = lab(Says::Lower, 0.0, &vec![None; n], &some(&vec![0.5; n]));
        assert_eq!(row.verdict, verdict, "{n}");
        assert!((row.p - sign::smallest_p(n)).abs() < 1e-12 && (row.failures.p - row.p).abs() < 1e-12);
    }
}

#[test]
fn a_control_that_does_what_it_should_reads_as_that() {
    // S3: scrambled kernels against the baseline, from the recording.
    let base = some(&[0.697, 0.607, 0.587, 0.683, 0.711]);
    let scrambled = some(&[0.474, 0.519, 0.498, 0.502, 0.576]);
    let judge = |says, whose| {
        let question = question((says, 0.0), whose, Measure::share_of(1000), &scrambled, &base);
        judge_rows(&[question], &Looks::once(5).unwrap()).remove(0)
    };
    assert_eq!(judge(Says::Lower, Whose::Control).heading(), "As expected");
    assert_eq!(judge(Says::Higher, Whose::Control).heading(), "Not as expected");
    assert_eq!(judge(Says::Lower, Whose::Lab).heading(), "Holds here");
    assert_eq!(judge(Says::Higher, Whose::Lab).heading(), "Does not hold here");
    assert_eq!(judge(Says::Higher, Whose::Paper).heading(), "Contradicted");
}

#[test]
fn holm_undoes_two_verdicts_of_leaner_transformers_and_says_so() {
    // S5, from the recording: "not lower by a point", p = 0.033 and 0.016 alone.
    let base = some(&[0.81445, 0.8418, 0.78027, 0.86719, 0.8252]);
    let variants = [
        [0.85156, 0.91113, 0.90234, 0.83203, 0.91406],
        [0.89453, 0.9209, 0.90332, 0.9043, 0.90527],
        [0.84473, 0.84863, 0.83789, 0.86328, 0.87793],
        [0.7666, 0.75684, 0.83398, 0.83203, 0.76758],
        [0.88867, 0.90527, 0.8623, 0.875, 0.84668],
    ];
    let accuracy = Measure::share_of(1024);
    let row =
        |variant: &[f64; 5]| question((Says::NotLower, 0.01), Whose::Paper, accuracy, &some(variant), &base);
    let questions: Vec<Question> = variants.iter().map(row).collect();
    let rows = judge_rows(&questions, &Looks::once(5).unwrap());
    let decided = |verdict: fn(&Judged) -> Verdict| -> Vec<usize> {
        (0..5).filter(|index| verdict(&rows[*index]) == Verdict::Supported).collect()
    };
    assert_eq!(decided(|row| row.alone), [1, 2, 4]);
    assert_eq!(decided(|row| row.verdict), [1]);
    assert!((rows[2].p - 0.033).abs() < 5e-4 && (rows[4].p - 0.016).abs() < 5e-4);
    assert!((rows[4].corrected_p.unwrap() - 4.0 * rows[4].p).abs() < 1e-12);
    assert!(rows[4].sentence.contains("; alone it would be supported"), "{}", rows[4].sentence);
    // A control beside them is in no family and costs them nothing.
    let mut with_control = questions.clone();
    with_control.push(question((Says::Higher, 0.0), Whose::Control, accuracy, &some(&variants[0]), &base));
    let again = judge_rows(&with_control, &Looks::once(5).unwrap());
    assert_eq!(again[..5], rows[..]);
    assert_eq!((again[5].corrected_p, again[5].family), (None, 1));
}

#[test]
fn fewer_seeds_than_three_are_too_few_and_not_too_small_a_network() {
    // S12.
    let row = lab(Says::Higher, 0.0, &some(&[0.9, 0.91]), &some(&[0.1, 0.11]));
    assert_eq!(row.verdict, Verdict::NotDecided);
    assert_eq!(row.heading(), "So far: not decided by 2 seeds");
    assert_eq!(row.look, None);
}

#[test]
fn a_look_that_was_not_planned_holds_so_far_and_a_planned_one_is_paid_for() {
    // S6.
    let looks = Looks::try_from(vec![4, 8, 16]).unwrap();
    let judge = |n: usize| {
        let values: Vec<f64> = (0..n).map(|seed| 0.52 + 0.02 * f64::from(seed as u32 % 3)).collect();
        let question = question(
            (Says::Higher, 0.0),
            Whose::Lab,
            Measure::share_of(1024),
            &some(&values),
            &some(&vec![0.5; n]),
        );
        judge_rows(&[question], &looks).remove(0)
    };
    let (early, unplanned, late) = (judge(4), judge(6), judge(16));
    assert!(early.p < 0.05 && early.overall_p > 0.05 && early.verdict == Verdict::NotDecided, "{early:?}");
    assert_eq!(early.look, Some(Look { number: 1, of: 3 }));
    assert_eq!((unplanned.look, unplanned.p), (None, unplanned.overall_p));
    assert!(unplanned.heading().starts_with("So far: "), "{}", unplanned.sentence);
    assert_eq!((late.verdict, late.look), (Verdict::Supported, Some(Look { number: 3, of: 3 })));
    assert!(late.interval.level < 0.05 && late.interval.confidence == 0.95);
    assert!(late.sentence.contains("95 % interval over all 3 looks, at look 3, ["), "{}", late.sentence);
    // The interval decides as the p-value does.
    for row in [&early, &late] {
        assert_eq!(row.interval.low.number().unwrap() > 0.0, row.overall_p <= 0.05);
    }
}

#[test]
fn a_first_look_at_three_of_a_thousand_seeds_decides_nothing_and_does_no_harm() {
    let looks = Looks::try_from(vec![3, 1000]).unwrap();
    for (says, margin) in [(Says::Higher, 0.0), (Says::Same, 0.9)] {
        let values = some(&[0.61, 0.62, 0.6]);
        let question =
            question((says, margin), Whose::Paper, Measure::share_of(1024), &values, &some(&[0.5; 3]));
        let row = judge_rows(&[question], &looks).remove(0);
        assert_eq!((row.verdict, row.would_have_seen), (Verdict::NotDecided, None), "{}", row.sentence);
        assert_eq!((row.interval.low, row.interval.high), (Limit::Open, Limit::Open));
    }
}

#[test]
fn the_exact_test_beside_students_says_whether_it_agrees_and_when_it_cannot() {
    // S7.
    let zeros = |n: usize| some(&vec![0.5; n]);
    let row = lab(Says::Higher, 0.0, &some(&[0.61, 0.62, 0.6, 0.63, 0.61]), &zeros(5));
    let flips = row.flips.unwrap();
    assert_eq!((row.verdict, flips.agrees, flips.smallest_p), (Verdict::Supported, None, 0.0625));
    let values = [0.61, 0.62, 0.6, 0.63, 0.61, 0.6, 0.62, 0.64];
    let flips = lab(Says::Higher, 0.0, &some(&values), &zeros(8)).flips.unwrap();
    assert_eq!((flips.agrees, flips.p), (Some(true), 2.0 / 256.0));
    // One seed that fails by 45 points hides from Student's test what seven of eight say, and from this one as well.
    let far: Vec<f64> = [values[..7].to_vec(), vec![0.05]].concat();
    let row = lab(Says::Higher, 0.0, &some(&far), &zeros(8));
    assert_eq!((row.verdict, row.flips.unwrap().agrees), (Verdict::NotDecided, Some(true)));
    assert!(row.median.unwrap() > 0.1 && row.mean.unwrap() < 0.06);
    // Seven of seven small differences in one direction and a spread that drowns them.
    let skewed = [0.501, 0.501, 0.502, 0.501, 0.502, 0.501, 0.9];
    let row = lab(Says::Higher, 0.0, &some(&skewed), &zeros(7));
    assert_eq!((row.verdict, row.flips.unwrap().agrees), (Verdict::NotDecided, Some(false)));
    assert!(row.sentence.contains("the sign-flip test says otherwise, p = 0.016"), "{}", row.sentence);
}

#[test]
fn three_seeds_each_one_image_better_are_not_decided() {
    // S8.
    let base = [0.5, 0.75, 0.625];
    let better: Vec<f64> = base.iter().map(|value| value + 1.0 / 1024.0).collect();
    let row = lab(Says::Higher, 0.0, &some(&better), &some(&base));
    assert_eq!(row.verdict, Verdict::NotDecided, "{}", row.sentence);
    let spread = row.spread.unwrap();
    assert!(spread.seen < 1e-12 && spread.used == 1.0 / 1024.0);
}

#[test]
fn a_contrast_of_contrasts_is_judged_as_one_row() {
    // S4, from the two recordings: divided over plain, its gain by gradient descent less its gain by AdamW:
    // 1.1 [−2.1, 4.3].
    let psnr =
        Measure { direction: Direction::HigherIsBetter, unit: Unit { name: "dB", scale: 1.0 }, ..LOSS };
    let [plain, divided, adamw_plain, adamw_divided] = [
        [16.916, 16.505, 16.524, 16.676, 16.833],
        [17.985, 18.18, 19.133, 19.134, 19.251],
        [26.087, 29.325, 29.777, 26.928, 28.331],
        [28.147, 28.881, 34.554, 25.64, 27.799],
    ]
    .map(|values| some(&values));
    let differences =
        Differences::contrast(&psnr, (&divided, &plain), (&adamw_divided, &adamw_plain)).unwrap();
    let statement = Statement::new(Says::Higher, Margin::default()).unwrap();
    let question = Question { statement, whose: Whose::Paper, measure: psnr, differences };
    let row = judge_rows(&[question], &Looks::once(5).unwrap()).remove(0);
    assert!((row.mean.unwrap() - 1.1).abs() < 0.06, "{}", row.sentence);
    assert!(
        (row.interval.low.number().unwrap() + 2.1).abs() < 0.06
            && (row.interval.high.number().unwrap() - 4.3).abs() < 0.06
    );
    assert_eq!(row.verdict, Verdict::NotDecided);
}

#[test]
fn a_judged_row_survives_the_way_to_the_page() {
    for mask in [".....", "x....", "xxxxx"] {
        let row = lab(Says::Lower, 0.0, &failed(&NO_MLP, mask), &some(&BOTH));
        let value = serde_json::to_value(&row).unwrap();
        assert_eq!(serde_json::from_value::<Judged>(value).unwrap(), row);
    }
    let nothing = lab(Says::Lower, 0.0, &[None; 3], &[None; 3]);
    assert_eq!((nothing.verdict, nothing.p, nothing.mean), (Verdict::NotDecided, 1.0, None));
    assert!(serde_json::from_str::<Judged>(&serde_json::to_string(&nothing).unwrap()).is_ok());
}
