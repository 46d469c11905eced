//! What all GPU kernels here need when they are launched.

use burn::backend::{DType, TensorMetadata};
use burn::tensor::Shape;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::client::Client;
use cubecl::prelude::*;

/// An uninitialized f32 tensor on the device of `like`.
pub(super) fn empty(like: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), DType::F32)
}

/// Enough workgroups for `units` threads, one unit of work each.
pub(super) fn grid(client: &Client, units: usize) -> (CubeCount, CubeDim) {
    let dim = CubeDim::new(client, units);
    (cubecl::calculate_cube_count_elemwise(client, units, dim), dim)
}

/// The widest vector, up to 4 numbers, that divides every one of `lengths`.
pub(super) fn vector_size(lengths: &[usize]) -> usize {
    [4, 2].into_iter().find(|size| lengths.iter().all(|length| length % size == 0)).unwrap_or(1)
}

/// A tensor whose axes after the first are laid out without gaps, and the distance between two replicas.
///
/// Parameters are views into one long row for each replica, so their replicas lie far apart; that is fine for
/// every kernel here and needs no copy.
pub(super) fn replicas(tensor: CubeTensor) -> (CubeTensor, usize) {
    let shape = tensor.shape();
    let strides = tensor.meta.strides();
    let mut expected = 1;
    let dense = (1..shape.num_dims()).rev().all(|axis| {
        let fits = shape[axis] == 1 || strides[axis] == expected;
        expected *= shape[axis];
        fits
    });
    if !dense {
        let stride = shape.iter().skip(1).product();
        return (into_contiguous(tensor), stride);
    }
    let stride = if shape[0] == 1 { expected } else { strides[0] };
    (tensor, stride)
}

/// The tensor without gaps between its numbers.
pub(super) fn contiguous(tensor: CubeTensor) -> CubeTensor {
    into_contiguous(tensor)
}
