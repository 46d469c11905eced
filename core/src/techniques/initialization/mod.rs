//! What the weights start from: the slot of `model.initialization`, one file a rule.
//!
//! | rule | linear layers | biases | query and key | values and output |
//! |---|---|---|---|---|
//! | [`xavier`] | U ±√(6 / (inputs + outputs)) | 0 | the same | the same |
//! | [`pytorch`] | U ±1/√inputs | the same | the same | the same |
//! | [`kaiming`] | U ±√(6 / inputs) | 0 | the same | the same |
//! | [`normal`], truncated | N(0, s²) within 2 s; patches as PyTorch's | 0 | the same | the same |
//! | [`mimetic`] | as Xavier | 0 | near I | near −I |
//! | [`impulse`] | as Xavier | 0 | maps near a shift | mimetic or Xavier |
//!
//! Linear layers are all but the classifier's head, which starts at zero, so that every variant starts from the same
//! loss. Tables of symbols are normal with deviation 0.02 under every rule. Norms start at gain 1 and shift 0.
//!
//! All draws are from named streams and all decompositions in f64, on the CPU, so that the first weights of a seed are
//! the same in the browser and natively.

pub mod filters;
mod impulse;
mod kaiming;
mod mimetic;
pub mod mixing;
pub mod normal;
pub mod positions;
pub mod pytorch;
pub mod targets;
pub mod xavier;

#[cfg(test)]
mod tests;

use crate::spec::{ImpulseValues, Initialization};

/// First weights of a linear layer; `name` is that of the parameter.
///
/// # Shapes
/// - returns `[inputs, outputs]`
pub fn weights(rule: &Initialization, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
    match *rule {
        Initialization::Pytorch => pytorch::pytorch_uniform(seed, name, inputs, inputs * outputs),
        Initialization::Kaiming => kaiming::kaiming_uniform(seed, name, inputs, outputs),
        Initialization::TruncatedNormal { deviation } => {
            normal::truncated_normal(seed, name, inputs * outputs, f64::from(deviation))
        }
        Initialization::Xavier | Initialization::Mimetic | Initialization::Impulse { .. } => {
            xavier::xavier_uniform(seed, name, inputs, outputs)
        }
    }
}

/// First weights of the layer that patches of an image are embedded by.
///
/// Truncated normal numbers are the rule of timm's vision transformers, and there this layer is a convolution, which
/// the rule leaves at the framework's own: with weights of deviation 0.02 here too, a patch of four pixels says too
/// little to be found.
///
/// # Shapes
/// - returns `[features, width]`
pub fn embedding(rule: &Initialization, seed: u64, name: &str, features: usize, width: usize) -> Vec<f32> {
    match rule {
        Initialization::TruncatedNormal { .. } => {
            pytorch::pytorch_uniform(seed, name, features, features * width)
        }
        _ => weights(rule, seed, name, features, width),
    }
}

/// First biases of a linear layer; `name` is that of the parameter.
///
/// # Shapes
/// - returns `[1, outputs]`
pub fn biases(rule: &Initialization, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
    match rule {
        Initialization::Pytorch => pytorch::pytorch_uniform(seed, name, inputs, outputs),
        _ => vec![0.0; outputs],
    }
}

/// What an attention layer is, as far as its first weights depend on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttentionShape {
    /// Token width D.
    pub width: usize,
    /// Heads h.
    pub heads: usize,
    /// Width d of one head.
    pub head_width: usize,
    /// Tokens N.
    pub tokens: usize,
    /// Deviation of the first positions; 0 for sines and cosines.
    pub positions: f32,
}

impl AttentionShape {
    /// Width of all heads together, h·d.
    pub fn inner(&self) -> usize {
        self.heads * self.head_width
    }
}

/// First weights of an attention layer.
#[derive(Clone, Debug, PartialEq)]
pub struct AttentionStart {
    /// Query, key and value, each `[D, h·d]`.
    pub projections: [Vec<f32>; 3],
    /// Their biases, each `[1, h·d]`.
    pub biases: [Vec<f32>; 3],
    /// `[h·d, D]`.
    pub output: Vec<f32>,
    /// `[1, D]`.
    pub output_bias: Vec<f32>,
}

/// Names of [`AttentionStart::projections`].
pub const PROJECTIONS: [&str; 3] = ["query", "key", "value"];

/// First weights of the attention layer `name`.
pub fn attention(rule: &Initialization, seed: u64, name: &str, shape: &AttentionShape) -> AttentionStart {
    let (width, inner) = (shape.width, shape.inner());
    let part = |part: &str| weights(rule, seed, &format!("{name}.{part}.weight"), width, inner);
    let output = || weights(rule, seed, &format!("{name}.output.weight"), inner, width);
    let (projections, output) = match *rule {
        Initialization::Mimetic => {
            let (query, key) = mimetic::query_key(seed, name, shape);
            let (value, output) = mimetic::value_output(seed, name, shape);
            ([query, key, value], output)
        }
        Initialization::Impulse { target, kernel, mass, rank, values } => {
            let impulse = impulse::Impulse { target, kernel, mass, rank };
            let (query, key) = impulse::query_key(seed, name, shape, impulse);
            let (value, output) = match values {
                ImpulseValues::Mimetic => mimetic::value_output(seed, name, shape),
                ImpulseValues::Xavier => (part("value"), output()),
            };
            ([query, key, value], output)
        }
        _ => (PROJECTIONS.map(part), output()),
    };
    AttentionStart {
        projections,
        biases: PROJECTIONS.map(|part| biases(rule, seed, &format!("{name}.{part}.bias"), width, inner)),
        output,
        output_bias: biases(rule, seed, &format!("{name}.output.bias"), inner, width),
    }
}
