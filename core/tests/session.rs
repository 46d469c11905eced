//! The session as a shell sees it, on the CPU engine and on any wgpu adapter: the same numbers everywhere, replicas
//! that do not see each other, checkpoints that lose nothing, and networks that learn.

#![cfg(feature = "engine")]

use std::collections::BTreeMap;

use kappa_core::probes::report::Quantity;
use kappa_core::protocol::{DeviceChoice, Event};
use kappa_core::spec::{Experiment, JudgedClaim, Metric, Tried, from_toml, set_path};
use kappa_core::stats::Pair;
use kappa_core::train::{Engine, Session, Wish};

fn experiment(name: &str, settings: &[&str]) -> Experiment {
    let path = format!("{}/experiments/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("an experiment of this repository");
    let mut experiment = from_toml(&text).expect("a valid experiment");
    for setting in settings {
        set_path(&mut experiment, setting).expect("a valid setting");
    }
    experiment
}

fn start(engine: &Engine, experiment: &Experiment, resume: Option<&[u8]>) -> Result<Session, Vec<String>> {
    let read = |file: &'static str| {
        let path = format!("{}/../public/data/{file}", env!("CARGO_MANIFEST_DIR"));
        (file, std::fs::read(path).expect("a data file of this repository"))
    };
    let data: BTreeMap<_, _> = Session::files(experiment)?.into_iter().map(read).collect();
    Session::start(engine, experiment.clone(), &data, resume).map(|(session, _)| session)
}

fn run(session: &mut Session, steps: u32) -> Vec<Event> {
    let mut events = Vec::new();
    while session.step() < steps {
        let wanted = (steps - session.step()).min(7);
        events.extend(pollster::block_on(session.advance(wanted)).expect("the device works"));
    }
    events
}

/// `losses[variant][step][replica]`
fn losses(events: &[Event], variants: usize) -> Vec<Vec<Vec<f32>>> {
    let mut all = vec![Vec::new(); variants];
    for event in events {
        if let Event::Progress(progress) = event {
            all[progress.variant].extend(progress.losses.clone());
        }
    }
    all
}

fn trained(engine: &Engine, experiment: &Experiment, steps: u32) -> Vec<Vec<Vec<f32>>> {
    let mut session = start(engine, experiment, None).expect("a valid start");
    losses(&run(&mut session, steps), experiment.variants.len())
}

fn largest_difference(a: &[Vec<Vec<f32>>], b: &[Vec<Vec<f32>>]) -> f32 {
    let flat = |x: &[Vec<Vec<f32>>]| x.iter().flatten().flatten().copied().collect::<Vec<f32>>();
    let (a, b) = (flat(a), flat(b));
    assert_eq!(a.len(), b.len());
    assert!(!a.is_empty());
    a.iter().zip(&b).map(|(a, b)| (a - b).abs() / b.abs()).fold(0.0, f32::max)
}

fn gpu() -> Engine {
    Engine::open(DeviceChoice::Gpu).expect("a wgpu adapter; without a GPU install Mesa's lavapipe")
}

#[test]
fn wgpu_and_the_cpu_engine_train_alike() {
    let decoder =
        [&SMALL_TEXT[..], &["model.mlp.activation=gelu-tanh", "model.initialization=gpt2"]].concat();
    let tied = [&decoder[..], &["model.head=tied"]].concat();
    for (name, settings) in [
        ("tiny", &[][..]),
        ("shakespeare", &SMALL_TEXT[..]),
        ("shakespeare", &decoder[..]),
        ("shakespeare", &tied[..]),
    ] {
        let experiment = experiment(name, settings);
        let difference = largest_difference(
            &trained(&gpu(), &experiment, 20),
            &trained(&Engine::cpu(""), &experiment, 20),
        );
        assert!(difference < 0.01, "{name} {settings:?}: {difference}");
    }
}

const SMALL_TEXT: [&str; 7] = [
    "task.context=16",
    "model.depth=2",
    "model.width=16",
    "model.heads=2",
    "model.mlp.width=32",
    "training.batch=4",
    "seeds.count=2",
];

#[test]
fn three_replicas_train_like_three_runs_of_one() {
    let together = experiment("tiny", &["seeds.count=3"]);
    let together = trained(&Engine::cpu(""), &together, 20);
    for replica in 0..3 {
        let alone = experiment("tiny", &["seeds.count=1", &format!("seeds.first={replica}")]);
        let alone = trained(&Engine::cpu(""), &alone, 20);
        let one: Vec<Vec<Vec<f32>>> =
            together.iter().map(|variant| variant.iter().map(|step| vec![step[replica]]).collect()).collect();
        let difference = largest_difference(&one, &alone);
        assert!(difference < 1e-4, "replica {replica}: {difference}");
    }
}

