//! The engine behind the command line: the only file here that knows it.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use kappa_core::protocol::{DeviceChoice, Event};
use kappa_core::spec::{Experiment, Seeds};
use kappa_core::tasks::SHIPPED;
use kappa_core::train::exchange::Given;
use kappa_core::train::{Engine, LARGEST_ADVANCE, Session, checkpoint};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};

use crate::about::Device;
use crate::adapters;
use crate::arguments::Options;
use crate::cache::{Cache, Found, data_folder};
use crate::choose;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::run::{Shell, Training};
use crate::screen::Screen;
use crate::table::Results;

/// The data is part of the program, so that it runs anywhere.
const DATA: [&[u8]; SHIPPED.len()] = [
    include_bytes!("../../../../public/data/digits.bin"),
    include_bytes!("../../../../public/data/mnist.bin"),
    include_bytes!("../../../../public/data/shakespeare.bin"),
];

/// Set by Ctrl-C.
static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Trains, compares, and prints the table.
pub fn run(options: &Options) -> Result<(), Failure> {
    let choice = choose::device(&options.device)?;
    let plan = Plan::new(options)?;
    let engine = Engine::open(choice).map_err(Failure::run)?;
    let (cache, found) = kept(&plan.experiment);
    let given = match &plan.checkpoint {
        None => adapters::asked(&options.adapters, &options.adapter_names)?,
        Some((path, _)) => adapters::kept(path)?,
    };
    let reused =
        Event::Reused { kept: found.kept.len() as u32, of: plan.experiment.source_names().len() as u32 };
    let refused = found.refused;
    let start = || {
        let data = data(&plan.experiment)?;
        let starts = (found.kept, given.clone());
        Session::start_given(&engine, plan.experiment.clone(), &data, starts, plan.resume())
    };
    let (session, started) = guarded(start).map_err(Failure::run)?.map_err(Failure::Usage)?;

    let (mut folder, earlier) = match &plan.checkpoint {
        None => (Folder::create(options.out.as_deref(), &plan.name, &plan.experiment)?, Vec::new()),
        // A run that goes on with more seeds keeps all that was written.
        Some((path, _)) if plan.more_seeds => Folder::extend(path, &plan.experiment)?,
        // One that was killed before its first checkpoint begins again.
        Some((path, None)) => Folder::resume(path, (0, 1), true)?,
        Some((path, Some(_))) => {
            let at = (session.step(), plan.experiment.training.steps);
            Folder::resume(path, at, session.is_tuning())?
        }
    };
    if plan.checkpoint.is_none() {
        adapters::keep(folder.path(), &given)?;
    }
    let (mut screen, mut results) = (Screen::new(options.json), Results::default());
    earlier.iter().for_each(|event| results.take(event));
    listen()?;
    let mut shell = Shell {
        folder: &mut folder,
        screen: &mut screen,
        results: &mut results,
        stop: &STOP,
        save_every: Duration::from_secs(options.save_every),
    };
    shell.tell(&Event::Device(engine.report.clone()))?;
    shell.tell(&started)?;
    refused.iter().for_each(|sentence| shell.screen.say(sentence));
    shell.tell(&reused)?;
    shell.drive(&mut Engaged { session, cache })?;
    if !options.json {
        crate::print(&format!("\n{}", results.table()))?;
        screen.say(&format!("\nThe run is in {}.", folder.path().display()));
    }
    Ok(())
}

/// An experiment on a device, at step 0, with the events that tell of both.
pub fn open(experiment: &Experiment, choice: DeviceChoice) -> Result<(impl Training, [Event; 2]), Failure> {
    let engine = Engine::open(choice).map_err(Failure::run)?;
    let (cache, found) = kept(experiment);
    let start = || Session::start_from(&engine, experiment.clone(), &data(experiment)?, found.kept, None);
    let (session, started) = guarded(start).map_err(Failure::run)?.map_err(Failure::Usage)?;
    Ok((Engaged { session, cache }, [Event::Device(engine.report), started]))
}

