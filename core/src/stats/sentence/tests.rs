use super::*;
use crate::stats::{Differences, Direction, Looks, Margin, Pair, Question, judge_rows};

fn row(measure: Measure, (says, margin): (Says, f64), differences: &[f64]) -> Judged {
    let statement = Statement::new(says, Margin::try_from(margin).unwrap()).unwrap();
    let pairs = differences.iter().copied().map(Pair::Difference).collect();
    let question =
        Question { statement, whose: Whose::Paper, measure, differences: Differences { pairs, floor: 0.0 } };
    judge_rows(&[question], &Looks::once(differences.len()).unwrap()).remove(0)
}

#[test]
fn the_sentence_says_what_was_claimed_in_the_unit_of_the_reader() {
    let points = Measure::share_of(1024);
    let differences = [0.031, 0.012, 0.05, 0.031, 0.031];
    assert_eq!(
        row(points, (Says::Higher, 0.0), &differences).sentence,
        "Supported (claimed: higher): +3.1 points, 95 % interval [1.4, 4.8], n = 5, p = 0.007."
    );
    assert_eq!(
        row(points, (Says::NotHigher, 0.005), &differences).sentence,
        "Contradicted (claimed: not higher by more than 0.5 points): +3.1 points, 95 % interval [1.4, 4.8], n = 5, \
         p = 0.012."
    );
    assert_eq!(
        row(points, (Says::Same, 0.06), &differences).sentence,
        "Supported (claimed: the same within 6 points): +3.1 points, 90 % interval [1.8, 4.4], n = 5, p = 0.004."
    );
    let one = row(points, (Says::NotLower, 0.01), &differences);
    assert!(one.sentence.contains("(claimed: not lower by more than 1 point)"), "{}", one.sentence);
}

#[test]
fn what_was_not_decided_says_what_would_have_been_seen() {
    let differences = [0.031, -0.012, 0.05, -0.031, 0.031];
    let points = Measure::share_of(1024);
    let sentence = |says, margin| row(points, (says, margin), &differences).sentence;
    let end = |text: String| text.rsplit("; ").next().unwrap().to_owned();
    assert_eq!(
        end(sentence(Says::Higher, 0.0)),
        "an effect above 5.7 points would have been seen in four of five runs."
    );
    assert_eq!(
        end(sentence(Says::Higher, 0.01)),
        "a difference above +6.7 points would have been seen in four of five runs."
    );
    assert_eq!(
        end(sentence(Says::NotLower, 0.02)),
        "a difference above +3.7 points would have been seen in four of five runs."
    );
    assert_eq!(
        end(sentence(Says::Same, 0.02)),
        "two that are equal would have been found the same within 5.4 points in four of five runs."
    );
}

#[test]
fn ratios_are_read_as_factors() {
    let kappa = Measure::factor(Direction::LowerIsBetter);
    let logarithms: Vec<f64> = [0.5f64, 0.55, 0.45, 0.5, 0.52].iter().map(|ratio| ratio.ln()).collect();
    assert_eq!(
        row(kappa, (Says::Lower, 0.0), &logarithms).sentence,
        "Supported (claimed: lower): × 0.503, 95 % interval [0.459, 0.551], n = 5, p < 0.001."
    );
    let twice = row(kappa, (Says::Lower, 1.0), &logarithms);
    assert_eq!(twice.verdict, Verdict::NotDecided);
    assert!(twice.sentence.contains("(claimed: lower by more than a factor of 2)"), "{}", twice.sentence);
}

#[test]
fn rounding_never_moves_a_p_value_across_five_percent() {
    for (p, shown) in [
        (0.04996, "0.04996"),
        (0.0504, "0.0504"),
        (0.05, "0.050"),
        (0.0123, "0.012"),
        (0.234, "0.23"),
        (0.0002, "< 0.001"),
        (1.0, "1.00"),
    ] {
        assert_eq!(p_value(p), shown);
    }
}
