//! The names that every operation here is written with.

pub(super) use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
pub(super) use burn::backend::tensor::{FloatTensor, IntTensor};
pub(super) use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
pub(super) use burn::tensor::Shape;
pub(super) use burn_cubecl::{CubeBackend, tensor::CubeTensor};
pub(super) use burn_flex::FlexTensor;

pub(super) use super::differentiable::differentiable;
pub(super) use super::launch::{contiguous, empty, end_beyond, launch, own, replicas, shaped, vector_size};
pub(super) use super::loops::{Values, tensor};
