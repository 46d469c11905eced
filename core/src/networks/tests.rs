//! The networks beside the transformer: against plain loops, their sizes, and what is frozen in them.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};

use super::conv_mixer::ConvMixer;
use super::conv_mixer::filters::Filters;
use super::mixer::Mixer;
use super::transformer::{Head, Mlp, MlpActivation, Transformer};
use super::{Described, Model};
use crate::interface::{Input, Network};
use crate::layers::Norm;
use crate::parameters::{Builder, Layout};
use crate::protocol::{DeviceChoice, Event};
use crate::random::Stream;
use crate::spec::{Experiment, Variant, from_toml, to_toml};
use crate::surroundings::Reading;
use crate::tasks::gratings::Gratings;
use crate::techniques::initialization::gpt2::Gpt2;
use crate::techniques::initialization::impulse::Impulse;
use crate::techniques::tokens::Tokens;
use crate::techniques::tokens::graying::{Graying, Place, Transform};
use crate::train::{Engine, Session};

/// 16 tokens of 16 numbers, five classes.
const READING: Reading = Reading::Patches { tokens: 16, features: 16, classes: 5 };

fn transformer() -> Transformer {
    let mlp = Mlp { width: 12, ..Mlp::default() };
    Transformer { depth: 2, width: 8, mlp, ..Transformer::default() }
}

fn mixer_of(hidden: u32) -> Mixer {
    Mixer { depth: 2, width: 8, hidden, mlp_width: 12, ..Mixer::default() }
}

fn conv_mixer(kernel: u32, filters: Filters, norm: Norm) -> ConvMixer {
    ConvMixer { depth: 2, width: 8, kernel, filters, norm, ..ConvMixer::default() }
}

fn random(name: &str, count: usize) -> Vec<f32> {
    let mut stream = Stream::new(6, name);
    (0..count).map(|_| stream.normal() as f32).collect()
}

/// A network of two replicas, all of its numbers drawn at random (a head of zeros would hide everything).
struct Drawn {
    network: Box<dyn Network>,
    layout: Layout,
    values: Vec<f32>,
}

impl Drawn {
    fn new(model: impl Into<Model>) -> Self {
        let mut builder = Builder::new(vec![0, 1]);
        let network = model.into().build(&mut builder, READING);
        let layout = builder.finish().0;
        let values = random("parameters", 2 * layout.width()).into_iter().map(|x| 0.4 * x).collect();
        Self { network, layout, values }
    }

    /// `[R, B, classes]`, from `[R, B·N, F]`.
    fn forward(&self, patches: &[f32]) -> Vec<f32> {
        let device = Device::flex();
        let flat = Tensor::from_data(TensorData::new(self.values.clone(), [2, self.layout.width()]), &device);
        let shape = [2, patches.len() / 32, 16];
        let input = Input::Patches(Tensor::from_data(TensorData::new(patches.to_vec(), shape), &device));
        self.network.forward(&self.layout.bind(&flat, false), input).into_data().iter::<f32>().collect()
    }

    /// One parameter of a replica, row by row.
    fn get(&self, replica: usize, name: &str) -> (Vec<f64>, usize) {
        let found = self.layout.parameters().iter().find(|p| p.name == name);
        let p = found.unwrap_or_else(|| panic!("there is no parameter {name}"));
        let start = replica * self.layout.width() + p.offset;
        (self.values[start..][..p.rows * p.columns].iter().map(|&x| f64::from(x)).collect(), p.columns)
    }
}

/// Rows of numbers.
type Rows = Vec<Vec<f64>>;

fn linear(x: &Rows, (weight, columns): (Vec<f64>, usize), bias: &[f64]) -> Rows {
    let at = |row: &Vec<f64>, o: usize| {
        bias[o] + row.iter().enumerate().map(|(i, x)| x * weight[i * columns + o]).sum::<f64>()
    };
    x.iter().map(|row| (0..columns).map(|o| at(row, o)).collect()).collect()
}

fn gelu(x: Rows) -> Rows {
    let gelu = |x: f64| 0.5 * x * (1.0 + libm::erf(x / 2f64.sqrt()));
    x.into_iter().map(|row| row.into_iter().map(gelu).collect()).collect()
}

fn transposed(x: &Rows) -> Rows {
    (0..x[0].len()).map(|column| x.iter().map(|row| row[column]).collect()).collect()
}

