//! The linear map with its matrix.

use burn::tensor::Tensor;

use super::Linear;
use crate::interface::{Input, Network, Seen};
use crate::networks::NetworkBuilder;
use crate::parameters::{Builder, ParameterId, Parameters};
use crate::probes::Probes;
use crate::surroundings::Reading;

/// A linear map of every replica.
struct LinearMap {
    weight: ParameterId,
}

impl NetworkBuilder for Linear {
    /// One matrix, `map.weight`.
    fn build(&self, builder: &mut Builder, reading: Reading) -> Box<dyn Network> {
        let shape = [reading.features(), reading.outputs()];
        Box::new(LinearMap {
            weight: builder.add("map.weight", shape, true, |_| vec![0.0; shape[0] * shape[1]]),
        })
    }
}

impl Network for LinearMap {
    fn forward(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
        let Input::Rows(rows) = input else {
            unreachable!("the experiment's rules give rows to a linear map")
        };
        rows.matmul(parameters.get(self.weight))
    }

    /// Its matrix is a weight, which is probed as such.
    fn watch(&self, _: &Parameters, _: Input, _: &Probes) -> Vec<Seen> {
        Vec::new()
    }
}
