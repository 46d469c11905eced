use super::*;
use crate::stats::simulated::{Generator, luck, share};

fn location(pairs: &[Pair], floor: f64) -> Location {
    Location::new(&Differences { pairs: pairs.to_vec(), floor }, Direction::HigherIsBetter)
}

fn numbers(values: &[f64]) -> Vec<Pair> {
    values.iter().copied().map(Pair::Difference).collect()
}

fn two_sided(location: &Location) -> f64 {
    2.0 * location.above(0.0, false).min(location.below(0.0, false))
}

#[test]
fn without_failures_it_is_students_interval() {
    // Student (1908), hours of sleep gained by ten patients, second drug less the first. R 4: t.test(..., paired = TRUE)
    // gives t = 4.0621, p = 0.002833, 95 % interval 0.7001142 to 2.4598858.
    let sleep = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];
    let location = location(&numbers(&sleep), 0.0);
    let (low, high) = location.interval(0.05);
    assert!(
        (low.number().unwrap() - 0.700_114).abs() < 1e-6 && (high.number().unwrap() - 2.459_886).abs() < 1e-6
    );
    assert!((two_sided(&location) - 0.002_833).abs() < 5e-7);
    assert_eq!((location.method(), location.median), (Method::Student, Some(1.3)));
}

#[test]
fn a_failure_counts_on_the_side_on_which_it_is_worse() {
    let mut pairs = numbers(&[-3.0, -2.0, -4.0, -3.0, -2.5, -3.5, -3.0]);
    let without = location(&pairs, 0.0);
    pairs.push(Pair::Failed);
    let with = location(&pairs, 0.0);
    // Below, nothing speaks against "lower": the upper end is that of the seven numbers.
    assert_eq!(with.below(0.0, false), without.below(0.0, false));
    assert_eq!((with.interval(0.05).1, with.method()), (without.interval(0.05).1, Method::Mixed));
    // The lower end has to go as far as it must: the smallest of eight is the end, and that is −∞.
    assert_eq!(with.interval(0.05).0, Limit::Open);
    assert!(with.above(-5.0, false) > without.above(-5.0, false));
    // The same failure where lower is better is a failure on the other side.
    let mirrored = Location::new(&Differences { pairs: pairs.clone(), floor: 0.0 }, Direction::LowerIsBetter);
    assert!(mirrored.interval(0.05).0.number().is_some() && mirrored.interval(0.05).1 == Limit::Open);
    assert!((mirrored.below(0.0, false) - 9.0 / 256.0).abs() < 1e-12); // seven of eight below
}

#[test]
fn a_failure_without_a_direction_speaks_against_both_sides() {
    let mut pairs = numbers(&[-3.0, -2.0, -4.0, -3.0, -2.5, -3.5, -3.0]);
    pairs.push(Pair::Failed);
    let location = Location::new(&Differences { pairs, floor: 0.0 }, Direction::Neither);
    assert_eq!((location.method(), location.median), (Method::Exact, Some(-3.0)));
    assert_eq!(location.interval(0.05), (Limit::Open, Limit::Open));
    assert!((location.below(0.0, false) - 9.0 / 256.0).abs() < 1e-12);
}

#[test]
fn failures_on_both_sides_or_on_most_seeds_leave_only_the_signs() {
    let both = [numbers(&[1.0, 2.0, 1.5, 1.2]), vec![Pair::Failed, Pair::AgainstFailed]].concat();
    assert_eq!(location(&both, 0.0).method(), Method::Exact);
    let most = [numbers(&[-1.0, -2.0, -1.5]), vec![Pair::Failed; 3]].concat();
    let location = location(&most, 0.0);
    assert_eq!(location.method(), Method::Exact);
    assert!((location.below(0.0, false) - 1.0 / 64.0).abs() < 1e-12);
    assert_eq!(location.median, None);
    // Six of six below: even the upper end is a failure.
    let all = super::tests::location(&[Pair::Failed; 6], 0.0);
    assert_eq!(all.interval(0.05), (Limit::Open, Limit::Beyond));
}

