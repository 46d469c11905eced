//! A coordinate network: an MLP from a place to the values there.
//!
//! ```text
//! x₀ = γ(place)        x_k = φ(norm(W_k x_{k−1} + b_k))        y = W_L x_{L−1} + b_L
//! ```
//!
//! γ is [`octaves`], φ a [`Pointwise`] activation: ReLU, the Gaussian of "Beyond Periodicity" (arXiv 2111.15135), or
//! SIREN's sine (arXiv 2006.09661) with its first weights. As in SIREN's code, ω multiplies the bias too. The last layer is
//! linear.

use burn::tensor::Tensor;

use super::layers::Linear;
use super::network::{Input, Reading};
use super::normalization::Normalization;
use super::parameters::{Builder, Parameters};
use crate::kernels::{Pointwise, octaves, pointwise};
use crate::spec::{Architecture, CoordinateActivation, Model};
use crate::techniques::initialization::pytorch::pytorch_uniform;
use crate::techniques::initialization::xavier::uniform;

/// Coordinates of a place.
const COORDINATES: usize = 2;
/// σ of the Gaussian: that of the lab's small pictures; the authors' code takes 0.05 for large ones.
const DEVIATION: f32 = 0.2;
/// ω of the sine, SIREN's.
const FREQUENCY: f32 = 30.0;

/// A coordinate network of every replica.
#[derive(Clone, Debug)]
pub struct Coordinate {
    hidden: Vec<(Linear, Normalization)>,
    output: Linear,
    octaves: usize,
    activation: Pointwise,
}

impl Coordinate {
    /// `depth` hidden layers named `layers.{k}`, and `output`.
    pub fn new(builder: &mut Builder, model: &Model, reading: Reading) -> Self {
        let (Architecture::Coordinate { activation, frequencies, norm }, Reading::Places { outputs }) =
            (&model.architecture, reading)
        else {
            unreachable!("the experiment's rules give places to a coordinate network")
        };
        let width = model.width as usize;
        let octaves = *frequencies as usize;
        let inputs = |layer: u32| if layer == 0 { COORDINATES * (1 + 2 * octaves) } else { width };
        let linear = |builder: &mut Builder, name: &str, layer: u32, outputs: usize| match activation {
            CoordinateActivation::Sine => siren(builder, name, inputs(layer), outputs, layer == 0),
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
                CoordinateActivation::Relu => Pointwise::Relu,
                CoordinateActivation::Gaussian => Pointwise::Gaussian(DEVIATION),
                CoordinateActivation::Sine => Pointwise::Sine(FREQUENCY),
            },
        }
    }

    /// # Shapes
    /// - `input`: `[R, M, 2]` places
    /// - returns `[R, M, O]`
    pub fn forward(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
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
}

