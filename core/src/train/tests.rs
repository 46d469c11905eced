//! Runs of a small coordinate network: what the optimizer, the weights and the curvature do inside a session.

use std::collections::BTreeMap;
use std::rc::Rc;

use burn::tensor::{Device, Tensor, TensorData};
use nalgebra::{DMatrix, SymmetricEigen};

use super::curvature::curvatures;
use super::origins::Origins;
use super::run::Run;
use super::{Engine, Session};
use crate::interface::{Input, Targets};
use crate::protocol::{DeviceChoice, Event};
use crate::spec::{Experiment, Metric, set_path};
use crate::tasks::picture::Picture;
use crate::tasks::{Dataset, HeldOut, Source, TaskLoader};

fn experiment(settings: &[&str]) -> Experiment {
    let mut experiment = Experiment::new("A picture", Picture {});
    experiment.compare.metric = Metric::Psnr;
    let base = [
        "model.architecture=coordinate",
        "model.initialization=pytorch",
        "model.depth=2",
        "model.width=8",
        "training.steps=20",
        "training.batch=32",
        "training.learning_rate=0.05",
        "training.warmup=0",
        "seeds.count=2",
    ];
    for setting in base.iter().chain(settings) {
        set_path(&mut experiment, setting).unwrap_or_else(|problem| panic!("{setting}: {problem:?}"));
    }
    experiment
}

/// A run that starts from no other.
fn run_of(values: &[Experiment], data: Rc<dyn Dataset>) -> Result<Run, String> {
    Run::new(values, data, &Origins::new(&values[0]), None, &Device::flex())
}

fn start(engine: &Engine, experiment: &Experiment, resume: Option<&[u8]>) -> Session {
    Session::start(engine, experiment.clone(), &BTreeMap::new(), resume).expect("a valid start").0
}

fn losses(session: &mut Session, steps: u32) -> Vec<Vec<f32>> {
    let mut all = Vec::new();
    while session.step() < steps {
        for event in pollster::block_on(session.advance(steps - session.step())).expect("the device works") {
            if let Event::Progress(progress) = event {
                all.extend(progress.losses);
            }
        }
    }
    all
}

const WEIGHTS: [&[&str]; 7] = [
    &["model.weights=plain"],
    &["model.weights=equilibrated"],
    &["model.weights=equilibrated", "model.weights.axis=both", "model.weights.scale=initial"],
    &["model.weights=equilibrated", "model.weights.when=start"],
    &["model.weights=normalized"],
    &["model.weights=standardized"],
    &["model.weights=spectral-norm"],
];

/// Each way to make weights, with the optimizers in turn, and rows that start uneven.
fn everything() -> impl Iterator<Item = Experiment> {
    WEIGHTS.into_iter().enumerate().map(|(index, weights)| {
        let optimizer = if index % 2 == 0 { "training.optimizer=sgd" } else { "training.optimizer=adamw" };
        experiment(&[weights, &[optimizer, "model.row_spread=0.5"]].concat())
    })
}

#[test]
fn every_kind_of_weights_resumes_bit_for_bit_and_lowers_the_loss() {
    let engine = Engine::cpu("");
    for experiment in everything() {
        let whole = losses(&mut start(&engine, &experiment, None), 20);
        let mut first = start(&engine, &experiment, None);
        losses(&mut first, 9);
        let saved = pollster::block_on(first.checkpoint()).unwrap();
        let rest = losses(&mut start(&engine, &experiment, Some(&saved)), 20);
        assert_eq!(rest, whole[9..], "{:?}", experiment.model.outline().weights);
        let mean = |part: &[Vec<f32>]| part.iter().flatten().sum::<f32>() / part.len() as f32;
        assert!(
            mean(&whole[15..]) < mean(&whole[..5]),
            "{:?}: {whole:?}",
            experiment.model.outline().weights
        );
    }
}

#[test]
fn wgpu_and_the_cpu_engine_train_coordinate_networks_alike() {
    let gpu = Engine::open(DeviceChoice::Gpu).expect("a wgpu adapter; without a GPU install Mesa's lavapipe");
    for settings in [
        ["model.architecture.frequencies=4", "model.weights=equilibrated", "training.optimizer=sgd"],
        ["model.architecture.activation=gaussian", "model.weights=spectral-norm", "model.row_spread=0.3"],
        ["model.architecture.activation=sine", "model.weights=normalized", "training.batch=2304"],
        ["model.architecture.norm=batch", "model.weights=equilibrated", "training.optimizer=sgd"],
        ["model.architecture.norm=layer", "model.weights=standardized", "model.architecture.frequencies=2"],
        ["model.weights=dora", "model.weights.on=layers.1", "model.weights.along=layers"],
        ["model.weights=randlora", "model.weights.on=layers.1", "model.weights.along=layers"],
        ["model.weights=sine-lora", "model.weights.on=layers.1", "model.weights.along=layers"],
    ] {
        let experiment = experiment(&settings);
        let [a, b] = [&gpu, &Engine::cpu("")].map(|engine| losses(&mut start(engine, &experiment, None), 10));
        for (step, (a, b)) in a.iter().flatten().zip(b.iter().flatten()).enumerate() {
            assert!((a - b).abs() < 0.01 * b.abs(), "{settings:?}, {step}: {a} is not {b}");
        }
    }
}

