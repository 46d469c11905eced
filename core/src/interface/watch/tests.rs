use burn::tensor::Device;
use nalgebra::DMatrix;

use super::*;
use crate::interface::{Input, Network};
use crate::networks::transformer::{MultiHeadAttention, Transformer, TransformerNetwork};
use crate::parameters::{Builder, Layout, Parameters};
use crate::probes::seen::{Outline, spectra};
use crate::random::Stream;
use crate::surroundings::Reading;
use crate::techniques::tokens::conditioned::Conditioned;

const ALL: Probes = Probes {
    every: 0,
    weights: false,
    attention: false,
    tokens: true,
    scores: true,
    outputs: true,
    jacobian: true,
    updates: false,
    changes: false,
    hessian: false,
};

/// Two blocks of two heads.
fn tiny() -> Transformer {
    let mut model = Transformer { depth: 2, width: 8, heads: 2, ..Transformer::default() };
    model.mlp.width = 12;
    model
}

fn numbers<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().iter::<f32>().collect()
}

/// The network of two seeds with every parameter moved, biases and norms too; its numbers, `[R, P]`; its parameters.
fn network(model: &Transformer, reading: Reading) -> (TransformerNetwork, Layout, Vec<f32>, Parameters) {
    let mut builder = Builder::new(vec![1, 2]);
    let network = TransformerNetwork::new(&mut builder, model, reading);
    let (layout, initial) = builder.finish();
    let mut stream = Stream::new(3, "test");
    let moved: Vec<f32> = initial.iter::<f32>().map(|value| value + 0.2 * stream.normal() as f32).collect();
    let flat = Tensor::<2>::from_data(TensorData::new(moved.clone(), [2, layout.width()]), &Device::flex());
    let parameters = layout.bind(&flat, false);
    (network, layout, moved, parameters)
}

/// The network as its equations say it, one example of one replica at a time, in f64.
struct Reference<'a> {
    layout: &'a Layout,
    row: &'a [f32],
    model: &'a Transformer,
}

impl Reference<'_> {
    fn get(&self, name: &str) -> DMatrix<f64> {
        let found = self.layout.parameters().iter().find(|p| p.name == name);
        let p = found.unwrap_or_else(|| panic!("no parameter {name}"));
        let values = &self.row[p.offset..][..p.rows * p.columns];
        DMatrix::from_row_iterator(p.rows, p.columns, values.iter().map(|&value| f64::from(value)))
    }

    fn linear(&self, name: &str, x: &DMatrix<f64>) -> DMatrix<f64> {
        let bias = self.get(&format!("{name}.bias"));
        let mut y = x * self.get(&format!("{name}.weight"));
        y.row_iter_mut().for_each(|mut row| row += &bias);
        y
    }

    fn norm(&self, name: &str, x: &DMatrix<f64>) -> DMatrix<f64> {
        let (scale, shift) = (self.get(&format!("{name}.scale")), self.get(&format!("{name}.shift")));
        let mut y = x.clone();
        for mut row in y.row_iter_mut() {
            let mean = row.mean();
            let deviation =
                (row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / row.len() as f64 + 1e-5).sqrt();
            for (at, value) in row.iter_mut().enumerate() {
                *value = (*value - mean) / deviation * scale[at] + shift[at];
            }
        }
        y
    }

    /// The output of an attention, and on the way QKᵀ and softmax of every head, and the heads side by side.
    fn attention(
        &self,
        name: &str,
        x: &DMatrix<f64>,
        seen: &mut Vec<(Quantity, Vec<DMatrix<f64>>)>,
    ) -> DMatrix<f64> {
        let (heads, width) = (self.model.heads as usize, self.model.attention_width() as usize);
        let depth = width / heads;
        let projected = self.linear(&format!("{name}.projection"), x);
        let mut side_by_side = DMatrix::zeros(x.nrows(), width);
        let (mut products, mut weights) = (Vec::new(), Vec::new());
        for head in 0..heads {
            let part = |which: usize| projected.columns(which * width + head * depth, depth).into_owned();
            let product = part(0) * part(1).transpose();
            let mut softmax = (&product / (depth as f64).sqrt()).map(f64::exp);
            softmax.row_iter_mut().for_each(|mut row| row /= row.sum());
            side_by_side.columns_mut(head * depth, depth).copy_from(&(&softmax * part(2)));
            products.push(product);
            weights.push(softmax);
        }
        seen.push((Quantity::Scores, products));
        seen.push((Quantity::Attention, weights));
        seen.push((Quantity::Heads, vec![side_by_side.clone()]));
        self.linear(&format!("{name}.output"), &side_by_side)
    }

    /// Everything that is seen of one example, in the order of the network, but for the Jacobian.
    fn watch(&self, patches: &DMatrix<f64>) -> Vec<(Quantity, Vec<DMatrix<f64>>)> {
        let mut x = patches * self.get("embedding.patch.weight") + self.get("embedding.position");
        let mut seen = vec![(Quantity::Embedded, vec![x.clone()])];
        for block in 0..self.model.depth {
            let name = |part: &str| format!("blocks.{block}.{part}");
            seen.push((Quantity::Tokens, vec![x.clone()]));
            let attended =
                self.attention(&name("attention"), &self.norm(&name("attention.norm"), &x), &mut seen);
            seen.push((Quantity::AttentionOutput, vec![attended.clone()]));
            x += attended;
            seen.push((Quantity::AfterAttention, vec![x.clone()]));
            let hidden = self.linear(&name("mlp.up"), &self.norm(&name("mlp.norm"), &x));
            let gelu = |v: f64| 0.5 * v * libm::erfc(-v / std::f64::consts::SQRT_2);
            let changed = self.linear(&name("mlp.down"), &hidden.map(gelu));
            seen.push((Quantity::MlpOutput, vec![changed.clone()]));
            x += changed;
            seen.push((Quantity::AfterMlp, vec![x.clone()]));
        }
        seen
    }
}

