//! The engine's events, folded into what the page shows.

use kappa_core::protocol::{DeviceReport, Event, Preparing, Progress, VariantInfo};
use kappa_core::quantization::QuantizedTo;
use kappa_core::spec::{Experiment, JudgedClaim, Metric, Tried};

use super::{Clock, Curve, History};

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing has been started.
    #[default]
    Idle,
    /// Asked for; the engine has not begun yet.
    Starting,
    /// Training.
    Running,
    /// Asked to halt; the engine is still at the step under way.
    Pausing,
    /// Halted, can go on.
    Paused,
    /// Asked to stop; the engine has not answered yet.
    Stopping,
    /// Stopped before its end.
    Stopped,
    /// All steps done.
    Finished,
    /// Ended by an error.
    Failed,
}

impl Phase {
    /// Whether the engine works or would go on.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Pausing | Self::Paused | Self::Stopping)
    }
}

/// One evaluation of one variant on the test split.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Steps done.
    pub step: u32,
    /// The metrics of the task, each with one number a replica.
    pub metrics: Vec<(Metric, Vec<f32>)>,
}

/// What is known of one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantLog {
    /// Name and size.
    pub info: VariantInfo,
    /// Steps done.
    pub step: u32,
    /// Training loss.
    pub loss: Curve,
    /// Test metrics, in the order of their steps.
    pub evaluations: Vec<Evaluation>,
    /// The newest progress, without its losses.
    pub last: Option<Progress>,
    /// Replicas that diverged, with the step.
    pub diverged: Vec<(usize, u32)>,
    /// Measurements inside the network.
    pub probes: History,
    /// The last evaluation of the seeds that were trained before these.
    pub earlier: Vec<(Metric, Vec<f32>)>,
    /// Steps in all.
    pub(super) steps: u32,
}

impl VariantLog {
    pub(super) fn new(info: VariantInfo, step: u32, steps: u32, replicas: u32) -> Self {
        Self {
            info,
            step,
            loss: Curve::new(steps, replicas),
            evaluations: Vec::new(),
            last: None,
            diverged: Vec::new(),
            probes: History::default(),
            earlier: Vec::new(),
            steps,
        }
    }

    /// The newest numbers of one metric, one a replica; after the last step those of earlier seeds come first.
    pub fn newest(&self, metric: Metric) -> Option<(u32, Vec<f32>)> {
        let evaluation = self.evaluations.last()?;
        let of = |metrics: &[(Metric, Vec<f32>)]| {
            metrics.iter().find(|(other, _)| *other == metric).map(|(_, values)| values.clone())
        };
        let mut values = of(&evaluation.metrics)?;
        if evaluation.step == self.steps {
            values.splice(0..0, of(&self.earlier).unwrap_or_default());
        }
        Some((evaluation.step, values))
    }

    /// Every metric of the newest evaluation, earlier seeds included.
    fn outcomes(&self) -> Vec<(Metric, Vec<f32>)> {
        let metrics = self.evaluations.last().map_or(&[][..], |evaluation| &evaluation.metrics);
        metrics.iter().filter_map(|(metric, _)| Some((*metric, self.newest(*metric)?.1))).collect()
    }
}

/// What is known of a training that networks start from.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceLog {
    /// What it is called.
    pub called: String,
    /// Steps done, and in all.
    pub steps: (u32, u32),
    /// How many are trained in all.
    pub of: u32,
    /// Training loss, mean over the seeds.
    pub loss: Curve,
    /// How it does on its own test split, after the last step.
    pub metrics: Vec<(Metric, Vec<f32>)>,
}

