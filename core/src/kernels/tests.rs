//! Every operation: its gradient against finite differences on the CPU engine, and the GPU kernels against the CPU
//! engine's plain loops.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::*;
use crate::protocol::DeviceChoice;
use crate::random::Stream;
use crate::train::Engine;

/// A function of some float tensors, made of one operation; its result is weighed by fixed random numbers.
struct Case {
    name: &'static str,
    shapes: Vec<[usize; 3]>,
    apply: fn(Vec<Tensor<3>>) -> Tensor<3>,
}

/// Odd sizes on purpose: vectors of 1, 2 and 4 numbers and tiles that hang over the edge all occur.
fn cases() -> Vec<Case> {
    let case = |name, shapes: &[[usize; 3]], apply| Case { name, shapes: shapes.to_vec(), apply };
    vec![
        case("linear", &[[2, 6, 8], [2, 8, 12], [2, 1, 12]], |x| {
            linear(x[0].clone(), x[1].clone(), x[2].clone())
        }),
        case(
            "linear with odd sizes and a bias for each of three places",
            &[[3, 9, 5], [3, 5, 7], [3, 3, 7]],
            |x| linear(x[0].clone(), x[1].clone(), x[2].clone()),
        ),
        case("layer norm", &[[2, 5, 8], [2, 1, 8], [2, 1, 8]], |x| {
            layer_norm(x[0].clone(), x[1].clone(), x[2].clone(), 1e-5)
        }),
        case("layer norm with a large ε", &[[2, 5, 6], [2, 1, 6], [2, 1, 6]], |x| {
            layer_norm(x[0].clone(), x[1].clone(), x[2].clone(), 0.5)
        }),
        case("batch norm", &[[2, 9, 8], [2, 1, 8], [2, 1, 8]], |x| {
            batch_norm(x[0].clone(), x[1].clone(), x[2].clone())
        }),
        case("batch norm of an odd width", &[[3, 7, 5], [3, 1, 5], [3, 1, 5]], |x| {
            batch_norm(x[0].clone(), x[1].clone(), x[2].clone())
        }),
        case("depthwise filter", &[[2, 18, 8], [2, 9, 8], [2, 1, 8]], |x| {
            depthwise(x[0].clone(), x[1].clone(), x[2].clone(), 9)
        }),
        case(
            "depthwise filter of odd width, larger than the grid",
            &[[2, 12, 3], [2, 49, 3], [2, 1, 3]],
            |x| depthwise(x[0].clone(), x[1].clone(), x[2].clone(), 4),
        ),
        case("depthwise filter of one token", &[[2, 8, 6], [2, 1, 6], [2, 1, 6]], |x| {
            depthwise(x[0].clone(), x[1].clone(), x[2].clone(), 4)
        }),
        case("gelu", &[[2, 3, 5]], |x| gelu(x[0].clone())),
        case("gelu by tanh", &[[2, 3, 5]], |x| gelu_tanh(x[0].clone())),
        case("gelu by tanh, four at a time", &[[2, 6, 8]], |x| gelu_tanh(x[0].clone() * 3.0)),
        case("signed power", &[[2, 6, 5]], |x| signed_power(away_from_zero(x[0].clone()), 3, 0.6)),
        case("rectified linear", &[[2, 3, 5]], |x| pointwise(x[0].clone(), Pointwise::Relu)),
        case("gaussian", &[[2, 3, 5]], |x| pointwise(x[0].clone(), Pointwise::Gaussian(0.7))),
        case("sine", &[[2, 3, 5]], |x| pointwise(x[0].clone(), Pointwise::Sine(3.0))),
        case("mean pool", &[[2, 6, 5]], |x| mean_pool(x[0].clone(), 3)),
        case("attention scores", &[[2, 10, 24]], |x| flat(attention_scores(x[0].clone(), 2, 5, 0.7, false))),
        case("causal attention scores", &[[2, 10, 18]], |x| {
            flat(attention_scores(x[0].clone(), 2, 5, 0.7, true))
        }),
        case("softmax", &[[2, 10, 24]], |x| {
            flat(softmax(attention_scores(x[0].clone(), 2, 5, 0.7, false), false))
        }),
        case("causal softmax", &[[2, 10, 24]], |x| {
            flat(softmax(attention_scores(x[0].clone(), 2, 5, 0.7, true), true))
        }),
        case("attention mix", &[[2, 20, 5], [2, 10, 24]], |x| {
            attention_mix(x[0].clone().reshape([2, 4, 5, 5]), x[1].clone(), 2, false)
        }),
        case("causal attention mix", &[[2, 20, 5], [2, 10, 18]], |x| {
            attention_mix(x[0].clone().reshape([2, 4, 5, 5]), x[1].clone(), 2, true)
        }),
        case("cross-entropy", &[[2, 4, 7]], |x| {
            let targets = TensorData::new(vec![0i32, 3, 6, 2, 5, 5, 1, 0], [2, 4]);
            let targets = Tensor::<2, Int>::from_data(targets, &x[0].device().inner());
            cross_entropy(x[0].clone(), targets).reshape([2, 1, 1])
        }),
        case("cross-entropy of the places that are asked", &[[3, 4, 7]], |x| {
            let targets = TensorData::new(ASKED.to_vec(), [3, 4]);
            let targets = Tensor::<2, Int>::from_data(targets, &x[0].device().inner());
            cross_entropy(x[0].clone(), targets).reshape([3, 1, 1])
        }),
        case("embedding", &[[2, 5, 6], [2, 2, 6]], |x| {
            let tokens = TensorData::new(vec![0i32, 4, 4, 2, 3, 3, 1, 0], [2, 4]);
            let tokens = Tensor::<2, Int>::from_data(tokens, &x[0].device().inner());
            embedding(tokens, x[0].clone(), x[1].clone())
        }),
    ]
}