fn normalized(row: &[f64]) -> Vec<f64> {
    let mean = row.iter().sum::<f64>() / row.len() as f64;
    let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / row.len() as f64;
    row.iter().map(|x| (x - mean) / (variance + 1e-5).sqrt()).collect()
}

fn affine(x: Rows, scale: &[f64], shift: &[f64]) -> Rows {
    x.into_iter().map(|row| row.iter().enumerate().map(|(c, x)| x * scale[c] + shift[c]).collect()).collect()
}

fn sum(x: Rows, y: &Rows) -> Rows {
    x.into_iter().zip(y).map(|(x, y)| x.iter().zip(y).map(|(x, y)| x + y).collect()).collect()
}

fn mean(x: &Rows) -> Vec<f64> {
    transposed(x).iter().map(|column| column.iter().sum::<f64>() / x.len() as f64).collect()
}

fn assert_close(found: &[f32], wanted: &[f64]) {
    assert_eq!(found.len(), wanted.len());
    for (i, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert!(
            (f64::from(*found) - wanted).abs() < 1e-4 * wanted.abs().max(1.0),
            "{i}: {found} is not {wanted}"
        );
    }
}

/// The tokens of one example of a replica.
fn example(patches: &[f32], replica: usize, index: usize) -> Rows {
    let start = replica * patches.len() / 2 + index * 16 * 16;
    patches[start..][..256].chunks_exact(16).map(|row| row.iter().map(|&x| f64::from(x)).collect()).collect()
}

/// MLP-Mixer of one example, from its equation.
fn mixer(drawn: &Drawn, replica: usize, patches: Rows, skips: [bool; 2]) -> Vec<f64> {
    let get = |name: &str| drawn.get(replica, name).0;
    let layer = |x: &Rows, name: &str| {
        linear(x, drawn.get(replica, &format!("{name}.weight")), &get(&format!("{name}.bias")))
    };
    let norm = |x: &Rows, name: &str| {
        let x = x.iter().map(|row| normalized(row)).collect();
        affine(x, &get(&format!("{name}.scale")), &get(&format!("{name}.shift")))
    };
    let mut x = layer(&patches, "embedding.patch");
    for block in ["blocks.0", "blocks.1"] {
        let channels = transposed(&norm(&x, &format!("{block}.mixing.norm")));
        let hidden = gelu(layer(&channels, &format!("{block}.mixing.up")));
        let mixed = transposed(&layer(&hidden, &format!("{block}.mixing.down")));
        x = if skips[0] { sum(x, &mixed) } else { mixed };
        let hidden = gelu(layer(&norm(&x, &format!("{block}.mlp.norm")), &format!("{block}.mlp.up")));
        let changed = layer(&hidden, &format!("{block}.mlp.down"));
        x = if skips[1] { sum(x, &changed) } else { changed };
    }
    layer(&vec![mean(&norm(&x, "norm"))], "head").concat()
}

#[test]
fn a_mixer_equals_its_equation_with_and_without_its_skips() {
    let patches = random("patches", 2 * 3 * 16 * 16);
    for skips in [[true, true], [false, true], [true, false]] {
        let drawn = Drawn::new(Mixer { mixing_skip: skips[0], mlp_skip: skips[1], ..mixer_of(10) });
        let wanted: Vec<f64> =
            (0..6).flat_map(|i| mixer(&drawn, i / 3, example(&patches, i / 3, i % 3), skips)).collect();
        assert_close(&drawn.forward(&patches), &wanted);
    }
}