#[test]
fn a_resumed_run_has_the_numbers_of_an_uninterrupted_one() {
    let experiment = experiment("tiny", &[]);
    let engine = Engine::cpu("");
    let whole = trained(&engine, &experiment, 20);
    let mut first = start(&engine, &experiment, None).unwrap();
    run(&mut first, 9);
    let saved = pollster::block_on(first.checkpoint()).unwrap();
    let mut second = start(&engine, &experiment, Some(&saved)).unwrap();
    let rest = losses(&run(&mut second, 20), experiment.variants.len());
    let tail: Vec<Vec<Vec<f32>>> = whole.iter().map(|variant| variant[9..].to_vec()).collect();
    assert_eq!(rest, tail);
}

/// Advances by five steps, asking `wishes` in turn in between; the events, and how many wishes were asked for.
fn advance_hearing(session: &mut Session, wishes: &[Wish]) -> (Vec<Event>, usize) {
    let mut asked = 0;
    let between = async || {
        asked += 1;
        wishes.get(asked - 1).copied().unwrap_or(Wish::GoOn)
    };
    let events = pollster::block_on(session.advance_hearing(5, between)).expect("the device works");
    (events, asked)
}

#[test]
fn a_wish_between_two_variants_is_heard_and_leaves_them_at_the_same_step() {
    let experiment = experiment("tiny", &[]);
    let engine = Engine::cpu("");
    let whole = trained(&engine, &experiment, 20);
    let mut session = start(&engine, &experiment, None).unwrap();

    // Heard after the first of the two variants: the second one catches up.
    let (mut events, asked) = advance_hearing(&mut session, &[Wish::EndStep]);
    assert_eq!((session.step(), asked), (1, 2));
    // Heard after a whole step: none follows.
    let (more, _) = advance_hearing(&mut session, &[Wish::GoOn, Wish::EndStep]);
    assert_eq!(session.step(), 2);
    events.extend(more);
    // Not wished at all: asked before every variant's step but the first.
    let (more, asked) = advance_hearing(&mut session, &[]);
    assert_eq!((session.step(), asked), (7, 9));
    events.extend(more);
    events.extend(run(&mut session, 20));
    assert_eq!(losses(&events, 2), whole, "being heard changes no number");
}

#[test]
fn an_abandoned_session_is_over() {
    let mut session = start(&Engine::cpu(""), &experiment("tiny", &[]), None).unwrap();
    let (events, asked) = advance_hearing(&mut session, &[Wish::EndStep, Wish::Abandon]);
    assert_eq!((events, asked), (Vec::new(), 2));
    let (events, asked) = advance_hearing(&mut session, &[]);
    assert_eq!((events, asked), (Vec::new(), 0));
}

#[test]
fn a_checkpoint_of_another_model_is_refused_by_the_name_of_the_field() {
    let engine = Engine::cpu("");
    let saved =
        pollster::block_on(start(&engine, &experiment("tiny", &[]), None).unwrap().checkpoint()).unwrap();
    let other = experiment("tiny", &["model.depth=3"]);
    let problems = start(&engine, &other, Some(&saved)).err().expect("a refusal");
    assert_eq!(problems, ["The checkpoint is of another experiment: model.depth is 2 there and 3 here."]);
    let problems = start(&engine, &other, Some(&saved[..saved.len() / 2])).err().expect("a refusal");
    assert!(problems[0].contains("not a whole safetensors file"), "{problems:?}");
    let problems = start(&engine, &other, Some(b"junk")).err().expect("a refusal");
    assert!(problems[0].contains("not a whole safetensors file"), "{problems:?}");
}

/// Every claim with what came of it.
fn judged(events: &[Event]) -> &[JudgedClaim] {
    let found = events.iter().filter_map(|event| match event {
        Event::Judged { claims, .. } => Some(&claims[..]),
        _ => None,
    });
    let all: Vec<_> = found.collect();
    assert_eq!(all.len(), 1, "claims are judged once, at the end");
    all[0]
}

