use super::*;
use crate::stats::location::Location;
use crate::stats::simulated::{Generator, luck, share};
use crate::stats::{Differences, Direction, Margin, Pair};

fn statement(says: Says, margin: f64) -> Statement {
    Statement::new(says, Margin::try_from(margin).unwrap()).unwrap()
}

fn evidence(says: Says, margin: f64, values: &[f64]) -> Evidence {
    let pairs = values.iter().copied().map(Pair::Difference).collect();
    let location = Location::new(&Differences { pairs, floor: 0.0 }, Direction::HigherIsBetter);
    Evidence::of(statement(says, margin), margin, &location)
}

/// How often normal differences with this mean and a standard deviation of 1 support and contradict.
fn decided(says: Says, margin: f64, mean: f64, n: usize) -> (f64, f64) {
    let mut random = Generator::new(n as u64);
    let (trials, mut contradicted) = (20_000, 0);
    let supported = share(trials, || {
        let values: Vec<f64> = (0..n).map(|_| mean + random.normal()).collect();
        let evidence = evidence(says, margin, &values);
        contradicted += usize::from(evidence.contradicts <= ALPHA);
        evidence.supports <= ALPHA
    });
    (supported, contradicted as f64 / trials as f64)
}

#[test]
fn mimetic_and_xavier_are_the_same_within_two_points() {
    // S11, from the recording: +0.3 points, TOST p = 0.018.
    let xavier = [0.705, 0.675, 0.683, 0.684, 0.696];
    let mimetic = [0.714, 0.675, 0.704, 0.675, 0.692];
    let differences: Vec<f64> = mimetic.iter().zip(xavier).map(|(m, x)| m - x).collect();
    let same = evidence(Says::Same, 0.02, &differences);
    assert!((same.supports - 0.018).abs() < 5e-4 && same.within(), "{same:?}");
    assert!(evidence(Says::Same, 0.01, &differences).p() > 0.05);
}

#[test]
fn weight_norm_and_plain_are_the_same_within_half_a_decibel() {
    // S11, from the recording: p = 0.008.
    let plain = [16.916, 16.505, 16.524, 16.676, 16.833];
    let norm = [16.513, 16.185, 16.528, 16.556, 16.81];
    let differences: Vec<f64> = norm.iter().zip(plain).map(|(n, p)| n - p).collect();
    let same = evidence(Says::Same, 0.5, &differences);
    assert!((same.supports - 0.008).abs() < 1e-3, "{same:?}");
}

#[test]
fn the_p_value_is_against_the_threshold_and_not_against_zero() {
    // S14: x³/36 against softmax, "not lower by a point": p = 0.035 against 0, and not decided.
    let softmax = [0.80664, 0.87695, 0.80078, 0.8291, 0.86426];
    let cube = [0.80566, 0.77734, 0.76074, 0.78223, 0.7959];
    let differences: Vec<f64> = cube.iter().zip(softmax).map(|(c, s)| c - s).collect();
    assert!((evidence(Says::Higher, 0.0, &differences).p() - 0.034_767).abs() < 1e-5);
    let claimed = evidence(Says::NotLower, 0.01, &differences);
    assert!(claimed.p() > 0.05 && claimed.p() == claimed.contradicts, "{claimed:?}");
}

#[test]
fn at_the_edge_of_a_claim_either_verdict_is_wrong_in_two_and_a_half_percent() {
    for (says, edge) in
        [(Says::Higher, 0.7), (Says::Lower, -0.7), (Says::NotLower, -0.7), (Says::NotHigher, 0.7)]
    {
        for n in [3, 5, 16] {
            let (supported, contradicted) = decided(says, 0.7, edge, n);
            for wrong in [supported, contradicted] {
                assert!((wrong - 0.025).abs() < luck(0.025, 20_000), "{says:?} {n}: {wrong}");
            }
        }
    }
}

#[test]
fn what_is_not_the_same_is_called_so_in_at_most_five_percent() {
    for (margin, n) in [(0.5, 5), (1.5, 5), (1.5, 8), (1.5, 16), (3.0, 3)] {
        for edge in [margin, -margin] {
            let (supported, _) = decided(Says::Same, margin, edge, n);
            assert!(supported < 0.05 + luck(0.05, 20_000), "{margin} {n}: {supported}");
        }
    }
    // The level is used up where the margin is wide for the spread.
    let (supported, _) = decided(Says::Same, 1.5, 1.5, 16);
    assert!((supported - 0.05).abs() < luck(0.05, 20_000), "{supported}");
}

#[test]
fn what_is_the_same_is_called_different_in_at_most_five_percent() {
    for (margin, mean, n) in [(0.01, 0.0, 5), (0.5, 0.5, 5), (1.5, 1.5, 16), (1.5, 0.0, 16)] {
        let (_, contradicted) = decided(Says::Same, margin, mean, n);
        assert!(contradicted < 0.05 + luck(0.05, 20_000), "{margin} {mean} {n}: {contradicted}");
    }
}

#[test]
fn two_one_sided_tests_are_the_interval_of_ninety_percent() {
    let mut random = Generator::new(90);
    for _ in 0..2000 {
        let mean = 0.5 * random.normal();
        let values: Vec<f64> = (0..6).map(|_| mean + random.normal()).collect();
        let pairs = values.iter().copied().map(Pair::Difference).collect();
        let location = Location::new(&Differences { pairs, floor: 0.0 }, Direction::Neither);
        let (low, high) = location.interval(0.1);
        let inside = low.number().unwrap() > -1.2 && high.number().unwrap() < 1.2;
        assert_eq!(evidence(Says::Same, 1.2, &values).supports < ALPHA, inside);
    }
}

#[test]
fn higher_and_lower_are_mirror_images() {
    let values = [0.3, 1.1, -0.4, 2.2, 0.9];
    let mirrored: Vec<f64> = values.iter().map(|value| -value).collect();
    for (one, other) in
        [(Says::Higher, Says::Lower), (Says::NotLower, Says::NotHigher), (Says::Same, Says::Same)]
    {
        let (forth, back) = (evidence(one, 0.4, &values), evidence(other, 0.4, &mirrored));
        assert!((forth.supports - back.supports).abs() < 1e-12, "{one:?}");
        assert!((forth.contradicts - back.contradicts).abs() < 1e-12, "{one:?}");
    }
}

#[test]
fn exact_equality_is_no_worse_and_not_better_given_six_seeds() {
    // A quantity that does not depend on the seed, in which the two are equal.
    for (says, supported) in
        [(Says::NotLower, true), (Says::NotHigher, true), (Says::Higher, false), (Says::Lower, false)]
    {
        let evidence = evidence(says, 0.0, &[0.0; 6]);
        assert_eq!(evidence.supports <= ALPHA, supported, "{says:?}");
        assert!(evidence.contradicts > ALPHA);
    }
    assert!(evidence(Says::NotLower, 0.0, &[0.0; 5]).supports > ALPHA);
}