/// Everything that is known of the run under way, or of the last one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunLog {
    /// How far it is.
    pub phase: Phase,
    /// What was asked for.
    pub experiment: Option<Experiment>,
    /// Where it runs.
    pub device: Option<DeviceReport>,
    /// Steps of a variant in all.
    pub steps: u32,
    /// Replicas of a variant.
    pub replicas: u32,
    /// The variants, in the experiment's order.
    pub variants: Vec<VariantLog>,
    /// Trainings that the networks start from, in the order of their training.
    pub sources: Vec<SourceLog>,
    /// How many of these, each of one seed, were kept from before, of how many.
    pub reused: (u32, u32),
    /// Steps of tuning that are done, and in all; none where nothing is tuned.
    pub tuning: (u32, u32),
    /// What each variant that is tuned has come to so far.
    pub tried: Vec<Tried>,
    /// The variant whose shaders are being compiled.
    pub compiling: Option<usize>,
    /// The engine that is being timed, where the faster of two is to be found.
    pub comparing: Option<String>,
    /// The file being fetched, and the share of it that is there.
    pub loading: Option<(String, f32)>,
    /// Things the user should know, newest last.
    pub notes: Vec<String>,
    /// Every claim, and what came of it, once all steps are done.
    pub claims: Vec<JudgedClaim>,
    /// Variants with their trained matrices rounded to few bits, once all steps are done.
    pub rounded: Vec<(usize, Vec<QuantizedTo>)>,
    /// Why it failed.
    pub problems: Vec<String>,
    /// Time.
    pub clock: Clock,
    /// Whether the next start goes on with this run.
    recovering: bool,
    /// Of each variant the outcomes of the seeds that were trained before.
    earlier: Vec<Vec<(Metric, Vec<f32>)>>,
}

impl RunLog {
    /// The log of a run that was just asked for.
    pub fn starting(experiment: Experiment, device: Option<DeviceReport>) -> Self {
        Self { phase: Phase::Starting, experiment: Some(experiment), device, ..Self::default() }
    }

    /// The log of a run with more seeds, which comes after this one.
    pub fn with_more_seeds(&self, experiment: Experiment) -> Self {
        Self {
            earlier: self.variants.iter().map(VariantLog::outcomes).collect(),
            tried: self.tried.clone(),
            ..Self::starting(experiment, self.device.clone())
        }
    }

    /// Share of all steps of all variants that is done, 0 to 1. A step of tuning counts as many times as it has replicas.
    pub fn share(&self) -> f64 {
        let tune = self.experiment.as_ref().map(|experiment| &experiment.tune);
        let tried = tune.map_or(0.0, |tune| tune.values.len() as f64 * f64::from(tune.seeds));
        let tuned = tried / f64::from(self.replicas.max(1)) * self.variants.len() as f64;
        let all = f64::from(self.steps) * self.variants.len() as f64 + f64::from(self.tuning.1) * tuned;
        let done: f64 = self.variants.iter().map(|variant| f64::from(variant.step)).sum();
        let done = done + f64::from(self.tuning.0) * tuned;
        // A step of a source costs about as much as one of a variant.
        let of_sources =
            |steps: fn(&SourceLog) -> u32| self.sources.iter().map(|one| f64::from(steps(one))).sum::<f64>();
        let to_come = self.sources.last().map_or(0.0, |one| {
            f64::from(one.of.saturating_sub(self.sources.len() as u32)) * f64::from(one.steps.1)
        });
        let all = all + of_sources(|one| one.steps.1) + to_come;
        let done = done + of_sources(|one| one.steps.0);
        if all > 0.0 { (done / all).min(1.0) } else { 0.0 }
    }

    /// Whether values are tried still.
    pub fn is_tuning(&self) -> bool {
        self.tuning.0 < self.tuning.1
    }

