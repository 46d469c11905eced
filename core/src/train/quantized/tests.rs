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
