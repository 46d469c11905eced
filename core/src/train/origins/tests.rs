use std::collections::BTreeMap;

use burn::tensor::Device;

use super::*;
use crate::protocol::Event;
use crate::spec::{from_toml, set_path};
use crate::tasks::HeldOut;
use crate::train::data::Loader;
use crate::train::measure::evaluate;
use crate::train::run::Run;
use crate::train::{Engine, Session};

const SOURCE: &str = "source.1.set=training.batch=6 training.steps=6";

/// Where other symbols are read.
const LISTS: &str = "source.1.set=task=procedural training.steps=6";

/// Digits, by a small transformer, with these settings and these patches.
fn experiment(settings: &[&str], variants: &[&[(&str, &str)]]) -> Experiment {
    let text = "version = 2\ntitle = 'x'\ntask = 'digits'\n\
        [model]\ndepth = 2\nwidth = 16\nheads = 2\nmlp.width = 32\n\
        [training]\nsteps = 8\nbatch = 8\nwarmup = 2\nevaluate_every = 0\n[seeds]\ncount = 3\n[[variant]]\n";
    let mut experiment = from_toml(text).expect("a valid experiment");
    for setting in settings {
        set_path(&mut experiment, setting).unwrap_or_else(|problem| panic!("{setting}: {problem:?}"));
    }
    let patch = |pairs: &&[(&str, &str)]| crate::spec::Variant {
        set: pairs.iter().map(|(path, value)| ((*path).to_owned(), value_of(value))).collect(),
    };
    // A number or a flag where it reads as one.
    fn value_of(text: &str) -> serde_json::Value {
        serde_json::from_str(text).unwrap_or_else(|_| text.into())
    }
    experiment.variants = variants.iter().map(patch).collect();
    assert_eq!(experiment.check(), Ok(()));
    experiment
}

fn start(experiment: &Experiment, kept: Vec<Kept>, resume: Option<&[u8]>) -> Session {
    let engine = Engine::cpu("");
    Session::start_from(&engine, experiment.clone(), &files(), kept, resume).expect("a valid start").0
}

/// The events until the end, or until so many steps are done in all.
fn run(session: &mut Session, until: u32) -> Vec<Event> {
    let mut events = Vec::new();
    while session.all_steps() < until && !events.contains(&Event::Finished) {
        let steps = (until - session.all_steps()).min(3);
        events.extend(pollster::block_on(session.advance(steps)).expect("the device works"));
        if let Some(Event::Failed { problems }) = events.last() {
            panic!("{problems:?}");
        }
    }
    events
}

fn kept(events: &[Event]) -> Vec<Kept> {
    let bytes = events.iter().filter_map(|event| match event {
        Event::Kept { bytes, .. } => Some(Kept::read(bytes).expect("a whole file")),
        _ => None,
    });
    bytes.collect()
}

fn losses(events: &[Event]) -> Vec<(usize, Vec<Vec<f32>>)> {
    let of = |event: &Event| match event {
        Event::Progress(progress) => Some((progress.variant, progress.losses.clone())),
        _ => None,
    };
    let mut all: Vec<(usize, Vec<Vec<f32>>)> = Vec::new();
    for (variant, losses) in events.iter().filter_map(of) {
        match all.iter_mut().find(|(other, _)| *other == variant) {
            Some((_, before)) => before.extend(losses),
            None => all.push((variant, losses)),
        }
    }
    all
}

/// What the sources of an experiment come to.
fn trained(experiment: &Experiment) -> Origins {
    let mut origins = Origins::new(experiment);
    let all = run(&mut start(experiment, Vec::new(), None), u32::MAX);
    kept(&all).into_iter().for_each(|one| origins.add(one));
    origins
}

fn files() -> BTreeMap<&'static str, Vec<u8>> {
    let path = format!("{}/../public/data/digits.bin", env!("CARGO_MANIFEST_DIR"));
    BTreeMap::from([("digits.bin", std::fs::read(path).expect("a data file of this repository"))])
}

/// A variant before its first step.
fn before(experiment: &Experiment, variant: usize, origins: &Origins) -> Result<Run, String> {
    let device = Device::flex();
    let resolved = experiment.variant(variant).expect("a variant");
    let files = files();
    let data = Loader::new(&files, HeldOut::Test, &device).load(&resolved).expect("generated data");
    Run::new(&[resolved], data, origins, None, &device)
}