#[test]
fn a_run_reports_the_signal_to_noise_ratio_of_its_loss() {
    let experiment = experiment(&["training.steps=5"]);
    let mut session = start(&Engine::cpu(""), &experiment, None);
    let events = pollster::block_on(session.advance(5)).unwrap();
    let metrics = events.iter().find_map(|event| match event {
        Event::Evaluated { metrics, .. } => Some(metrics),
        _ => None,
    });
    let [(Metric::Psnr, ratios), (Metric::Loss, losses)] = &metrics.expect("an evaluation")[..] else {
        panic!("PSNR and loss")
    };
    assert_eq!(ratios.len(), 2);
    for (ratio, loss) in ratios.iter().zip(losses) {
        assert!((ratio + 10.0 * loss.log10()).abs() < 1e-4, "{ratio} {loss}");
    }
}

/// A network so small that its whole Hessian can be found: 2 → 4 → 1 with Gaussians, 17 numbers.
fn tiny(weights: &str, seeds: u32) -> Run {
    let experiment = experiment(&[
        "model.depth=1",
        "model.width=4",
        "model.architecture.activation=gaussian",
        "training.batch=24",
        &format!("model.weights={weights}"),
        &format!("seeds.count={seeds}"),
    ]);
    run_of(&[experiment], picture()).expect("it names no part")
}

/// The loss of one replica of [`tiny`] in f64, by loops over the layout `[2, 4] [4] [4, 1] [1]`.
fn reference_loss(p: &[f64], places: &[f32], values: &[f32], equilibrated: bool) -> f64 {
    let norm =
        |column: &[f64]| if equilibrated { column.iter().map(|x| x * x).sum::<f64>().sqrt() } else { 1.0 };
    let (w, b, v, c) = (&p[..8], &p[8..12], &p[12..16], p[16]);
    let error = |(place, value): (&[f32], &f32)| {
        let hidden = |o: usize| {
            let scale = norm(&[w[o], w[4 + o]]);
            let y = (f64::from(place[0]) * w[o] + f64::from(place[1]) * w[4 + o]) / scale + b[o];
            (-y * y / (2.0 * 0.2 * 0.2)).exp()
        };
        let y = (0..4).map(|o| hidden(o) * v[o]).sum::<f64>() / norm(v) + c;
        (y - f64::from(*value)).powi(2)
    };
    places.chunks_exact(2).zip(values).map(error).sum::<f64>() / values.len() as f64
}

#[test]
fn the_curvature_equals_that_of_the_whole_hessian() {
    for (weights, equilibrated) in [("plain", false), ("equilibrated", true)] {
        let run = tiny(weights, 2);
        let found = pollster::block_on(curvatures(&run)).unwrap();
        assert_eq!(found.len(), 2);
        let batch = run.probe_batch();
        let (Input::Places(places), Targets::Values(values)) = (batch.input, batch.targets) else {
            panic!("a picture has places and values")
        };
        let read = |tensor: Tensor<3>| tensor.into_data().iter::<f32>().collect::<Vec<f32>>();
        let (places, values) = (read(places), read(values));
        let flat: Vec<f32> = run.state().parameters.clone().into_data().iter::<f32>().collect();
        for (replica, found) in found.iter().enumerate() {
            let row = &flat[replica * run.layout.width()..][..run.layout.width()];
            let at: Vec<f64> = run
                .layout
                .parameters()
                .iter()
                .flat_map(|p| &row[p.offset..][..p.rows * p.columns])
                .map(|&x| f64::from(x))
                .collect();
            let (places, values) = (&places[replica * 48..][..48], &values[replica * 24..][..24]);
            let step = 1e-4;
            let second = |i: usize, j: usize| {
                let shifted = |a: f64, b: f64| {
                    let mut p = at.clone();
                    p[i] += a;
                    p[j] += b;
                    reference_loss(&p, places, values, equilibrated)
                };
                (shifted(step, step) - shifted(step, -step) - shifted(-step, step) + shifted(-step, -step))
                    / (4.0 * step * step)
            };
            let wanted = SymmetricEigen::new(DMatrix::from_fn(17, 17, second)).eigenvalues;
            let close = |got: f64, want: f64| (got - want).abs() < 0.01 * wanted.amax();
            assert!(close(found.largest, wanted.max()), "{weights}: {found:?}, not {}", wanted.max());
            assert!(close(found.smallest, wanted.min()), "{weights}: {found:?}, not {}", wanted.min());
            assert_eq!((found.replica, found.steps), (replica, 16));
        }
    }
}

