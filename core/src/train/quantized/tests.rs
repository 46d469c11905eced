use super::*;
use crate::protocol::Event;
use crate::spec::{Experiment, from_toml};
use crate::train::{Engine, Session};

/// A linear map that fits a small flat target by an adapter, and what rounding made of it.
fn points(weights: &str, quantize: &str) -> Vec<QuantizedTo> {
    let text = format!(
        "version = 2\ntitle = 'x'\ntask = {{ name = 'matrix', size = 32 }}\n\
         model = {{ architecture = 'linear', weights = {weights} }}\n\
         training = {{ steps = 60, batch = 32, warmup = 0, learning_rate = 1e-2, clip = 0.0 }}\n\
         seeds = {{ count = 2 }}\nprobes = {{ changes = true }}\ncompare = {{ metric = 'loss' }}\n\
         quantize = {quantize}\n[[variant]]\n"
    );
    let experiment: Experiment = from_toml(&text).expect("a good experiment");
    let (mut session, _) =
        Session::start(&Engine::cpu(""), experiment, &Default::default(), None).expect("it can run");
    let mut events = Vec::new();
    while !matches!(events.last(), Some(Event::Finished)) {
        events.extend(pollster::block_on(session.advance(30)).expect("the CPU works"));
    }
    let found = events.into_iter().find_map(|event| match event {
        Event::Quantized { variant: 0, points } => Some(points),
        _ => None,
    });
    found.expect("it was asked for")
}

#[test]
fn factors_are_rounded_bytes_are_counted_and_the_first_point_is_the_variant_as_it_is() {
    let points = points("{ name = 'lora', on = 'map', along = '', rank = 4 }", "{ bits = [1, 2, 4, 8] }");
    assert_eq!(points.iter().map(|point| point.bits).collect::<Vec<_>>(), [32, 1, 2, 4, 8]);
    // Two factors of 128 numbers, each with a codebook.
    let bytes = |bits: u64| (2 * (128 * bits + (32 << bits))).div_ceil(8);
    assert_eq!(points[0].bytes, 4 * 256);
    for (point, bits) in points[1..].iter().zip([1, 2, 4, 8]) {
        assert_eq!(point.bytes, bytes(bits), "{bits} bits");
    }
    let losses: Vec<f32> = points.iter().map(|point| point.metrics[1].1[0]).collect();
    assert!(
        (losses[4] / losses[0] - 1.0).abs() < 1e-3,
        "256 values for 128 numbers lose nothing: {losses:?}"
    );
    for seed in 0..2 {
        let errors: Vec<f64> = points.iter().map(|point| point.changes[0].error[seed]).collect();
        assert!(errors[0] == 0.0 && errors[1..].windows(2).all(|pair| pair[0] > pair[1]), "{errors:?}");
        for point in &points {
            let change = &point.changes[0];
            let [low, high] = [change.band[0][seed], change.band[1][seed]];
            assert_eq!(change.name, "map.weight");
            assert!(low <= change.stable_rank[seed] * 1.0001 && change.stable_rank[seed] <= high * 1.0001);
        }
    }
}

#[test]
fn without_an_adapter_the_weights_themselves_are_rounded() {
    let points = points("'plain'", "{ bits = [2], grid = 'uniform', group = 'row' }");
    assert_eq!(points[0].bytes, 4 * 32 * 32);
    assert_eq!(points[1].bytes, (32 * (32 * 2 + 64)) / 8);
    assert!(points[1].metrics[1].1[0] > points[0].metrics[1].1[0]);
}

/// Two ranks, and a claim about what rounding leaves of them.
fn claimed(of: &str) -> Experiment {
    let text = format!(
        "version = 2\ntitle = 'x'\ntask = {{ name = 'matrix', size = 16 }}\n\
         model = {{ architecture = 'linear', weights = {{ name = 'lora', on = 'map', along = '', rank = 1 }} }}\n\
         training = {{ steps = 40, batch = 16, warmup = 0, learning_rate = 3e-2, clip = 0.0 }}\n\
         seeds = {{ count = 3 }}\nprobes = {{ changes = true }}\ncompare = {{ metric = 'relative-error' }}\n\
         quantize = {{ bits = [1, 3], grid = 'uniform' }}\n\
         [[variant]]\n[[variant]]\nset.\"model.weights.rank\" = 2\n[[variant]]\nset.\"model.weights.rank\" = 8\n\
         [[claim]]\nvariant = 2\nof = {of}\nsays = 'lower'\nwhose = 'lab'\ntext = 'It is.'\n"
    );
    from_toml(&text).expect("a good experiment")
}

#[test]
fn claims_are_judged_by_what_rounding_left_of_every_seed() {
    // At one and three bits, rank 1 takes 20 and 28 bytes, rank 2 takes 24 and 40, rank 8 from 48 on.
    for (of, bits) in [
        ("{ metric = 'relative-error', bits = 3, against_bits = 32 }", 3),
        ("{ number = 'stable_rank', matrix = 'change', place = 'map.weight', step = 'last', bits = 1 }", 1),
        ("{ metric = 'relative-error', bytes = [24, 28] }", 0),
    ] {
        let (mut session, _) =
            Session::start(&Engine::cpu(""), claimed(of), &Default::default(), None).expect("it can run");
        let (mut points, mut judged) = (Vec::new(), None);
        while judged.is_none() {
            for event in pollster::block_on(session.advance(40)).expect("the CPU works") {
                match event {
                    Event::Quantized { points: of, .. } => points.push(of),
                    Event::Judged { claims, measured } => judged = Some((claims, measured)),
                    _ => {}
                }
            }
        }
        let (claims, measured) = judged.expect("it was judged");
        assert_eq!((claims.len(), measured.len(), points.len()), (1, 1, 3), "{of}");
        for (outcomes, points) in measured[0].outcomes.iter().zip(&points) {
            assert_eq!(outcomes.len(), 3);
            let point = points.iter().find(|point| point.bits == bits);
            for (seed, outcome) in outcomes.iter().enumerate() {
                let wanted = match (point, of.contains("stable_rank")) {
                    (Some(point), true) => point.changes[0].stable_rank[seed],
                    (Some(point), false) => f64::from(point.metrics[0].1[seed]),
                    // A mean lies between what it is a mean of; of rank 8 there are no so few bytes.
                    (None, _) if points[1].bytes > 24 => {
                        assert_eq!(*outcome, None);
                        continue;
                    }
                    (None, _) => {
                        let at = |index: usize| f64::from(points[index].metrics[0].1[seed]);
                        let found = outcome.expect("a mean");
                        assert!((found - at(1)) * (found - at(2)) <= 0.0, "{found}");
                        continue;
                    }
                };
                assert_eq!(*outcome, Some(wanted), "{of}");
            }
        }
        assert!(claims[0].judged.pairs.len() == 3 && claims[0].judged.p.is_finite(), "{:?}", claims[0]);
    }
}

#[test]
fn a_mean_over_bytes_that_a_variant_does_not_have_is_refused_before_the_first_step() {
    let experiment = claimed("{ metric = 'relative-error', bytes = [20, 30] }");
    let started = Session::start(&Engine::cpu(""), experiment, &Default::default(), None);
    let problems = started.err().expect("nothing takes 20 bytes");
    assert!(
        problems[0].contains("a mean over 20 to 30 bytes; rounded, LoRA (rank 2) weights takes"),
        "{problems:?}"
    );
}
