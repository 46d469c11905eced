//! Sources in training, one after the other, before the first network that starts from them.

use burn::tensor::{Device, ExecutionError, Transaction};

use super::data::{Files, Loader};
use super::kept::Kept;
use super::lanes::{self, Lane, Wish};
use super::measure::evaluate;
use super::origins::Origins;
use super::run::{Run, seeds_of};
use crate::fields::quote;
use crate::protocol::{self, Cost, Event};
use crate::spec::{Experiment, Needed, Tried};
use crate::tasks::HeldOut;

/// One source for seeds that follow each other.
pub(super) struct Missing {
    needed: Needed,
    /// How it is trained, for these seeds only.
    experiment: Experiment,
}

impl Missing {
    /// The name of its first seed.
    fn name(&self) -> String {
        self.needed.name(u64::from(self.experiment.seeds.first))
    }
}

/// What networks start from that is not trained yet.
pub(super) struct Preparing {
    missing: Vec<Missing>,
    /// Which one is under way.
    at: usize,
    lane: Option<Lane>,
    step: u32,
    /// Steps of those that are done.
    done: u32,
    /// Trainings of one seed that are there already.
    reused: u32,
    files: Files,
    device: Device,
}

/// The resolved experiments of tuning, or of the comparison.
///
/// # Errors
/// One sentence for each problem of a variant.
pub(super) fn resolved(
    experiment: &Experiment,
    tuning: bool,
    tried: &[Tried],
    earlier: u32,
) -> Result<Vec<Experiment>, Vec<String>> {
    let sentences = super::session::sentences;
    let mut all = Vec::new();
    for index in 0..experiment.variants.len() {
        match experiment.tuned_field(index) {
            Some(field) if tuning => {
                for value in &experiment.tune.values {
                    let at = crate::fields::shortest(*value);
                    let one = experiment.variant_at(index, field, at).map_err(sentences)?;
                    all.push(experiment.trial(one));
                }
            }
            _ if tuning => {}
            _ => {
                let mut one = experiment.compared(index, tried).map_err(sentences)?;
                one.seeds.first += earlier;
                one.seeds.count -= earlier;
                all.push(one);
            }
        }
    }
    Ok(all)
}

impl Preparing {
    /// What these experiments start from and is not there yet; `None` if that is nothing.
    ///
    /// # Errors
    /// One sentence for each problem of a source.
    pub(super) fn new(
        all: &[Experiment],
        origins: &Origins,
        files: &Files,
        device: &Device,
    ) -> Result<Option<Self>, Vec<String>> {
        let mut missing: Vec<Missing> = Vec::new();
        let mut names = Vec::new();
        let mut reused = 0;
        for one in all {
            for needed in origins.needed(one)? {
                let mut last = None;
                for seed in seeds_of(one) {
                    let name = needed.name(seed);
                    if names.contains(&name) {
                        continue;
                    }
                    if origins.has(&name) {
                        reused += 1;
                    } else if needed.source.is_file() {
                        let (number, file) = (needed.number, quote(&name));
                        return Err(vec![format!(
                            "source.{number}.file names {file}, which is not kept here; `kappa sources list` names what is."
                        )]);
                    } else if last == Some(seed.wrapping_sub(1)) {
                        missing.last_mut().expect("the seed before it").experiment.seeds.count += 1;
                        last = Some(seed);
                    } else {
                        let mut experiment = needed.experiment.clone();
                        (experiment.seeds.first, experiment.seeds.count) = (seed as u32, 1);
                        missing.push(Missing { needed: needed.clone(), experiment });
                        last = Some(seed);
                    }
                    names.push(name);
                }
            }
        }
        let preparing = Self {
            missing,
            at: 0,
            lane: None,
            step: 0,
            done: 0,
            reused,
            files: files.clone(),
            device: device.clone(),
        };
        Ok((!preparing.missing.is_empty()).then_some(preparing))
    }

