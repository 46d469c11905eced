//! All variants of an experiment in training, step by step and side by side: first the sources that their networks start
//! from, where there are some, then tuning, then the comparison.

use burn::tensor::{Device, ExecutionError, Transaction};

use super::checkpoint::{self, Checkpoint, Outcomes};
use super::comparison::Comparison;
use super::data::Files;
use super::device::Engine;
use super::exchange::Given;
use super::kept::Kept;
use super::lanes::{LARGEST_ADVANCE, Lane, Wish};
use super::measure::evaluate;
use super::origins::Origins;
use super::preparing::{self, Preparing};
use super::run::trained_numbers;
use super::tuning::Tuning;
use crate::protocol::{Event, VariantInfo};
use crate::spec::{Experiment, Measured, Tried};
use crate::stats::Metric;

/// An experiment under way.
///
/// The shell calls [`advance`](Self::advance) until it returns [`Event::Finished`]; between two calls it can stop,
/// wait, or ask for a [`checkpoint`](Self::checkpoint).
pub struct Session {
    experiment: Experiment,
    device: Device,
    files: Files,
    origins: Origins,
    stage: Stage,
    /// Steps of sources that this session trained, and of tuning, that are done; they come before those of the comparison.
    prepared_steps: u32,
    tuned_steps: u32,
    finished: bool,
}

enum Stage {
    /// What networks start from is trained.
    Preparing(Box<Preparing>, Next),
    /// Values are tried.
    Tuning(Tuning),
    /// Each variant is compared at the value that it took.
    Comparing(Comparison),
}

/// What comes after the sources.
#[derive(Clone, Default)]
struct Next {
    /// Tuning, and not the comparison yet.
    tuning: bool,
    /// What tuning found.
    tried: Vec<Tried>,
    /// What was measured for the claims.
    measured: Vec<Measured>,
    /// Of every variant the seeds that were trained in an earlier session.
    earlier: Vec<Outcomes>,
}

impl Session {
    /// The files below `data/` that an experiment reads.
    ///
    /// # Errors
    /// The problems of the experiment.
    pub fn files(experiment: &Experiment) -> Result<Vec<&'static str>, Vec<String>> {
        let mut files = Vec::new();
        for index in 0..experiment.variants.len() {
            let variant = resolve(experiment, index)?;
            let own = variant.task.outline().file;
            for file in own.into_iter().chain(Preparing::files(experiment, &variant)) {
                if !files.contains(&file) {
                    files.push(file);
                }
            }
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
        data: &Files,
        resume: Option<&[u8]>,
    ) -> Result<(Self, Event), Vec<String>> {
        Self::start_from(engine, experiment, data, Vec::new(), resume)
    }

    /// The same with sources that were kept: those of [`Experiment::source_names`] that are there are not trained again.
    ///
    /// # Errors
    /// One sentence for each problem of the experiment, the data, a source or the checkpoint, naming the field.
    pub fn start_from(
        engine: &Engine,
        experiment: Experiment,
        data: &Files,
        kept: Vec<Kept>,
        resume: Option<&[u8]>,
    ) -> Result<(Self, Event), Vec<String>> {
        Self::start_given(engine, experiment, data, (kept, Vec::new()), resume)
    }