/// How a variant does with an adapter, and without, before any training of it: a line a metric.
pub fn evaluate(word: &str, given: &Given, device: &str) -> Result<String, Failure> {
    let mut experiment = choose::experiment(word)?.experiment;
    experiment.tune.values.clear();
    let engine = Engine::open(choose::device(device)?).map_err(Failure::run)?;
    let measure = |given: Vec<Given>, variant: usize| {
        let (cache, found) = kept(&experiment);
        let start = || {
            Session::start_given(
                &engine,
                experiment.clone(),
                &data(&experiment)?,
                (found.kept, given.clone()),
                None,
            )
        };
        let (session, _) = guarded(start).map_err(Failure::run)?.map_err(Failure::Usage)?;
        let mut engaged = Engaged { session, cache };
        loop {
            let evaluated = guarded(|| pollster::block_on(engaged.session.evaluate(variant)))
                .map_err(Failure::run)?
                .map_err(|error| Failure::run(device_failed(&error.to_string())))?;
            if let Some(metrics) = evaluated {
                return Ok(metrics);
            }
            // The source that it starts from is trained first.
            for event in engaged.advance(LARGEST_ADVANCE).map_err(Failure::run)? {
                if let Event::Failed { problems } = event {
                    return Err(Failure::Run(problems));
                }
            }
        }
    };
    let with = measure(vec![given.clone()], given.variant)?;
    let without = measure(Vec::new(), given.variant)?;
    let mut text = String::new();
    for ((metric, with), (_, without)) in with.iter().zip(&without) {
        let seeds = experiment.seeds.first..;
        for ((seed, with), without) in seeds.zip(with).zip(without) {
            let [with, without] = [with, without].map(|value| metric.written(f64::from(*value)));
            text.push_str(&format!(
                "{}, seed {seed}: {with} with the adapter, {without} without\n",
                metric.word()
            ));
        }
    }
    Ok(text)
}

/// What is to be run, before any device is touched.
struct Plan {
    experiment: Experiment,
    name: String,
    /// The folder to go on in, and its checkpoint, if one was saved.
    checkpoint: Option<(PathBuf, Option<Vec<u8>>)>,
    /// Whether a finished run is to have more seeds.
    more_seeds: bool,
}

impl Plan {
    fn new(options: &Options) -> Result<Self, Failure> {
        if let Some(path) = &options.resume {
            let (bytes, started) = (Folder::checkpoint(path)?, Folder::experiment(path)?);
            let mut experiment = started.clone();
            if let Some(bytes) = &bytes {
                (experiment, _) = checkpoint::describe(bytes).map_err(Failure::Usage)?;
                // More seeds may have been asked for before that was interrupted.
                let seeds = Seeds { count: started.seeds.count, ..experiment.seeds.clone() };
                // A checkpoint that was copied in would silently turn the run into another one.
                if let Some(sentence) =
                    checkpoint::difference(&Experiment { seeds, ..experiment.clone() }, &started)
                {
                    return Err(Failure::usage(sentence));
                }
            }
            let seeds = options.seeds.unwrap_or(started.seeds.count);
            let more_seeds = seeds != experiment.seeds.count;
            if more_seeds {
                if seeds < experiment.seeds.count || bytes.is_none() {
                    let count = experiment.seeds.count;
                    return Err(Failure::usage(format!(
                        "A finished run can get more seeds than the {count} it has; --seeds is {seeds}."
                    )));
                }
                experiment.seeds.count = seeds;
            }
            let checkpoint = Some((path.clone(), bytes));
            return Ok(Self { experiment, name: String::new(), checkpoint, more_seeds });
        }
        let chosen = choose::experiment(options.experiment.as_deref().unwrap_or_default())?;
        let experiment = choose::changed(
            chosen.experiment,
            options.seeds,
            options.steps,
            options.tune.as_deref(),
            &options.settings,
        )?;
        Ok(Self { experiment, name: chosen.name, checkpoint: None, more_seeds: false })
    }

    fn resume(&self) -> Option<&[u8]> {
        self.checkpoint.as_ref().and_then(|(_, bytes)| bytes.as_deref())
    }
}

/// The sources that are kept of an experiment, and where others will be.
fn kept(experiment: &Experiment) -> (Cache, Found) {
    let cache = Cache::open();
    let names = experiment.source_names();
    let found = cache.load(&names);
    (cache, found)
}

/// The bytes of the files that an experiment reads.
pub(crate) fn data(experiment: &Experiment) -> Result<BTreeMap<&'static str, Vec<u8>>, Vec<String>> {
    let mut data = BTreeMap::new();
    for file in Session::files(experiment)? {
        let bytes = match SHIPPED.iter().position(|name| *name == file) {
            Some(at) => DATA[at].to_vec(),
            None => fetched(file).map_err(|sentence| vec![sentence])?,
        };
        data.insert(file, bytes);
    }
    Ok(data)
}

/// Data that is not part of the program.
fn fetched(file: &str) -> Result<Vec<u8>, String> {
    let path = data_folder().join(file);
    std::fs::read(&path).map_err(|error| {
        let place = path.display();
        format!("{place} cannot be read ({error}); `cargo xtask pretrained` makes it, as the README says.")
    })
}

