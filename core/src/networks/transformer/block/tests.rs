use burn::tensor::{Device, Tensor, TensorData};

use super::*;
use crate::random::Stream;
use crate::techniques::activation::Activation;
use crate::techniques::activation::polynomial::Polynomial;
use crate::techniques::activation::softmax::Softmax;

const TOKENS: usize = 3;
const WIDTH: usize = 4;
const HEADS: usize = 2;
const HIDDEN: usize = 6;

/// The numbers of one replica, by the name of their parameter.
struct Named<'a> {
    layout: &'a crate::parameters::Layout,
    values: &'a [f32],
}

impl Named<'_> {
    fn get(&self, name: &str) -> Vec<f64> {
        let found = self.layout.parameters().iter().find(|p| p.name == name).expect("a parameter");
        let values = &self.values[found.offset..found.offset + found.rows * found.columns];
        values.iter().map(|&x| f64::from(x)).collect()
    }

    /// `x W + b`, row by row.
    fn linear(&self, name: &str, x: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let (weight, bias) = (self.get(&format!("{name}.weight")), self.get(&format!("{name}.bias")));
        let outputs = bias.len();
        let row = |x: &Vec<f64>| {
            let sum = |o: usize| (0..x.len()).map(|i| x[i] * weight[i * outputs + o]).sum::<f64>() + bias[o];
            (0..outputs).map(sum).collect()
        };
        x.iter().map(row).collect()
    }

    fn norm(&self, name: &str, x: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let (scale, shift) = (self.get(&format!("{name}.scale")), self.get(&format!("{name}.shift")));
        let row = |x: &Vec<f64>| {
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / x.len() as f64;
            let one = |(i, x): (usize, &f64)| (x - mean) / (variance + 1e-5).sqrt() * scale[i] + shift[i];
            x.iter().enumerate().map(one).collect()
        };
        x.iter().map(row).collect()
    }

    /// The block of one example, as loops.
    fn block(&self, model: &Transformer, x: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let add = |x: &[Vec<f64>], y: Vec<Vec<f64>>, skip: bool| -> Vec<Vec<f64>> {
            let row = |(x, y): (&Vec<f64>, Vec<f64>)| {
                x.iter().zip(y).map(|(x, y)| if skip { x + y } else { y }).collect()
            };
            x.iter().zip(y).map(row).collect()
        };
        let projected = self.linear("b.attention.projection", &self.norm("b.attention.norm", x));
        let depth = WIDTH / HEADS;
        let mut mixed = vec![vec![0.0; WIDTH]; TOKENS];
        for head in 0..HEADS {
            let part = |row: usize, which: usize, i: usize| projected[row][which * WIDTH + head * depth + i];
            for (to, mixed) in mixed.iter_mut().enumerate() {
                let score = |from: usize| {
                    (0..depth).map(|i| part(to, 0, i) * part(from, 1, i)).sum::<f64>() / (depth as f64).sqrt()
                };
                let weights: Vec<f64> = match model.attention.activation {
                    Activation::Softmax(_) => {
                        let sum: f64 = (0..TOKENS).map(|from| score(from).exp()).sum();
                        (0..TOKENS).map(|from| score(from).exp() / sum).collect()
                    }
                    Activation::Polynomial(Polynomial { power, .. }) => {
                        let root = (TOKENS as f64).sqrt();
                        (0..TOKENS).map(|from| score(from).powi(power as i32) / root).collect()
                    }
                };
                for (from, weight) in weights.iter().enumerate() {
                    for i in 0..depth {
                        mixed[head * depth + i] += weight * part(from, 2, i);
                    }
                }
            }
        }
        let x = add(x, self.linear("b.attention.output", &mixed), model.attention.skip);
        let mut hidden = self.linear("b.mlp.up", &self.norm("b.mlp.norm", &x));
        for x in hidden.iter_mut().flatten() {
            *x *= 0.5
                * match model.mlp.activation {
                    MlpActivation::Gelu => 1.0 + libm::erf(*x / 2f64.sqrt()),
                    MlpActivation::GeluTanh => {
                        let factor = (2.0 / std::f64::consts::PI).sqrt();
                        1.0 + (factor * (*x + 0.044_715 * x.powi(3))).tanh()
                    }
                };
        }
        add(&x, self.linear("b.mlp.down", &hidden), model.mlp.skip)
    }
}

#[test]
fn a_block_equals_the_plain_loops_with_and_without_each_skip() {
    let mut model = Transformer { width: WIDTH as u32, heads: HEADS as u32, ..Transformer::default() };
    model.mlp.width = HIDDEN as u32;
    let device = Device::flex();
    let softmax = Activation::from(Softmax {});
    for (activation, mlp) in [
        (softmax.clone(), MlpActivation::Gelu),
        (softmax, MlpActivation::GeluTanh),
        (Polynomial { power: 3, scale: 0.0 }.into(), MlpActivation::Gelu),
    ] {
        for (attention_skip, mlp_skip) in [(true, true), (false, true), (true, false), (false, false)] {
            (model.attention.activation, model.mlp.activation) = (activation.clone(), mlp);
            (model.attention.skip, model.mlp.skip) = (attention_skip, mlp_skip);
            let mut builder = Builder::new(vec![0]);
            let block = Block::new(&mut builder, "b", &model, TOKENS, false);
            let (layout, _) = builder.finish();
            // Biases, gains and shifts too are random here, unlike at the start of training.
            let mut stream = Stream::new(1, "block");
            let values: Vec<f32> = (0..layout.width()).map(|_| (0.7 * stream.normal()) as f32).collect();
            let flat = Tensor::from_data(TensorData::new(values.clone(), [1, layout.width()]), &device);
            let input: Vec<f32> = (0..TOKENS * WIDTH).map(|_| stream.normal() as f32).collect();
            let x = Tensor::from_data(TensorData::new(input.clone(), [1, TOKENS, WIDTH]), &device);
            let found = block.forward(&layout.bind(&flat, false), x, None).into_data();
            let rows: Vec<Vec<f64>> =
                input.chunks_exact(WIDTH).map(|row| row.iter().map(|&x| f64::from(x)).collect()).collect();
            let wanted = Named { layout: &layout, values: &values }.block(&model, &rows);
            for (found, wanted) in found.iter::<f64>().zip(wanted.into_iter().flatten()) {
                assert!(
                    (found - wanted).abs() < 1e-4,
                    "{activation:?}, {mlp:?}, skips {attention_skip} {mlp_skip}: {found} is not {wanted}"
                );
            }
        }
    }
}