/// Classes for three replicas: one is asked twice, one once, one nothing.
const ASKED: [i32; 12] = [-1, 3, -1, 2, -1, -1, 6, -1, -1, -1, -1, -1];

/// `±(x² + ½)`: finite differences cannot see the steep part of a small power around 0.
fn away_from_zero(x: Tensor<3>) -> Tensor<3> {
    let shape = x.dims();
    let signs = (0..x.shape().num_elements()).map(|i| if i % 3 == 0 { -1.0 } else { 1.0f32 }).collect();
    let signs = Tensor::from_data(TensorData::new(signs, shape), &x.device().inner());
    (x.clone() * x + 0.5) * signs
}

fn flat(x: Tensor<4>) -> Tensor<3> {
    let [r, h, n, m] = x.dims();
    x.reshape([r, h * n, m])
}

fn random(name: &str, count: usize) -> Vec<f32> {
    let mut stream = Stream::new(5, name);
    (0..count).map(|_| stream.normal() as f32).collect()
}

fn inputs(case: &Case) -> Vec<Vec<f32>> {
    let draw =
        |(i, shape): (usize, &[usize; 3])| random(&format!("{}.{i}", case.name), shape.iter().product());
    case.shapes.iter().enumerate().map(draw).collect()
}

/// Σ weight · result, and the result itself.
fn value(case: &Case, inputs: &[Vec<f32>], device: &Device) -> (Tensor<1>, Vec<Tensor<3>>, Tensor<3>) {
    let upload = |(values, shape): (&Vec<f32>, &[usize; 3])| {
        Tensor::<3>::from_data(TensorData::new(values.clone(), *shape), device).autodiff().require_grad()
    };
    let tensors: Vec<_> = inputs.iter().zip(&case.shapes).map(upload).collect();
    let result = (case.apply)(tensors.clone());
    let shape = result.dims();
    let weights = TensorData::new(random("weights", shape.iter().product()), shape);
    let loss = (result.clone() * Tensor::from_data(weights, device)).sum();
    (loss, tensors, result)
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn gradients(case: &Case, inputs: &[Vec<f32>], device: &Device) -> (Vec<f32>, Vec<Vec<f32>>) {
    let (loss, tensors, result) = value(case, inputs, device);
    let grads = loss.backward();
    let found = tensors.iter().map(|x| numbers(x.grad(&grads).expect("a gradient"))).collect();
    (numbers(result.inner()), found)
}

fn assert_close(what: &str, got: &[f32], want: &[f32], tolerance: f32) {
    assert_eq!(got.len(), want.len(), "{what}: another number of numbers");
    let scale = want.iter().fold(1e-3f32, |largest, x| largest.max(x.abs()));
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= tolerance * scale, "{what}, number {i}: {got} is not {want}");
    }
}

