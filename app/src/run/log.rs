//! The engine's events, folded into what the page shows.

use kappa_core::protocol::{DeviceReport, Event, Progress, VariantInfo};
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
mod tests {
    use super::*;

    fn started(variants: usize, steps: u32) -> RunLog {
        let mut log = RunLog::default();
        let info = VariantInfo { name: "base".to_owned(), parameters: 10, operations: 60, bytes: 40 };
        log.apply(Event::Started { variants: vec![info; variants], step: 0, steps, replicas: 2 }, 0.0);
        log
    }

    fn progress(variant: usize, step: u32, losses: &[f32]) -> Event {
        Event::Progress(Progress {
            variant,
            step,
            losses: losses.iter().map(|loss| vec![*loss; 2]).collect(),
            gradient_norms: vec![1.0; 2],
            learning_rate: 1e-3,
            steps_per_second: 10.0,
            cost: kappa_core::protocol::Cost::default(),
        })
    }

    #[test]
    fn losses_land_at_the_steps_they_belong_to() {
        let mut log = started(1, 10);
        log.apply(progress(0, 3, &[3.0, 2.0, 1.0]), 1.0);
        let points: Vec<_> = log.variants[0].loss.points().map(|point| (point.x, point.mean)).collect();
        assert_eq!(points, [(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)]);
        assert_eq!(log.variants[0].step, 3);
    }

    #[test]
    fn the_share_counts_every_variant() {
        let mut log = started(2, 10);
        log.apply(progress(0, 10, &[1.0]), 1.0);
        assert_eq!(log.share(), 0.5);
    }

    #[test]
    fn the_share_counts_tuning_by_its_replicas() {
        let mut log = started(2, 10);
        let mut experiment = kappa_core::catalog::find("tiny").unwrap().experiment().clone();
        experiment.tune.values = vec![1e-3, 2e-3];
        log.experiment = Some(experiment);
        // Two values with three seeds each for five steps, then ten steps of two seeds, in each variant: 30 to 20.
        let tried =
            vec![Tried::new(0, &[1e-3, 2e-3], vec![vec![Some(0.5)], vec![Some(0.6)]], Metric::Accuracy)];
        let tuning = |step, tried| {
            let cost = kappa_core::protocol::Cost::default();
            Event::Tuning(kappa_core::protocol::Tuning { step, steps: 5, steps_per_second: 1.0, cost, tried })
        };
        log.apply(tuning(4, tried.clone()), 1.0);
        assert!((log.share() - 24.0 / 50.0).abs() < 1e-9 && log.is_tuning());
        log.apply(tuning(5, Vec::new()), 2.0);
        assert!((log.share() - 0.6).abs() < 1e-9 && !log.is_tuning());
        assert_eq!(log.tried, tried, "what is not told again stays");
    }

    #[test]
    fn seeds_that_are_added_stand_behind_those_that_were_there() {
        let evaluated = |step, values: &[f32]| Event::Evaluated {
            variant: 0,
            step,
            metrics: vec![(Metric::Accuracy, values.to_vec())],
        };
        let mut log = started(1, 10);
        log.apply(evaluated(10, &[0.5, 0.6]), 1.0);
        let mut more = log.with_more_seeds(kappa_core::catalog::find("tiny").unwrap().experiment().clone());
        let info = log.variants[0].info.clone();
        more.apply(Event::Started { variants: vec![info], step: 0, steps: 10, replicas: 1 }, 2.0);
        more.apply(evaluated(5, &[0.1]), 3.0);
        assert_eq!(
            more.variants[0].newest(Metric::Accuracy),
            Some((5, vec![0.1])),
            "they are not as far yet"
        );
        more.apply(evaluated(10, &[0.7]), 4.0);
        assert_eq!(more.variants[0].newest(Metric::Accuracy), Some((10, vec![0.5, 0.6, 0.7])));
    }

    #[test]
    fn a_recovered_run_goes_back_to_its_checkpoint() {
        let mut log = started(1, 10);
        log.apply(progress(0, 8, &[1.0; 8]), 1.0);
        log.apply(Event::Diverged { variant: 0, replica: 1, step: 7 }, 1.0);
        log.apply(Event::Recovered { step: 5, because: "The device was lost.".to_owned() }, 2.0);
        assert_eq!(log.variants[0].loss.points().count(), 5);
        assert_eq!((log.variants[0].step, log.variants[0].diverged.len()), (5, 0));
        assert_eq!(log.notes.len(), 1);
        let info = log.variants[0].info.clone();
        log.apply(Event::Started { variants: vec![info], step: 5, steps: 10, replicas: 2 }, 3.0);
        assert_eq!((log.variants[0].loss.points().count(), log.phase), (5, Phase::Running));
    }

    #[test]
    fn an_event_for_a_variant_that_is_not_there_changes_nothing() {
        let mut log = started(1, 10);
        let before = log.clone();
        log.apply(progress(7, 3, &[1.0]), 1.0);
        log.apply(Event::Diverged { variant: 7, replica: 0, step: 1 }, 1.0);
        assert_eq!(log, before);
    }

    #[test]
    fn a_run_that_is_to_stop_is_not_woken_by_what_was_said_before() {
        let mut log = started(1, 10);
        log.phase = Phase::Stopping;
        log.apply(Event::Paused(true), 1.0);
        assert_eq!(log.phase, Phase::Stopping);
        let info = log.variants[0].info.clone();
        log.apply(Event::Started { variants: vec![info], step: 0, steps: 10, replicas: 2 }, 1.0);
        assert_eq!(log.phase, Phase::Stopping);
        log.apply(Event::Stopped, 2.0);
        assert_eq!(log.phase, Phase::Stopped);
    }

    #[test]
    fn the_end_of_the_run_before_does_not_end_one_that_is_starting() {
        for end in [Event::Finished, Event::Stopped] {
            let mut log = RunLog { phase: Phase::Starting, ..RunLog::default() };
            log.apply(end, 1.0);
            assert_eq!(log.phase, Phase::Starting);
        }
    }

    #[test]
    fn a_comparison_lasts_until_one_of_both_is_taken() {
        let device = |engine: &str| DeviceReport {
            engine: engine.to_owned(),
            adapter: String::new(),
            because: String::new(),
        };
        let mut log = RunLog { phase: Phase::Starting, device: Some(device("CPU")), ..RunLog::default() };
        log.apply(Event::Comparing { engine: "WebGPU".to_owned() }, 0.0);
        assert_eq!((log.comparing.as_deref(), &log.device), (Some("WebGPU"), &None));
        log.apply(Event::Device(device("WebGPU")), 1.0);
        let info = VariantInfo { name: "base".to_owned(), parameters: 10, operations: 100, bytes: 40 };
        log.apply(Event::Started { variants: vec![info], step: 0, steps: 10, replicas: 2 }, 1.0);
        log.apply(progress(0, 3, &[3.0, 2.0, 1.0]), 1.0);
        assert_eq!((log.comparing, log.phase, log.variants[0].step), (None, Phase::Running, 3));
    }

    #[test]
    fn a_late_pause_does_not_wake_a_finished_run() {
        let mut log = started(1, 10);
        log.apply(Event::Finished, 1.0);
        log.apply(Event::Paused(true), 2.0);
        assert_eq!(log.phase, Phase::Finished);
    }
}
