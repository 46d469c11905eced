//! The comparison: every variant at the value that it took, evaluated, probed and judged.

use burn::tensor::{Device, ExecutionError};

use super::checkpoint::Outcomes;
use super::data::{Files, Loader};
use super::lanes::{self, Lane, Wish};
use super::measure::evaluate;
use super::origins::Origins;
use super::probe::probe;
use super::quantized::{bytes, quantized};
use super::run::Run;
use super::session::sentences;
use crate::probes::report::Quantity;
use crate::protocol::{Cost, Event, Progress};
use crate::spec::asked::When;
use crate::spec::{Asked, Claim, Experiment, Measured, Rounded, Tried};
use crate::tasks::HeldOut;

/// The variants, each as it is compared.
pub(super) struct Comparison {
    /// One a variant.
    pub(super) lanes: Vec<Lane>,
    pub(super) step: u32,
    pub(super) steps: u32,
    /// What tuning found, of every variant that was tuned.
    pub(super) tried: Vec<Tried>,
    /// What the claims ask to be measured, as far as it is.
    pub(super) measured: Vec<Measured>,
    /// Of every variant the seeds that were trained in an earlier session.
    pub(super) earlier: Vec<Outcomes>,
}

impl Comparison {
    /// No variant: what stands before anything has begun.
    pub(super) fn nothing() -> Self {
        let (lanes, tried, measured, earlier) = Default::default();
        Self { lanes, step: 0, steps: 0, tried, measured, earlier }
    }

    /// Every variant at the value that it took, at step 0.
    ///
    /// # Errors
    /// One sentence for each problem of a variant or the data.
    pub(super) fn new(
        experiment: &Experiment,
        (tried, earlier): (Vec<Tried>, Vec<Outcomes>),
        files: &Files,
        origins: &Origins,
        device: &Device,
    ) -> Result<Self, Vec<String>> {
        let mut loader = Loader::new(files, HeldOut::Test, device);
        let mut lanes = Vec::new();
        for index in 0..experiment.variants.len() {
            let mut resolved = experiment.compared(index, &tried).map_err(sentences)?;
            let before = earlier.get(index).map_or(0, |one| one.diverged.len() as u32);
            resolved.seeds.first += before;
            resolved.seeds.count -= before;
            let data = loader.load(&resolved).map_err(|problem| vec![problem])?;
            let given = origins.given(index);
            let run = Run::new(&[resolved], data, origins, given, device).map_err(|problem| vec![problem])?;
            lanes.push(Lane::new(run));
        }
        let measured = experiment.asked().into_iter().map(|asked| {
            let unknown = lanes.iter().map(|_| vec![None; experiment.seeds.count as usize]).collect();
            Measured { asked, outcomes: unknown }
        });
        let measured: Vec<Measured> = measured.collect();
        let absent = |(one, lane): (&Measured, &Lane)| {
            let Asked::Probed(asked) = &one.asked else { return None };
            let place = asked.place.as_ref()?;
            let is_weight = asked.matrix.is_some_and(Quantity::is_of_weights);
            let matrices = lane.run.layout.matrices();
            let known = !is_weight || matrices.iter().any(|matrix| matrix.name == *place);
            (!known).then(|| {
                let names: Vec<_> = matrices.into_iter().map(|matrix| matrix.name).collect();
                format!(
                    "A claim asks for the matrix {place}, which a variant does not have; there are {}.",
                    names.join(", ")
                )
            })
        };
        let problems: Vec<String> = measured
            .iter()
            .flat_map(|one| lanes.iter().map(move |lane| (one, lane)))
            .filter_map(absent)
            .chain(experiment.claims.iter().filter_map(|claim| uncovered(claim, experiment, &lanes)))
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self { lanes, step: 0, steps: experiment.training.steps, tried, measured, earlier })
    }

    /// Up to `steps` more steps, and what they led to; `false` if all was abandoned.
    pub(super) async fn advance(
        &mut self,
        experiment: &Experiment,
        steps: u32,
        between: &mut impl AsyncFnMut() -> Wish,
        events: &mut Vec<Event>,
    ) -> Result<bool, ExecutionError> {
        let (probes, total) = (experiment.probes, self.steps);
        if self.step == 0 && probes.every > 0 && probes.any() {
            self.probe(experiment, events).await?;
        }
        let first = self.step;
        let last = self.next_halt(experiment).min(first + steps);
        let start = web_time::Instant::now();
        let keep = |step: u32, run: &Run| probes.updates && is_last_update(step, total, probes.every, run);
        let Some(done) = lanes::train(&mut self.lanes, (first, last), keep, between).await? else {
            return Ok(false);
        };
        self.step = done;
        for news in lanes::read(&mut self.lanes, first, start).await? {
            let variant = news.lane;
            let diverged = news.diverged.into_iter();
            events.extend(diverged.map(|(replica, step)| Event::Diverged { variant, replica, step }));
            events.push(Event::Progress(Progress {
                variant,
                step: done,
                losses: news.losses,
                gradient_norms: news.gradient_norms,
                learning_rate: self.lanes[variant].run.learning_rate(done),
                steps_per_second: news.speed,
                cost: Cost { host_milliseconds: news.host_milliseconds, ..Cost::default() },
            }));
        }
        self.halt(experiment, events).await?;
        Ok(true)
    }

    /// Measures every variant as it is now.
    async fn probe(
        &mut self,
        experiment: &Experiment,
        events: &mut Vec<Event>,
    ) -> Result<(), ExecutionError> {
        for variant in 0..self.lanes.len() {
            self.probe_one(variant, experiment, events).await?;
        }
        Ok(())
    }

    async fn probe_one(
        &mut self,
        variant: usize,
        experiment: &Experiment,
        events: &mut Vec<Event>,
    ) -> Result<(), ExecutionError> {
        let run = &self.lanes[variant].run;
        let report = probe(run, &experiment.probes).await?;
        let now = if self.step == 0 { When::First } else { When::Last };
        for one in &mut self.measured {
            if let Asked::Probed(asked) = &one.asked
                && asked.bits.is_none()
                && asked.step == now
            {
                let read = asked.read(&report, run.seeds.len());
                newest(&mut one.outcomes[variant], read);
            }
        }
        events.push(Event::Probed { variant, step: self.step, report });
        Ok(())
    }

    /// The next step after which something other than training is due.
    fn next_halt(&self, experiment: &Experiment) -> u32 {
        let next = |every: u32| self.step.checked_div(every).map_or(self.steps, |done| (done + 1) * every);
        let probes = experiment.probes;
        let probing = if probes.any() { next(probes.every) } else { self.steps };
        self.steps.min(next(experiment.training.evaluate_every)).min(probing)
    }

    /// Evaluates, probes and ends, where that is due.
    async fn halt(&mut self, experiment: &Experiment, events: &mut Vec<Event>) -> Result<(), ExecutionError> {
        let (step, total) = (self.step, self.steps);
        let due = |every: u32| step == total || every > 0 && step.is_multiple_of(every);
        for index in 0..self.lanes.len() {
            let lane = &mut self.lanes[index];
            if due(experiment.training.evaluate_every) {
                lane.outcomes.metrics = evaluate(&lane.run).await?;
                let metrics = lane.outcomes.metrics.clone();
                events.push(Event::Evaluated { variant: index, step, metrics });
            }
            if due(experiment.probes.every) && experiment.probes.any() {
                self.probe_one(index, experiment, events).await?;
            }
        }
        if step == total && !experiment.quantize.bits.is_empty() {
            for (variant, lane) in self.lanes.iter().enumerate() {
                let points =
                    quantized(&lane.run, &experiment.quantize, lane.outcomes.metrics.clone()).await?;
                for one in &mut self.measured {
                    if let Some(read) = one.asked.read_rounded(&points) {
                        newest(&mut one.outcomes[variant], read);
                    }
                }
                events.push(Event::Quantized { variant, points });
            }
        }
        if step == total {
            let whole = |(variant, lane): (usize, &Lane)| {
                let ended = &lane.outcomes;
                self.earlier.get(variant).map_or_else(|| ended.clone(), |earlier| earlier.followed_by(ended))
            };
            let whole: Vec<Outcomes> = self.lanes.iter().enumerate().map(whole).collect();
            let claims = experiment.judge(|variant, asked| match asked {
                Asked::Metric(metric) => whole[variant].of(*metric),
                Asked::Probed(_) | Asked::Rounded(_) => {
                    let measured = self.measured.iter().find(|one| one.asked == *asked);
                    let outcomes = measured.map_or(Vec::new(), |one| one.outcomes[variant].clone());
                    let diverged = whole[variant].diverged.iter();
                    outcomes.into_iter().zip(diverged).map(|(one, at)| one.filter(|_| at.is_none())).collect()
                }
            });
            events.push(Event::Judged { claims, measured: self.measured.clone() });
            events.push(Event::Finished);
        }
        Ok(())
    }
}

