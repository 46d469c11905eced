//! One variant in training: its network, parameters and optimizer, all replicas at once.

use std::rc::Rc;

use burn::tensor::{Device, ExecutionError, Tensor, TensorData};

use super::loss::loss;
use super::schedule::learning_rate;
use crate::kernels::{AdamW, PACKED, State, adamw, clip_norms, pack_gradients, record};
use crate::nn::network::Network;
use crate::nn::parameters::{Builder, Layout, Parameters};
use crate::spec::{Experiment, Training};
use crate::tasks::Task;

/// Steps whose losses fit into the log between two reads.
pub(super) const LOG_SLOTS: usize = 64;

/// One variant of all replicas.
pub(super) struct Run {
    pub(super) task: Rc<dyn Task>,
    pub(super) network: Network,
    pub(super) layout: Layout,
    pub(super) seeds: Vec<u64>,
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
    pub(super) fn new(experiment: &Experiment, task: Rc<dyn Task>, device: &Device) -> Self {
        let first = u64::from(experiment.seeds.first);
        let seeds: Vec<u64> = (first..first + u64::from(experiment.seeds.count)).collect();
        let mut builder = Builder::new(seeds.clone());
        let network = Network::new(&mut builder, &experiment.model, task.reading());
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
            training: experiment.training.clone(),
            device: device.clone(),
            state: Some(state),
        }
    }

    /// Step `step`, from 1. Reads nothing back; losses and gradient norms go to the log.
    pub(super) fn step(&mut self, step: u32) -> Result<(), ExecutionError> {
        let state = self.state.take().expect("the state is put back at the end of every step");
        let parameters = self.layout.bind(&state.parameters, true);
        let batch = self.task.train_batch(&self.seeds, step, self.training.batch as usize);
        let losses = loss(self.network.forward(&parameters, batch.input), batch.targets);
        let gradients = self.gradients(&losses, parameters);
        let norms = clip_norms(gradients.clone());
        let log = self.log.take().expect("the log is put back at the end of every step");
        self.log = Some(record(log, losses.inner(), norms.clone(), self.logged));
        self.logged += 1;
        let config = self.adamw(step);
        self.state = Some(adamw(state, gradients.clone(), norms, self.decay.clone(), config));
        self.gradients = Some(gradients);
        self.device.flush()
    }

    /// All gradients as one tensor `[R, P]`, in the buffer of the step before.
    fn gradients(&mut self, losses: &Tensor<1>, parameters: Parameters) -> Tensor<2> {
        let mut found = losses.backward();
        let mut packed = self.gradients.take().expect("the gradients are put back at the end of every step");
        // A frozen parameter has no gradient: its place stays at zero.
        let places = self.layout.parameters().iter().zip(parameters.tensors());
        let places: Vec<_> = places.filter(|(parameter, _)| !parameter.frozen).collect();
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

    /// Parameters for a forward pass without gradients.
    pub(super) fn frozen(&self) -> Parameters {
        self.layout.bind(&self.used(), false)
    }

    /// The parameters as the network uses them, `[R, P]`.
    pub(super) fn used(&self) -> Tensor<2> {
        self.state().parameters.clone()
    }

    /// Keeps the parameters as they are now: the step that follows will be called the last update.
    pub(super) fn keep(&mut self) {
        self.before = Some(self.used());
    }

    /// What was kept.
    pub(super) fn before(&self) -> Option<&Tensor<2>> {
        self.before.as_ref()
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
