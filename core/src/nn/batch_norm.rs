//! Batch normalization (Ioffe and Szegedy, arXiv 1502.03167) of every replica by itself.
//!
//! ```text
//! y = (x − μ) / √(σ² + ε) · γ + β        μ, σ² over all rows of a replica, for each channel
//! ```
//!
//! Statistics are always those of the batch at hand, also on the test split: nothing is carried from step to step.
//! Made of stock operations: it is here to be compared with, not to be fast.

use burn::tensor::Tensor;

use super::parameters::{Builder, ParameterId, Parameters};

/// PyTorch's default.
const EPSILON: f32 = 1e-5;

/// Batch norm with gain and shift.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm {
    scale: ParameterId,
    shift: ParameterId,
}

impl BatchNorm {
    /// Gain 1, shift 0.
    pub fn new(builder: &mut Builder, name: &str, width: usize) -> Self {
        Self {
            scale: builder.add(&format!("{name}.scale"), [1, width], false, |_| vec![1.0; width]),
            shift: builder.add(&format!("{name}.shift"), [1, width], false, |_| vec![0.0; width]),
        }
    }

    /// # Shapes
    /// - `x`, result: `[R, M, D]`
    pub fn forward(&self, parameters: &Parameters, x: Tensor<3>) -> Tensor<3> {
        normalize(x) * parameters.get(self.scale) + parameters.get(self.shift)
    }
}

/// Each channel of each replica with mean 0 and variance 1.
///
/// # Shapes
/// - `x`, result: `[R, M, D]`
pub fn normalize(x: Tensor<3>) -> Tensor<3> {
    let centered = x.clone() - x.mean_dim(1);
    let variance = (centered.clone() * centered.clone()).mean_dim(1);
    centered / (variance + EPSILON).sqrt()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::protocol::DeviceChoice;
    use crate::random::Stream;
    use crate::train::Engine;

    /// Values, and gradients by input, gain and shift, with parameters that are views into one row a replica.
    fn through(device: &Device) -> Vec<Vec<f32>> {
        let mut builder = Builder::new(vec![1, 2]);
        let norm = BatchNorm::new(&mut builder, "norm", 6);
        let (layout, values) = builder.finish();
        let mut stream = Stream::new(1, "values");
        let mut random = |count: usize| (0..count).map(|_| stream.normal() as f32).collect::<Vec<f32>>();
        let flat = TensorData::new(random(values.num_elements()), [2, layout.width()]);
        let parameters = layout.bind(&Tensor::from_data(flat, device), true);
        let x =
            Tensor::<3>::from_data(TensorData::new(random(60), [2, 5, 6]), device).autodiff().require_grad();
        let weighing = Tensor::<3>::from_data(TensorData::new(random(60), [2, 5, 6]), device);
        let y = norm.forward(&parameters, x.clone());
        let gradients = (y.clone() * weighing).sum().backward();
        let numbers = |tensor: Tensor<3>| tensor.into_data().iter::<f32>().collect::<Vec<f32>>();
        let mut found = vec![numbers(y.inner()), numbers(x.grad(&gradients).expect("a gradient"))];
        found.extend(parameters.tensors().iter().map(|p| numbers(p.grad(&gradients).expect("a gradient"))));
        found
    }

    #[test]
    fn the_gpu_and_the_cpu_engine_agree() {
        let gpu =
            Engine::open(DeviceChoice::Gpu).expect("a wgpu adapter; without a GPU install Mesa's lavapipe");
        for (i, (got, want)) in through(&gpu.device).iter().zip(&through(&Device::flex())).enumerate() {
            assert_eq!(got.len(), want.len());
            for (got, want) in got.iter().zip(want) {
                assert!((got - want).abs() < 1e-4, "output {i}: {got} is not {want}");
            }
        }
    }

    #[test]
    fn equals_the_plain_loops_for_each_replica_and_channel() {
        let values: Vec<f32> = (0..2 * 3 * 2).map(|i| ((i * 7) % 5) as f32 + i as f32 / 10.0).collect();
        let x = Tensor::<3>::from_data(TensorData::new(values.clone(), [2, 3, 2]), &Device::flex());
        let got: Vec<f32> = normalize(x).into_data().iter::<f32>().collect();
        for replica in 0..2 {
            for channel in 0..2 {
                let at = |row: usize| replica * 6 + row * 2 + channel;
                let mean = (0..3).map(|row| f64::from(values[at(row)])).sum::<f64>() / 3.0;
                let square = |row: usize| (f64::from(values[at(row)]) - mean).powi(2);
                let deviation = ((0..3).map(square).sum::<f64>() / 3.0 + 1e-5).sqrt();
                for row in 0..3 {
                    let want = (f64::from(values[at(row)]) - mean) / deviation;
                    assert!((f64::from(got[at(row)]) - want).abs() < 1e-5, "{} is not {want}", got[at(row)]);
                }
            }
        }
    }
}
