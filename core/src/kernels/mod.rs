//! The operations of which all networks here are made, each one GPU kernel forward and one or two backward.
//!
//! One file an operation: its equation, the function on tensors, its gradient, the GPU kernel, and the same as plain
//! loops for the CPU engine (the reference in every test). What all of them need is written once: [`differentiable`]
//! for the gradient, [`launch`] for the GPU kernels, [`loops`] for the CPU engine. Composed from stock operations a
//! training step of a small transformer launches several times as many kernels, and a small model pays for every
//! launch.
//!
//! Every tensor has a leading axis `R`, one entry for each replica (seed); no kernel mixes replicas.
//! This module may use Burn's backends; it knows nothing of layers, tasks or techniques.
#![allow(
    clippy::needless_range_loop,
    clippy::manual_div_ceil,
    clippy::too_many_arguments,
    reason = "the GPU kernels are in CubeCL's part of Rust, which has neither iterators nor div_ceil, and takes sizes one by one"
)]

mod adamw;
mod attention;
mod batch_norm;
mod cross_entropy;
mod depthwise;
mod differentiable;
mod embedding;
mod flat;
mod gelu;
mod launch;
mod layer_norm;
mod linear;
mod lines;
mod loops;
mod octaves;
mod pointwise;
mod polar;
mod pool;
mod prelude;
mod product;
mod rates;
mod sgd;
mod signed_power;
mod softmax;
mod spectral_norm;

pub use adamw::{AdamW, State, adamw};
pub use attention::{attention_mix, attention_scores};
pub use batch_norm::batch_norm;
pub use cross_entropy::cross_entropy;
pub use depthwise::depthwise;
pub use embedding::embedding;
pub use flat::{ALIGNMENT, PACKED, clip_norms, pack_gradients, record, view};
pub use gelu::{gelu, gelu_tanh};
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use lines::{Line, LineMap, Lines};
pub use octaves::octaves;
pub use pointwise::{Pointwise, pointwise};
pub use polar::{Polar, add_polar_factor};
pub use pool::mean_pool;
pub use rates::{PARTS, Rates, Rule, Shares};
pub use sgd::{Sgd, sgd};
pub use signed_power::{FLOOR, signed_power};
pub use softmax::softmax;
pub use spectral_norm::{Placed, SpectralNorms};

#[cfg(test)]
mod tests;