#[test]
fn every_gradient_equals_finite_differences() {
    let device = Device::flex();
    for case in cases() {
        let inputs = inputs(&case);
        let (_, found) = gradients(&case, &inputs, &device);
        for (which, values) in inputs.iter().enumerate() {
            let step = 1e-2;
            let difference = |i: usize| {
                let at = |shift: f32| {
                    let mut moved = inputs.clone();
                    moved[which][i] += shift;
                    f64::from(numbers(value(&case, &moved, &device).0.inner())[0])
                };
                ((at(step) - at(-step)) / f64::from(2.0 * step)) as f32
            };
            let wanted: Vec<f32> = (0..values.len()).map(difference).collect();
            assert_close(&format!("{}, gradient of input {which}", case.name), &found[which], &wanted, 4e-3);
        }
    }
}

#[test]
fn gpu_kernels_equal_the_plain_loops() {
    let gpu = Engine::open(DeviceChoice::Gpu).expect("a wgpu adapter; without a GPU install Mesa's lavapipe");
    for case in cases() {
        let inputs = inputs(&case);
        let (result, found) = gradients(&case, &inputs, &gpu.device);
        let (wanted_result, wanted) = gradients(&case, &inputs, &Device::flex());
        assert_close(case.name, &result, &wanted_result, 1e-5);
        for (which, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            assert_close(&format!("{}, gradient of input {which}", case.name), found, wanted, 1e-5);
        }
    }
}

/// The mean of `log Σ exp z − z[target]` over the rows with a target, in plain loops.
fn mean_over_the_asked(logits: &[f32], targets: &[i32], classes: usize) -> f32 {
    let (mut sum, mut asked) = (0.0, 0.0f64);
    for (row, &target) in logits.chunks_exact(classes).zip(targets) {
        if target >= 0 {
            let exponentials: f64 = row.iter().map(|z| f64::from(*z).exp()).sum();
            sum += exponentials.ln() - f64::from(row[target as usize]);
            asked += 1.0;
        }
    }
    if asked == 0.0 { 0.0 } else { (sum / asked) as f32 }
}

#[test]
fn cross_entropy_is_the_mean_over_the_places_that_are_asked() {
    let device = Device::flex();
    let logits = random("z", 3 * 4 * 7);
    let everywhere: Vec<i32> = (0..12).map(|place| place % 7).collect();
    for targets in [ASKED.to_vec(), everywhere] {
        let z = Tensor::<3>::from_data(TensorData::new(logits.clone(), [3, 4, 7]), &device);
        let asked = Tensor::<2, Int>::from_data(TensorData::new(targets.clone(), [3, 4]), &device);
        let replicas = logits.chunks_exact(28).zip(targets.chunks_exact(4));
        let wanted: Vec<f32> = replicas.map(|(z, targets)| mean_over_the_asked(z, targets, 7)).collect();
        assert_close("cross-entropy", &numbers(cross_entropy(z, asked)), &wanted, 1e-6);
    }
}

#[test]
fn what_is_not_asked_has_no_gradient() {
    let device = Device::flex();
    let z = Tensor::<3>::from_data(TensorData::new(random("z", 84), [3, 4, 7]), &device);
    let z = z.autodiff().require_grad();
    let asked = Tensor::<2, Int>::from_data(TensorData::new(ASKED.to_vec(), [3, 4]), &device);
    let gradients = cross_entropy(z.clone(), asked).sum().backward();
    let gradient = numbers(z.grad(&gradients).expect("a gradient"));
    for (row, target) in gradient.chunks_exact(7).zip(ASKED) {
        assert_eq!(row.iter().any(|value| *value != 0.0), target >= 0, "{target}: {row:?}");
    }
}

