//! One variant in training: its network, parameters and optimizer, all replicas at once.

use std::rc::Rc;

use burn::tensor::{Device, ExecutionError, Tensor, TensorData};

use super::loss::loss;
use super::schedule::learning_rate;
use crate::interface::{Batch, Network};
use crate::kernels::{AdamW, PACKED, Sgd, State, adamw, clip_norms, pack_gradients, record, sgd};
use crate::parameters::{Builder, Layout, Parameters};
use crate::spec::{Experiment, Optimizer, Training};
use crate::tasks::Dataset;
use crate::techniques::weights::Conditioner;

/// Steps whose losses fit into the log between two reads.
pub(super) const LOG_SLOTS: usize = 64;

/// One variant of all replicas.
pub(super) struct Run {
    pub(super) task: Rc<dyn Dataset>,
    pub(super) network: Box<dyn Network>,
    pub(super) layout: Layout,
    pub(super) seeds: Vec<u64>,
    /// What makes weights from trained numbers, where they are not the same.
    conditioner: Option<Box<dyn Conditioner>>,
    training: Training,
    device: Device,
    decay: Tensor<1>,
    // Moved out and back at every step, so that the update happens in place.
    state: Option<State>,
    gradients: Option<Tensor<2>>,
    log: Option<Tensor<3>>,
    logged: usize,
    /// The parameters before the last step, where a probe will want them.
    before: Option<Tensor<2>>,
}

impl Run {
    /// The network of a resolved experiment (see `Experiment::variant`), at step 0.
    pub(super) fn new(experiment: &Experiment, task: Rc<dyn Dataset>, device: &Device) -> Self {
        let first = u64::from(experiment.seeds.first);
        let seeds: Vec<u64> = (first..first + u64::from(experiment.seeds.count)).collect();
        let mut builder = Builder::new(seeds.clone());
        let network = experiment.model.build(&mut builder, task.reading());
        let conditioner = experiment.model.chosen().weights().engine().conditioner(&mut builder, device);
        let (layout, initial) = builder.finish();
        let shape = [seeds.len(), layout.width()];
        let state = State {
            parameters: Tensor::from_data(initial, device),
            mean: Tensor::zeros(shape, device),
            square: Tensor::zeros(shape, device),
        };
        Self {
            task,
            network,
            decay: layout.decay(device),
            gradients: Some(Tensor::zeros(shape, device)),
            log: Some(Tensor::zeros([LOG_SLOTS, 2, seeds.len()], device)),
            logged: 0,
            before: None,
            layout,
            seeds,
            conditioner,
            training: experiment.training.clone(),
            device: device.clone(),
            state: Some(state),
        }
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
        let decay = self.decay.clone();
        match self.training.optimizer {
            Optimizer::Adamw => adamw(state, gradients, norms, decay, self.adamw(step)),
            Optimizer::Sgd => {
                let Training { weight_decay, clip, .. } = self.training;
                let config = Sgd { learning_rate: self.learning_rate(step), weight_decay, clip };
                // The moments stay zero, so that a checkpoint has the same tensors whatever the optimizer.
                State { parameters: sgd(state.parameters, gradients, norms, decay, config), ..state }
            }
        }
    }

    fn adamw(&self, step: u32) -> AdamW {
        let Training { beta1, beta2, epsilon, weight_decay, clip, .. } = self.training;
        let learning_rate = learning_rate(&self.training, step);
        AdamW { learning_rate, beta1, beta2, epsilon, weight_decay, clip, step }
    }

    /// Learning rate of a step.
    pub(super) fn learning_rate(&self, step: u32) -> f32 {
        learning_rate(&self.training, step)
    }

    /// The log, and how many of its lines are new; they count as read.
    pub(super) fn take_log(&mut self) -> (Tensor<3>, usize) {
        let log = self.log.clone().expect("the log is put back at the end of every step");
        (log, std::mem::take(&mut self.logged))
    }

    /// The weights as the layers see them, `[R, P]`: the trained numbers, or what is made from them.
    pub(super) fn weights(&self) -> Tensor<2> {
        let raw = &self.state().parameters;
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