/// SIREN's start: weights uniform ±1/inputs in the first layer, ±√(6/inputs)/ω in the others; biases ±1/√inputs as in
/// its code.
fn siren(builder: &mut Builder, name: &str, inputs: usize, outputs: usize, first: bool) -> Linear {
    let (path, bias) = (format!("{name}.weight"), format!("{name}.bias"));
    let fan_in = inputs as f64;
    let bound = if first { 1.0 / fan_in } else { libm::sqrt(6.0 / fan_in) / f64::from(FREQUENCY) };
    let weights = |seed: u64| uniform(seed, &path, inputs * outputs, bound);
    let biases = |seed: u64| pytorch_uniform(seed, &bias, inputs, outputs);
    Linear::with_start(builder, name, [inputs, outputs], weights, biases)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::spec::{Initialization, Norm};

    fn model(activation: CoordinateActivation, frequencies: u32, norm: Norm) -> Model {
        Model {
            architecture: Architecture::Coordinate { activation, frequencies, norm },
            depth: 2,
            width: 8,
            initialization: Initialization::Pytorch,
            ..Model::default()
        }
    }

    fn built(model: &Model) -> (Coordinate, super::super::parameters::Layout, Vec<f32>) {
        let mut builder = Builder::new(vec![3, 4]);
        builder.initialize_by(model.initialization.clone());
        let network = Coordinate::new(&mut builder, model, Reading::Places { outputs: 1 });
        let (layout, values) = builder.finish();
        (network, layout, values.iter::<f32>().collect())
    }

    /// The whole network as loops, for one replica and place.
    fn reference(
        layout: &super::super::parameters::Layout,
        row: &[f32],
        model: &Model,
        place: [f32; 2],
    ) -> f64 {
        let Architecture::Coordinate { activation, frequencies, .. } = &model.architecture else { panic!() };
        let mut x: Vec<f64> = place.iter().map(|&x| f64::from(x)).collect();
        for octave in 0..*frequencies {
            let angle = |x: f32| std::f64::consts::PI * f64::from(x) * f64::from(1u32 << octave);
            x.extend(place.iter().map(|&x| angle(x).sin()));
            x.extend(place.iter().map(|&x| angle(x).cos()));
        }
        let count = layout.parameters().len() / 2;
        for (k, pair) in layout.parameters().chunks_exact(2).enumerate() {
            let (weight, bias) = (&pair[0], &pair[1]);
            assert_eq!(weight.rows, x.len());
            let unit = |o: usize| {
                let sum = x
                    .iter()
                    .enumerate()
                    .map(|(i, x)| x * f64::from(row[weight.offset + i * weight.columns + o]));
                sum.sum::<f64>() + f64::from(row[bias.offset + o])
            };
            let y: Vec<f64> = (0..weight.columns).map(unit).collect();
            x = if k + 1 == count {
                y
            } else {
                let apply = |y: f64| match activation {
                    CoordinateActivation::Relu => y.max(0.0),
                    CoordinateActivation::Gaussian => (-y * y / (2.0 * 0.2 * 0.2)).exp(),
                    CoordinateActivation::Sine => (30.0 * y).sin(),
                };
                y.into_iter().map(apply).collect()
            };
        }
        x[0]
    }

    #[test]
    fn every_activation_equals_the_plain_loops() {
        let device = Device::flex();
        let places = [[-0.9f32, 0.3], [0.1, 0.77], [1.0, -0.5]];
        for activation in
            [CoordinateActivation::Relu, CoordinateActivation::Gaussian, CoordinateActivation::Sine]
        {
            let model = model(activation, 3, Norm::None);
            let (network, layout, values) = built(&model);
            let flat = TensorData::new(values.clone(), [2, layout.width()]);
            let parameters = layout.bind(&Tensor::from_data(flat, &device), false);
            let input = TensorData::new([places.concat(), places.concat()].concat(), [2, 3, 2]);
            let input = Input::Places(Tensor::from_data(input, &device));
            let got: Vec<f32> = network.forward(&parameters, input).into_data().iter::<f32>().collect();
            for (replica, row) in values.chunks_exact(layout.width()).enumerate() {
                for (m, place) in places.iter().enumerate() {
                    let want = reference(&layout, row, &model, *place);
                    let got = f64::from(got[replica * 3 + m]);
                    assert!((got - want).abs() < 2e-5, "{activation:?}: {got} is not {want}");
                }
            }
            assert_ne!(got[0], got[3], "replicas have weights of their own");
        }
    }

    #[test]
    fn pytorchs_rows_have_a_norm_of_about_one_over_root_three() {
        let mut model = model(CoordinateActivation::Relu, 0, Norm::None);
        model.width = 64;
        let (_, layout, values) = built(&model);
        let hidden = &layout.matrices()[1];
        let squares: f32 = hidden.gather(&values[..layout.width()]).iter().map(|x| x * x).sum();
        let norm = (squares / hidden.columns as f32).sqrt();
        assert!((norm - 1.0 / 3f32.sqrt()).abs() < 0.02, "{norm}");
    }

    #[test]
    fn sines_start_from_sirens_weights_whatever_else_is_asked_for() {
        let mut model = model(CoordinateActivation::Sine, 0, Norm::None);
        model.width = 64;
        let (_, layout, values) = built(&model);
        let largest = |k: usize| {
            let matrix = &layout.matrices()[k];
            matrix.gather(&values[..layout.width()]).iter().fold(0f32, |most, x| most.max(x.abs()))
        };
        assert!((0.48..=0.5).contains(&largest(0)), "±1/2: {}", largest(0));
        let bound = (6f32 / 64.0).sqrt() / 30.0;
        assert!((0.98 * bound..=bound).contains(&largest(1)), "{}", largest(1));
    }

    #[test]
    fn each_norm_gives_every_hidden_channel_or_row_its_own_scale() {
        let count = |norm| built(&model(CoordinateActivation::Relu, 2, norm)).1.parameters().len();
        assert_eq!((count(Norm::None), count(Norm::Layer), count(Norm::Batch)), (6, 10, 10));
    }
}