/// The equation of GELU by a tangent, and its derivative.
fn by_tanh(x: f64) -> (f64, f64) {
    let factor = (2.0 / std::f64::consts::PI).sqrt();
    let tanh = (factor * (x + 0.044_715 * x.powi(3))).tanh();
    let slope = (1.0 - tanh * tanh) * factor * (1.0 + 3.0 * 0.044_715 * x * x);
    (0.5 * x * (1.0 + tanh), 0.5 * (1.0 + tanh) + 0.5 * x * slope)
}

/// The activation of these numbers on a device, and its derivative there.
fn by_tanh_on(device: &Device, x: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let x = Tensor::<3>::from_data(TensorData::new(x.to_vec(), [1, 1, x.len()]), device);
    let x = x.autodiff().require_grad();
    let y = gelu_tanh(x.clone());
    let grads = y.clone().sum().backward();
    (numbers(y.inner()), numbers(x.grad(&grads).expect("a gradient")))
}

#[test]
fn gelu_by_tanh_equals_its_equation_and_is_near_the_exact_one() {
    let x: Vec<f32> = (-120..=120).map(|i| i as f32 / 10.0).collect();
    let (found, slopes) = by_tanh_on(&Device::flex(), &x);
    let wanted = x.iter().map(|&x| by_tanh(f64::from(x)));
    for ((x, (y, slope)), (found, found_slope)) in x.iter().zip(wanted).zip(found.iter().zip(&slopes)) {
        assert!((f64::from(*found) - y).abs() < 1e-6 * y.abs().max(1.0), "{x}: {found} is not {y}");
        assert!((f64::from(*found_slope) - slope).abs() < 2e-6, "{x}: {found_slope} is not {slope}");
        let exact = 0.5 * f64::from(*x) * (1.0 + libm::erf(f64::from(*x) / 2f64.sqrt()));
        assert!((f64::from(*found) - exact).abs() < 5e-4, "{x}: {found} is far from {exact}");
    }
    assert!(found.iter().zip(&x).any(|(y, x)| {
        (f64::from(*y) - 0.5 * f64::from(*x) * (1.0 + libm::erf(f64::from(*x) / 2f64.sqrt()))).abs() > 1e-4
    }));
}

#[test]
fn gelu_by_tanh_of_large_numbers_is_the_number_or_nothing_on_every_device() {
    let gpu = Engine::open(DeviceChoice::Gpu).expect("a wgpu adapter; without a GPU install Mesa's lavapipe");
    let large = [11.0, 50.0, 1e3, 1e7, 1e20, 1e30f32];
    let x: Vec<f32> = large.iter().flat_map(|x| [*x, -x]).collect();
    for device in [Device::flex(), gpu.device] {
        let (found, slopes) = by_tanh_on(&device, &x);
        for ((x, y), slope) in x.iter().zip(found).zip(slopes) {
            let (wanted, wanted_slope) = if *x > 0.0 { (*x, 1.0) } else { (0.0, 0.0) };
            assert!((y - wanted).abs() <= 1e-6 * wanted + 1e-6, "{x}: {y}");
            assert!((slope - wanted_slope).abs() < 1e-5, "{x}: {slope}");
        }
    }
}

/// The equation of a depthwise filter, as loops over places; nothing outside the grid counts.
fn filtered(x: &[f32], filter: &[f32], bias: &[f32], [edge, kernel, width]: [usize; 3]) -> Vec<f32> {
    let half = (kernel / 2) as i64;
    let mut y = Vec::new();
    for example in 0..x.len() / (edge * edge * width) {
        for (i, j, d) in (0..edge * edge * width).map(|at| (at / width / edge, at / width % edge, at % width))
        {
            let mut sum = f64::from(bias[d]);
            for (u, v) in (0..kernel * kernel).map(|at| (at / kernel, at % kernel)) {
                let (row, column) = ((i + u) as i64 - half, (j + v) as i64 - half);
                let inside = |place: i64| (0..edge as i64).contains(&place);
                if inside(row) && inside(column) {
                    let token = (example * edge + row as usize) * edge + column as usize;
                    sum += f64::from(filter[(u * kernel + v) * width + d] * x[token * width + d]);
                }
            }
            y.push(sum as f32);
        }
    }
    y
}