/// ConvMixer of the examples of one replica, from its equation.
fn convolved(drawn: &Drawn, replica: usize, examples: Vec<Rows>, kernel: usize, norm: Norm) -> Vec<f64> {
    let get = |name: &str| drawn.get(replica, name).0;
    let layer = |x: &Rows, name: &str| {
        linear(x, drawn.get(replica, &format!("{name}.weight")), &get(&format!("{name}.bias")))
    };
    // All tokens of all examples, one below the other, as a batch norm sees them.
    let normalize = |x: Rows, name: &str| {
        let x = match norm {
            Norm::None => return x,
            Norm::Layer => x.iter().map(|row| normalized(row)).collect(),
            Norm::Batch => transposed(&transposed(&x).iter().map(|column| normalized(column)).collect()),
        };
        affine(x, &get(&format!("{name}.scale")), &get(&format!("{name}.shift")))
    };
    let filtered = |x: &Rows, block: &str| -> Rows {
        let (filter, width) = drawn.get(replica, &format!("{block}.filter.weight"));
        let bias = get(&format!("{block}.filter.bias"));
        let at = |row: usize, channel: usize| {
            let (first, i, j) = (row / 16 * 16, (row % 16 / 4) as i64, (row % 4) as i64);
            let mut sum = bias[channel];
            for place in 0..kernel * kernel {
                let (u, v) = ((place / kernel) as i64, (place % kernel) as i64);
                let (row, column) = (i + u - kernel as i64 / 2, j + v - kernel as i64 / 2);
                if (0..4).contains(&row) && (0..4).contains(&column) {
                    sum += filter[place * width + channel] * x[first + (row * 4 + column) as usize][channel];
                }
            }
            sum
        };
        (0..x.len()).map(|row| (0..width).map(|channel| at(row, channel)).collect()).collect()
    };
    let mut x = normalize(gelu(layer(&examples.concat(), "embedding.patch")), "embedding.norm");
    for block in ["blocks.0", "blocks.1"] {
        let mixed = normalize(gelu(filtered(&x, block)), &format!("{block}.filter.norm"));
        x = sum(x, &mixed);
        x = normalize(gelu(layer(&x, &format!("{block}.linear"))), &format!("{block}.linear.norm"));
    }
    let pooled = x.chunks_exact(16).map(|tokens| mean(&tokens.to_vec())).collect();
    layer(&pooled, "head").concat()
}

#[test]
fn a_conv_mixer_equals_its_equation_with_every_norm() {
    let patches = random("patches", 2 * 3 * 16 * 16);
    for (kernel, norm) in [(3, Norm::None), (3, Norm::Layer), (5, Norm::Batch)] {
        let drawn = Drawn::new(conv_mixer(kernel, Filters::Trained, norm));
        let of = |replica| {
            let examples = (0..3).map(|index| example(&patches, replica, index)).collect();
            convolved(&drawn, replica, examples, kernel as usize, norm)
        };
        assert_close(&drawn.forward(&patches), &[of(0), of(1)].concat());
    }
}