#[test]
fn a_run_ends_with_an_evaluation_of_every_variant_and_a_verdict_on_every_claim() {
    let experiment = experiment("tiny", &["seeds.count=3"]);
    let mut session = start(&Engine::cpu(""), &experiment, None).unwrap();
    let events = run(&mut session, experiment.training.steps);
    let evaluated = events
        .iter()
        .filter(|event| matches!(event, Event::Evaluated { step, .. } if *step == experiment.training.steps));
    assert_eq!(evaluated.count(), experiment.variants.len());
    assert_eq!(
        judged(&events).len(),
        experiment.variants.len() - 1,
        "one row for each variant after the first"
    );
    assert_eq!(events.last(), Some(&Event::Finished));
    assert!(pollster::block_on(session.advance(1)).unwrap().is_empty(), "a finished session does nothing");
}

/// The checkpoint with one tensor set to the largest numbers, so that the first loss overflows.
fn poisoned(checkpoint: &[u8], tensor: &str) -> Vec<u8> {
    let (_, metadata) = safetensors::SafeTensors::read_metadata(checkpoint).unwrap();
    let file = safetensors::SafeTensors::deserialize(checkpoint).unwrap();
    let huge: Vec<u8> = (0..file.tensor(tensor).unwrap().data().len() / 4)
        .flat_map(|i| (if i % 2 == 0 { f32::MAX } else { f32::MIN }).to_le_bytes())
        .collect();
    let views = file.tensors().into_iter().map(|(name, view)| {
        let bytes = if name == tensor { &huge[..] } else { view.data() };
        let view = safetensors::tensor::TensorView::new(view.dtype(), view.shape().to_vec(), bytes).unwrap();
        (name, view)
    });
    safetensors::serialize(views, metadata.metadata().clone()).unwrap()
}

#[test]
fn a_variant_that_diverges_is_a_result_and_the_others_go_on() {
    let experiment = experiment("tiny", &["seeds.count=3"]);
    let engine = Engine::cpu("");
    let saved = pollster::block_on(start(&engine, &experiment, None).unwrap().checkpoint()).unwrap();
    let mut session = start(&engine, &experiment, Some(&poisoned(&saved, "1.head.bias"))).unwrap();
    let events = run(&mut session, experiment.training.steps);
    let diverged =
        events.iter().filter(|event| matches!(event, Event::Diverged { variant: 1, step: 1, .. })).count();
    assert_eq!(diverged, 3, "every replica of the poisoned variant, at its first step");
    assert!(!events.iter().any(|event| matches!(event, Event::Diverged { variant: 0, .. })));
    let trained = losses(&events, 2);
    assert_eq!(trained[0].len(), experiment.training.steps as usize, "the healthy variant goes on");
    let row = &judged(&events)[0].judged;
    assert_eq!((row.mean, &row.pairs[..]), (None, &[Pair::Failed; 3][..]), "a diverged variant has no mean");
    assert_eq!(events.last(), Some(&Event::Finished));
}

/// The benchmark model on digits, 400 steps of batch 64, five seeds: at least 95 % (some minutes on two cores).
#[test]
fn a_small_vit_learns_handwritten_digits() {
    let mut experiment = experiment(
        "bench",
        &["training.steps=400", "training.warmup=50", "training.batch=64", "seeds.count=5"],
    );
    experiment.variants.truncate(1);
    let model = kappa_core::networks::Model::default();
    assert_eq!(experiment.variant(0).unwrap().model, model, "the benchmark model");
    let mut session = start(&Engine::cpu(""), &experiment, None).unwrap();
    let events = run(&mut session, 400);
    let accuracy = events.iter().rev().find_map(|event| match event {
        Event::Evaluated { metrics, .. } => metrics.iter().find(|(metric, _)| *metric == Metric::Accuracy),
        _ => None,
    });
    let (_, values) = accuracy.expect("an evaluation");
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    println!("test accuracy {mean:.4}, by seed {values:?}");
    assert!(mean >= 0.95, "{values:?}");
}

#[test]
fn measurements_on_the_way_begin_before_the_first_step() {
    let probed = |every: &str| {
        let experiment = experiment("tiny", &[every, "training.steps=6"]);
        let mut session = start(&Engine::cpu(""), &experiment, None).unwrap();
        let steps = |event: Event| match event {
            Event::Probed { variant, step, .. } => Some((variant, step)),
            _ => None,
        };
        run(&mut session, 6).into_iter().filter_map(steps).collect::<Vec<_>>()
    };
    assert_eq!(probed("probes.every=4"), [(0, 0), (1, 0), (0, 4), (1, 4), (0, 6), (1, 6)]);
    assert_eq!(probed("probes.every=0"), [(0, 6), (1, 6)], "only at the end, if nothing else is asked for");
}