#[test]
fn a_depthwise_filter_equals_its_equation() {
    let device = Device::flex();
    for (edge, kernel, width) in [(3, 3, 4), (4, 5, 3), (2, 7, 2), (5, 1, 3)] {
        let examples = 2;
        let [x, filter, bias] = [("x", examples * edge * edge), ("w", kernel * kernel), ("b", 1)]
            .map(|(name, rows)| random(name, rows * width));
        let upload = |values: &Vec<f32>| {
            let shape = [1, values.len() / width, width];
            Tensor::<3>::from_data(TensorData::new(values.clone(), shape), &device)
        };
        let y = depthwise(upload(&x), upload(&filter), upload(&bias), edge * edge);
        let wanted = filtered(&x, &filter, &bias, [edge, kernel, width]);
        assert_close(&format!("{edge} {kernel} {width}"), &numbers(y), &wanted, 1e-6);
    }
}

#[test]
fn a_filter_of_a_single_one_changes_nothing() {
    let device = Device::flex();
    let x = Tensor::<3>::from_data(TensorData::new(random("x", 2 * 9 * 5), [2, 9, 5]), &device);
    let (one, zero) = (Tensor::ones([2, 1, 5], &device), Tensor::zeros([2, 1, 5], &device));
    assert_eq!(numbers(depthwise(x.clone(), one, zero, 9)), numbers(x));
}

#[test]
fn batch_norm_gives_every_channel_mean_zero_and_variance_one_replica_by_replica() {
    let device = Device::flex();
    let x = random("x", 2 * 50 * 3);
    let tensor = Tensor::<3>::from_data(TensorData::new(x.clone(), [2, 50, 3]), &device) * 4.0 + 7.0;
    let (one, zero) = (Tensor::ones([2, 1, 3], &device), Tensor::zeros([2, 1, 3], &device));
    let y = numbers(batch_norm(tensor, one, zero));
    for (replica, channel) in (0..6).map(|at| (at / 3, at % 3)) {
        let column: Vec<f64> = (0..50).map(|row| f64::from(y[(replica * 50 + row) * 3 + channel])).collect();
        let mean = column.iter().sum::<f64>() / 50.0;
        let variance = column.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / 50.0;
        assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4, "{replica} {channel}: {mean} {variance}");
    }
}

const SHARES: Shares = [1.0, 0.5, 0.0, 2.0, 0.25, 4.0];

/// Every part in turn, twelve numbers each, some of them with weight decay.
fn rules(width: usize) -> Vec<Rule> {
    let decay = random("d", width);
    let rule = |(i, d): (usize, &f32)| Rule { part: (i / 12 % PARTS) as u8, decay: *d > 0.0 };
    decay.iter().enumerate().map(rule).collect()
}