/// Ctrl-C asks the loop to save and stop; the second time it stops at once.
fn listen() -> Result<(), Failure> {
    for signal in [SIGINT, SIGTERM] {
        // The order matters: at the first signal nothing has set the flag yet, at the second one has.
        register_conditional_shutdown(signal, 130, STOP.clone())
            .and_then(|_| register(signal, STOP.clone()))
            .map_err(|error| Failure::run(format!("Ctrl-C cannot be listened for: {error}.")))?;
    }
    Ok(())
}

/// A session of the engine, and where its sources are kept.
struct Engaged {
    session: Session,
    cache: Cache,
}

impl Training for Engaged {
    fn step(&self) -> u32 {
        self.session.step()
    }

    fn all_steps(&self) -> u32 {
        self.session.all_steps()
    }

    fn advance(&mut self, steps: u32) -> Result<Vec<Event>, String> {
        let mut events = guarded(|| pollster::block_on(self.session.advance(steps)))?
            .map_err(|error| device_failed(&error.to_string()))?;
        for event in &events {
            if let Event::Kept { name, bytes } = event {
                self.cache.keep(name, bytes)?;
            }
        }
        events.retain(|event| !matches!(event, Event::Kept { .. }));
        Ok(events)
    }

    fn checkpoint(&mut self) -> Result<Vec<u8>, String> {
        guarded(|| pollster::block_on(self.session.checkpoint()))?
            .map_err(|error| device_failed(&error.to_string()))
    }

    fn largest_advance(&self) -> u32 {
        LARGEST_ADVANCE
    }
}

/// The engine's words on one line.
fn device_failed(error: &str) -> String {
    format!("The device failed: {}.", error.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A panic of the engine or of a driver becomes a sentence; the run is then over, and its checkpoint stays.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it did not say why");
        format!("The engine broke down: {text}.")
    })
}

/// Everything that training can run on.
pub fn devices() -> Vec<Device> {
    let adapters = Engine::adapters();
    let auto_takes_gpu = adapters.iter().any(|adapter| !adapter.software);
    let auto = |takes: bool| {
        if takes { "taken by --device auto".to_owned() } else { String::new() }
    };
    let mut devices = vec![Device {
        choice: "cpu",
        name: std::env::consts::ARCH.to_owned(),
        engine: "flex".to_owned(),
        note: auto(!auto_takes_gpu),
    }];
    devices.extend(adapters.into_iter().map(|adapter| Device {
        choice: "gpu",
        note: if adapter.software {
            "computes on the CPU; slower than --device cpu".to_owned()
        } else {
            auto(true)
        },
        name: adapter.name,
        engine: adapter.api,
    }));
    devices
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::{Arguments, Command};

    /// The plan of `kappa run --resume FOLDER`.
    fn resumed(folder: &Folder) -> Result<Plan, Failure> {
        let words = ["kappa", "run", "--resume", folder.path().to_str().unwrap()];
        let Command::Run(options) = Arguments::parse_from(words).command else { panic!("a run") };
        Plan::new(&options)
    }

    fn tiny(settings: &[&str]) -> Experiment {
        let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        choose::changed(choose::experiment("tiny").unwrap().experiment, None, None, None, &settings).unwrap()
    }

    /// A checkpoint of the experiment at its beginning.
    fn checkpoint_of(experiment: &Experiment) -> Vec<u8> {
        let data = data(experiment).unwrap();
        let (session, _) = Session::start(&Engine::cpu(""), experiment.clone(), &data, None).unwrap();
        pollster::block_on(session.checkpoint()).unwrap()
    }

    #[test]
    fn a_run_goes_on_with_its_own_checkpoint_and_with_no_other() {
        let place = tempfile::tempdir().unwrap();
        let mut folder = Folder::create(Some(place.path()), "tiny", &tiny(&[])).unwrap();
        folder.save(&checkpoint_of(&tiny(&[]))).unwrap();
        assert_eq!(resumed(&folder).unwrap().experiment, tiny(&[]));
        // What is measured may differ, since it changes no number of the training.
        folder.save(&checkpoint_of(&tiny(&["probes.weights=false", "title=Another"]))).unwrap();
        assert!(resumed(&folder).is_ok());

        for (settings, said) in [
            (["model.depth=3"], "model.depth is 3 there and 2 here."),
            (["training.batch=9"], "training.batch is 9 there and 8 here."),
        ] {
            folder.save(&checkpoint_of(&tiny(&settings))).unwrap();
            let Err(Failure::Usage(sentences)) = resumed(&folder) else { panic!("refused: {said}") };
            assert_eq!(sentences, [format!("The checkpoint is of another experiment: {said}")]);
        }
    }
}