fn assert_close(what: &str, got: &[f32], want: &DMatrix<f64>, tolerance: f64) {
    let want: Vec<f64> = want.transpose().iter().copied().collect();
    assert_eq!(got.len(), want.len(), "{what}");
    let scale = want.iter().fold(1e-3f64, |largest, x| largest.max(x.abs()));
    for (at, (got, want)) in got.iter().zip(&want).enumerate() {
        let difference = (f64::from(*got) - want).abs();
        assert!(difference < tolerance * scale, "{what}, number {at}: {got} is not {want}");
    }
}

#[test]
fn what_is_seen_equals_the_equations() {
    let (model, tokens, features, examples) = (tiny(), 4, 3, 2);
    let (network, layout, flat, parameters) =
        network(&model, Reading::Patches { tokens, features, classes: 2 });
    let mut stream = Stream::new(5, "test");
    let patches: Vec<f32> = (0..2 * examples * tokens * features).map(|_| stream.normal() as f32).collect();
    let data = TensorData::new(patches.clone(), [2, examples * tokens, features]);
    let input = Input::Patches(Tensor::from_data(data, &Device::flex()));
    let seen = network.watch(&parameters, input, &ALL);
    let places: Vec<&str> = seen.iter().map(|one| one.place.as_str()).collect();
    assert_eq!((places[0], places[1], places[places.len() - 1]), ("embedding", "blocks.0", "blocks.1"));

    for replica in 0..2 {
        let row = &flat[replica * layout.width()..][..layout.width()];
        let reference = Reference { layout: &layout, row, model: &model };
        for example in 0..examples {
            let numbers_of =
                &patches[(replica * examples + example) * tokens * features..][..tokens * features];
            let of_example =
                DMatrix::from_row_iterator(tokens, features, numbers_of.iter().map(|&x| f64::from(x)));
            let expected = reference.watch(&of_example);
            let found: Vec<&Seen> = seen.iter().filter(|one| one.quantity != Quantity::Jacobian).collect();
            assert_eq!(found.len(), expected.len());
            for (one, (quantity, matrices)) in found.into_iter().zip(&expected) {
                let [replicas, all, rows, columns] = one.matrices.dims();
                assert_eq!((one.quantity, one.heads, replicas), (*quantity, matrices.len(), 2));
                assert_eq!(all, examples * one.heads);
                for (head, want) in matrices.iter().enumerate() {
                    let at = (replica * all + example * one.heads + head) * rows * columns;
                    let got = &numbers(&one.matrices)[at..][..rows * columns];
                    let what = format!("{quantity:?} of {}, replica {replica}, example {example}", one.place);
                    assert_close(&what, got, want, 1e-5);
                }
            }
            if example == 0 {
                check_jacobian(&reference, &expected[1].1[0], &seen, replica);
            }
        }
    }
}