/// One packed update of nine parameters on a device: norms, then parameters, mean and square.
fn updated(device: &Device) -> Vec<Vec<f32>> {
    let (replicas, width) = (2, 9 * ALIGNMENT);
    let upload = |name: &str| {
        Tensor::<2>::from_data(TensorData::new(random(name, replicas * width), [replicas, width]), device)
    };
    let shapes = [[2, 3], [1, 5], [8, 8], [1, 1], [4, 4], [3, 7], [1, 64], [2, 2], [5, 1]];
    let gradient = |i: usize, [rows, columns]: [usize; 2]| {
        let data =
            TensorData::new(random(&format!("g{i}"), replicas * rows * columns), [replicas, rows, columns]);
        (i * ALIGNMENT, Tensor::<3>::from_data(data, device))
    };
    let all: Vec<_> = shapes.into_iter().enumerate().map(|(i, shape)| gradient(i, shape)).collect();
    let mut packed = Tensor::zeros([replicas, width], device);
    for chunk in all.chunks(PACKED) {
        packed = pack_gradients(packed, chunk.to_vec());
    }
    let norms = clip_norms(packed.clone());
    let state = State { parameters: upload("p"), mean: upload("m"), square: upload("v").abs() };
    let rates = Rates::new(&[[0.1, 0.1], [0.03, 0.2]], &rules(width), device);
    let config = AdamW { shares: SHARES, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, clip: 1.0, step: 3 };
    let state = adamw(state, packed.clone(), norms.clone(), &rates, config);
    let seen = view(state.parameters.clone(), 5 * ALIGNMENT, 3, 7);
    let log = record(Tensor::zeros([3, 2, replicas], device), norms.clone() * 2.0, norms.clone(), 1);
    vec![
        numbers(packed),
        numbers(norms),
        numbers(state.parameters),
        numbers(state.mean),
        numbers(state.square),
        numbers(seen),
        numbers(log),
    ]
}

#[test]
fn an_update_on_the_gpu_equals_the_plain_loops() {
    let gpu = Engine::open(DeviceChoice::Gpu).expect("a wgpu adapter; without a GPU install Mesa's lavapipe");
    for (i, (got, want)) in updated(&gpu.device).iter().zip(updated(&Device::flex())).enumerate() {
        assert_close(&format!("output {i}"), got, &want, 1e-5);
    }
}

/// η = 0.2 and λ = 0.1; weight decay for the first of two numbers only.
fn twice_a_tenth(device: &Device) -> Rates {
    Rates::new(&[[0.2, 0.1]], &[true, false].map(|decay| Rule { part: 0, decay }), device)
}

#[test]
fn a_clipped_update_equals_pytorchs() {
    // torch 2: AdamW(lr=0.1, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1) after clip_grad_norm_(1.0),
    // worked through by hand for one parameter: p = 1, g = (3, 4), first step.
    let device = Device::flex();
    let tensor = |values: [f32; 2]| Tensor::<2>::from_data(TensorData::new(values.to_vec(), [1, 2]), &device);
    let state = State { parameters: tensor([1.0, 1.0]), mean: tensor([0.0; 2]), square: tensor([0.0; 2]) };
    let gradients = tensor([3.0, 4.0]);
    let norms = clip_norms(gradients.clone());
    assert_eq!(numbers(norms.clone()), [5.0]);
    let config = AdamW { shares: [0.5; PARTS], beta1: 0.9, beta2: 0.99, epsilon: 1e-8, clip: 1.0, step: 1 };
    let state = adamw(state, gradients, norms, &twice_a_tenth(&device), config);
    // At the first step the corrected moments are g and g², so the step is lr · sign(g); decay shrinks p by 1 %.
    assert_close("p", &numbers(state.parameters), &[0.99 - 0.1, 1.0 - 0.1], 1e-6);
    assert_close("m", &numbers(state.mean), &[0.06, 0.08], 1e-6);
    assert_close("v", &numbers(state.square), &[0.0036, 0.0064], 1e-5);
}

fn descended(device: &Device) -> Vec<f32> {
    let tensor = |name: &str| Tensor::<2>::from_data(TensorData::new(random(name, 2 * 66), [2, 66]), device);
    let gradients = tensor("g");
    let norms = clip_norms(gradients.clone());
    let rates = Rates::new(&[[0.1, 0.3], [0.2, 0.0]], &rules(66), device);
    numbers(sgd(tensor("p"), gradients, norms, &rates, Sgd { shares: SHARES, clip: 1.0 }))
}

#[test]
fn gradient_descent_on_the_gpu_equals_the_plain_loops() {
    let gpu = Engine::open(DeviceChoice::Gpu).expect("a wgpu adapter; without a GPU install Mesa's lavapipe");
    assert_close("p", &descended(&gpu.device), &descended(&Device::flex()), 1e-6);
}