    /// The same with adapters that variants start from; whoever resumes must give the same again.
    ///
    /// # Errors
    /// One sentence for each problem of the experiment, the data, a source, an adapter or the checkpoint, naming the field.
    pub fn start_given(
        engine: &Engine,
        experiment: Experiment,
        data: &Files,
        (kept, given): (Vec<Kept>, Vec<Given>),
        resume: Option<&[u8]>,
    ) -> Result<(Self, Event), Vec<String>> {
        experiment.check().map_err(sentences)?;
        let checkpoint = resume.map(|bytes| checkpoint::read(bytes, &experiment)).transpose()?;
        let next = match &checkpoint {
            Some(checkpoint) => Next {
                tuning: checkpoint.tuning,
                tried: checkpoint.tried.clone(),
                measured: checkpoint.measured.clone(),
                earlier: checkpoint.earlier.clone(),
            },
            None => Next { tuning: experiment.is_tuned(), ..Next::default() },
        };
        let count = experiment.variants.len();
        if let Some(strange) = given.iter().find(|given| given.variant >= count) {
            let number = strange.variant + 1;
            return Err(vec![format!("An adapter is given to variant {number}; there are {count}.")]);
        }
        let mut origins = Origins::new(&experiment).with(given);
        if checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.given != origins.digests()) {
            return Err(vec![OTHER_ADAPTERS.to_owned()]);
        }
        kept.into_iter().for_each(|one| origins.add(one));
        let mut session = Self {
            stage: Stage::Comparing(Comparison::nothing()),
            tuned_steps: checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.tuned_steps),
            device: engine.device.clone(),
            files: data.clone(),
            experiment,
            origins,
            prepared_steps: 0,
            finished: false,
        };
        match checkpoint.filter(|checkpoint| !checkpoint.is_extended) {
            // Its numbers are all there: nothing is taken of a source any more.
            Some(checkpoint) if checkpoint.preparing.is_none() => {
                session.stage = session.begin(next, &session.origins.idle())?;
                session.stage.restore(checkpoint)?;
            }
            before => {
                session.enter(next)?;
                if let (Stage::Preparing(preparing, _), Some(before)) = (&mut session.stage, before) {
                    restore_source(preparing, before)?;
                }
            }
        }
        let started = session.started()?;
        Ok((session, started))
    }

    /// Goes on to what comes next, by way of the sources that it needs and are not there.
    fn enter(&mut self, next: Next) -> Result<(), Vec<String>> {
        let seeds = next.earlier.first().map_or(0, |one| one.diverged.len() as u32);
        let all = preparing::resolved(&self.experiment, next.tuning, &next.tried, seeds)?;
        self.stage = match Preparing::new(&all, &self.origins, &self.files, &self.device)? {
            Some(preparing) => Stage::Preparing(Box::new(preparing), next),
            None => self.begin(next, &self.origins)?,
        };
        Ok(())
    }

    /// What comes next, at step 0.
    fn begin(&self, next: Next, origins: &Origins) -> Result<Stage, Vec<String>> {
        let Self { experiment, files, device, .. } = self;
        if next.tuning {
            return Ok(Stage::Tuning(Tuning::new(experiment, files, origins, device)?));
        }
        let before = (next.tried, next.earlier);
        let mut comparison = Comparison::new(experiment, before, files, origins, device)?;
        for one in &next.measured {
            let asked = comparison.measured.iter_mut().find(|other| other.asked == one.asked);
            for (known, all) in
                asked.into_iter().flat_map(|asked| one.outcomes.iter().zip(&mut asked.outcomes))
            {
                all[..known.len()].clone_from_slice(known);
            }
        }
        Ok(Stage::Comparing(comparison))
    }

    fn started(&self) -> Result<Event, Vec<String>> {
        let mut variants = Vec::new();
        for (index, name) in self.experiment.variant_names().into_iter().enumerate() {
            let resolved = self.experiment.variant(index).map_err(sentences)?;
            let size = resolved.size();
            let parameters = match &self.stage {
                Stage::Comparing(comparison) => comparison.lanes[index].run.layout.count() as u64,
                Stage::Preparing(..) | Stage::Tuning(_) => {
                    trained_numbers(&resolved, &self.device).map_err(|problem| vec![problem])?
                }
            };
            // Parameters, two moments and the gradients; activations come on top.
            let bytes = 4 * 4 * parameters * u64::from(self.replicas());
            variants.push(VariantInfo { name, parameters, operations: size.operations, bytes });
        }
        Ok(Event::Started {
            variants,
            step: self.step(),
            steps: self.experiment.training.steps,
            replicas: self.replicas(),
        })
    }

    /// Seeds of each variant that this session compares; those of an earlier one come before them.
    fn replicas(&self) -> u32 {
        let earlier = match &self.stage {
            Stage::Comparing(Comparison { earlier, .. }) | Stage::Preparing(_, Next { earlier, .. }) => {
                earlier.first().map_or(0, |one| one.diverged.len() as u32)
            }
            Stage::Tuning(_) => 0,
        };
        self.experiment.seeds.count - earlier
    }

    /// The experiment as it was started.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// Steps of the comparison that are done.
    pub fn step(&self) -> u32 {
        match &self.stage {
            Stage::Preparing(..) | Stage::Tuning(_) => 0,
            Stage::Comparing(comparison) => comparison.step,
        }
    }

    /// Steps that are done in all, those of sources and tuning included.
    pub fn all_steps(&self) -> u32 {
        self.prepared_steps
            + match &self.stage {
                Stage::Preparing(preparing, _) => self.tuned_steps + preparing.all_steps(),
                Stage::Tuning(tuning) => tuning.step,
                Stage::Comparing(comparison) => self.tuned_steps + comparison.step,
            }
    }

    /// Whether values are tried still.
    pub fn is_tuning(&self) -> bool {
        matches!(self.stage, Stage::Tuning(_))
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
        let steps = steps.min(LARGEST_ADVANCE);
        let going_on = match &mut self.stage {
            Stage::Preparing(preparing, _) => {
                let told = preparing.advance(steps, &mut self.origins, &mut between).await?;
                let going_on = told.is_some();
                events.extend(told.into_iter().flatten());
                going_on && !events.iter().any(Event::is_end)
            }
            Stage::Tuning(tuning) => {
                let told = tuning.advance(&self.experiment, steps, &mut between).await?;
                let going_on = told.is_some();
                events.extend(told.map(Event::Tuning));
                going_on
            }
            Stage::Comparing(comparison) => {
                comparison.advance(&self.experiment, steps, &mut between, &mut events).await?
            }
        };
        self.finished = !going_on || events.contains(&Event::Finished);
        let entered = match &self.stage {
            Stage::Preparing(preparing, next) if preparing.is_over() => {
                self.prepared_steps += preparing.all_steps();
                self.begin(next.clone(), &self.origins).map(|stage| self.stage = stage)
            }
            _ => match events.last() {
                Some(Event::Tuning(told)) if told.taken().is_some() => {
                    self.tuned_steps = told.steps;
                    let tried = told.tried.clone();
                    self.enter(Next { tried, ..Next::default() })
                }
                _ => Ok(()),
            },
        };
        if let Err(problems) = entered {
            self.finished = true;
            events.push(Event::Failed { problems });
        }
        Ok(events)
    }

    /// The metrics of one variant on the test split as it is now, one value a seed; `None` before the comparison.
    ///
    /// # Errors
    /// If the device fails or is lost.
    ///
    /// # Panics
    /// If there is no such variant.
    pub async fn evaluate(&self, variant: usize) -> Result<Option<Vec<(Metric, Vec<f32>)>>, ExecutionError> {
        match &self.stage {
            Stage::Comparing(comparison) => evaluate(&comparison.lanes[variant].run).await.map(Some),
            Stage::Preparing(..) | Stage::Tuning(_) => Ok(None),
        }
    }

    /// Everything that is needed to go on from here, as the bytes of a safetensors file.
    ///
    /// # Errors
    /// If the device fails or is lost.
    pub async fn checkpoint(&self) -> Result<Vec<u8>, ExecutionError> {
        let (lanes, step, preparing, next) = match &self.stage {
            Stage::Preparing(preparing, next) => match preparing.under_way() {
                Some((lane, step, name)) => (std::slice::from_ref(lane), step, Some(name), next.clone()),
                None => (&[][..], 0, Some(String::new()), next.clone()),
            },
            Stage::Tuning(tuning) => {
                (&tuning.lanes[..], tuning.step, None, Next { tuning: true, ..Next::default() })
            }
            Stage::Comparing(Comparison { lanes, step, tried, measured, earlier, .. }) => {
                let (tried, measured, earlier) = (tried.clone(), measured.clone(), earlier.clone());
                (&lanes[..], *step, None, Next { tuning: false, tried, measured, earlier })
            }
        };
        let mut transaction = Transaction::default();
        for lane in lanes {
            let state = lane.run.state();
            let (parameters, mean, square) =
                (state.parameters.clone(), state.mean.clone(), state.square.clone());
            transaction = transaction.register(parameters).register(mean).register(square);
        }
        let read = transaction.execute_async().await?;
        let numbers: Vec<Vec<f32>> = read.into_iter().map(|data| data.iter::<f32>().collect()).collect();
        let lanes = lanes.iter().zip(numbers.chunks_exact(3)).map(|(lane, state)| checkpoint::Saving {
            layout: &lane.run.layout,
            diverged: &lane.outcomes.diverged,
            metrics: &lane.outcomes.metrics,
            state,
        });
        let Next { tuning, tried, measured, earlier } = next;
        let tuned_steps = self.tuned_steps;
        let given = self.origins.digests();
        let place =
            checkpoint::Place { step, preparing, tuning, tuned_steps, tried, measured, earlier, given };
        Ok(checkpoint::write(&self.experiment, place, &lanes.collect::<Vec<_>>()))
    }
}