/// Puts what was read of this session's seeds in place of the last outcomes; those of earlier seeds stay before them.
fn newest(outcomes: &mut Vec<Option<f64>>, read: Vec<Option<f64>>) {
    outcomes.truncate(outcomes.len() - read.len());
    outcomes.extend(read);
}

/// A sentence where a claim asks for a mean over bytes that one of its variants does not have.
fn uncovered(claim: &Claim, experiment: &Experiment, lanes: &[Lane]) -> Option<String> {
    let Asked::Rounded(Rounded { bytes: Some([low, high]), .. }) = claim.of else { return None };
    let (names, how) = (experiment.variant_names(), &experiment.quantize);
    let compared = claim.find(&names).ok()?;
    let pairs = std::iter::once(compared.pair).chain(compared.than);
    let widths = how.widths().unwrap_or_default();
    pairs.flat_map(|(variant, against)| [variant, against]).find_map(|index| {
        let taken = || widths.iter().map(|bits| bytes(&lanes[index].run.layout, how, *bits));
        let (least, most) = (taken().min()?, taken().max()?);
        (low < least || high > most).then(|| {
            format!(
                "A claim asks for a mean over {low} to {high} bytes; rounded, {} takes {least} to {most}.",
                names[index]
            )
        })
    })
}

/// Whether a probe will call this step the last update: the one before the probe, or the one before that where the
/// schedule ends at a learning rate of 0 and the last step changes nothing.
fn is_last_update(step: u32, total: u32, every: u32, run: &Run) -> bool {
    let probed = |step: u32| step == total || every > 0 && step.is_multiple_of(every);
    probed(step) && run.moves(step) || step < total && probed(step + 1) && !run.moves(step + 1)
}