#[test]
fn with_filters_of_one_token_a_conv_mixer_does_not_see_where_its_patches_lie() {
    let patches = random("patches", 2 * 16 * 16);
    let mut turned = patches.clone();
    for example in turned.chunks_exact_mut(256) {
        example.rotate_left(5 * 16);
    }
    let difference = |kernel| {
        let drawn = Drawn::new(conv_mixer(kernel, Filters::Trained, Norm::Layer));
        let (a, b) = (drawn.forward(&patches), drawn.forward(&turned));
        a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    assert!(difference(1) < 1e-4, "{}", difference(1));
    assert!(difference(3) > 1e-2, "{}", difference(3));
}

#[test]
fn what_is_done_to_tokens_is_done_in_every_architecture() {
    let patches = random("patches", 2 * 16 * 16);
    let networks: [fn(Tokens) -> Model; 2] = [
        |tokens| Mixer { tokens, ..mixer_of(10) }.into(),
        |tokens| ConvMixer { tokens, ..conv_mixer(3, Filters::Trained, Norm::Layer) }.into(),
    ];
    for network in networks {
        let answer = |tokens| Drawn::new(network(tokens)).forward(&patches);
        let grayed = |exponent| {
            answer(Graying { transform: Transform::Dct, exponent, place: Place::Embedding }.into())
        };
        let (plain, name) = (answer(Tokens::default()), network(Tokens::default()).name());
        assert_eq!(grayed(1.0), plain, "{name}: exponent 1 changes nothing");
        assert_ne!(grayed(0.5), plain, "{name}");
    }
}

#[test]
fn the_size_of_an_experiment_counts_the_parameters_exactly() {
    let models: [Model; 5] = [
        transformer().into(),
        mixer_of(10).into(),
        conv_mixer(3, Filters::Trained, Norm::Batch).into(),
        conv_mixer(5, Filters::Trained, Norm::None).into(),
        conv_mixer(3, Filters::Impulse, Norm::Layer).into(),
    ];
    for model in models {
        let mut experiment =
            Experiment::new("A title", Gratings { patch: 4, examples: 10, ..Gratings::default() });
        experiment.model = model;
        let mut builder = Builder::new(vec![0]);
        experiment.model.build(&mut builder, experiment.task.reading());
        let count = builder.finish().0.count() as u64;
        assert_eq!(experiment.size().parameters, count, "{:?}", experiment.model);
    }
}

#[test]
fn a_small_gpt2_has_the_parameters_of_the_papers_and_a_bias_of_its_head() {
    let mlp = Mlp { width: 64, activation: MlpActivation::GeluTanh, ..Mlp::default() };
    let initialization = Gpt2::default().into();
    let model = Transformer { depth: 2, width: 16, heads: 4, mlp, initialization, ..Transformer::default() };
    let reading = Reading::Characters { tokens: 100, vocabulary: 256 };
    let mut builder = Builder::new(vec![0]);
    Model::from(model.clone()).build(&mut builder, reading);
    // Symbols, positions, two blocks, the last norm, the head: 16,384 in the decoder that was measured for Procedural
    // Pretraining (arXiv 2601.21725), whose head has no bias.
    let theirs = 4096 + 1600 + 2 * 3280 + 32 + 4096;
    assert_eq!(theirs, 16_384);
    assert_eq!(builder.finish().0.count(), theirs + 256);
    assert_eq!(model.size(&reading).parameters, 16_640);

    // As they pretrain it: the head is the table again.
    let tied = Transformer { head: Head::Tied, ..model };
    let mut builder = Builder::new(vec![0]);
    Model::from(tied.clone()).build(&mut builder, reading);
    assert_eq!(builder.finish().0.count(), theirs - 4096 + 256);
    assert_eq!(tied.size(&reading).parameters, 16_640 - 4096);
}

#[test]
fn only_a_task_that_asks_for_symbols_can_tie_the_head() {
    let tied: Model = Transformer { head: Head::Tied, ..transformer() }.into();
    let mut text = crate::catalog::find("shakespeare").expect("a catalog entry").experiment().clone();
    text.model = tied.clone();
    assert_eq!(text.check(), Ok(()), "a decoder of characters has a table of its answers");
    let mut images = Experiment::new("A title", Gratings { patch: 4, examples: 10, ..Gratings::default() });
    images.model = tied;
    let problems = images.check().expect_err("images have no table");
    assert!(format!("{problems:?}").contains("there is no table of its answers"), "{problems:?}");
}

/// Both architectures, with frozen filters, on few and small gratings.
fn experiment(filters: Filters, norm: Norm) -> Experiment {
    let mut experiment =
        Experiment::new("A title", Gratings { patch: 4, examples: 10, ..Gratings::default() });
    experiment.model = conv_mixer(3, filters, norm).into();
    experiment.training.steps = 6;
    experiment.training.batch = 8;
    experiment.training.warmup = 0;
    experiment.training.learning_rate = 1e-2;
    experiment.training.weight_decay = 0.1;
    experiment.seeds.count = 2;
    // Through a file, as every experiment comes: its patches are canonical then, as they are in a checkpoint.
    let mixer = serde_json::json!({ "set": {
        "model.architecture": { "name": "mixer", "hidden": 10 }, "model.initialization": "impulse" } });
    experiment.variants = vec![Variant::default(), serde_json::from_value(mixer).expect("a variant")];
    from_toml(&to_toml(&experiment)).expect("a valid experiment")
}

fn start(engine: &Engine, experiment: &Experiment, resume: Option<&[u8]>) -> Session {
    Session::start(engine, experiment.clone(), &BTreeMap::new(), resume).expect("a valid start").0
}

fn advance(session: &mut Session, steps: u32) -> Vec<f32> {
    let events = pollster::block_on(session.advance(steps)).expect("the device works");
    let losses = |event: &Event| match event {
        Event::Progress(progress) => progress.losses.concat(),
        _ => Vec::new(),
    };
    events.iter().flat_map(losses).collect()
}

/// The tensors of a checkpoint.
fn tensors(checkpoint: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let file = safetensors::SafeTensors::deserialize(checkpoint).expect("a whole file");
    file.tensors().into_iter().map(|(name, view)| (name, view.data().to_vec())).collect()
}

/// The checkpoint with the filters of the first block doubled.
fn doubled(checkpoint: &[u8]) -> Vec<u8> {
    let (_, metadata) = safetensors::SafeTensors::read_metadata(checkpoint).expect("a whole file");
    let file = safetensors::SafeTensors::deserialize(checkpoint).expect("a whole file");
    let twice = |bytes: &[u8]| -> Vec<u8> {
        let number = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        bytes.chunks_exact(4).flat_map(|b| (2.0 * number(b)).to_le_bytes()).collect()
    };
    let all: Vec<_> = file
        .tensors()
        .into_iter()
        .map(|(name, view)| {
            let data = view.data().to_vec();
            let data = if name == "0.blocks.0.filter.weight" { twice(&data) } else { data };
            (name, view.dtype(), view.shape().to_vec(), data)
        })
        .collect();
    let views = all.iter().map(|(name, dtype, shape, data)| {
        (name, safetensors::tensor::TensorView::new(*dtype, shape.clone(), data).expect("the same size"))
    });
    safetensors::serialize(views, metadata.metadata().clone()).expect("distinct names")
}

#[test]
fn frozen_filters_stay_and_checkpoints_carry_them() {
    let (engine, experiment) = (Engine::cpu(""), experiment(Filters::Random, Norm::Batch));
    let mut session = start(&engine, &experiment, None);
    let first = pollster::block_on(session.checkpoint()).unwrap();
    advance(&mut session, 3);
    let half = pollster::block_on(session.checkpoint()).unwrap();
    let (before, after) = (tensors(&first), tensors(&half));
    let of_filter = |name: &str| name.contains(".filter.weight") || name.contains(".filter.bias");
    assert_eq!(before.keys().filter(|name| of_filter(name)).count(), 2 * 2 * 3);
    for (name, bytes) in &before {
        assert_eq!(after[name] == *bytes, of_filter(name), "{name}");
    }

    // The filters come from the checkpoint, not from the seed: with others the losses are others, and they stay too.
    let changed = doubled(&half);
    let mut resumed = start(&engine, &experiment, Some(&changed));
    let losses = advance(&mut resumed, 3);
    assert_ne!(losses[..6], advance(&mut session, 3)[..6]);
    let last = tensors(&pollster::block_on(resumed.checkpoint()).unwrap());
    assert_eq!(last["0.blocks.0.filter.weight"], tensors(&changed)["0.blocks.0.filter.weight"]);
}

#[test]
fn trained_filters_start_where_random_ones_stay() {
    let checkpoint = |filters, steps| {
        let mut session = start(&Engine::cpu(""), &experiment(filters, Norm::Batch), None);
        if steps > 0 {
            advance(&mut session, steps);
        }
        tensors(&pollster::block_on(session.checkpoint()).unwrap())["0.blocks.0.filter.weight"].clone()
    };
    let random = checkpoint(Filters::Random, 0);
    assert_eq!(checkpoint(Filters::Trained, 0), random);
    assert_ne!(checkpoint(Filters::Trained, 2), random);
}

#[test]
fn both_train_alike_on_the_gpu_and_on_the_cpu() {
    let gpu = Engine::open(DeviceChoice::Gpu).expect("a wgpu adapter; without a GPU install Mesa's lavapipe");
    for (filters, norm) in [(Filters::Trained, Norm::Batch), (Filters::Impulse, Norm::Layer)] {
        let losses = |engine: &Engine| advance(&mut start(engine, &experiment(filters, norm), None), 6);
        let (found, wanted) = (losses(&gpu), losses(&Engine::cpu("")));
        assert_eq!(found.len(), 2 * 2 * 6);
        for (found, wanted) in found.iter().zip(&wanted) {
            assert!((found - wanted).abs() < 1e-3 * wanted, "{filters:?}: {found} is not {wanted}");
        }
    }
}

#[test]
fn a_structured_mixer_starts_from_a_product_that_is_a_shift() {
    let model = Mixer { initialization: Impulse::default().into(), ..mixer_of(20) };
    let mut builder = Builder::new(vec![0, 1]);
    Model::from(model).build(&mut builder, READING);
    let (layout, values) = builder.finish();
    let values: Vec<f32> = values.iter::<f32>().collect();
    let matrix = |name: &str| {
        let found = layout.matrices().into_iter().find(|matrix| matrix.name == name).expect("a matrix");
        found.gather(&values)
    };
    let (up, down) = (matrix("blocks.1.mixing.up.weight"), matrix("blocks.1.mixing.down.weight"));
    for (from, to) in (0..256).map(|at| (at / 16, at % 16)) {
        let product: f32 = (0..20).map(|unit| up[from * 20 + unit] * down[unit * 16 + to]).sum();
        // The second block looks up: token `to` is what stood a row of four above it.
        let wanted = f32::from(u8::from(from + 4 == to));
        assert!((product - wanted).abs() < 1e-5, "{from} {to}: {product}");
    }
}
