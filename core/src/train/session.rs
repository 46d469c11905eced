//! All variants of an experiment in training, step by step and side by side.

use std::collections::BTreeMap;
use std::rc::Rc;

use burn::tensor::{ExecutionError, Transaction};

use super::checkpoint::{self, Checkpoint};
use super::device::Engine;
use super::measure::evaluate;
use super::probe::probe;
use super::run::{LOG_SLOTS, Run};
use crate::interface::PatchMap;
use crate::protocol::{Cost, Event, Progress, VariantInfo};
use crate::spec::Experiment;
use crate::stats::Metric;
use crate::tasks::{Dataset, Source};

/// Most steps of one [`Session::advance`].
pub const LARGEST_ADVANCE: u32 = LOG_SLOTS as u32;

/// What a shell wants in the middle of an advance; the later one outweighs those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    /// Nothing else.
    GoOn,
    /// No further step. The one under way is completed, so that all variants stay at the same step.
    EndStep,
    /// Nothing further at all. The session is over with that, since its variants are at different steps.
    Abandon,
}

/// An experiment under way.
///
/// The shell calls [`advance`](Self::advance) until it returns [`Event::Finished`]; between two calls it can stop,
/// wait, or ask for a [`checkpoint`](Self::checkpoint).
pub struct Session {
    experiment: Experiment,
    variants: Vec<VariantRun>,
    step: u32,
    finished: bool,
}

/// A run, and what is known of its replicas.
struct VariantRun {
    run: Run,
    /// The step at which each replica diverged.
    diverged: Vec<Option<u32>>,
    /// The last evaluation, one number a replica for each metric.
    metrics: Vec<(Metric, Vec<f32>)>,
    /// Time that preparing steps took since the log was read.
    host_milliseconds: f32,
}

impl VariantRun {
    /// Step `step`; with `keep`, the parameters before it are kept for a probe.
    fn train(&mut self, step: u32, keep: bool) -> Result<(), ExecutionError> {
        let start = web_time::Instant::now();
        if keep {
            self.run.keep();
        }
        self.run.step(step)?;
        self.host_milliseconds += start.elapsed().as_secs_f32() * 1e3;
        Ok(())
    }

    /// Whether every replica diverged, so that there is nothing left to train.
    fn is_over(&self) -> bool {
        self.diverged.iter().all(Option::is_some)
    }

    /// The metric of each replica; `None` where it diverged.
    fn outcome(&self, metric: Metric) -> Vec<Option<f64>> {
        let values =
            self.metrics.iter().find(|(name, _)| *name == metric).map_or(&[][..], |(_, values)| values);
        let outcome = |(diverged, value): (&Option<u32>, &f32)| {
            (diverged.is_none() && value.is_finite()).then_some(f64::from(*value))
        };
        self.diverged.iter().zip(values).map(outcome).collect()
    }
}