/// A run of seconds that is tuned first, all of its events.
fn tuned(settings: &[&str]) -> (Experiment, Vec<Event>) {
    let settings = [&["tune.values=1e-3,1e-2,0.5", "tune.seeds=2", "training.steps=12"], settings].concat();
    let experiment = experiment("tiny", &settings);
    let mut session = start(&Engine::cpu(""), &experiment, None).expect("a valid start");
    let events = run(&mut session, 12);
    (experiment, events)
}

/// What tuning came to.
fn taken(events: &[Event]) -> &[Tried] {
    let taken = |event: &Event| matches!(event, Event::Tuning(tuning) if tuning.taken().is_some());
    let Some(Event::Tuning(tuning)) = events.iter().find(|event| taken(event)) else {
        panic!("it was tuned")
    };
    &tuning.tried
}

#[test]
fn every_variant_is_compared_at_the_value_that_did_best_on_the_validation_split() {
    let (experiment, events) = tuned(&["compare.metric=loss"]);
    let tried = taken(&events);
    assert_eq!(tried.iter().map(|tried| tried.variant).collect::<Vec<_>>(), [0, 1]);
    for tried in tried {
        assert_eq!(tried.values, [0.001, 0.01, 0.5]);
        let means: Vec<f64> =
            tried.outcomes.iter().map(|seeds| seeds.iter().flatten().sum::<f64>() / 2.0).collect();
        let least = means.iter().copied().fold(f64::INFINITY, f64::min);
        assert_eq!(means[tried.best], least, "{means:?}: a loss should be small");
    }
    // Tuning is told before the first step of the comparison, whose learning rate is the value that was taken.
    let first = events.iter().position(|event| matches!(event, Event::Progress(_))).expect("it trains");
    assert!(events[..first].iter().all(|event| matches!(event, Event::Tuning(_))));
    let rates = |variant: usize| {
        let rate = |event: &Event| match event {
            Event::Progress(progress) if progress.variant == variant => Some(progress.learning_rate),
            _ => None,
        };
        events.iter().filter_map(rate).fold(0.0, f32::max)
    };
    for (variant, tried) in tried.iter().enumerate() {
        let highest = rates(variant) / tried.value() as f32;
        assert!((0.7..=1.0).contains(&highest), "variant {variant}: {highest}");
    }
    assert_eq!(judged(&events).len(), 1);
    // The comparison is the one of an experiment that says these rates.
    let mut said = Experiment { tune: Default::default(), ..experiment };
    for (variant, tried) in said.variants.iter_mut().zip(tried) {
        variant.set.insert("training.learning_rate".to_owned(), tried.value().into());
    }
    let mut session = start(&Engine::cpu(""), &said, None).expect("a valid start");
    assert_eq!(losses(&run(&mut session, 12), 2), losses(&events, 2));
}

#[test]
fn a_number_that_no_kernel_takes_as_data_is_tuned_by_runs_of_their_own() {
    let (_, events) = tuned(&["tune.field=model.depth", "tune.values=1,2", "compare.metric=loss"]);
    let tried = taken(&events);
    assert_eq!(tried[0].values, [1.0, 2.0]);
    assert_ne!(tried[0].outcomes[0], tried[0].outcomes[1]);
}

#[test]
fn tuning_that_was_interrupted_goes_on_and_so_does_what_follows_it() {
    let (experiment, whole) = tuned(&[]);
    let engine = Engine::cpu("");
    for at in [5, 12 + 5] {
        let mut session = start(&engine, &experiment, None).expect("a valid start");
        while session.all_steps() < at {
            let steps = (at - session.all_steps()).min(3);
            pollster::block_on(session.advance(steps)).expect("the device works");
        }
        assert_eq!(session.is_tuning(), at < 12);
        let checkpoint = pollster::block_on(session.checkpoint()).expect("the device works");
        let mut resumed = start(&engine, &experiment, Some(&checkpoint)).expect("its own checkpoint");
        assert_eq!((resumed.all_steps(), resumed.is_tuning()), (at, at < 12));
        let events = run(&mut resumed, 12);
        if at < 12 {
            assert_eq!(taken(&events), taken(&whole));
        }
        let (all, rest) = (losses(&whole, 2), losses(&events, 2));
        for (all, rest) in all.iter().zip(&rest) {
            assert_eq!(all[all.len() - rest.len()..], rest[..]);
        }
        assert_eq!(judged(&events), judged(&whole));
    }
}

