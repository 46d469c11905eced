//! The loss that a kind of target asks for.

use burn::tensor::Tensor;

use crate::interface::Targets;
use crate::kernels::cross_entropy;

/// The mean loss of each replica.
///
/// # Shapes
/// - `outputs`: `[R, M, O]`
/// - returns `[R]`
pub fn loss(outputs: Tensor<3>, targets: Targets) -> Tensor<1> {
    match targets {
        Targets::Classes(classes) | Targets::Asked(classes) => cross_entropy(outputs, classes),
        Targets::Values(values) => squared_error(outputs, values),
    }
}

/// Mean of `(y − t)²` over all values of a replica.
pub fn squared_error(outputs: Tensor<3>, values: Tensor<3>) -> Tensor<1> {
    let [replicas, rows, columns] = outputs.dims();
    let difference = outputs - values;
    (difference.clone() * difference).reshape([replicas, rows * columns]).mean_dim(1).reshape([replicas])
}