#[test]
fn seeds_on_which_both_failed_say_nothing() {
    let pairs = numbers(&[1.0, 2.0, 1.5, 1.2]);
    let with = [pairs.clone(), vec![Pair::BothFailed; 3]].concat();
    assert_eq!(location(&with, 0.0).interval(0.05), location(&pairs, 0.0).interval(0.05));
    assert_eq!(location(&[Pair::BothFailed; 3], 0.0).interval(0.05), (Limit::Open, Limit::Open));
    assert_eq!(two_sided(&location(&[Pair::BothFailed; 3], 0.0)), 2.0);
}

#[test]
fn three_seeds_each_one_example_better_prove_nothing_and_seven_do() {
    // S8: without the floor, three equal differences were certainty.
    let step = 1.0 / 1024.0;
    for n in 3..10 {
        let p = two_sided(&location(&numbers(&vec![step; n]), step));
        assert_eq!(p <= 0.05, n >= 7, "{n}: {p}");
    }
    // Where nothing is known of a step, equal differences have no spread, and their signs decide.
    let p = |n: usize| two_sided(&location(&numbers(&vec![step; n]), 0.0));
    assert!((p(3) - 0.25).abs() < 1e-12 && (p(6) - 0.03125).abs() < 1e-12);
}

#[test]
fn at_a_ceiling_equal_networks_are_told_apart_in_less_than_five_percent() {
    // S8: 99.8 % ± 0.1, over 1,000 examples.
    let mut random = Generator::new(8);
    let trials = 20_000;
    for n in [3, 5, 8] {
        let wrong = share(trials, || {
            let mut accuracy = || ((0.998 + 0.001 * random.normal()).min(1.0) * 1000.0).round() / 1000.0;
            let differences: Vec<f64> = (0..n).map(|_| accuracy() - accuracy()).collect();
            two_sided(&location(&numbers(&differences), 0.001)) <= 0.05
        });
        assert!(wrong < 0.05 + luck(0.05, trials), "{n}: {wrong}");
    }
}

#[test]
fn two_that_fail_and_score_alike_are_told_apart_in_less_than_five_percent() {
    // S1 and S2: no effect, and both fail in a share of seeds; also if what fails would have been worse anyway.
    let mut random = Generator::new(12);
    let trials = 20_000;
    for (n, often, informative) in
        [(3, 0.3, false), (5, 0.2, false), (8, 0.1, true), (8, 0.5, false), (16, 0.2, true)]
    {
        let wrong = share(trials, || {
            let mut run = || {
                let value = random.normal();
                let failed = if informative {
                    value < super::super::normal::upper_quantile(1.0 - often)
                } else {
                    random.chance(often)
                };
                (!failed).then_some(value)
            };
            let pairs: Vec<Pair> = (0..n)
                .map(|_| match (run(), run()) {
                    (Some(one), Some(other)) => Pair::Difference(one - other),
                    (None, Some(_)) => Pair::Failed,
                    (Some(_), None) => Pair::AgainstFailed,
                    (None, None) => Pair::BothFailed,
                })
                .collect();
            two_sided(&location(&pairs, 0.0)) <= 0.05
        });
        assert!(wrong < 0.05 + luck(0.05, trials), "{n} {often} {informative}: {wrong}");
    }
}

#[test]
fn intervals_of_a_difference_and_of_a_contrast_cover_as_promised() {
    // Seeds differ much more than variants do, and the spread of each variant is its own.
    let mut random = Generator::new(95);
    let trials = 20_000;
    for runs in [2, 4] {
        for n in [3, 5, 8] {
            let covered = share(trials, || {
                let mut difference = || {
                    let signs = [1.0, -1.0, -1.0, 1.0];
                    let seed = 10.0 * random.normal();
                    (0..runs)
                        .map(|run| signs[run] * (seed + (run as f64 + 1.0) * random.normal()))
                        .sum::<f64>()
                };
                let values: Vec<f64> = (0..n).map(|_| 0.3 + difference()).collect();
                let (low, high) = location(&numbers(&values), 0.0).interval(0.05);
                low.number().unwrap() <= 0.3 && 0.3 <= high.number().unwrap()
            });
            assert!((covered - 0.95).abs() < luck(0.95, trials), "{runs} {n}: {covered}");
        }
    }
}
