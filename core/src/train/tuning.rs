//! Tuning: every variant with every value that it tries, before the comparison.
//!
//! Values of what each replica can have of its own (learning rate, weight decay) are more replicas of one run: the same
//! kernels, as many launches as for one value. Values of anything else are runs of their own.

use burn::tensor::{Device, ExecutionError};

use super::data::{Files, Loader};
use super::lanes::{self, Lane, Wish};
use super::measure::evaluate;
use super::origins::Origins;
use super::run::{Run, train_as_one};
use crate::protocol::{self, Cost};
use crate::spec::{Experiment, Tried};
use crate::tasks::HeldOut;

/// Looks at the validation split on the way, the one after the last step among them.
const LOOKS: u32 = 4;

/// All trials of an experiment under way.
pub(super) struct Tuning {
    pub(super) lanes: Vec<Lane>,
    /// Of each lane, its variant and how many values it tries.
    trials: Vec<(usize, usize)>,
    pub(super) step: u32,
    pub(super) steps: u32,
}

impl Tuning {
    /// Every variant that is tuned, at step 0.
    ///
    /// # Errors
    /// One sentence for each problem of a variant or the data.
    pub(super) fn new(
        experiment: &Experiment,
        files: &Files,
        origins: &Origins,
        device: &Device,
    ) -> Result<Self, Vec<String>> {
        let one = |problem: String| vec![problem];
        let mut loader = Loader::new(files, HeldOut::Validation, device);
        let (mut lanes, mut trials) = (Vec::new(), Vec::new());
        for variant in 0..experiment.variants.len() {
            let Some(field) = experiment.tuned_field(variant) else { continue };
            let mut values: Vec<Experiment> = Vec::new();
            for value in &experiment.tune.values {
                let at = crate::fields::shortest(*value);
                let resolved =
                    experiment.variant_at(variant, field, at).map_err(super::session::sentences)?;
                values.push(experiment.trial(resolved));
            }
            for together in values.chunk_by(train_as_one) {
                let data = loader.load(&together[0]).map_err(one)?;
                let run = Run::new(together, data, origins, origins.given(variant), device).map_err(one)?;
                lanes.push(Lane::new(run));
                trials.push((variant, together.len()));
            }
        }
        let steps = match experiment.tune.steps {
            0 => experiment.training.steps,
            steps => steps,
        };
        Ok(Self { lanes, trials, step: 0, steps })
    }

    /// Up to `steps` more steps. `None` if all was abandoned.
    pub(super) async fn advance(
        &mut self,
        experiment: &Experiment,
        steps: u32,
        between: &mut impl AsyncFnMut() -> Wish,
    ) -> Result<Option<protocol::Tuning>, ExecutionError> {
        let (first, start) = (self.step, web_time::Instant::now());
        let every = self.steps.div_ceil(LOOKS);
        let last = ((first / every + 1) * every).min(self.steps).min(first + steps);
        let Some(done) = lanes::train(&mut self.lanes, (first, last), |_, _| false, between).await? else {
            return Ok(None);
        };
        self.step = done;
        let news = lanes::read(&mut self.lanes, first, start).await?;
        let seconds: f32 = news.iter().map(|news| 1.0 / news.speed.max(1e-6)).sum();
        let looked_at = done > first && (done.is_multiple_of(every) || done == self.steps);
        let tried = if looked_at { self.look(experiment).await? } else { Vec::new() };
        let host = news.iter().map(|news| news.host_milliseconds).sum();
        Ok(Some(protocol::Tuning {
            step: done,
            steps: self.steps,
            steps_per_second: 1.0 / seconds.max(1e-6),
            cost: Cost { host_milliseconds: host, ..Cost::default() },
            tried,
        }))
    }

    /// What every variant has come to on the validation split.
    async fn look(&mut self, experiment: &Experiment) -> Result<Vec<Tried>, ExecutionError> {
        let mut outcomes: Vec<(usize, Vec<Vec<Option<f64>>>)> = Vec::new();
        for (lane, (variant, _)) in self.lanes.iter_mut().zip(&self.trials) {
            lane.outcomes.metrics = evaluate(&lane.run).await?;
            let seeds = experiment.tune.seeds as usize;
            let of_lane = lane.outcomes.of(experiment.compare.metric);
            let of_values = of_lane.chunks_exact(seeds).map(<[_]>::to_vec);
            match outcomes.last_mut().filter(|(last, _)| last == variant) {
                Some((_, outcomes)) => outcomes.extend(of_values),
                None => outcomes.push((*variant, of_values.collect())),
            }
        }
        let tried = |(variant, outcomes)| {
            Tried::new(variant, &experiment.tune.values, outcomes, experiment.compare.metric)
        };
        Ok(outcomes.into_iter().map(tried).collect())
    }
}