#[test]
fn a_replica_that_diverged_has_no_curvature_and_the_others_have_theirs() {
    let mut run = tiny("plain", 2);
    let whole = pollster::block_on(curvatures(&run)).unwrap();
    let mut flat: Vec<f32> = run.state().parameters.clone().into_data().iter::<f32>().collect();
    flat[0] = f32::NAN;
    let shape = [2, run.layout.width()];
    let data = |values: Vec<f32>| TensorData::new(values, shape);
    let zeros = vec![0.0; flat.len()];
    run.restore(data(flat), data(zeros.clone()), data(zeros));
    let found = pollster::block_on(curvatures(&run)).unwrap();
    assert_eq!(found, whole[1..]);
}

/// The run of these values of a field, alike in all else, after ten steps: `[R, P]`.
fn after_ten_steps(values: &[Experiment]) -> Vec<f32> {
    let source = Source {
        bytes: &[],
        patches: &|| None,
        held_out: HeldOut::Validation,
        seeds: &[0],
        device: &Device::flex(),
    };
    let task: Rc<dyn Dataset> = values[0].task.engine().load(source).unwrap().into();
    let mut run = run_of(values, task).expect("it names no part");
    (1..=10).for_each(|step| run.step(step).expect("the device works"));
    run.state().parameters.clone().into_data().iter::<f32>().collect()
}

#[test]
fn seeds_times_values_train_like_the_values_one_by_one() {
    for optimizer in ["adamw", "sgd"] {
        let optimizer = format!("training.optimizer={optimizer}");
        let at = |rate: &str, decay: &str| experiment(&[&optimizer, rate, decay, "training.steps=10"]);
        let values = [
            at("training.learning_rate=0.01", "training.weight_decay=0.1"),
            at("training.learning_rate=0.05", "training.weight_decay=0.0"),
            at("training.learning_rate=0.2", "training.weight_decay=0.5"),
        ];
        assert!(values.iter().all(|value| super::run::train_as_one(&values[0], value)));
        let together = after_ten_steps(&values);
        let alone: Vec<f32> =
            values.iter().flat_map(|value| after_ten_steps(std::slice::from_ref(value))).collect();
        assert_eq!(together.len(), alone.len());
        for (a, b) in together.iter().zip(&alone) {
            assert!((a - b).abs() <= 1e-4 * b.abs().max(1e-3), "{optimizer}: {a} {b}");
        }
        let third = alone.len() / 3;
        assert_ne!(alone[..third], alone[third..2 * third], "the values differ");
    }
}

