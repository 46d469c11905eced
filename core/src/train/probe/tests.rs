use std::collections::BTreeMap;

use crate::probes::report::{ProbeReport, Quantity, Spectrum};
use crate::protocol::Event;
use crate::spec::{Experiment, samples, set_path};
use crate::train::{Engine, Session};

const EVERYTHING: [&str; 8] = [
    "probes.every=10",
    "probes.weights=true",
    "probes.attention=true",
    "probes.tokens=true",
    "probes.scores=true",
    "probes.outputs=true",
    "probes.jacobian=true",
    "probes.updates=true",
];

/// The experiment `tiny` with these settings, all of its events.
fn run(settings: &[&str]) -> (Experiment, Vec<Event>) {
    let mut experiment = crate::catalog::find("tiny").unwrap().experiment().clone();
    settings.iter().for_each(|setting| set_path(&mut experiment, setting).expect("a valid setting"));
    let path = format!("{}/../public/data/digits.bin", env!("CARGO_MANIFEST_DIR"));
    let data = BTreeMap::from([("digits.bin", std::fs::read(path).expect("a file of this repository"))]);
    let (mut session, _) =
        Session::start(&Engine::cpu(""), experiment.clone(), &data, None).expect("it can run");
    let mut events = Vec::new();
    while !matches!(events.last(), Some(Event::Finished)) {
        events.extend(pollster::block_on(session.advance(7)).expect("the CPU works"));
    }
    (experiment, events)
}

/// Losses and metrics, to the bit.
fn trained(events: &[Event]) -> Vec<u32> {
    let numbers = |event: &Event| -> Vec<f32> {
        match event {
            Event::Progress(progress) => progress.losses.concat(),
            Event::Evaluated { metrics, .. } => {
                metrics.iter().flat_map(|(_, values)| values.clone()).collect()
            }
            _ => Vec::new(),
        }
    };
    // Losses of one variant, then of the other, whatever the number of steps between two reads.
    let of = |variant: usize| {
        events.iter().filter(move |event| match event {
            Event::Progress(progress) => progress.variant == variant,
            Event::Evaluated { variant: other, .. } => *other == variant,
            _ => false,
        })
    };
    (0..2).flat_map(of).flat_map(numbers).map(f32::to_bits).collect()
}

fn reports(events: &[Event]) -> Vec<(usize, u32, &ProbeReport)> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Probed { variant, step, report } if *step > 0 => Some((*variant, *step, report)),
            _ => None,
        })
        .collect()
}

#[test]
fn probes_do_not_change_training() {
    let none = run(&["probes.weights=false", "probes.attention=false"]).1;
    assert!(reports(&none).is_empty());
    let all = run(&EVERYTHING).1;
    assert_eq!(trained(&none), trained(&all));
    assert!(trained(&none).len() > 2 * 2 * 30);
}

#[test]
fn everything_that_is_asked_for_is_measured_for_every_replica_block_and_head() {
    let (experiment, events) = run(&EVERYTHING);
    let reports = reports(&events);
    assert_eq!(
        reports.iter().map(|(v, s, _)| (*v, *s)).collect::<Vec<_>>(),
        [(0, 10), (1, 10), (0, 20), (1, 20), (0, 30), (1, 30)]
    );
    let mut tiny = experiment.clone();
    let model = samples::transformer(&mut tiny);
    let (replicas, blocks, heads) =
        (experiment.seeds.count as usize, model.depth as usize, model.heads as usize);
    // The embedding, six matrices a block, the classifier.
    let weights = 2 + 6 * blocks;
    for (variant, _, report) in reports {
        let count =
            |quantity| report.spectra.iter().filter(|one| one.quantity == quantity).count() / replicas;
        use Quantity::*;
        for (quantity, expected) in [
            (Weight, weights),
            (Update, weights),
            (Embedded, 1),
            (Tokens, blocks),
            (Scores, heads * blocks),
            (Attention, heads * blocks),
            (Heads, blocks),
            (AttentionOutput, blocks),
            (AfterAttention, blocks),
            (MlpOutput, blocks),
            (AfterMlp, blocks),
            (Jacobian, 1),
            (JacobianWithSkip, 1),
        ] {
            assert_eq!(count(quantity), expected, "{quantity:?}");
        }
        assert!(report.milliseconds > 0.0);
        for one in &report.spectra {
            let expected = match one.quantity {
                Weight | Update | Jacobian | JacobianWithSkip => 1,
                _ => 16,
            };
            assert_eq!(one.samples, expected, "{one:?}");
            assert!(one.frobenius_norm.is_finite() && one.frobenius_norm > 0.0, "{one:?}");
            assert!(one.singular_values.is_sorted_by(|a, b| a >= b), "{one:?}");
            let bounded = one.quantity == Attention && variant == 0;
            assert!(!bounded || one.frobenius_norm <= 4.0 + 1e-4, "softmax: at most √16");
        }
    }
}

#[test]
fn an_update_is_what_the_last_step_that_moved_changed() {
    let (_, events) =
        run(&["probes.every=1", "probes.updates=true", "training.steps=6", "training.warmup=5"]);
    let of = |step: u32, quantity: Quantity, name: &str| -> Spectrum {
        let (_, _, report) = reports(&events).into_iter().find(|(v, s, _)| (*v, *s) == (0, step)).unwrap();
        report.spectra.iter().find(|one| one.quantity == quantity && one.name == name).unwrap().clone()
    };
    // Adam's first step moves every number by the learning rate, 2e-3 / 5 here, if it has a gradient. The head, 16 × 10,
    // has one; while it is zero, nothing below it has.
    let first = of(1, Quantity::Update, "head.weight").frobenius_norm;
    assert!((first / (4e-4 * 160f64.sqrt()) - 1.0).abs() < 0.05, "{first}");
    // There is decay only: 1e-2 of the learning rate.
    let query = "blocks.0.attention.query.weight";
    let (update, weight) = (of(1, Quantity::Update, query), of(1, Quantity::Weight, query));
    let share = update.frobenius_norm / weight.frobenius_norm;
    assert!((share / 4e-6 - 1.0).abs() < 0.05, "{share}");
    // The last learning rate is 0: the step before is the last that moved.
    assert_eq!(of(6, Quantity::Update, "head.weight"), of(5, Quantity::Update, "head.weight"));
}

#[test]
fn a_change_is_how_far_a_matrix_went_and_has_the_rank_that_its_adapter_can_make() {
    let settings = ["probes.every=10", "probes.changes=true", "model.weights=lora", "model.weights.rank=3"];
    let (experiment, events) = run(&settings);
    let last = experiment.training.steps;
    let (_, _, report) = reports(&events).into_iter().find(|(v, s, _)| (*v, *s) == (0, last)).unwrap();
    let changed: Vec<&Spectrum> =
        report.spectra.iter().filter(|one| one.quantity == Quantity::Change && one.replica == 0).collect();
    let adapted = |name: &str| name.ends_with("query.weight") || name.ends_with("value.weight");
    assert!(changed.len() > 2, "queries, values and the head");
    for one in changed {
        // What is frozen has no change; what is trained along has a full one.
        assert!(adapted(&one.name) || one.name == "head.weight", "{}", one.name);
        let most = if adapted(&one.name) { 3 } else { 10 };
        assert_eq!(one.numerical_rank, most, "{}", one.name);
        assert!(one.frobenius_norm > 0.0);
    }
    for event in &events {
        if let Event::Probed { step: 0, report, .. } = event {
            assert!(report.spectra.iter().all(|one| one.quantity != Quantity::Change), "nothing has moved");
        }
    }
}