/// The matrices of a run, replica by replica.
fn matrices(run: &Run) -> Vec<BTreeMap<String, Vec<f32>>> {
    let numbers: Vec<f32> = run.state().parameters.clone().into_data().iter::<f32>().collect();
    let of = |row: &[f32]| run.layout.all().iter().map(|m| (m.name.clone(), m.gather(row))).collect();
    numbers.chunks_exact(run.layout.width()).map(of).collect()
}

#[test]
fn what_is_taken_is_the_sources_bit_for_bit_and_all_else_the_scratch_variants() {
    let takes = ["attention", "mlp, norms", "blocks.1", "attention, mlp, norms"];
    let mut variants: Vec<Vec<(&str, &str)>> = vec![vec![]];
    variants.extend(takes.iter().map(|take| vec![("source.1.take", *take)]));
    let variants: Vec<&[(&str, &str)]> = variants.iter().map(Vec::as_slice).collect();
    let experiment = experiment(&[SOURCE], &variants);
    let origins = trained(&experiment);
    let scratch = matrices(&before(&experiment, 0, &origins).unwrap());
    for (index, take) in takes.iter().enumerate() {
        let resolved = experiment.variant(index + 1).unwrap();
        let needed = origins.needed(&resolved).unwrap();
        let found = matrices(&before(&experiment, index + 1, &origins).unwrap());
        let (mut taken, mut left) = (0, 0);
        for (replica, (found, scratch)) in found.iter().zip(&scratch).enumerate() {
            let source = &origins.kept[&needed[0].name(replica as u64)];
            for (name, values) in found {
                if needed[0].source.takes(name) {
                    assert_eq!(values, source.tensor(name).expect("it was trained").1, "{take}: {name}");
                    taken += 1;
                } else {
                    assert_eq!(values, &scratch[name], "{take}: {name}");
                    left += 1;
                }
            }
        }
        assert!(taken > 0 && left > 0, "{take}");
    }
}

#[test]
fn composing_a_network_with_itself_is_that_network() {
    let parts = |first, second| [("source.1.take", first), ("source.2.take", second)];
    let variants =
        [parts("attention, mlp", ""), parts("attention", "mlp"), parts("attention, mlp", "attention")];
    let variants: Vec<&[(&str, &str)]> = variants.iter().map(|one| &one[..]).collect();
    let experiment = experiment(&[SOURCE, "source.2.set=training.batch=6 training.steps=6"], &variants);
    let origins = trained(&experiment);
    assert_eq!(origins.kept.len(), 3, "both are the same training");
    let [a, b, c] = [0, 1, 2].map(|index| matrices(&before(&experiment, index, &origins).unwrap()));
    assert_eq!(a, b);
    assert_eq!(a, c);
}

#[test]
fn all_of_a_source_at_no_further_step_has_its_test_loss() {
    let experiment = experiment(&["source.1.set=training.steps=7", "source.1.take=all"], &[&[]]);
    let origins = trained(&experiment);
    let resolved = experiment.variant(0).unwrap();
    let found = pollster::block_on(evaluate(&before(&experiment, 0, &origins).unwrap())).unwrap();
    for (replica, name) in (0..3).map(|seed| origins.needed(&resolved).unwrap()[0].name(seed)).enumerate() {
        let provenance = &origins.kept[&name].provenance;
        let metrics: Vec<_> = found.iter().map(|(metric, values)| (*metric, values[replica])).collect();
        assert_eq!(provenance.metrics, metrics);
        let was = from_toml(&provenance.experiment).expect("what was trained");
        assert_eq!((was.training.steps, was.seeds.first, was.seeds.count), (7, replica as u32, 1));
    }
}

#[test]
fn forms_keep_what_they_say() {
    let form = |form| [("source.1.form", form), ("source.1.take", "attention, mlp")];
    let variants = ["exact", "shuffled", "statistics"].map(form);
    let variants: Vec<&[(&str, &str)]> = variants.iter().map(|one| &one[..]).collect();
    let experiment = experiment(&[SOURCE], &variants);
    let origins = trained(&experiment);
    let [exact, shuffled, drawn] =
        [0, 1, 2].map(|index| matrices(&before(&experiment, index, &origins).unwrap()));
    let moments = |values: &[f32]| {
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        (mean, (values.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / values.len() as f32).sqrt())
    };
    for (replica, exact) in exact.iter().enumerate() {
        for (name, values) in exact.iter().filter(|(name, _)| name.ends_with("up.weight")) {
            let sorted = |values: &[f32]| {
                let mut sorted = values.to_vec();
                sorted.sort_by(f32::total_cmp);
                sorted
            };
            let permuted = &shuffled[replica][name];
            assert!(permuted != values && sorted(permuted) == sorted(values), "{name}");
            let ((mean, deviation), (other, others)) = (moments(values), moments(&drawn[replica][name]));
            // 512 numbers: five standard errors.
            assert!((mean - other).abs() < 5.0 * deviation / 512f32.sqrt(), "{name}: {mean} {other}");
            assert!((deviation / others - 1.0).abs() < 5.0 / 1024f32.sqrt(), "{name}: {deviation} {others}");
            assert_ne!(values, &drawn[replica][name]);
        }
    }
}

