//! A run's adapter goes out and comes in again as the same numbers, and goes on from there.

use std::collections::BTreeMap;

use super::*;
use crate::networks::NAMES;
use crate::protocol::Event;
use crate::spec::set_path;
use crate::stats::Metric;
use crate::tensors::Tensors;
use crate::train::Session;

/// One variant of two seeds.
fn adapted(settings: &[&str]) -> Experiment {
    let mut experiment = crate::catalog::find("tiny").unwrap().experiment().clone();
    experiment.variants.truncate(1);
    experiment.claims.clear();
    let base = ["seeds.count=2", "training.steps=6", "training.warmup=0", "training.learning_rate=0.05"];
    for setting in base.iter().chain(settings) {
        set_path(&mut experiment, setting).unwrap_or_else(|problem| panic!("{setting}: {problem:?}"));
    }
    experiment
}

fn kinds() -> Vec<Experiment> {
    vec![
        adapted(&["model.weights=lora", "model.weights.rank=3"]),
        adapted(&["model.weights=dora", "model.weights.rank=3", "model.weights.on=query, up, down"]),
        adapted(&["model.weights=vera", "model.weights.rank=5"]),
        adapted(&["model.weights=randlora", "model.weights.basis=4", "model.weights.on=up, down"]),
    ]
}

fn start(experiment: &Experiment, given: Vec<Given>, resume: Option<&[u8]>) -> Result<Session, Vec<String>> {
    let engine = Engine::cpu("");
    let starts = (Vec::new(), given);
    Session::start_given(&engine, experiment.clone(), &digits(), starts, resume).map(|(session, _)| session)
}

fn finished(mut session: Session) -> Session {
    while !pollster::block_on(session.advance(60)).unwrap().iter().any(Event::is_end) {}
    session
}

fn metrics(session: &Session) -> Vec<(Metric, Vec<f32>)> {
    pollster::block_on(session.evaluate(0)).unwrap().expect("the comparison")
}

fn saved(session: &Session) -> Vec<u8> {
    pollster::block_on(session.checkpoint()).unwrap()
}

fn of(seed: u64, names: &'static LayerNames) -> Chosen {
    Chosen { variant: 0, seed, names }
}

fn given(exported: &Exported, names: &'static LayerNames) -> Given {
    Given { variant: 0, folder: Rc::new(exported.folder.clone()), names }
}

/// All tensors of a file.
fn all(bytes: &[u8]) -> BTreeMap<String, Vec<f32>> {
    let mut file = Tensors::read(bytes, "The file", peft::LIMITS).unwrap();
    let entries: Vec<_> =
        file.entries().map(|(name, entry)| (name.to_owned(), entry.shape.clone())).collect();
    entries.into_iter().map(|(name, shape)| (name.clone(), file.take(&name, &shape).unwrap())).collect()
}

#[test]
fn a_trained_adapter_goes_out_and_in_and_does_as_well_and_goes_on_from_there() {
    let engine = Engine::cpu("");
    for experiment in kinds() {
        let what = experiment.model.outline().weights.name();
        let trained = finished(start(&experiment, Vec::new(), None).unwrap());
        let (before, bytes) = (metrics(&trained), saved(&trained));
        for names in &NAMES {
            let exported = export(&engine, &bytes, &of(1, names), None).unwrap();
            let session = start(&experiment, vec![given(&exported, names)], None).unwrap();
            // Seed 1 has the base that the adapter was trained on; seed 0 has another one.
            for ((metric, then), (_, now)) in before.iter().zip(&metrics(&session)) {
                assert!((then[1] - now[1]).abs() < 1e-5, "{what}: {metric:?} {then:?} {now:?}");
            }
            let again = merge(&engine, &bytes, &of(1, names), None, &exported.folder).unwrap();
            assert!(again == exported.merged && exported.merged != exported.base, "{what}");
        }
    }
}

