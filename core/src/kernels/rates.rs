//! What differs between the numbers of one update: each replica has a learning rate and a weight decay of its own, each
//! part of the network a share of them, and weight decay applies to matrices only.

use std::ops::Range;

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

/// η of a vector's numbers, and what weight decay leaves of each, `1 − η λ`.
#[cube]
pub(super) fn rate<N: Size>(
    rates: &[f32],
    replica: usize,
    rule: Vector<f32, N>,
    s0: f32,
    s1: f32,
    s2: f32,
    s3: f32,
    s4: f32,
    s5: f32,
) -> (f32, Vector<f32, N>) {
    let of = f32::floor(rule.extract(0usize) * 0.5);
    let decay = rule - Vector::new(2.0 * of);
    let learning_rate = rates[2 * replica] * share(of, s0, s1, s2, s3, s4, s5);
    let weight_decay = rates[2 * replica + 1];
    (learning_rate, Vector::new(1.0) - decay * Vector::new(learning_rate * weight_decay))
}

/// The share of a part.
#[cube]
fn share(part: f32, s0: f32, s1: f32, s2: f32, s3: f32, s4: f32, s5: f32) -> f32 {
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

/// Stretches of numbers of one part.
pub(super) struct Stretches {
    /// The part of each, and its numbers, in order.
    parts: Vec<(usize, Range<usize>)>,
}

impl Stretches {
    /// Of these coded rules.
    pub(super) fn of(rules: &[f32]) -> Self {
        let part = |rule: &f32| (rule * 0.5) as usize;
        let mut start = 0;
        let parts = rules.chunk_by(|a, b| part(a) == part(b)).map(|stretch| {
            let numbers = start..start + stretch.len();
            start = numbers.end;
            (part(&stretch[0]), numbers)
        });
        Self { parts: parts.collect() }
    }

    /// How the numbers of a replica move, whose η and λ are `rates`.
    pub(super) fn paces<'a>(
        &'a self,
        rates: &'a [f32],
        shares: &'a Shares,
    ) -> impl Iterator<Item = Pace> + 'a {
        self.parts.iter().map(|(part, numbers)| Pace {
            numbers: numbers.clone(),
            learning_rate: rates[0] * shares[*part],
            weight_decay: rates[1],
            coded: 2.0 * *part as f32,
        })
    }
}

/// How some numbers of one part move.
pub(super) struct Pace {
    pub(super) numbers: Range<usize>,
    /// η.
    pub(super) learning_rate: f32,
    weight_decay: f32,
    coded: f32,
}

impl Pace {
    /// What weight decay leaves of a number with this coded rule: `1 − η λ`, or all of it.
    #[inline]
    pub(super) fn keeps(&self, rule: f32) -> f32 {
        1.0 - self.learning_rate * self.weight_decay * (rule - self.coded)
    }
}
