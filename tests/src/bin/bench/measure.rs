//! One run: an engine, a device, a batch, a number of replicas.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use kappa_core::catalog;
use kappa_core::protocol::{Command, DeviceChoice};
use kappa_core::spec::Experiment;
use kappa_tests::browser::Browser;
use kappa_tests::site::Site;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Steps that are measured, unless the time is over before.
const STEPS: u32 = 24;
/// Steps of a peer between two reads of its loss.
const CHUNK: u32 = 4;
/// Seconds after which a slow run has shown enough.
const SECONDS: u32 = 40;
/// Seconds in which a run must have come to an end.
const LIMIT: Duration = Duration::from_secs(300);

/// Who trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Kappa Lab.
    Ours,
    /// TensorFlow.js.
    Tfjs,
    /// jax-js.
    Jax,
}

impl Engine {
    /// By its word on the command line.
    pub fn named(word: &str) -> Result<Self> {
        match word {
            "ours" => Ok(Self::Ours),
            "tfjs" => Ok(Self::Tfjs),
            "jax" => Ok(Self::Jax),
            other => bail!("there is no engine `{other}`: ours, tfjs, jax"),
        }
    }
}

/// Where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// WebGPU.
    Gpu,
    /// wasm.
    Cpu,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Who trains.
    pub engine: Engine,
    /// Where.
    pub device: Place,
    /// Examples in a batch.
    pub batch: u32,
    /// Replicas, trained at once.
    pub replicas: u32,
    /// Values of the learning rate that are tried with each replica, likewise at once; 1 tunes nothing.
    pub values: u32,
}

const fn run(engine: Engine, device: Place, batch: u32, replicas: u32) -> Run {
    Run { engine, device, batch, replicas, values: 1 }
}

/// Ours, with so many learning rates.
const fn tuned(device: Place, batch: u32, values: u32) -> Run {
    Run { engine: Engine::Ours, device, batch, replicas: 1, values }
}

/// Everything, in its order: engines take turns, so that a machine that slows down slows down all of them.
pub const RUNS: &[Run] = &[
    run(Engine::Ours, Place::Gpu, 8, 1),
    run(Engine::Jax, Place::Gpu, 8, 1),
    run(Engine::Tfjs, Place::Gpu, 8, 1),
    run(Engine::Ours, Place::Gpu, 8, 5),
    tuned(Place::Gpu, 8, 6),
    run(Engine::Ours, Place::Gpu, 64, 1),
    run(Engine::Jax, Place::Gpu, 64, 1),
    run(Engine::Tfjs, Place::Gpu, 64, 1),
    run(Engine::Ours, Place::Gpu, 64, 5),
    run(Engine::Ours, Place::Cpu, 8, 1),
    run(Engine::Jax, Place::Cpu, 8, 1),
    run(Engine::Ours, Place::Cpu, 8, 5),
    tuned(Place::Cpu, 8, 6),
    run(Engine::Ours, Place::Cpu, 64, 1),
    run(Engine::Jax, Place::Cpu, 64, 1),
    run(Engine::Ours, Place::Cpu, 64, 5),
];

impl fmt::Display for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.engine {
            Engine::Ours => "Kappa Lab",
            Engine::Tfjs => "TensorFlow.js",
            Engine::Jax => "jax-js",
        };
        let place = match self.device {
            Place::Gpu => "WebGPU",
            Place::Cpu => "CPU",
        };
        let text = format!("{name}, {place}, batch {}", self.batch);
        let text = if self.values > 1 { format!("{text}, {} values", self.values) } else { text };
        let text = if self.replicas > 1 { format!("{text}, R = {}", self.replicas) } else { text };
        formatter.pad(&text)
    }
}

/// What a step costs: medians over the steps after the first few, weighted by steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Row {
    /// GPU kernels.
    pub kernels: f64,
    /// Submissions to the GPU's queue.
    pub submits: f64,
    /// Time that the CPU spends on preparing it.
    pub host_ms: f64,
    /// Bytes that go up.
    pub uploaded_bytes: f64,
    /// From step to step.
    pub step_ms: f64,
    /// From the start, with all compilation, to the loss of the first step.
    pub first_step_ms: f64,
    /// Steps that the medians are of.
    pub steps: u32,
}

/// Some steps, as a page reports them.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Steps {
    steps: u32,
    step_ms: f64,
    host_ms: f64,
    kernels: f64,
    submits: f64,
    uploaded_bytes: f64,
}