#[test]
fn clipped_gradient_descent_equals_pytorchs() {
    // torch 2: SGD(lr=0.1, weight_decay=0.1) after clip_grad_norm_(1.0), by hand: p = 1, g = (3, 4).
    let device = Device::flex();
    let tensor = |values: [f32; 2]| Tensor::<2>::from_data(TensorData::new(values.to_vec(), [1, 2]), &device);
    let gradients = tensor([3.0, 4.0]);
    let norms = clip_norms(gradients.clone());
    let (rates, config) = (twice_a_tenth(&device), Sgd { shares: [0.5; PARTS], clip: 1.0 });
    let found = numbers(sgd(tensor([1.0, 1.0]), gradients.clone(), norms.clone(), &rates, config));
    assert_close("p", &found, &[0.99 - 0.06, 1.0 - 0.08], 1e-6);
    let free = Sgd { clip: 0.0, ..config };
    let found = numbers(sgd(tensor([1.0, 1.0]), gradients, norms, &rates, free));
    assert_close("p without clipping", &found, &[0.99 - 0.3, 1.0 - 0.4], 1e-6);
}

/// Places for which the largest angle is 2⁵ π, the same for three replicas that share one copy.
fn encoded(device: &Device) -> (Vec<f32>, Vec<f32>) {
    let places: Vec<f32> = (0..20).map(|i| (i as f32 * 0.37).rem_euclid(2.0) - 1.0).collect();
    let shared = Tensor::<3>::from_data(TensorData::new(places.clone(), [1, 10, 2]), device);
    let encoded = octaves(shared.expand([3, 10, 2]), 6);
    assert_eq!(encoded.dims(), [3, 10, 26]);
    (places, numbers(encoded))
}

#[test]
fn octaves_are_sines_and_cosines_on_both_engines() {
    let gpu = Engine::open(DeviceChoice::Gpu).expect("a wgpu adapter; without a GPU install Mesa's lavapipe");
    for device in [Device::flex(), gpu.device] {
        let (places, found) = encoded(&device);
        for (row, found) in found.chunks_exact(26).enumerate() {
            let place = &places[row % 10 * 2..][..2];
            let mut wanted = place.to_vec();
            for octave in 0..6 {
                let angle = |x: &f32| std::f64::consts::PI * f64::from(*x) * f64::from(1 << octave);
                wanted.extend(place.iter().map(|x| angle(x).sin() as f32));
                wanted.extend(place.iter().map(|x| angle(x).cos() as f32));
            }
            assert_close("octaves", found, &wanted, 1e-5);
        }
    }
}

#[test]
fn the_loops_functions_agree_with_the_standard_library_s() {
    for i in -8_000..=8_000 {
        let x = i as f32 / 100.0;
        let (got, want) = (loops::exp(x), f64::from(x).exp());
        assert!((f64::from(got) - want).abs() <= 3e-7 * want, "exp {x}: {got} is not {want}");
        let (distribution, density) = loops::normal_distribution(x / 10.0);
        let z = f64::from(x / 10.0);
        assert!((f64::from(distribution) - 0.5 * (1.0 + libm::erf(z / 2f64.sqrt()))).abs() < 4e-7, "Φ {z}");
        assert!(
            (f64::from(density) - (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()).abs() < 1e-7,
            "φ {z}"
        );
    }
}

#[test]
fn each_replica_has_its_rate_and_each_part_its_share_of_it() {
    let device = Device::flex();
    let of_part = |part| Rule { part, decay: false };
    let rates = Rates::new(&[[1.0, 0.0], [10.0, 0.0]], &[of_part(0), of_part(3)], &device);
    let tensor = |values: [f32; 4]| Tensor::<2>::from_data(TensorData::new(values.to_vec(), [2, 2]), &device);
    let config = Sgd { shares: [1.0, 0.0, 0.0, 0.5, 0.0, 0.0], clip: 0.0 };
    let gradients = tensor([1.0; 4]);
    let found = numbers(sgd(tensor([0.0; 4]), gradients.clone(), clip_norms(gradients), &rates, config));
    assert_eq!(found, [-1.0, -0.5, -10.0, -5.0]);
}