    /// The files below `data/` that sources of an experiment read.
    pub(super) fn files(experiment: &Experiment, resolved: &Experiment) -> Vec<&'static str> {
        let needed = experiment.needed(resolved).unwrap_or_default();
        let trained = needed.into_iter().filter(|one| !one.source.is_file());
        trained.filter_map(|one| one.experiment.task.outline().file).collect()
    }

    /// Steps that are done, of all sources.
    pub(super) fn all_steps(&self) -> u32 {
        self.done + self.step
    }

    /// The run under way, the step that it is at, and the name of its first seed; `None` before its first step.
    pub(super) fn under_way(&self) -> Option<(&Lane, u32, String)> {
        Some((self.lane.as_ref()?, self.step, self.missing[self.at].name()))
    }

    /// The run of the first source, if it is of this name; a checkpoint puts its numbers there and says at which step it is.
    ///
    /// # Errors
    /// One sentence for each problem of the data.
    pub(super) fn at(&mut self, name: &str, step: u32) -> Result<Option<(&mut Lane, u32)>, Vec<String>> {
        if self.missing[0].name() != name {
            return Ok(None);
        }
        self.begin().map_err(|problem| vec![problem])?;
        self.step = step;
        let steps = self.missing[0].experiment.training.steps;
        Ok(self.lane.as_mut().map(|lane| (lane, steps)))
    }

    fn begin(&mut self) -> Result<(), String> {
        let experiment = &self.missing[self.at].experiment;
        let data = Loader::new(&self.files, HeldOut::Test, &self.device).load(experiment)?;
        let nothing = Origins::new(experiment);
        self.lane =
            Some(Lane::new(Run::new(std::slice::from_ref(experiment), data, &nothing, None, &self.device)?));
        self.step = 0;
        Ok(())
    }

    /// Up to `steps` more steps of the source under way, and what they led to; what is trained goes to `origins`, and is told
    /// to be kept. `None` if all was abandoned.
    pub(super) async fn advance(
        &mut self,
        steps: u32,
        origins: &mut Origins,
        between: &mut impl AsyncFnMut() -> Wish,
    ) -> Result<Option<Vec<Event>>, ExecutionError> {
        if self.lane.is_none()
            && let Err(problem) = self.begin()
        {
            return Ok(Some(vec![Event::Failed { problems: vec![problem] }]));
        }
        let (first, start) = (self.step, web_time::Instant::now());
        let total = self.missing[self.at].experiment.training.steps;
        let lanes = self.lane.as_mut().map(std::slice::from_mut).unwrap_or_default();
        let last = total.min(first + steps);
        let Some(mut done) = lanes::train(lanes, (first, last), |_, _| false, between).await? else {
            return Ok(None);
        };
        let news = lanes::read(lanes, first, start).await?;
        if news.is_empty() && done == first {
            // Every replica diverged: there is nothing left to train.
            done = total;
        }
        self.step = done;
        let mean = |losses: &Vec<f32>| losses.iter().sum::<f32>() / losses.len().max(1) as f32;
        let host = news.iter().map(|news| news.host_milliseconds).sum();
        let mut metrics = Vec::new();
        if done == total {
            metrics = evaluate(&lanes[0].run).await?;
        }
        let mut events = vec![Event::Preparing(protocol::Preparing {
            called: self.missing[self.at].needed.called(),
            source: self.at as u32,
            sources: self.missing.len() as u32,
            reused: self.reused,
            step: done,
            steps: total,
            replicas: self.missing[self.at].experiment.seeds.count,
            losses: news.iter().flat_map(|news| news.losses.iter().map(mean)).collect(),
            steps_per_second: news.iter().map(|news| news.speed).sum(),
            metrics: metrics.clone(),
            cost: Cost { host_milliseconds: host, ..Cost::default() },
        })];
        if done == total {
            for kept in self.keep(&metrics).await? {
                events.push(Event::Kept { name: kept.name.clone(), bytes: kept.write() });
                origins.add(kept);
            }
            self.lane = None;
            self.done += total;
            self.step = 0;
            self.at += 1;
        }
        Ok(Some(events))
    }

    /// Whether all are trained.
    pub(super) fn is_over(&self) -> bool {
        self.at == self.missing.len()
    }

    /// Every seed of the source under way, as it is now.
    async fn keep(&self, metrics: &[(crate::stats::Metric, Vec<f32>)]) -> Result<Vec<Kept>, ExecutionError> {
        let Some(lane) = &self.lane else { return Ok(Vec::new()) };
        let read =
            Transaction::default().register(lane.run.state().parameters.clone()).execute_async().await?;
        let numbers: Vec<f32> = read.iter().flat_map(|data| data.iter::<f32>()).collect();
        let missing = &self.missing[self.at];
        let rows = numbers.chunks_exact(lane.run.layout.width()).zip(&lane.run.seeds).enumerate();
        let kept = rows.map(|(replica, (row, seed))| {
            let of_seed = metrics.iter().map(|(metric, values)| (*metric, values[replica])).collect();
            let experiment = missing.needed.of_seed(*seed as u32);
            Kept::new(missing.needed.name(*seed), &experiment, of_seed, &lane.run.layout, row)
        });
        Ok(kept.collect())
    }
}
