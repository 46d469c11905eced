//! What a probe sees of a network: matrices caught on their way, and the attention's Jacobian.
//!
//! A network's own `watch` runs the same layers as its forward pass and shows a [`Watcher`] what they compute. Nothing of
//! this is on the path of training.
//!
//! Singular values are found on the CPU, so a watcher keeps no more than can be worked through in about two seconds: the
//! first four heads of a block, and as many of the examples as [`WORK`] allows for the quantity, at least one.

use burn::tensor::{Tensor, TensorData};

use crate::probes::Probes;
use crate::probes::report::Quantity;

/// Heads of a block that are looked at: the first ones.
const HEADS: usize = 4;

/// Multiplications, `short² · long` a matrix, that the singular values of one quantity may take.
///
/// All quantities of six blocks of 36 tokens of width 64, four heads, five replicas and sixteen examples stay below it.
const WORK: usize = 90_000_000;

/// Multiplications that the singular values of Jacobians may take, as long as one replica has its own.
const JACOBIAN_WORK: usize = 1 << 29;

/// Cotangents of one backward pass.
const COTANGENTS: usize = 128;

/// Matrices that a probe sees on their way through a network.
pub struct Seen {
    /// What they are.
    pub quantity: Quantity,
    /// Where, for example `blocks.2`.
    pub place: String,
    /// `[R, S·H, rows, columns]`: of every replica, example and head.
    pub matrices: Tensor<4>,
    /// H; 1 where heads are not told apart.
    pub heads: usize,
    /// The largest rank that such a matrix can have: singular values after that many are zero by construction.
    pub rank: usize,
}

/// Collects the matrices of one forward pass.
pub struct Watcher {
    /// What is asked for.
    pub probes: Probes,
    tokens: usize,
    blocks: usize,
    place: String,
    seen: Vec<Seen>,
}

impl Watcher {
    /// For examples of this many tokens, in a network of this many blocks.
    pub fn new(probes: Probes, tokens: usize, blocks: usize) -> Self {
        Self { probes, tokens, blocks, place: String::new(), seen: Vec::new() }
    }

    /// What is seen from here on belongs to this place, for example `blocks.2`.
    pub fn enter(&mut self, place: impl Into<String>) {
        self.place = place.into();
    }

    /// The tokens of every example, if token spectra are asked for.
    ///
    /// # Shapes
    /// - `x`: `[R, B·N, D]`
    pub fn tokens(&mut self, quantity: Quantity, x: &Tensor<3>) {
        if self.probes.tokens {
            self.see_rows(quantity, x);
        }
    }

    /// What a half of a block puts out for every example, if output spectra are asked for.
    ///
    /// # Shapes
    /// - `x`: `[R, B·N, D]`
    pub fn output(&mut self, quantity: Quantity, x: &Tensor<3>) {
        if self.probes.outputs {
            self.see_rows(quantity, x);
        }
    }

    /// A matrix of every head, if score spectra are asked for. Its rank is at most `rank`.
    ///
    /// # Shapes
    /// - `matrices`: `[R, B·H, N, N]`
    pub fn heads(&mut self, quantity: Quantity, matrices: Tensor<4>, heads: usize, rank: usize) {
        if self.probes.scores {
            self.see(quantity, matrices, heads, rank);
        }
    }

    /// The Jacobian `[R, 1, N·D, N·D]` that `jacobian` finds for the first example, if it is asked for.
    ///
    /// # Shapes
    /// - `x`: `[R, B·N, D]`
    pub fn jacobian(&mut self, x: &Tensor<3>, jacobian: impl Fn(Tensor<3>) -> Tensor<4>) {
        if self.probes.jacobian {
            let [replicas, _, width] = x.dims();
            let side = self.tokens * width;
            let found = jacobian(x.clone().narrow(1, 0, self.tokens));
            // A large one takes seconds: the first replicas stand for all.
            let kept = (JACOBIAN_WORK / (side * side * side)).clamp(1, replicas);
            let matrices = found.narrow(0, 0, kept);
            let (quantity, place) = (Quantity::Jacobian, self.place.clone());
            self.seen.push(Seen { quantity, place, matrices, heads: 1, rank: side });
        }
    }

