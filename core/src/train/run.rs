//! One variant in training: its network, parameters and optimizer, all replicas at once.

use std::rc::Rc;

use burn::tensor::{Device, ExecutionError, Tensor, TensorData};

use super::exchange::{self, Given};
use super::loss::loss;
use super::origins::Origins;
use super::schedule::shares;
use crate::fields::{Node, quote, suggestion};
use crate::interface::{Batch, Network};
use crate::kernels::{AdamW, PACKED, Rates, Sgd, State, adamw, clip_norms, pack_gradients, record, sgd};
use crate::parameters::{Absent, Builder, Layout, Parameters};
use crate::spec::parts::{self, Part};
use crate::spec::{Experiment, FIELDS, Field, Optimizer, Training};
use crate::tasks::Dataset;
use crate::techniques::weights::Conditioner;

/// Steps whose losses fit into the log between two reads.
pub(super) const LOG_SLOTS: usize = 64;

/// One variant of all replicas.
pub(super) struct Run {
    pub(super) task: Rc<dyn Dataset>,
    pub(super) network: Box<dyn Network>,
    pub(super) layout: Layout,
    /// Of each replica: all seeds with the first value of what is tuned, then all with the second.
    pub(super) seeds: Vec<u64>,
    /// What makes weights from trained numbers, where they are not the same.
    conditioner: Option<Box<dyn Conditioner>>,
    training: Training,
    parts: Vec<Part>,
    device: Device,
    rates: Rates,
    // Moved out and back at every step, so that the update happens in place.
    state: Option<State>,
    gradients: Option<Tensor<2>>,
    log: Option<Tensor<3>>,
    logged: usize,
    /// The weights before the last step, where a probe will want them.
    before: Option<Tensor<2>>,
    /// The weights before the first step, where a probe will want them.
    first: Option<Tensor<2>>,
}

impl Run {
    /// The network of a resolved experiment (see `Experiment::variant`), at step 0. `values` are that experiment with every
    /// value of what is tuned, or it alone: they differ in what a replica can have of its own ([`own_numbers`]). `given` is the
    /// adapter that it starts from, if there is one.
    ///
    /// # Errors
    /// A sentence, if the network does not have a part that the experiment names, or a source does not fit it.
    pub(super) fn new(
        values: &[Experiment],
        task: Rc<dyn Dataset>,
        origins: &Origins,
        given: Option<&Given>,
        device: &Device,
    ) -> Result<Self, String> {
        let experiment = &values[0];
        let seeds = seeds_of(experiment).repeat(values.len());
        let mut builder = Builder::new(seeds.clone());
        for (field, values) in own_fields(values) {
            builder.give_own(field.path, values);
        }
        let network = experiment.model.build(&mut builder, task.reading());
        origins.transfer(values, &mut builder)?;
        let mut conditioner =
            experiment.model.outline().weights.engine().conditioner(&mut builder, device)?;
        if let Some(given) = given {
            exchange::put(given, experiment, &mut builder, conditioner.as_mut())?;
        }
        let (layout, initial) = builder.finish();
        let parts = parts::read(&experiment.training.parts).unwrap_or_default();
        let own = values.iter().flat_map(|value| vec![own_numbers(value); value.seeds.count as usize]);
        let rates = Rates::new(&own.collect::<Vec<_>>(), &rules(&layout, &parts)?, device);
        let shape = [seeds.len(), layout.width()];
        let state = State {
            parameters: Tensor::from_data(initial, device),
            mean: Tensor::zeros(shape, device),
            square: Tensor::zeros(shape, device),
        };
        let mut run = Self {
            task,
            network,
            rates,
            gradients: Some(Tensor::zeros(shape, device)),
            log: Some(Tensor::zeros([LOG_SLOTS, 2, seeds.len()], device)),
            logged: 0,
            before: None,
            first: None,
            layout,
            seeds,
            conditioner,
            training: experiment.training.clone(),
            parts,
            device: device.clone(),
            state: Some(state),
        };
        // Also where a checkpoint follows: what training started from is made anew then, not kept in it.
        run.first = experiment.probes.changes.then(|| run.weights());
        Ok(run)
    }