impl Session {
    /// The files below `data/` that an experiment reads.
    ///
    /// # Errors
    /// The problems of the experiment.
    pub fn files(experiment: &Experiment) -> Result<Vec<&'static str>, Vec<String>> {
        let mut files = Vec::new();
        for index in 0..experiment.variants.len() {
            let file = resolve(experiment, index)?.task.outline().file;
            files.extend(file.filter(|file| !files.contains(file)));
        }
        Ok(files)
    }

    /// Builds every variant, at step 0 or where a checkpoint left off. `data` holds the bytes of
    /// [`files`](Self::files).
    ///
    /// # Errors
    /// One sentence for each problem of the experiment, the data or the checkpoint, naming the field.
    pub fn start(
        engine: &Engine,
        experiment: Experiment,
        data: &BTreeMap<&str, Vec<u8>>,
        resume: Option<&[u8]>,
    ) -> Result<(Self, Event), Vec<String>> {
        experiment.check().map_err(sentences)?;
        let checkpoint = resume.map(|bytes| checkpoint::read(bytes, &experiment)).transpose()?;
        let mut loaded: Vec<(Experiment, Rc<dyn Dataset>)> = Vec::new();
        let mut variants = Vec::new();
        for index in 0..experiment.variants.len() {
            let resolved = resolve(&experiment, index)?;
            let known = loaded.iter().find(|(other, _)| share_data(other, &resolved));
            let known = known.map(|(_, task)| task.clone());
            let task = match known {
                Some(task) => task,
                None => {
                    let bytes = match resolved.task.outline().file {
                        Some(file) => {
                            data.get(file).ok_or_else(|| vec![format!("data/{file} was not loaded.")])?
                        }
                        None => &Vec::new(),
                    };
                    let source = Source { bytes, patches: patch_map(&resolved), device: &engine.device };
                    let task = resolved.task.engine().load(source);
                    let task: Rc<dyn Dataset> = task.map_err(|problem| vec![problem])?.into();
                    loaded.push((resolved.clone(), task.clone()));
                    task
                }
            };
            let run = Run::new(&resolved, task, &engine.device);
            let diverged = vec![None; run.seeds.len()];
            variants.push(VariantRun { run, diverged, metrics: Vec::new(), host_milliseconds: 0.0 });
        }
        let mut session = Self { experiment, variants, step: 0, finished: false };
        if let Some(checkpoint) = checkpoint {
            session.restore(checkpoint)?;
        }
        let started = session.started();
        Ok((session, started))
    }

    fn started(&self) -> Event {
        let info = |(index, (name, variant)): (usize, (String, &VariantRun))| VariantInfo {
            name,
            parameters: variant.run.layout.count() as u64,
            operations: self.experiment.variant(index).map_or(0, |variant| variant.size().operations),
            // Parameters, two moments and the gradients; activations come on top.
            bytes: (4 * 4 * variant.run.layout.width() * variant.run.seeds.len()) as u64,
        };
        Event::Started {
            variants: self
                .experiment
                .variant_names()
                .into_iter()
                .zip(&self.variants)
                .enumerate()
                .map(info)
                .collect(),
            step: self.step,
            steps: self.experiment.training.steps,
            replicas: self.experiment.seeds.count,
        }
    }

    fn restore(&mut self, checkpoint: Checkpoint) -> Result<(), Vec<String>> {
        for (index, (variant, saved)) in self.variants.iter_mut().zip(checkpoint.variants).enumerate() {
            let [parameters, mean, square] =
                saved.gather(index, &variant.run.layout, variant.run.seeds.len())?;
            variant.run.restore(parameters, mean, square);
            variant.diverged = saved.diverged;
            variant.metrics = saved.metrics;
        }
        self.step = checkpoint.step;
        Ok(())
    }

    /// The experiment as it was started.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// Steps done.
    pub fn step(&self) -> u32 {
        self.step
    }

    /// Up to `steps` (at most [`LARGEST_ADVANCE`]) steps of every variant in turn, then what they led to.
    ///
    /// Stops early where an evaluation or a probe is due, and reads from the device once. After the last step it
    /// evaluates, probes, compares and ends with [`Event::Finished`]; after that it returns nothing.
    ///
    /// # Errors
    /// If the device fails or is lost.
    pub async fn advance(&mut self, steps: u32) -> Result<Vec<Event>, ExecutionError> {
        self.advance_hearing(steps, async || Wish::GoOn).await
    }

    /// Like [`advance`](Self::advance), for a shell that must be heard while a step is under way: it is asked before
    /// each variant's step but the first. A step of a large model on the CPU engine is one long computation.
    ///
    /// # Errors
    /// If the device fails or is lost.
    pub async fn advance_hearing(
        &mut self,
        steps: u32,
        mut between: impl AsyncFnMut() -> Wish,
    ) -> Result<Vec<Event>, ExecutionError> {
        let mut events = Vec::new();
        if self.finished {
            return Ok(events);
        }
        if self.step == 0 && self.experiment.probes.every > 0 && self.experiment.probes.any() {
            self.probe_start(&mut events).await?;
        }
        let first = self.step;
        let last = self.next_halt().min(first + steps.min(LARGEST_ADVANCE));
        let start = web_time::Instant::now();
        let (probes, total) = (self.experiment.probes, self.experiment.training.steps);
        let mut wish = Wish::GoOn;
        'steps: while self.step < last {
            for (place, variant) in self.variants.iter_mut().filter(|variant| !variant.is_over()).enumerate()
            {
                if place > 0 || self.step > first {
                    wish = wish.max(between().await);
                }
                let step = self.step + 1;
                match wish {
                    Wish::EndStep if place == 0 => break 'steps,
                    Wish::GoOn | Wish::EndStep => {
                        let keep = probes.updates && is_last_update(step, total, probes.every, &variant.run);
                        variant.train(step, keep)?;
                    }
                    Wish::Abandon => {
                        self.finished = true;
                        return Ok(events);
                    }
                }
            }
            self.step += 1;
        }
        self.read_logs(first, start, &mut events).await?;
        self.halt(&mut events).await?;
        Ok(events)
    }

    /// Measures what every variant starts from, where measurements are taken on the way.
    async fn probe_start(&self, events: &mut Vec<Event>) -> Result<(), ExecutionError> {
        for (index, variant) in self.variants.iter().enumerate() {
            let report = probe(&variant.run, &self.experiment.probes).await?;
            events.push(Event::Probed { variant: index, step: 0, report });
        }
        Ok(())
    }

    /// The next step after which something other than training is due.
    fn next_halt(&self) -> u32 {
        let total = self.experiment.training.steps;
        let next = |every: u32| self.step.checked_div(every).map_or(total, |done| (done + 1) * every);
        let probes = self.experiment.probes;
        let probing = if probes.any() { next(probes.every) } else { total };
        total.min(next(self.experiment.training.evaluate_every)).min(probing)
    }

    async fn read_logs(
        &mut self,
        first: u32,
        start: web_time::Instant,
        events: &mut Vec<Event>,
    ) -> Result<(), ExecutionError> {
        let mut transaction = Transaction::default();
        let mut read = Vec::new();
        for (index, variant) in self.variants.iter_mut().enumerate().filter(|(_, variant)| !variant.is_over())
        {
            let (log, lines) = variant.run.take_log();
            let host = std::mem::take(&mut variant.host_milliseconds);
            transaction = transaction.register(log);
            read.push((index, lines, host));
        }
        if read.iter().all(|(_, lines, _)| *lines == 0) {
            return Ok(());
        }
        let logs = transaction.execute_async().await?;
        // All variants take turns, so each one's share of the time is the same.
        let seconds = start.elapsed().as_secs_f32() / read.len() as f32;
        for ((index, lines, host), log) in read.into_iter().zip(logs) {
            let variant = &mut self.variants[index];
            let replicas = variant.run.seeds.len();
            let values: Vec<f32> = log.iter::<f32>().take(lines * 2 * replicas).collect();
            let mut lines_read = values.chunks_exact(2 * replicas);
            for (line, step) in lines_read.by_ref().zip(first + 1..) {
                for replica in 0..replicas {
                    let finite = line[replica].is_finite() && line[replicas + replica].is_finite();
                    if !finite && variant.diverged[replica].is_none() {
                        variant.diverged[replica] = Some(step);
                        events.push(Event::Diverged { variant: index, replica, step });
                    }
                }
            }
            events.push(Event::Progress(Progress {
                variant: index,
                step: self.step,
                losses: values.chunks_exact(2 * replicas).map(|line| line[..replicas].to_vec()).collect(),
                gradient_norms: values[values.len() - replicas..].to_vec(),
                learning_rate: variant.run.learning_rate(self.step),
                steps_per_second: lines as f32 / seconds.max(1e-6),
                cost: Cost { host_milliseconds: host / lines.max(1) as f32, ..Cost::default() },
            }));
        }
        Ok(())
    }

    /// Evaluates, probes and ends, where that is due.
    async fn halt(&mut self, events: &mut Vec<Event>) -> Result<(), ExecutionError> {
        let (step, total) = (self.step, self.experiment.training.steps);
        let due = |every: u32| step == total || every > 0 && step.is_multiple_of(every);
        for index in 0..self.variants.len() {
            let variant = &mut self.variants[index];
            if due(self.experiment.training.evaluate_every) {
                variant.metrics = evaluate(&variant.run).await?;
                events.push(Event::Evaluated { variant: index, step, metrics: variant.metrics.clone() });
            }
            if due(self.experiment.probes.every) && self.experiment.probes.any() {
                let report = probe(&variant.run, &self.experiment.probes).await?;
                events.push(Event::Probed { variant: index, step, report });
            }
        }
        if step == total {
            self.finished = true;
            let claims = self.experiment.judge(|variant, metric| self.variants[variant].outcome(metric));
            events.push(Event::Judged { claims });
            events.push(Event::Finished);
        }
        Ok(())
    }

    /// Everything that is needed to go on from here, as the bytes of a safetensors file.
    ///
    /// # Errors
    /// If the device fails or is lost.
    pub async fn checkpoint(&self) -> Result<Vec<u8>, ExecutionError> {
        let mut transaction = Transaction::default();
        for variant in &self.variants {
            let state = variant.run.state();
            let (parameters, mean, square) =
                (state.parameters.clone(), state.mean.clone(), state.square.clone());
            transaction = transaction.register(parameters).register(mean).register(square);
        }
        let read = transaction.execute_async().await?;
        let numbers: Vec<Vec<f32>> = read.into_iter().map(|data| data.iter::<f32>().collect()).collect();
        let variants = self.variants.iter().zip(numbers.chunks_exact(3)).map(|(variant, state)| {
            let layout = &variant.run.layout;
            checkpoint::Saving { layout, diverged: &variant.diverged, metrics: &variant.metrics, state }
        });
        Ok(checkpoint::write(&self.experiment, self.step, &variants.collect::<Vec<_>>()))
    }
}