    /// Follows the tokens from the embedding through what is done to them before the first block, then through every
    /// block, and says what was seen.
    ///
    /// # Shapes
    /// - `embedded`: `[R, B·N, D]`, as is what `before` and `through` take and give
    pub fn follow<B>(
        mut self,
        embedded: Tensor<3>,
        before: impl FnOnce(Tensor<3>) -> Tensor<3>,
        blocks: &[B],
        mut through: impl FnMut(&B, Tensor<3>, &mut Self) -> Tensor<3>,
    ) -> Vec<Seen> {
        self.enter("embedding");
        self.tokens(Quantity::Embedded, &embedded);
        let mut x = before(embedded);
        for (i, block) in blocks.iter().enumerate() {
            self.enter(format!("blocks.{i}"));
            self.tokens(Quantity::Tokens, &x);
            x = through(block, x, &mut self);
        }
        self.finish()
    }

    /// All that was seen, in the order of the network.
    pub fn finish(self) -> Vec<Seen> {
        self.seen
    }

    fn see_rows(&mut self, quantity: Quantity, x: &Tensor<3>) {
        let [replicas, rows, width] = x.dims();
        let matrices = x.clone().reshape([replicas, rows / self.tokens, self.tokens, width]);
        self.see(quantity, matrices, 1, self.tokens.min(width));
    }

    fn see(&mut self, quantity: Quantity, matrices: Tensor<4>, heads: usize, rank: usize) {
        let [replicas, all, rows, columns] = matrices.dims();
        let examples = all / heads;
        let cost = self.blocks * replicas * rows.min(columns).pow(2) * rows.max(columns);
        let (kept_heads, kept) = fitting(heads, examples, cost);
        let matrices = if (kept_heads, kept) == (heads, examples) {
            matrices
        } else {
            let apart = matrices.reshape([replicas, examples, heads, rows * columns]);
            let kept_of_all = apart.narrow(1, 0, kept).narrow(2, 0, kept_heads);
            kept_of_all.reshape([replicas, kept * kept_heads, rows, columns])
        };
        let place = self.place.clone();
        self.seen.push(Seen { quantity, place, matrices, heads: kept_heads, rank });
    }
}

/// How many heads and examples to keep, if one of each costs `cost`.
fn fitting(heads: usize, examples: usize, cost: usize) -> (usize, usize) {
    let heads = heads.min(HEADS);
    match WORK / (cost * heads).max(1) {
        0 => (1, 1),
        fit => (heads, fit.min(examples)),
    }
}

/// The derivative of `y = f(x)` by `x`, exact: one backward pass for each number of `y`, many of them at once as examples.
///
/// # Shapes
/// - `x`: `[R, N, D]`, one example
/// - `f`: `[R, K·N, D]` to the same, each example by itself
/// - returns `[R, 1, N·D, N·D]`: row i is the gradient of the i-th number of `y`
pub fn jacobian(x: Tensor<3>, f: impl Fn(Tensor<3>) -> Tensor<3>) -> Tensor<4> {
    let [replicas, tokens, width] = x.dims();
    let side = tokens * width;
    let rows = |first: usize| {
        let count = COTANGENTS.min(side - first);
        let copies = x.clone().repeat_dim(1, count).autodiff().require_grad();
        // Example k of the copies is asked for number `first + k` of its result.
        let mut one_hot = vec![0.0f32; count * side];
        (0..count).for_each(|k| one_hot[k * side + first + k] = 1.0);
        let one_hot = Tensor::<3>::from_data(TensorData::new(one_hot, [1, count, side]), &x.device());
        let wanted = f(copies.clone()).reshape([replicas, count, side]) * one_hot;
        let mut gradients = wanted.sum().backward();
        let rows = copies.grad_remove(&mut gradients);
        rows.expect("the result depends on the tokens").reshape([replicas, 1, count, side])
    };
    Tensor::cat((0..side).step_by(COTANGENTS).map(rows).collect(), 2)
}

#[cfg(test)]
mod tests;
