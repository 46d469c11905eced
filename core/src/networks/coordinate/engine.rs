//! The coordinate network with its parameters.

use burn::tensor::Tensor;

use super::{Activation, Coordinate};
use crate::interface::{Input, Network, Seen};
use crate::kernels::{Pointwise, octaves, pointwise};
use crate::layers::{Linear, Normalization};
use crate::networks::NetworkBuilder;
use crate::parameters::{Builder, Parameters};
use crate::probes::Probes;
use crate::random::{fan_in_uniform, uniform};
use crate::surroundings::Reading;

/// Coordinates of a place.
const COORDINATES: usize = 2;
/// σ of the Gaussian: that of the lab's small pictures; the authors' code takes 0.05 for large ones.
const DEVIATION: f32 = 0.2;
/// ω of the sine, SIREN's.
const FREQUENCY: f32 = 30.0;

/// A coordinate network of every replica.
pub struct CoordinateNetwork {
    hidden: Vec<(Linear, Normalization)>,
    output: Linear,
    octaves: usize,
    activation: Pointwise,
}

impl NetworkBuilder for Coordinate {
    fn build(&self, builder: &mut Builder, reading: Reading) -> Box<dyn Network> {
        Box::new(CoordinateNetwork::new(builder, self, reading))
    }
}

impl CoordinateNetwork {
    /// `depth` hidden layers named `layers.{k}`, and `output`.
    pub fn new(builder: &mut Builder, model: &Coordinate, reading: Reading) -> Self {
        let Reading::Places { outputs } = reading else {
            unreachable!("the experiment's rules give places to a coordinate network")
        };
        let Coordinate { activation, frequencies, norm, .. } = model;
        let width = model.width as usize;
        let octaves = *frequencies as usize;
        let inputs = |layer: u32| if layer == 0 { COORDINATES * (1 + 2 * octaves) } else { width };
        let linear = |builder: &mut Builder, name: &str, layer: u32, outputs: usize| match activation {
            Activation::Sine => siren(builder, name, inputs(layer), outputs, layer == 0),
            _ => Linear::new(builder, name, inputs(layer), outputs),
        };
        let layer = |layer| {
            let name = format!("layers.{layer}");
            let linear = linear(builder, &name, layer, width);
            (linear, Normalization::new(builder, &format!("{name}.norm"), *norm, width))
        };
        let hidden = (0..model.depth).map(layer).collect();
        Self {
            hidden,
            output: linear(builder, "output", model.depth, outputs),
            octaves,
            activation: match activation {
                Activation::Relu => Pointwise::Relu,
                Activation::Gaussian => Pointwise::Gaussian(DEVIATION),
                Activation::Sine => Pointwise::Sine(FREQUENCY),
            },
        }
    }
}

impl Network for CoordinateNetwork {
    fn forward(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
        let Input::Places(places) = input else {
            unreachable!("the task that made the network also makes its input")
        };
        let mut x = if self.octaves == 0 { places } else { octaves(places, self.octaves) };
        for (linear, normalization) in &self.hidden {
            x = linear.forward(parameters, x);
            x = pointwise(normalization.forward(parameters, x), self.activation);
        }
        self.output.forward(parameters, x)
    }

    fn attention_weights(&self, _: &Parameters, _: Input) -> Vec<Tensor<4>> {
        Vec::new()
    }

    /// Its matrices are weights, which are probed as such.
    fn watch(&self, _: &Parameters, _: Input, _: &Probes) -> Vec<Seen> {
        Vec::new()
    }
}

/// SIREN's start: weights uniform ±1/inputs in the first layer, ±√(6/inputs)/ω in the others; biases ±1/√inputs as in
/// its code.
fn siren(builder: &mut Builder, name: &str, inputs: usize, outputs: usize, first: bool) -> Linear {
    let (path, bias) = (format!("{name}.weight"), format!("{name}.bias"));
    let fan_in = inputs as f64;
    let bound = if first { 1.0 / fan_in } else { libm::sqrt(6.0 / fan_in) / f64::from(FREQUENCY) };
    let weights = |seed: u64| uniform(seed, &path, inputs * outputs, bound);
    let biases = |seed: u64| fan_in_uniform(seed, &bias, inputs, outputs);
    Linear::with_start(builder, name, [inputs, outputs], weights, biases)
}