/// Whether a probe will call this step the last update: the one before the probe, or the one before that where the
/// schedule ends at a learning rate of 0 and the last step changes nothing.
fn is_last_update(step: u32, total: u32, every: u32, run: &Run) -> bool {
    let probed = |step: u32| step == total || every > 0 && step.is_multiple_of(every);
    let moves = |step: u32| run.learning_rate(step) > 0.0;
    probed(step) && moves(step) || step < total && probed(step + 1) && !moves(step + 1)
}

/// What a variant asks to be done to the patches of images before training.
fn patch_map(experiment: &Experiment) -> Option<Box<dyn PatchMap>> {
    experiment.model.outline().tokens?.engine().before_training(experiment.task.reading())
}

/// Whether two variants see the same data: the same task, and nothing done to patches before training, or the same.
pub(crate) fn share_data(a: &Experiment, b: &Experiment) -> bool {
    let same_tokens = a.model.outline().tokens == b.model.outline().tokens;
    a.task == b.task && (same_tokens || patch_map(a).is_none() && patch_map(b).is_none())
}

fn resolve(experiment: &Experiment, index: usize) -> Result<Experiment, Vec<String>> {
    experiment.variant(index).map_err(sentences)
}

fn sentences(problems: Vec<crate::spec::Problem>) -> Vec<String> {
    problems.into_iter().map(|problem| problem.to_string()).collect()
}