/// Against central differences of the attention's output by the normalized tokens.
fn check_jacobian(reference: &Reference<'_>, x: &DMatrix<f64>, seen: &[Seen], replica: usize) {
    let normal = reference.norm("blocks.0.attention.norm", x);
    let side = normal.len();
    let at = |number: usize| (number / normal.ncols(), number % normal.ncols());
    let output = |shift: f64, number: usize| {
        let mut moved = normal.clone();
        moved[at(number)] += shift;
        reference.attention("blocks.0.attention", &moved, &mut Vec::new())
    };
    let step = 1e-5;
    let differences: Vec<DMatrix<f64>> =
        (0..side).map(|number| (output(step, number) - output(-step, number)) / (2.0 * step)).collect();
    let want = DMatrix::from_fn(side, side, |row, column| differences[column][at(row)]);
    let found: Vec<&Seen> = seen.iter().filter(|one| one.quantity == Quantity::Jacobian).collect();
    assert_eq!((found.len(), found[0].matrices.dims()), (1, [2, 1, side, side]));
    let got = &numbers(&found[0].matrices)[replica * side * side..][..side * side];
    assert_close(&format!("Jacobian, replica {replica}"), got, &want, 1e-4);
}

#[test]
fn a_causal_network_has_masked_weights_and_products_as_they_are() {
    let (network, _, _, parameters) = network(&tiny(), Reading::Characters { tokens: 3, vocabulary: 5 });
    let symbols = TensorData::new(vec![0i32, 3, 1, 4, 2, 2], [2, 3]);
    let seen = network.watch(&parameters, Input::Tokens(Tensor::from_data(symbols, &Device::flex())), &ALL);
    let above = |quantity| {
        let one = seen.iter().find(|one| one.quantity == quantity).expect("it was asked for");
        let matrices = numbers(&one.matrices);
        matrices.chunks_exact(9).flat_map(|matrix| [matrix[1], matrix[2], matrix[5]]).collect::<Vec<_>>()
    };
    assert!(above(Quantity::Attention).iter().all(|&weight| weight == 0.0));
    assert!(above(Quantity::Scores).iter().all(|&product| product != 0.0));
}

#[test]
fn only_what_is_asked_for_is_seen() {
    let (network, _, _, parameters) =
        network(&tiny(), Reading::Patches { tokens: 4, features: 3, classes: 2 });
    let input = Input::Patches(Tensor::ones([2, 4, 3], &Device::flex()));
    let nothing = Probes { tokens: false, scores: false, outputs: false, jacobian: false, ..ALL };
    let quantities = |probes: Probes| {
        let seen = network.watch(&parameters, input.clone(), &probes);
        seen.into_iter().map(|one| one.quantity).collect::<Vec<_>>()
    };
    assert!(quantities(nothing).is_empty());
    use Quantity::{Attention, Embedded, Scores, Tokens};
    assert_eq!(quantities(Probes { tokens: true, ..nothing }), [Embedded, Tokens, Tokens]);
    assert_eq!(quantities(Probes { scores: true, ..nothing }), [Scores, Attention, Scores, Attention]);
}

#[test]
fn examples_and_then_heads_are_cut_to_what_there_is_time_for() {
    // Six blocks of 36 tokens of width 64, five replicas: nothing but the seldom more than four heads.
    assert_eq!(fitting(1, 16, 6 * 5 * 36 * 36 * 64), (1, 16));
    assert_eq!(fitting(16, 16, 6 * 5 * 36 * 36 * 36), (4, 16));
    // 128 tokens: the first example of four heads; 256: of one head.
    assert_eq!(fitting(4, 16, 2 * 3 * 128 * 128 * 128), (4, 1));
    assert_eq!(fitting(4, 16, 2 * 3 * 256 * 256 * 256), (1, 1));

    let mut watcher = Watcher::new(ALL, 300, 1);
    // Of example s and head h: all numbers are 10 s + h.
    let values: Vec<f32> =
        (0..3 * 8 * 300 * 300).map(|i| (i / 90_000 % 8 / 2 * 10 + i / 90_000 % 2) as f32).collect();
    let data = TensorData::new(values, [3, 8, 300, 300]);
    watcher.heads(Quantity::Attention, Tensor::from_data(data, &Device::flex()), 2, 300);
    let seen = watcher.finish().remove(0);
    assert_eq!((seen.heads, seen.matrices.dims()), (1, [3, 1, 300, 300]));
    assert!(numbers(&seen.matrices).iter().all(|&value| value == 0.0));
}

