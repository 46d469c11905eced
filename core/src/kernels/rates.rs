//! What differs between the numbers of one update: each replica has a learning rate and a weight decay of its own, each
//! part of the network a share of them, and weight decay applies to matrices only.

use burn::tensor::{Device, Tensor, TensorData};
use cubecl::prelude::*;

/// Parts of a network that an update tells apart, at most: the one that nobody named, and those that were.
pub const PARTS: usize = 6;

/// The share of its learning rate that each part takes in one step, from its factor and its schedule.
pub type Shares = [f32; PARTS];

/// Learning rates and weight decays on a device. What changes from step to step are the [`Shares`] alone.
#[derive(Clone, Debug)]
pub struct Rates {
    /// `[R, 2]`: η and λ of each replica.
    pub(super) replicas: Tensor<2>,
    /// `[P]`: twice the number of the part, and 1 more where weight decay applies.
    pub(super) rules: Tensor<1>,
}

/// What holds for one number of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Below [`PARTS`].
    pub part: u8,
    /// Whether weight decay applies.
    pub decay: bool,
}

impl Rates {
    /// η and λ of every replica, and the rule of every number; the four of a vector are of one part.
    ///
    /// # Panics
    /// If a part is [`PARTS`] or more.
    pub fn new(replicas: &[[f32; 2]], rules: &[Rule], device: &Device) -> Self {
        assert!(rules.iter().all(|rule| usize::from(rule.part) < PARTS), "a part that has no share");
        let coded = rules.iter().map(|rule| f32::from(2 * rule.part) + f32::from(u8::from(rule.decay)));
        Self {
            replicas: Tensor::from_data(TensorData::new(replicas.concat(), [replicas.len(), 2]), device),
            rules: Tensor::from_data(TensorData::new(coded.collect::<Vec<f32>>(), [rules.len()]), device),
        }
    }
}

/// The part that a coded rule names.
#[cube]
pub(super) fn part(rule: f32) -> f32 {
    f32::floor(rule * 0.5)
}

/// The share of a part.
#[cube]
pub(super) fn share(part: f32, s0: f32, s1: f32, s2: f32, s3: f32, s4: f32, s5: f32) -> f32 {
    let mut share = s0;
    if part == 1.0 {
        share = s1;
    } else if part == 2.0 {
        share = s2;
    } else if part == 3.0 {
        share = s3;
    } else if part == 4.0 {
        share = s4;
    } else if part == 5.0 {
        share = s5;
    }
    share
}

/// Stretches of numbers of one part, in order: the part, and how many.
pub(super) fn stretches(rules: &[f32]) -> Vec<(usize, usize)> {
    let part = |rule: &f32| (rule * 0.5) as usize;
    rules.chunk_by(|a, b| part(a) == part(b)).map(|stretch| (part(&stretch[0]), stretch.len())).collect()
}