#[derive(Deserialize)]
struct Done {
    first_step_ms: f64,
    rows: Vec<Steps>,
    losses: Vec<Option<f64>>,
}

/// Runs it in a page of its own.
pub fn measure(browser: &Browser, site: &Site, run: &Run) -> Result<Row> {
    let session = &browser.session;
    session.open("about:blank")?;
    let page = format!("{}bench/", site.address());
    match run.engine {
        Engine::Ours => return our_steps(browser, site, experiment(run)?, run.device, STEPS),
        peer => {
            let (name, device) = match (peer, run.device) {
                (Engine::Tfjs, Place::Gpu) => ("tfjs", "webgpu"),
                (Engine::Tfjs, Place::Cpu) => ("tfjs", "cpu"),
                (_, Place::Gpu) => ("jax", "webgpu"),
                (_, Place::Cpu) => ("jax", "wasm"),
            };
            let batch = run.batch;
            session.open(&format!(
                "{page}{name}.html?device={device}&batch={batch}&steps={STEPS}&chunk={CHUNK}&seconds={SECONDS}"
            ))?;
        }
    }
    read(browser, run.device)
}

/// Trains some steps of an experiment in a page of its own, with our engine.
pub fn our_steps(
    browser: &Browser,
    site: &Site,
    experiment: Experiment,
    device: Place,
    steps: u32,
) -> Result<Row> {
    let session = &browser.session;
    session.open("about:blank")?;
    session.open(&format!("{}bench/ours.html", site.address()))?;
    session.run("window.measure(...arguments)", json!([start(experiment, device)?, steps, SECONDS]))?;
    read(browser, device)
}

/// What the page reports when it is done.
fn read(browser: &Browser, device: Place) -> Result<Row> {
    let done: Done = serde_json::from_value(wait(browser)?).context("the page reported something else")?;
    if !done.losses.iter().all(|loss| loss.is_some_and(f64::is_finite)) {
        bail!("it diverged: {:?}", done.losses);
    }
    // A row without kernels belongs to the CPU, or to an evaluation.
    let counts = |row: &&Steps| device == Place::Cpu || row.kernels > 0.0;
    let rows: Vec<Steps> = done.rows.iter().filter(counts).copied().collect();
    if rows.is_empty() {
        bail!("no step was measured");
    }
    let median =
        |number: fn(&Steps) -> f64| median(rows.iter().map(|row| (number(row), row.steps)).collect());
    Ok(Row {
        kernels: median(|row| row.kernels),
        submits: median(|row| row.submits),
        host_ms: median(|row| row.host_ms),
        uploaded_bytes: median(|row| row.uploaded_bytes),
        step_ms: median(|row| row.step_ms),
        first_step_ms: done.first_step_ms,
        steps: rows.iter().map(|row| row.steps).sum(),
    })
}

fn experiment(run: &Run) -> Result<Experiment> {
    let mut experiment = catalog::find("bench").context("the catalog has it")?.experiment().clone();
    experiment.training.batch = run.batch;
    experiment.seeds.count = run.replicas;
    if run.values > 1 {
        let rate = experiment.training.learning_rate;
        experiment.tune.values = (0..run.values).map(|value| rate / (1 + value) as f32).rev().collect();
        experiment.tune.seeds = run.replicas;
    }
    Ok(experiment)
}

/// The command that starts our engine. The experiment would go on for long: the page ends it.
fn start(mut experiment: Experiment, device: Place) -> Result<Value> {
    experiment.training.steps = 10_000;
    let device = match device {
        Place::Gpu => DeviceChoice::Gpu,
        Place::Cpu => DeviceChoice::Cpu,
    };
    Ok(serde_json::to_value(Command::Start { experiment: Box::new(experiment), device, resume: None })?)
}

fn wait(browser: &Browser) -> Result<Value> {
    let start = Instant::now();
    loop {
        let done = browser.ask("return window.done ?? null")?;
        if let Some(error) = done["error"].as_str() {
            bail!("the page says: {error}");
        }
        if !done.is_null() {
            return Ok(done);
        }
        if start.elapsed() > LIMIT {
            bail!("not done after {} s; console: {:?}", LIMIT.as_secs(), browser.session.console()?);
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// The median of numbers that each stand for some steps.
fn median(mut numbers: Vec<(f64, u32)>) -> f64 {
    numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: u32 = numbers.iter().map(|(_, steps)| steps).sum();
    let mut passed = 0;
    for (number, steps) in &numbers {
        passed += steps;
        if 2 * passed >= all {
            return *number;
        }
    }
    f64::NAN
}