#[test]
fn other_symbols_start_from_the_mean_or_are_refused_by_name() {
    let mean = [("source.1.take", "all"), ("source.1.embeddings", "mean")];
    let exact = [("source.1.take", "all")];
    let experiment = experiment(&["task=haystack", LISTS], &[&mean, &exact]);
    let only_mean = Experiment { variants: experiment.variants[..1].to_vec(), ..experiment.clone() };
    let origins = trained(&only_mean);
    let found = matrices(&before(&experiment, 0, &origins).unwrap());
    let name = origins.needed(&experiment.variant(0).unwrap()).unwrap()[0].name(0);
    let (shape, table) = origins.kept[&name].tensor(TOKENS).unwrap();
    let mean: Vec<f32> = (0..16)
        .map(|at| table.chunks_exact(16).map(|row| f64::from(row[at])).sum::<f64>() / shape[0] as f64)
        .map(|mean| mean as f32)
        .collect();
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-7);
    assert!(found[0][TOKENS].chunks_exact(16).all(|row| close(row, &mean)));
    let head = &found[0][HEAD];
    assert!((0..16).all(|row| head[row * 128..][..128].iter().all(|x| (x - mean[row]).abs() < 1e-7)));

    let Err(refused) = before(&experiment, 1, &origins) else { panic!("other symbols fit no table") };
    assert!(
        refused.contains("source.1 takes embedding.") && refused.contains("embeddings = \"mean\""),
        "{refused}"
    );
    let mut absent = only_mean.clone();
    absent.source.first.take = "blocks.7".to_owned();
    absent.variants = vec![crate::spec::Variant::default()];
    let Err(refused) = before(&absent, 0, &origins) else { panic!("there is no such part") };
    assert!(
        refused.starts_with("source.1.take names \"blocks.7\", which this network does not have."),
        "{refused}"
    );
}

#[test]
fn a_source_is_trained_once_for_all_variants_and_not_again_where_it_is_kept() {
    let variants: [&[(&str, &str)]; 3] =
        [&[], &[("source.1.take", "attention")], &[("source.1.take", "mlp")]];
    let mut both = experiment(&[SOURCE], &variants);
    // A recipe of its own asks for no source of its own.
    both.variants[2].set.insert("training.learning_rate".to_owned(), 5e-3.into());
    let whole = run(&mut start(&both, Vec::new(), None), u32::MAX);
    let told: Vec<_> = whole
        .iter()
        .filter_map(|event| match event {
            Event::Preparing(source) => Some((source.sources, source.losses.len())),
            _ => None,
        })
        .collect();
    assert!(told.iter().all(|(sources, _)| *sources == 1), "one source: {told:?}");
    assert_eq!(told.iter().map(|(_, steps)| steps).sum::<usize>(), 6, "its steps, once");
    let all = kept(&whole);
    let mut names: Vec<_> = all.iter().map(|one| one.name.clone()).collect();
    names.sort();
    assert_eq!((names.len(), names), (3, both.source_names()), "one a seed");

    // A second run trains none of them; a third one has lost the second seed, and trains that one only.
    let again = run(&mut start(&both, all.clone(), None), u32::MAX);
    assert!(!again.iter().any(|event| matches!(event, Event::Preparing(_) | Event::Kept { .. })));
    assert_eq!(losses(&again), losses(&whole));
    let two = vec![all[0].clone(), all[2].clone()];
    let third = run(&mut start(&both, two, None), u32::MAX);
    assert_eq!(kept(&third), vec![all[1].clone()]);
    assert_eq!(losses(&third), losses(&whole));
}