    /// Folds one event in. `now` is in milliseconds. A checkpoint is not kept here.
    pub fn apply(&mut self, event: Event, now: f64) {
        match event {
            Event::Ready | Event::Checkpoint { .. } | Event::DeviceLost { .. } => {}
            Event::Device(device) => self.device = Some(device),
            Event::Loading { file, share } => self.loading = (share < 1.0).then_some((file, share)),
            // Where it runs is known when both have been timed.
            Event::Comparing { engine } => {
                (self.comparing, self.device, self.loading) = (Some(engine), None, None)
            }
            // A new engine goes on with the same run: the curves stay.
            Event::Started { variants, step, steps, replicas } => {
                // A Stop that has been asked for meanwhile will be heard.
                if self.phase != Phase::Stopping {
                    self.phase = Phase::Running;
                }
                (self.steps, self.replicas) = (steps, replicas);
                (self.comparing, self.loading) = (None, None);
                if std::mem::take(&mut self.recovering) && self.variants.len() == variants.len() {
                    self.rewind(step);
                } else {
                    let new = |info| VariantLog::new(info, step, steps, replicas);
                    self.variants = variants.into_iter().map(new).collect();
                    for (variant, earlier) in self.variants.iter_mut().zip(&self.earlier) {
                        variant.earlier.clone_from(earlier);
                    }
                    self.clock = Clock::default();
                }
                self.clock.run(now);
            }
            Event::Compiling { variant } => self.compiling = Some(variant),
            Event::Reused { kept, of } => self.reused = (kept, of),
            Event::Kept { .. } => {}
            Event::Preparing(source) => self.prepare(source, now),
            Event::Tuning(tuning) => {
                self.compiling = None;
                self.tuning = (tuning.step, tuning.steps);
                if !tuning.tried.is_empty() {
                    self.tried = tuning.tried;
                }
                self.clock.note(now, self.share());
            }
            Event::Progress(progress) => self.progress(progress, now),
            Event::Evaluated { variant, step, metrics } => {
                if let Some(variant) = self.variants.get_mut(variant) {
                    variant.evaluations.retain(|evaluation| evaluation.step < step);
                    variant.evaluations.push(Evaluation { step, metrics });
                }
            }
            Event::Probed { variant, step, report } => {
                if let Some(variant) = self.variants.get_mut(variant) {
                    variant.probes.push(step, report);
                }
            }
            Event::Paused(paused) if self.phase.is_live() && self.phase != Phase::Stopping => {
                self.phase = if paused { Phase::Paused } else { Phase::Running };
                if paused { self.clock.halt(now) } else { self.clock.run(now) }
            }
            Event::Paused(_) => {}
            Event::Diverged { variant, replica, step } => {
                if let Some(variant) = self.variants.get_mut(variant) {
                    variant.diverged.push((replica, step));
                }
            }
            Event::Recovered { step, because } => {
                self.rewind(step);
                self.recovering = true;
                self.phase = Phase::Starting;
                self.clock.halt(now);
                self.notes.push(because);
            }
            Event::Judged { claims, .. } => self.claims = claims,
            Event::Quantized { variant, points } => {
                self.rounded.retain(|(other, _)| *other != variant);
                self.rounded.push((variant, points));
            }
            // The end of the run before this one, told before the engine had heard of this one.
            Event::Finished | Event::Stopped if self.phase == Phase::Starting => {}
            Event::Finished => self.end(Phase::Finished, now),
            Event::Stopped => self.end(Phase::Stopped, now),
            Event::Failed { problems } => {
                self.problems = problems;
                self.end(Phase::Failed, now);
            }
        }
    }

    fn prepare(&mut self, source: Preparing, now: f64) {
        self.compiling = None;
        let at = source.source as usize;
        // A run that goes on may tell of a later one first.
        self.sources.truncate(at + 1);
        if self.sources.len() <= at {
            let (called, loss) = (source.called, Curve::new(source.steps, 1));
            let steps = (0, source.steps);
            self.sources.push(SourceLog { called, steps, of: source.sources, loss, metrics: Vec::new() });
        }
        if let Some(one) = self.sources.last_mut() {
            let first = (source.step + 1).saturating_sub(source.losses.len() as u32);
            for (step, loss) in (first..).zip(source.losses) {
                one.loss.push(step, &[loss]);
            }
            one.steps.0 = source.step;
            one.metrics = source.metrics;
        }
        self.clock.note(now, self.share());
    }

    /// Whether what networks start from is trained still.
    pub fn is_preparing(&self) -> bool {
        self.sources
            .last()
            .is_some_and(|one| one.steps.0 < one.steps.1 || one.of as usize > self.sources.len())
    }

    /// Forgets what came after `step`.
    fn rewind(&mut self, step: u32) {
        for variant in &mut self.variants {
            variant.step = variant.step.min(step);
            variant.loss.rewind(step);
            variant.probes.rewind(step);
            variant.evaluations.retain(|evaluation| evaluation.step <= step);
            variant.diverged.retain(|(_, at)| *at <= step);
        }
    }

    fn progress(&mut self, mut progress: Progress, now: f64) {
        self.compiling = None;
        let Some(variant) = self.variants.get_mut(progress.variant) else {
            return;
        };
        let losses = std::mem::take(&mut progress.losses);
        let first = (progress.step + 1).saturating_sub(losses.len() as u32);
        for (step, losses) in (first..).zip(&losses) {
            variant.loss.push(step, losses);
        }
        variant.step = progress.step;
        variant.last = Some(progress);
        // Judged once every variant has compiled.
        if self.variants.iter().all(|variant| variant.last.is_some()) {
            self.clock.note(now, self.share());
        }
    }

    fn end(&mut self, phase: Phase, now: f64) {
        self.phase = phase;
        (self.comparing, self.compiling, self.loading) = (None, None, None);
        self.clock.halt(now);
    }
}

#[cfg(test)]
mod tests;