/// κ of the heads side by side, 16 examples of normalized Gaussian tokens, at the start.
fn condition_of_heads(heads: u32) -> f64 {
    let (tokens, width, examples) = (32, 64, 16);
    let model = Transformer { width: width as u32, heads, ..Transformer::default() };
    let mut builder = Builder::new(vec![0]);
    let attention = MultiHeadAttention::new(&mut builder, "attention", &model, tokens, false);
    let (layout, initial) = builder.finish();
    let device = Device::flex();
    let parameters = layout.bind(&Tensor::from_data(initial, &device), false);
    let mut stream = Stream::new(0, "tokens");
    let mut x: Vec<f64> = (0..examples * tokens * width).map(|_| stream.normal()).collect();
    for row in x.chunks_exact_mut(width) {
        let mean = row.iter().sum::<f64>() / width as f64;
        let deviation = (row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / width as f64).sqrt();
        row.iter_mut().for_each(|value| *value = (*value - mean) / deviation);
    }
    let x: Vec<f32> = x.into_iter().map(|value| value as f32).collect();
    let x = Tensor::from_data(TensorData::new(x, [1, examples * tokens, width]), &device);
    let mut watcher = Watcher::new(Probes { scores: false, ..ALL }, tokens, 1);
    attention.watch(&parameters, x, &mut watcher, None);
    let seen = watcher.finish().remove(0);
    assert_eq!(seen.quantity, Quantity::Heads);
    let (quantity, place, shape) = (seen.quantity, seen.place.clone(), seen.matrices.dims());
    let outline = Outline { quantity, place, shape, heads: seen.heads, rank: seen.rank };
    spectra(&outline, &numbers(&seen.matrices))[0].condition_number
}

/// Leaner Transformers (arXiv 2505.20802), theorem 3.2; in advance 2,000, 57, 30, 28, 24 for 1, 2, 4, 8, 16 heads.
#[test]
fn heads_side_by_side_are_better_conditioned_the_more_there_are() {
    let found = [1, 2, 4, 8, 16].map(condition_of_heads);
    println!("{found:.0?}");
    assert!((500.0..8_000.0).contains(&found[0]), "{found:?}");
    assert!((28.0..120.0).contains(&found[1]), "{found:?}");
    assert!(found[2..].iter().all(|kappa| (12.0..60.0).contains(kappa)), "{found:?}");
    assert!(found[0] > found[1] && found[1] > found[2] && found[2] > found[4], "{found:?}");
}

#[test]
fn embedded_tokens_are_seen_before_the_correction_and_a_block_s_after_it() {
    let model =
        Transformer { tokens: Conditioned { iterations: 0, ..Conditioned::default() }.into(), ..tiny() };
    let (network, _, _, parameters) =
        network(&model, Reading::Patches { tokens: 4, features: 3, classes: 2 });
    let patches = TensorData::new((0..24).map(|i| ((i * 7) % 5) as f32).collect::<Vec<_>>(), [2, 4, 3]);
    let input = Input::Patches(Tensor::from_data(patches, &Device::flex()));
    let seen = network.watch(&parameters, input, &Probes { tokens: true, ..Probes::default() });
    let condition = |one: &Seen| {
        let [_, _, rows, columns] = one.matrices.dims();
        let first: Vec<f64> =
            numbers(&one.matrices)[..rows * columns].iter().map(|&x| f64::from(x)).collect();
        let values = DMatrix::from_row_slice(rows, columns, &first).singular_values();
        values.max() / values.min()
    };
    assert!(condition(&seen[0]) > 2.1, "{}", condition(&seen[0]));
    assert!(condition(&seen[1]) < 2.001, "{}", condition(&seen[1]));
}
