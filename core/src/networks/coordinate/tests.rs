use burn::tensor::{Device, Tensor, TensorData};

use super::engine::*;
use super::*;
use crate::interface::{Input, Network};
use crate::parameters::{Builder, Layout};
use crate::surroundings::Reading;
use crate::techniques::initialization::pytorch::Pytorch;

fn model(activation: Activation, frequencies: u32, norm: Norm) -> Coordinate {
    let initialization = Pytorch {}.into();
    Coordinate { activation, frequencies, norm, depth: 2, width: 8, initialization, ..Coordinate::default() }
}

fn built(model: &Coordinate) -> (CoordinateNetwork, Layout, Vec<f32>) {
    let mut builder = Builder::new(vec![3, 4]);
    builder.start_by(model.initialization.engine());
    let network = CoordinateNetwork::new(&mut builder, model, Reading::Places { outputs: 1 });
    let (layout, values) = builder.finish();
    (network, layout, values.iter::<f32>().collect())
}

/// The whole network as loops, for one replica and place.
fn reference(layout: &Layout, row: &[f32], model: &Coordinate, place: [f32; 2]) -> f64 {
    let Coordinate { activation, frequencies, .. } = model;
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
            let sum =
                x.iter().enumerate().map(|(i, x)| x * f64::from(row[weight.offset + i * weight.columns + o]));
            sum.sum::<f64>() + f64::from(row[bias.offset + o])
        };
        let y: Vec<f64> = (0..weight.columns).map(unit).collect();
        x = if k + 1 == count {
            y
        } else {
            let apply = |y: f64| match activation {
                Activation::Relu => y.max(0.0),
                Activation::Gaussian => (-y * y / (2.0 * 0.2 * 0.2)).exp(),
                Activation::Sine => (30.0 * y).sin(),
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
    for activation in [Activation::Relu, Activation::Gaussian, Activation::Sine] {
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
    let mut model = model(Activation::Relu, 0, Norm::None);
    model.width = 64;
    let (_, layout, values) = built(&model);
    let hidden = &layout.matrices()[1];
    let squares: f32 = hidden.gather(&values[..layout.width()]).iter().map(|x| x * x).sum();
    let norm = (squares / hidden.columns as f32).sqrt();
    assert!((norm - 1.0 / 3f32.sqrt()).abs() < 0.02, "{norm}");
}

#[test]
fn sines_start_from_sirens_weights_whatever_else_is_asked_for() {
    let mut model = model(Activation::Sine, 0, Norm::None);
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
    let count = |norm| built(&model(Activation::Relu, 2, norm)).1.parameters().len();
    assert_eq!((count(Norm::None), count(Norm::Layer), count(Norm::Batch)), (6, 10, 10));
}