impl Stage {
    fn restore(&mut self, checkpoint: Checkpoint) -> Result<(), Vec<String>> {
        let (lanes, step, steps) = match self {
            Self::Preparing(..) => unreachable!("a source is restored by itself"),
            Self::Tuning(tuning) => (&mut tuning.lanes, &mut tuning.step, tuning.steps),
            Self::Comparing(comparison) => (&mut comparison.lanes, &mut comparison.step, comparison.steps),
        };
        let replicas: Vec<usize> = lanes.iter().map(|lane| lane.run.seeds.len()).collect();
        *step = checkpoint.step;
        let saved = checkpoint.of(&replicas, steps)?;
        for (index, (lane, saved)) in lanes.iter_mut().zip(saved).enumerate() {
            restore_lane(index, lane, saved)?;
        }
        Ok(())
    }
}

fn restore_lane(index: usize, lane: &mut Lane, saved: checkpoint::Saved) -> Result<(), Vec<String>> {
    let [parameters, mean, square] = saved.gather(index, &lane.run.layout, lane.run.seeds.len())?;
    lane.run.restore(parameters, mean, square);
    lane.outcomes = Outcomes { diverged: saved.diverged, metrics: saved.metrics };
    Ok(())
}

const OTHER_ADAPTERS: &str =
    "The checkpoint is of a run whose variants started from other adapters of PEFT than these.";

/// Where a checkpoint was taken in the middle of a source; that source begins anew where others were kept since.
fn restore_source(preparing: &mut Preparing, checkpoint: Checkpoint) -> Result<(), Vec<String>> {
    let (name, step) = (checkpoint.preparing.clone().unwrap_or_default(), checkpoint.step);
    let Some((lane, steps)) = preparing.at(&name, step)? else { return Ok(()) };
    let saved = checkpoint.of(&[lane.run.seeds.len()], steps)?;
    saved.into_iter().try_for_each(|saved| restore_lane(0, lane, saved))
}

fn resolve(experiment: &Experiment, index: usize) -> Result<Experiment, Vec<String>> {
    experiment.variant(index).map_err(sentences)
}

pub(super) fn sentences(problems: Vec<crate::spec::Problem>) -> Vec<String> {
    problems.into_iter().map(|problem| problem.to_string()).collect()
}
