//! All variants of an experiment in training, step by step and side by side: tuning first, where there is some, then the
//! comparison.

use burn::tensor::{Device, ExecutionError, Transaction};

use super::checkpoint::{self, Checkpoint, Outcomes};
use super::comparison::Comparison;
use super::data::Files;
use super::device::Engine;
use super::lanes::{LARGEST_ADVANCE, Wish};
use super::tuning::Tuning;
use crate::protocol::{Event, VariantInfo};
use crate::spec::Experiment;

/// An experiment under way.
///
/// The shell calls [`advance`](Self::advance) until it returns [`Event::Finished`]; between two calls it can stop,
/// wait, or ask for a [`checkpoint`](Self::checkpoint).
pub struct Session {
    experiment: Experiment,
    device: Device,
    files: Files,
    stage: Stage,
    /// Steps of tuning that are done; they come before those of the comparison.
    tuned_steps: u32,
    finished: bool,
}

enum Stage {
    /// Values are tried.
    Tuning(Tuning),
    /// Each variant is compared at the value that it took.
    Comparing(Comparison),
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
        data: &Files,
        resume: Option<&[u8]>,
    ) -> Result<(Self, Event), Vec<String>> {
        experiment.check().map_err(sentences)?;
        let checkpoint = resume.map(|bytes| checkpoint::read(bytes, &experiment)).transpose()?;
        let device = engine.device.clone();
        let tuned_steps = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.tuned_steps);
        let tuning = match &checkpoint {
            Some(checkpoint) => checkpoint.tuning,
            None => experiment.is_tuned(),
        };
        let mut stage = if tuning {
            Stage::Tuning(Tuning::new(&experiment, data, &device)?)
        } else {
            let before = checkpoint.as_ref().map_or_else(Default::default, |checkpoint| {
                (checkpoint.tried.clone(), checkpoint.earlier.clone())
            });
            let mut comparison = Comparison::new(&experiment, before, data, &device)?;
            for one in checkpoint.iter().flat_map(|checkpoint| &checkpoint.measured) {
                let asked = comparison.measured.iter_mut().find(|other| other.asked == one.asked);
                for (known, all) in
                    asked.into_iter().flat_map(|asked| one.outcomes.iter().zip(&mut asked.outcomes))
                {
                    all[..known.len()].clone_from_slice(known);
                }
            }
            Stage::Comparing(comparison)
        };
        if let Some(checkpoint) = checkpoint.filter(|checkpoint| !checkpoint.is_extended) {
            stage.restore(checkpoint)?;
        }
        // What is tried needs them once more.
        let files = if tuning { data.clone() } else { Files::new() };
        let session = Self { experiment, device, files, stage, tuned_steps, finished: false };
        let started = session.started()?;
        Ok((session, started))
    }

    fn started(&self) -> Result<Event, Vec<String>> {
        let mut variants = Vec::new();
        for (index, name) in self.experiment.variant_names().into_iter().enumerate() {
            let resolved = self.experiment.variant(index).map_err(sentences)?;
            let size = resolved.size();
            let parameters = match &self.stage {
                Stage::Comparing(comparison) => comparison.lanes[index].run.layout.count() as u64,
                Stage::Tuning(_) => size.parameters,
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
            Stage::Comparing(comparison) => {
                comparison.earlier.first().map_or(0, |one| one.diverged.len() as u32)
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
            Stage::Tuning(_) => 0,
            Stage::Comparing(comparison) => comparison.step,
        }
    }

    /// Steps that are done in all, those of tuning included.
    pub fn all_steps(&self) -> u32 {
        match &self.stage {
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
        if let Some(Event::Tuning(told)) = events.last()
            && let Some(tried) = told.taken()
        {
            self.tuned_steps = told.steps;
            let files = std::mem::take(&mut self.files);
            match Comparison::new(&self.experiment, (tried.to_vec(), Vec::new()), &files, &self.device) {
                Ok(comparison) => self.stage = Stage::Comparing(comparison),
                Err(problems) => {
                    self.finished = true;
                    events.push(Event::Failed { problems });
                }
            }
        }
        Ok(events)
    }

    /// Everything that is needed to go on from here, as the bytes of a safetensors file.
    ///
    /// # Errors
    /// If the device fails or is lost.
    pub async fn checkpoint(&self) -> Result<Vec<u8>, ExecutionError> {
        let nothing = (Vec::new(), Vec::new(), Vec::new());
        let (lanes, step, (tried, measured, earlier)) = match &self.stage {
            Stage::Tuning(tuning) => (&tuning.lanes, tuning.step, nothing),
            Stage::Comparing(Comparison { lanes, step, tried, measured, earlier, .. }) => {
                (lanes, *step, (tried.clone(), measured.clone(), earlier.clone()))
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
        let place = checkpoint::Place {
            step,
            tuning: self.is_tuning(),
            tuned_steps: self.tuned_steps,
            tried,
            measured,
            earlier,
        };
        Ok(checkpoint::write(&self.experiment, place, &lanes.collect::<Vec<_>>()))
    }
}

impl Stage {
    fn restore(&mut self, checkpoint: Checkpoint) -> Result<(), Vec<String>> {
        let (lanes, step, steps) = match self {
            Self::Tuning(tuning) => (&mut tuning.lanes, &mut tuning.step, tuning.steps),
            Self::Comparing(comparison) => (&mut comparison.lanes, &mut comparison.step, comparison.steps),
        };
        let replicas: Vec<usize> = lanes.iter().map(|lane| lane.run.seeds.len()).collect();
        *step = checkpoint.step;
        let saved = checkpoint.of(&replicas, steps)?;
        for (index, (lane, saved)) in lanes.iter_mut().zip(saved).enumerate() {
            let [parameters, mean, square] = saved.gather(index, &lane.run.layout, lane.run.seeds.len())?;
            lane.run.restore(parameters, mean, square);
            lane.outcomes = Outcomes { diverged: saved.diverged, metrics: saved.metrics };
        }
        Ok(())
    }
}

fn resolve(experiment: &Experiment, index: usize) -> Result<Experiment, Vec<String>> {
    experiment.variant(index).map_err(sentences)
}

pub(super) fn sentences(problems: Vec<crate::spec::Problem>) -> Vec<String> {
    problems.into_iter().map(|problem| problem.to_string()).collect()
}
