//! The names that every operation here is written with.

pub(super) use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind, unary},
};
pub(super) use burn::backend::tensor::{FloatTensor, IntTensor};
pub(super) use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
pub(super) use burn::tensor::Shape;
pub(super) use burn_cubecl::CubeBackend;

pub(super) use super::launch::{contiguous, empty, grid, replicas, vector_size};
pub(super) use super::loops::{Values, tensor};