#[test]
fn a_run_that_was_killed_in_a_source_goes_on_to_the_same_numbers() {
    let variants: [&[(&str, &str)]; 2] =
        [&[("source.1.take", "attention")], &[("source.1.take", "attention"), ("source.2.take", "mlp")]];
    let settings = [SOURCE, "source.2.set=training.batch=5 training.steps=5"];
    let tuned = ["tune.values=1e-3,4e-3", "tune.seeds=2"];
    for settings in [&settings[..], &[settings, tuned].concat()] {
        let experiment = experiment(settings, &variants);
        let whole = run(&mut start(&experiment, Vec::new(), None), u32::MAX);
        // In the first source, in the second, and where there is more: in tuning, in the comparison.
        for at in [0, 4, 8, 14, 25] {
            let mut session = start(&experiment, Vec::new(), None);
            let first = run(&mut session, at);
            let checkpoint = pollster::block_on(session.checkpoint()).expect("the device works");
            drop(session);
            for is_kept in [true, false] {
                let found = if is_kept { kept(&first) } else { Vec::new() };
                let rest = run(&mut start(&experiment, found, Some(&checkpoint)), u32::MAX);
                for ((_, all), (_, rest)) in losses(&whole).iter().zip(&losses(&rest)) {
                    assert_eq!(all[all.len() - rest.len()..], rest[..], "{at}");
                }
                let end = |events: &[Event]| {
                    let judged = events.iter().filter(|event| matches!(event, Event::Judged { .. }));
                    judged.cloned().collect::<Vec<_>>()
                };
                assert_eq!(end(&rest), end(&whole), "{at}");
            }
        }
    }
}

/// Digits from a network that has learned them for six steps, with these adapters.
fn adapting(adapters: &[&[(&str, &str)]]) -> Experiment {
    let take = ("source.1.take", "attention, mlp, norms, embeddings");
    let variants: Vec<Vec<(&str, &str)>> =
        adapters.iter().map(|patch| patch.iter().copied().chain([take]).collect()).collect();
    let variants: Vec<&[(&str, &str)]> = variants.iter().map(Vec::as_slice).collect();
    experiment(&["source.1.set=model.weights=plain training.steps=6", "training.weight_decay=0.1"], &variants)
}

const ADAPTERS: [&[(&str, &str)]; 9] = [
    &[("model.weights", "frozen")],
    &[("model.weights", "lora")],
    &[("model.weights", "lora"), ("model.weights.scaling", "root"), ("model.weights.on", "attention, mlp")],
    &[("model.weights", "dora"), ("model.weights.on", "up, down")],
    &[("model.weights", "vera"), ("model.weights.rank", "16")],
    &[("model.weights", "nola")],
    &[("model.weights", "randlora"), ("model.weights.basis", "4"), ("model.weights.on", "query, up, down")],
    &[("model.weights", "sine-lora")],
    &[("model.weights", "sine-lora"), ("model.weights.lengths", "true"), ("model.weights.on", "blocks.1")],
];

#[test]
fn adapters_leave_what_they_are_given_as_it_is_and_train_their_factors_and_the_head() {
    for adapters in ADAPTERS.chunks(5) {
        let experiment = adapting(adapters);
        let origins = trained(&experiment);
        assert_eq!(origins.kept.len(), 3, "one training a seed for all adapters");
        for variant in 0..experiment.variants.len() {
            let name = &experiment.variant_names()[variant];
            let mut run = before(&experiment, variant, &origins).unwrap();
            let first = matrices(&run);
            (1..=8).for_each(|step| run.step(step).expect("the device works"));
            let last = matrices(&run);
            for (first, last) in first.iter().zip(&last) {
                let factors = first.keys().filter(|name| name.contains(".weight.")).count();
                assert_eq!(factors == 0, name.starts_with("frozen"), "{name}");
                for (matrix, values) in first {
                    // What multiplies a factor at zero moves from the second step on.
                    let trained = matrix.contains(".weight.") || matrix.starts_with("head.");
                    assert_eq!(values != &last[matrix], trained, "{name}: {matrix}");
                }
            }
        }
    }
}

#[test]
fn a_run_of_adapters_goes_on_from_its_checkpoint_to_the_same_numbers() {
    for adapters in ADAPTERS.chunks(5) {
        let experiment = adapting(adapters);
        let known = kept(&run(&mut start(&experiment, Vec::new(), None), 6));
        let whole = run(&mut start(&experiment, known.clone(), None), u32::MAX);
        let mut first = start(&experiment, known.clone(), None);
        let mut parts = run(&mut first, 3);
        let saved = pollster::block_on(first.checkpoint()).unwrap();
        parts.extend(run(&mut start(&experiment, known, Some(&saved)), u32::MAX));
        assert_eq!(losses(&parts), losses(&whole));
        assert_eq!(losses(&whole).len(), adapters.len());
    }
}