#[test]
fn a_finished_run_can_have_more_seeds_and_is_judged_as_if_all_had_been_there_from_the_start() {
    let engine = Engine::cpu("");
    let settings = ["seeds.looks=3,5", "seeds.count=3", "training.steps=12"];
    let (first, all) =
        (experiment("tiny", &settings), experiment("tiny", &[&settings[..], &["seeds.count=5"]].concat()));
    assert_eq!((first.next_look(), all.next_look()), (Some(5), None));
    let mut session = start(&engine, &first, None).expect("a valid start");
    let look = run(&mut session, 12);
    assert_eq!(judged(&look)[0].judged.look.map(|look| (look.number, look.of)), Some((1, 2)));
    let finished = pollster::block_on(session.checkpoint()).expect("the device works");

    let mut added = start(&engine, &all, Some(&finished)).expect("more seeds of the same run");
    assert_eq!(added.step(), 0);
    let half_way = {
        let mut events = run(&mut added, 6);
        let checkpoint = pollster::block_on(added.checkpoint()).expect("the device works");
        let mut resumed = start(&engine, &all, Some(&checkpoint)).expect("its own checkpoint");
        events.extend(run(&mut resumed, 12));
        events
    };
    let mut whole = start(&engine, &all, None).expect("a valid start");
    let at_once = run(&mut whole, 12);
    assert_eq!(judged(&half_way), judged(&at_once));
    assert_eq!(judged(&at_once)[0].judged.pairs.len(), 5);
    // The added seeds are those that follow.
    let last_two: Vec<Vec<Vec<f32>>> = losses(&at_once, 2)
        .into_iter()
        .map(|steps| steps.into_iter().map(|losses| losses[3..].to_vec()).collect())
        .collect();
    assert_eq!(losses(&half_way, 2), last_two);

    // A run that is not over cannot have more, nor can another experiment's.
    let mut session = start(&engine, &first, None).expect("a valid start");
    run(&mut session, 6);
    let unfinished = pollster::block_on(session.checkpoint()).expect("the device works");
    let refused = start(&engine, &all, Some(&unfinished)).err().expect("it is not over");
    assert_eq!(refused, ["The checkpoint is of another experiment: seeds.count is 3 there and 5 here."]);
}

#[test]
fn what_is_measured_inside_a_network_can_be_claimed_and_survives_a_checkpoint() {
    let claim = |step: &str| {
        let of = format!("{{number = 'kappa', matrix = 'tokens', place = 'blocks.1', step = '{step}'}}");
        format!(
            "[[claim]]\nvariant = 2\nof = {of}\nsays = 'higher'\nwhose = 'lab'\ntext = 'Tokens are uneven.'\n"
        )
    };
    let path = format!("{}/experiments/tiny.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap() + &claim("first") + &claim("last");
    let text = text.replace("[compare]", "[probes]\nevery = 15\ntokens = true\n\n[compare]");
    let experiment = from_toml(&text).expect("a valid experiment");
    let engine = Engine::cpu("");
    let mut session = start(&engine, &experiment, None).expect("a valid start");
    let mut events = run(&mut session, 15);
    let checkpoint = pollster::block_on(session.checkpoint()).expect("the device works");
    let mut resumed = start(&engine, &experiment, Some(&checkpoint)).expect("its own checkpoint");
    let rest = run(&mut resumed, 30);
    events.extend(rest.clone());
    let rows = judged(&events);
    // The same numbers as the probes told, as logarithms of ratios.
    for (row, at) in rows.iter().zip([0, 30]) {
        let kappa = |wanted: usize| {
            let of = |event: &Event| match event {
                Event::Probed { variant, step, report } if *variant == wanted && *step == at => {
                    let spectra = report.spectra.iter();
                    let tokens =
                        spectra.filter(|one| one.quantity == Quantity::Tokens && one.name == "blocks.1");
                    Some(tokens.map(|one| one.condition_number).collect::<Vec<_>>())
                }
                _ => None,
            };
            events.iter().find_map(of).expect("it was measured")
        };
        let ratios: Vec<f64> = kappa(1).iter().zip(kappa(0)).map(|(one, other)| (one / other).ln()).collect();
        let found: Vec<f64> = row
            .judged
            .pairs
            .iter()
            .map(|pair| if let Pair::Difference(number) = pair { *number } else { f64::NAN })
            .collect();
        assert!(ratios.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-9), "{ratios:?} {found:?}");
    }
    let wrong = text.replace("matrix = 'tokens', place = 'blocks.1'", "matrix = 'weight', place = 'no.such'");
    let wrong = from_toml(&wrong.replace("tokens = true", "weights = true")).expect("only the network knows");
    let said = start(&engine, &wrong, None).err().expect("there is no such matrix");
    assert!(said[0].contains("the matrix no.such, which a variant does not have"), "{said:?}");
}
