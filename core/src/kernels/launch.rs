//! What all GPU kernels here need when they are launched.

use burn::backend::fusion::custom::TensorSpec;
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

/// What a lazy call says of its result before it is there: numbers of the same kind as those of `like`.
pub(super) fn shaped(like: &TensorSpec, shape: impl Into<Shape>) -> TensorSpec {
    TensorSpec::new(shape.into(), like.dtype)
}

/// Launches a kernel, one thread for each of `units`.
///
/// ```text
/// launch!(kernel[sizes], units, [read], [written], [numbers], [constants])
/// ```
///
/// A kernel's parameters stand in this order: the tensors it reads, which are given away; the tensors it writes, which
/// are still the caller's afterwards; `units: usize`; all other numbers; what is known when the kernel is compiled.
/// `[sizes]`, the numbers in a vector of each of the kernel's generics, is left out where it has none; so are
/// `[numbers]` and `[constants]` at the end. This
///
/// ```text
/// launch!(softmax_kernel, rows, [scores], [weights], [columns], [causal])
/// ```
///
/// is
///
/// ```text
/// let (count, dim) = grid(&weights.client, rows);
/// unsafe {
///     softmax_kernel::launch_unchecked(
///         &weights.client,
///         count,
///         dim,
///         scores.into_buffer_arg(),
///         weights.clone().into_buffer_arg(),
///         rows,
///         columns,
///         causal,
///     );
/// }
/// ```
///
/// Unchecked: nothing keeps a kernel from leaving its buffers but the kernel. So each one begins with [`end_beyond`]
/// and derives every place, and how often a loop runs, from its unit and from sizes; whoever launches it takes those
/// from the shapes of the tensors that it hands over, laid out as [`contiguous`], [`replicas`] and [`empty`] leave
/// them, and a vector's size divides them all ([`vector_size`]). Where a tensor's numbers are places themselves
/// (classes, tokens, tables of lines), the operation says which ones are allowed.
macro_rules! launch {
    (
        $kernel:ident $([$($size:expr),+])?,
        $units:expr,
        [$($read:expr),*],
        [$target:ident $(, $written:ident)*]
        $(, [$($number:expr),* $(,)?] $(, [$($constant:expr),*])?)? $(,)?
    ) => {{
        let units: usize = $units;
        let (count, dim) = $crate::kernels::launch::grid(&$target.client, units);
        // SAFETY: the kernel stays within its buffers, as said above.
        unsafe {
            $kernel::launch_unchecked(
                &$target.client,
                count,
                dim,
                $($($size,)+)?
                $($read.into_buffer_arg(),)*
                $target.clone().into_buffer_arg(),
                $($written.clone().into_buffer_arg(),)*
                units,
                $($($number,)* $($($constant,)*)?)?
            );
        }
    }};
}
pub(super) use launch;

/// Ends the threads that are left without a unit of work: those of the last workgroup.
#[cube]
pub(super) fn end_beyond(units: usize) {
    if ABSOLUTE_POS >= units {
        terminate!();
    }
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

/// The tensor itself if nothing else holds it, else a copy: one to be written in place.
pub(super) fn own(tensor: CubeTensor) -> CubeTensor {
    let tensor = contiguous(tensor);
    if tensor.can_mut() { tensor } else { tensor.copy() }
}