#[test]
fn a_run_that_started_from_an_adapter_is_resumed_with_it_and_not_without() {
    let engine = Engine::cpu("");
    let names = &NAMES[0];
    for experiment in kinds() {
        let what = experiment.model.outline().weights.name();
        let first = finished(start(&experiment, Vec::new(), None).unwrap());
        let exported = export(&engine, &saved(&first), &of(0, names), None).unwrap();
        let starts = || vec![given(&exported, names)];
        let whole = finished(start(&experiment, starts(), None).unwrap());
        let mut half = start(&experiment, starts(), None).unwrap();
        pollster::block_on(half.advance(3)).unwrap();
        let bytes = saved(&half);
        let resumed = finished(start(&experiment, starts(), Some(&bytes)).unwrap());
        assert!(saved(&whole) == saved(&resumed), "{what}: other numbers after an interruption");

        let problems = start(&experiment, Vec::new(), Some(&bytes)).err().expect("a refusal");
        assert!(problems[0].contains("started from other adapters"), "{problems:?}");
        let problems = export(&engine, &bytes, &of(0, names), None).unwrap_err();
        assert!(problems[0].contains("started from another adapter of PEFT"), "{problems:?}");
        // What was given is what is exported, also by the seed that drew other matrices.
        let one = export(&engine, &bytes, &of(1, names), starts().first()).unwrap();
        let layout = built(&experiment, 1, &engine.device).unwrap().0;
        let weights = experiment.model.outline().weights;
        let numbers = |folder: &Folder| peft::from_peft(weights, &layout, folder, names).unwrap();
        let (now, then) = (numbers(&one.folder), numbers(&exported.folder));
        for (name, matrix) in then.iter().filter(|(name, _)| name.starts_with("adapters.")) {
            assert_eq!(now[name], *matrix, "{what}: {name}");
        }
    }
}

#[test]
fn files_beside_an_export_are_called_as_the_names_say_and_differ_where_it_adapts() {
    let engine = Engine::cpu("");
    let experiment = adapted(&["model.weights=lora"]);
    let bytes = saved(&finished(start(&experiment, Vec::new(), None).unwrap()));
    let exported = export(&engine, &bytes, &of(0, &NAMES[1]), None).unwrap();
    let (base, merged) = (all(&exported.base), all(&exported.merged));
    let changed: Vec<&String> =
        base.iter().filter(|(name, values)| merged[*name] != **values).map(|(n, _)| n).collect();
    let depth = 2;
    let expected: Vec<String> = (0..depth)
        .flat_map(|block| {
            ["query", "value"].map(|part| format!("bert.encoder.layer.{block}.attention.self.{part}.weight"))
        })
        .collect();
    assert_eq!(changed, expected.iter().collect::<Vec<_>>());
    assert!(base.contains_key("bert.encoder.layer.1.attention.self.key.bias"));
    assert!(base.contains_key("blocks.0.mlp.norm.weight") && base.contains_key("embedding.position"));
}

#[test]
fn what_does_not_fit_is_said_in_a_sentence() {
    let engine = Engine::cpu("");
    let experiment = adapted(&["model.weights=lora"]);
    let bytes = saved(&start(&experiment, Vec::new(), None).unwrap());
    let exported = export(&engine, &bytes, &of(0, &NAMES[0]), None).unwrap();
    let refused = |chosen: Chosen| export(&engine, &bytes, &chosen, None).unwrap_err().join(" ");
    assert_eq!(refused(Chosen { variant: 4, ..of(0, &NAMES[0]) }), "There is no variant 5; the run has 1.");
    assert_eq!(refused(of(7, &NAMES[0])), "The checkpoint has no seed 7; it has 0 to 1.");

    let other = |settings: &[&str], given: Given| {
        start(&adapted(settings), vec![given], None).err().expect("a refusal").join(" ")
    };
    let here = given(&exported, &NAMES[0]);
    for (settings, said) in [
        (&["model.weights=lora", "model.weights.rank=4"][..], "r is 8, and model.weights.rank is 4 here"),
        (&["model.weights=dora"], "use_dora is false, and model.weights is dora here"),
        (&["model.weights=plain"], "model.weights is plain, which PEFT does not have in this form"),
        (&["model.weights=lora", "model.depth=3"], "has no tensor base_model.model.blocks.2.attention"),
        (
            &["model.weights=lora", "model.depth=1"],
            "base_model.model.blocks.1.attention.query.lora_A.weight has no place",
        ),
        (&["model.weights=lora", "model.width=24"], "has the shape [8, 16], not [8, 24]"),
        (&["model.weights=lora", "model.weights.along="], "base_model.model.head.bias has no place here"),
    ] {
        let why = other(settings, here.clone());
        assert!(why.contains(said), "{said}: {why}");
    }
    let why = other(&["model.weights=lora"], Given { variant: 3, ..here });
    assert_eq!(why, "An adapter is given to variant 4; there are 1.");
    // Layers that no table names.
    let adapted = adapted(&["model.weights=lora", "model.weights.on=embedding"]);
    let bytes = saved(&start(&adapted, Vec::new(), None).unwrap());
    let why = export(&engine, &bytes, &of(0, &NAMES[1]), None).unwrap_err().join(" ");
    assert!(why.contains("embedding.patch.weight, which is no linear layer among the names bert"), "{why}");
}