#[test]
fn a_part_that_learns_at_zero_stays_and_the_rest_moves() {
    let before = experiment(&["training.steps=10", "training.learning_rate=1e-6"]);
    let (first, frozen) =
        (after_ten_steps(&[before]), experiment(&["training.steps=10", "training.parts=layers.0 0"]));
    let after = after_ten_steps(std::slice::from_ref(&frozen));
    let model = run_of(&[frozen], picture()).expect("it has this part");
    for parameter in model.layout.parameters() {
        let of = |all: &[f32]| all[parameter.offset..][..parameter.rows * parameter.columns].to_vec();
        let moved = of(&first).iter().zip(of(&after)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert_eq!(moved < 1e-4, parameter.name.starts_with("layers.0."), "{}: {moved}", parameter.name);
    }
    let unknown = experiment(&["training.parts=layer.0 2"]);
    let said = run_of(&[unknown], picture()).err().expect("there is no such part");
    assert!(said.contains("training.parts names \"layer.0\"") && said.contains("It has "), "{said}");
}

fn picture() -> Rc<dyn Dataset> {
    let source = Source {
        bytes: &[],
        patches: &|| None,
        held_out: HeldOut::Test,
        seeds: &[0],
        device: &Device::flex(),
    };
    Picture {}.load(source).unwrap().into()
}

#[test]
fn numbers_of_techniques_are_data_too_and_train_like_the_values_one_by_one() {
    let ten_steps = |settings: &[&str], field: &str, value: &str| {
        let path = format!("{}/experiments/tiny.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("an experiment of this repository");
        let mut experiment = crate::spec::from_toml(&text).expect("a valid one");
        experiment.variants.truncate(1);
        experiment.task =
            crate::tasks::gratings::Gratings { patch: 4, examples: 10, ..Default::default() }.into();
        // Adam would make steps of one size from gradients that are rounding alone.
        let descent = ["training.optimizer=sgd", "training.learning_rate=0.1"];
        let value = format!("{field}={value}");
        for setting in settings.iter().copied().chain(descent).chain([value.as_str()]) {
            set_path(&mut experiment, setting).unwrap_or_else(|problem| panic!("{setting}: {problem:?}"));
        }
        experiment
    };
    for (settings, field, values) in [
        (
            &["model.attention.activation=polynomial"][..],
            "model.attention.activation.scale",
            ["0", "0.02", "0.5"],
        ),
        (&["model.tokens=conditioned"], "model.tokens.strength", ["0", "0.02", "0.5"]),
        (&["model.weights=spectral"], "model.weights.shift", ["0.01", "0.1", "0.5"]),
    ] {
        let values: Vec<_> = values.iter().map(|value| ten_steps(settings, field, value)).collect();
        assert!(values.iter().all(|value| super::run::train_as_one(&values[0], value)), "{field}");
        let together = after_ten_steps(&values);
        let alone: Vec<f32> =
            values.iter().flat_map(|value| after_ten_steps(std::slice::from_ref(value))).collect();
        for (a, b) in together.iter().zip(&alone) {
            assert!((a - b).abs() <= 1e-4 * b.abs().max(1e-2), "{field}: {a} {b}");
        }
        let third = alone.len() / 3;
        assert_ne!(alone[..third], alone[third..2 * third], "{field}: the values differ");
    }
}

/// A small transformer that copies two symbols.
fn copying(steps: u32) -> Experiment {
    let mut experiment = Experiment::new("Copies", crate::tasks::procedural::Procedural::default());
    let settings = [
        "task.symbols=4",
        "task.sequence_length=2",
        "task.test=128",
        "model.depth=1",
        "model.width=16",
        "model.heads=2",
        "training.batch=32",
        "training.learning_rate=0.02",
        "training.warmup=0",
        "seeds.count=2",
    ];
    for setting in settings.map(str::to_owned).into_iter().chain([format!("training.steps={steps}")]) {
        set_path(&mut experiment, &setting).unwrap_or_else(|problem| panic!("{setting}: {problem:?}"));
    }
    experiment
}

/// The metrics of the last evaluation.
fn last_metrics(engine: &Engine, experiment: &Experiment) -> Vec<(Metric, Vec<f32>)> {
    let mut session = start(engine, experiment, None);
    let (steps, mut last) = (experiment.training.steps, Vec::new());
    while session.step() < steps {
        for event in pollster::block_on(session.advance(steps - session.step())).expect("the device works") {
            if let Event::Evaluated { metrics, .. } = event {
                last = metrics;
            }
        }
    }
    last
}

#[test]
fn a_transformer_learns_a_rule_from_what_is_asked_and_is_tested_by_symbols_and_by_sequences() {
    let metrics = last_metrics(&Engine::cpu(""), &copying(150));
    let [(Metric::Accuracy, accuracy), (Metric::ExactMatch, exact), (Metric::Loss, loss)] = &metrics[..]
    else {
        panic!("accuracy, exact match and loss")
    };
    for replica in 0..2 {
        // All sequences that are right have all symbols right; of two symbols of a wrong one at most one is.
        let (accuracy, exact) = (accuracy[replica], exact[replica]);
        assert!(exact <= accuracy && accuracy <= (1.0 + exact) / 2.0 + 1e-6);
        assert!(accuracy > 0.9, "guessing reaches one third: {accuracy}, {loss:?}");
    }
}

#[test]
fn what_is_asked_of_sequences_is_the_same_on_the_gpu() {
    let gpu = Engine::open(DeviceChoice::Gpu).expect("a wgpu adapter; without a GPU install Mesa's lavapipe");
    let [a, b] = [&gpu, &Engine::cpu("")].map(|engine| last_metrics(engine, &copying(6)));
    assert_eq!(a.len(), 3);
    for ((metric, a), (_, b)) in a.iter().zip(&b) {
        // Two of 128 sequences of two symbols may stand on the edge.
        let tolerance = if *metric == Metric::Loss { 0.01 } else { 0.016 };
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < tolerance), "{}: {a:?} {b:?}", metric.name());
    }
}