    /// Step `step`, from 1. Reads nothing back; losses and gradient norms go to the log.
    pub(super) fn step(&mut self, step: u32) -> Result<(), ExecutionError> {
        let state = self.state.take().expect("the state is put back at the end of every step");
        let batch = self.task.train_batch(&self.seeds, step, self.training.batch as usize);
        let buffer = self.gradients.take().expect("the gradients are put back at the end of every step");
        let (losses, gradients) = self.differentiate(&state.parameters, batch, buffer);
        let norms = clip_norms(gradients.clone());
        let log = self.log.take().expect("the log is put back at the end of every step");
        self.log = Some(record(log, losses, norms.clone(), self.logged));
        self.logged += 1;
        self.state = Some(self.update(state, gradients.clone(), norms, step));
        self.gradients = Some(gradients);
        self.device.flush()
    }

    /// Losses of a batch, and their gradients by the trained numbers, packed into `buffer`.
    ///
    /// # Shapes
    /// - `raw`, `buffer`: `[R, P]`
    /// - returns `[R]` and `[R, P]`
    fn differentiate(&self, raw: &Tensor<2>, batch: Batch, buffer: Tensor<2>) -> (Tensor<1>, Tensor<2>) {
        let made = self.conditioner.as_ref().map(|conditioner| conditioner.weights(raw));
        let parameters = self.layout.bind(made.as_ref().map_or(raw, |made| &made.weights), true);
        let losses = loss(self.network.forward(&parameters, batch.input), batch.targets);
        let mut gradients = self.pack(&losses, parameters, buffer);
        if let (Some(conditioner), Some(made)) = (&self.conditioner, made) {
            gradients = conditioner.gradients(raw, made, gradients);
        }
        (losses.inner(), gradients)
    }

    /// All gradients as one tensor `[R, P]`, in the buffer of the step before.
    fn pack(&self, losses: &Tensor<1>, parameters: Parameters, mut packed: Tensor<2>) -> Tensor<2> {
        let mut found = losses.backward();
        let read = self.layout.parameters().iter().filter(|parameter| parameter.read);
        // A frozen parameter has no gradient: its place stays at zero.
        let trained = read.zip(parameters.tensors()).filter(|(parameter, _)| !parameter.frozen);
        let places: Vec<_> = trained.collect();
        for chunk in places.chunks(PACKED) {
            let gradients = chunk.iter().map(|(parameter, tensor)| {
                // A parameter that the loss does not depend on has no gradient.
                let gradient = tensor.grad_remove(&mut found);
                (parameter.offset, gradient.unwrap_or_else(|| Tensor::zeros(tensor.dims(), &self.device)))
            });
            packed = pack_gradients(packed, gradients.collect());
        }
        packed
    }

    fn update(&self, state: State, gradients: Tensor<2>, norms: Tensor<1>, step: u32) -> State {
        let Training { beta1, beta2, epsilon, clip, .. } = self.training;
        let shares = shares(&self.training, &self.parts, step);
        match self.training.optimizer {
            Optimizer::Adamw => {
                let config = AdamW { shares, beta1, beta2, epsilon, clip, step };
                adamw(state, gradients, norms, &self.rates, config)
            }
            // The moments stay zero, so that a checkpoint has the same tensors whatever the optimizer.
            Optimizer::Sgd => State {
                parameters: sgd(state.parameters, gradients, norms, &self.rates, Sgd { shares, clip }),
                ..state
            },
        }
    }

    /// Learning rate of a step, of the first value that is tried and of all that no part names.
    pub(super) fn learning_rate(&self, step: u32) -> f32 {
        self.training.learning_rate * shares(&self.training, &self.parts, step)[0]
    }

    /// Whether a step changes anything.
    pub(super) fn moves(&self, step: u32) -> bool {
        shares(&self.training, &self.parts, step).iter().any(|share| *share > 0.0)
    }

    /// The log, and how many of its lines are new; they count as read.
    pub(super) fn take_log(&mut self) -> (Tensor<3>, usize) {
        let log = self.log.clone().expect("the log is put back at the end of every step");
        (log, std::mem::take(&mut self.logged))
    }

    /// The weights as the layers see them, `[R, P]`: the trained numbers, or what is made from them.
    pub(super) fn weights(&self) -> Tensor<2> {
        self.weights_of(&self.state().parameters)
    }

    /// What layers would see if these were the trained numbers, `[R, P]`.
    pub(super) fn weights_of(&self, raw: &Tensor<2>) -> Tensor<2> {
        self.conditioner.as_ref().map_or_else(|| raw.clone(), |conditioner| conditioner.weights(raw).weights)
    }

    /// Parameters for a forward pass without gradients.
    pub(super) fn frozen(&self) -> Parameters {
        self.layout.bind(&self.weights(), false)
    }

    /// Keeps the weights as they are now: the step that follows will be called the last update.
    pub(super) fn keep(&mut self) {
        self.before = Some(self.weights());
    }

