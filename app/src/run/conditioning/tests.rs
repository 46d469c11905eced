use kappa_core::probes::report::{Curvature, ProbeReport, Spectrum};
use kappa_core::protocol::{Event, VariantInfo};

use super::*;

/// A matrix with these singular values, of one replica.
fn spectrum(quantity: Quantity, name: &str, replica: usize, values: [f32; 2]) -> Spectrum {
    Spectrum {
        quantity,
        name: name.to_owned(),
        head: None,
        samples: 1,
        replica,
        singular_values: values.into(),
        condition_number: f64::from(values[0] / values[1]),
        stable_rank: 1.5,
        frobenius_norm: 3.0,
        numerical_rank: values.iter().filter(|value| **value > 0.0).count(),
    }
}

/// Two variants, two blocks, two seeds; measured at steps 0 and 10. The tokens of block `b` of variant `v` have κ
/// 10^(b + 1) at first, and 100 times as much later; the second variant's second block is then singular on one seed.
fn log() -> RunLog {
    let mut log = RunLog::default();
    let info = |name: &str| VariantInfo { name: name.to_owned(), parameters: 10, operations: 100, bytes: 40 };
    log.apply(
        Event::Started { variants: vec![info("one"), info("two")], step: 0, steps: 10, replicas: 2 },
        0.0,
    );
    for (variant, step) in [(0, 0), (1, 0), (0, 10), (1, 10)] {
        let mut report = ProbeReport { milliseconds: 20.0, ..ProbeReport::default() };
        for replica in 0..2 {
            report.spectra.push(spectrum(Quantity::Weight, "embedding.weight", replica, [2.0, 1.0]));
            for block in 0..2 {
                let smallest = 0.1_f32.powi(block + 1) * if step > 0 { 0.01 } else { 1.0 };
                let lost = (variant, step, block, replica) == (1, 10, 1, 0);
                let values = [1.0, if lost { 0.0 } else { smallest }];
                report.spectra.push(spectrum(Quantity::Tokens, &format!("blocks.{block}"), replica, values));
                let name = format!("blocks.{block}.attention.query.weight");
                report.spectra.push(spectrum(Quantity::Weight, &name, replica, [4.0, 2.0]));
            }
            report.curvatures.push(Curvature { replica, largest: 5.0, smallest: -2.0, steps: 9 });
        }
        log.apply(Event::Probed { variant, step, report }, 0.0);
    }
    log
}

fn selection(kind: usize, view: View) -> Selection {
    let kind = kinds(&log()).remove(kind);
    Selection { kind, block: 1, head: None, measure: Measure::ConditionNumber, view, step: 0 }
}

fn close(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() < 1e-4
}

#[test]
fn kinds_are_named_once_and_weights_come_last() {
    let kinds = kinds(&log());
    let labels: Vec<String> = kinds.iter().map(|kind| kind.label(true)).collect();
    assert_eq!(
        labels,
        ["Tokens entering a block", "Curvature of the loss", "Weight: embedding", "Weight: attention query"]
    );
    assert_eq!((&kinds[0].blocks, &kinds[2].blocks), (&vec![0, 1], &vec![]));
    assert_eq!(kinds[0].views().len(), 3);
    assert_eq!(
        (kinds[1].views(), kinds[2].views()),
        (&[View::Steps][..], &[View::Steps, View::Spectrum][..])
    );
}

#[test]
fn a_curve_over_steps_is_that_of_the_chosen_block() {
    let curves = selection(0, View::Steps).curves(&log());
    let points: Vec<(f64, f64)> = curves[0].iter().map(|mark| (mark.x, mark.mean)).collect();
    assert_eq!(points.len(), 2);
    assert!(
        points[0].0 == 0.0 && close(points[0].1, 100.0) && points[1].0 == 10.0 && close(points[1].1, 1e4)
    );
    let first = Selection { block: 0, ..selection(0, View::Steps) };
    assert!(close(first.curves(&log())[0][0].mean, 10.0));
}

#[test]
fn a_curve_over_depth_has_a_point_for_every_block() {
    let depth = Selection { step: 10, ..selection(0, View::Depth) };
    let curves = depth.curves(&log());
    let points: Vec<f64> = curves[0].iter().map(|mark| mark.x).collect();
    assert_eq!(points, [1.0, 2.0]);
    assert!(close(curves[0][0].mean, 1e3) && close(curves[0][1].mean, 1e4));
    assert_eq!(curves[1][1].mean, f64::INFINITY);
}

#[test]
fn a_singular_matrix_is_drawn_at_infinity_and_said_in_words() {
    let over_steps = selection(0, View::Steps);
    assert_eq!(over_steps.words(&log(), 1, 10.0), "∞ in 1 of 2 seeds, rank 1 to 2 of 2, otherwise 1.0e4");
    assert_eq!(over_steps.words(&log(), 1, 0.0), "100");
    assert_eq!(over_steps.words(&log(), 1, 5.0), "", "there is no measurement");
    let rank = Selection { measure: Measure::StableRank, ..over_steps };
    assert_eq!(rank.words(&log(), 1, 10.0), "1.50");
    let depth = Selection { step: 10, ..selection(0, View::Depth) };
    assert!(depth.words(&log(), 1, 2.0).starts_with("∞ in 1 of 2"));
}

#[test]
fn a_spectrum_is_that_of_the_chosen_step() {
    let spectrum = selection(3, View::Spectrum);
    let curve = &spectrum.curves(&log())[1];
    assert_eq!(curve.iter().map(|mark| (mark.x, mark.mean)).collect::<Vec<_>>(), [(1.0, 4.0), (2.0, 2.0)]);
    assert_eq!(spectrum.steps(&log()), [0, 10]);
}

#[test]
fn the_curvature_is_drawn_over_steps_with_its_sign() {
    let smallest = Selection { measure: Measure::Smallest, ..selection(1, View::Steps) };
    assert_eq!(smallest.curves(&log())[0][1].mean, -2.0);
    assert_eq!(selection(1, View::Steps).curves(&log())[0][1].mean, 5.0);
}

#[test]
fn heads_are_told_apart_where_they_were() {
    let mut log = log();
    let mut report = ProbeReport::default();
    for head in 0..2 {
        let one = spectrum(Quantity::Scores, "blocks.0", 0, [8.0_f32.powi(head + 1), 1.0]);
        report.spectra.push(Spectrum { head: Some(head as usize), ..one });
    }
    log.apply(Event::Probed { variant: 0, step: 10, report }, 0.0);
    let kind = kinds(&log).into_iter().find(|kind| kind.quantity == Some(Quantity::Scores)).unwrap();
    assert_eq!((kind.heads, &kind.blocks), (2, &vec![0]));
    let of = |head| {
        let chosen = Selection { kind: kind.clone(), block: 0, head, ..selection(0, View::Steps) };
        chosen.curves(&log)[0].last().unwrap().mean
    };
    assert!(close(of(Some(0)), 8.0) && close(of(Some(1)), 64.0) && close(of(None), (8.0 * 64.0_f64).sqrt()));
}

#[test]
fn the_cost_of_measuring_is_said() {
    assert_eq!(cost(&log()), "Measuring took 20 ms each time and 80 ms in all.");
    assert_eq!(cost(&RunLog::default()), "");
}

#[test]
fn names_are_taken_apart() {
    assert_eq!(place("blocks.12.attention.query.weight"), (Some(12), "attention.query"));
    assert_eq!(place("blocks.3"), (Some(3), ""));
    assert_eq!(place("embedding.weight"), (None, "embedding"));
}