    /// What was kept.
    pub(super) fn before(&self) -> Option<&Tensor<2>> {
        self.before.as_ref()
    }

    /// The weights before the first step, if changes are measured.
    pub(super) fn first(&self) -> Option<&Tensor<2>> {
        self.first.as_ref()
    }

    /// A batch that is never trained on by its own number: probes always see the same.
    pub(super) fn probe_batch(&self) -> Batch {
        self.task.train_batch(&self.seeds, 0, self.training.batch as usize)
    }

    /// Gradients of the losses of a batch by the trained numbers, elsewhere than where training is.
    ///
    /// # Shapes
    /// - `raw`, result: `[R, P]`
    pub(super) fn gradient_at(&self, raw: &Tensor<2>, batch: Batch) -> Tensor<2> {
        self.differentiate(raw, batch, Tensor::zeros(raw.dims(), &self.device)).1
    }

    pub(super) fn state(&self) -> &State {
        self.state.as_ref().expect("the state is put back at the end of every step")
    }

    /// Replaces parameters and moments, each `[R, P]`.
    pub(super) fn restore(&mut self, parameters: TensorData, mean: TensorData, square: TensorData) {
        let upload = |data| Tensor::from_data(data, &self.device);
        self.state =
            Some(State { parameters: upload(parameters), mean: upload(mean), square: upload(square) });
    }
}

/// Trained numbers of one replica of a resolved experiment, before anything of it is there: those that an adapter adds, and
/// none that it freezes.
///
/// # Errors
/// A sentence, if the network does not have a part that the experiment names.
pub fn trained_numbers(experiment: &Experiment, device: &Device) -> Result<u64, String> {
    let mut builder = Builder::new(seeds_of(experiment)[..1].to_vec());
    experiment.model.build(&mut builder, experiment.task.reading());
    experiment.model.outline().weights.engine().conditioner(&mut builder, device)?;
    Ok(builder.layout().count() as u64)
}

/// The seeds of an experiment.
pub(super) fn seeds_of(experiment: &Experiment) -> Vec<u64> {
    let first = u64::from(experiment.seeds.first);
    (first..first + u64::from(experiment.seeds.count)).collect()
}

/// Learning rate and weight decay: the numbers that each replica of a run can have of its own.
fn own_numbers(experiment: &Experiment) -> [f32; 2] {
    [experiment.training.learning_rate, experiment.training.weight_decay]
}

/// Whether two resolved experiments differ in nothing but what each replica of a run can have of its own.
pub(super) fn train_as_one(a: &Experiment, b: &Experiment) -> bool {
    let mut level = b.clone();
    for field in FIELDS.iter().filter(|field| field.each) {
        if let (Some(value), true) = (a.get(field.path), b.has(field)) {
            level.put(field.path, &value);
        }
    }
    *a == level
}

/// Fields of the model in which values differ, with the value of each replica.
fn own_fields(values: &[Experiment]) -> Vec<(&'static Field, Vec<f32>)> {
    let number = |experiment: &Experiment, field: &Field| Some(experiment.get(field.path)?.as_f64()? as f32);
    let of = |field: &'static Field| {
        let all: Option<Vec<f32>> = values.iter().map(|value| number(value, field)).collect();
        let all = all.filter(|all| all.iter().any(|other| *other != all[0]))?;
        let each = all.iter().zip(values).flat_map(|(value, at)| vec![*value; at.seeds.count as usize]);
        Some((field, each.collect()))
    };
    let of_model = |field: &&'static Field| field.each && field.path.starts_with("model.");
    FIELDS.iter().filter(of_model).filter_map(of).collect()
}

/// The rule of every number.
fn rules(layout: &Layout, parts: &[Part]) -> Result<Vec<crate::kernels::Rule>, String> {
    let has: Vec<_> = parts.iter().map(|part| |name: &str| part.has(name)).collect();
    layout.rules(&has).map_err(|(index, why)| {
        let name = quote(&parts[index].name);
        match why {
            Absent::Nothing => {
                let known = layout.part_names();
                let hint = suggestion(&parts[index].name, known.iter().map(String::as_str));
                let end = if hint.is_empty() { "." } else { &hint };
                let said = format!("training.parts names {name}, which this network does not have{end}");
                format!("{said} It has {}.", known.join(", "))
            }
            Absent::Narrow => format!(
                "training.parts names {name}, which lies side by side with other matrices here and must be a multiple of four \
                 wide."
            ),
        }
    })
}
