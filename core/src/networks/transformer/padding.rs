//! What keeps the empty places of shorter lists out of sight.

use burn::tensor::{Int, Tensor};

/// What is added to the score of a place that no token may look at: its weight by softmax is then 0 exactly.
const UNSEEN: f32 = -1e9;

/// The symbol that stands for none, as [`Reading::Symbols`](crate::surroundings::Reading::Symbols) has it.
const NOTHING: i32 = 0;

/// The empty places of a batch of lists.
#[derive(Clone)]
pub(crate) struct Padding {
    /// `[R, B·N]`: 1 where there is a symbol, 0 where there is none.
    there: Tensor<2>,
    tokens: usize,
}

impl Padding {
    /// # Shapes
    /// - `lists`: `[R, B·N]`, symbols
    pub(crate) fn of(lists: Tensor<2, Int>, tokens: usize) -> Self {
        Self { there: lists.not_equal_elem(NOTHING).float(), tokens }
    }

    /// That of copies of the first example.
    ///
    /// # Shapes
    /// - `copies`: `[R, C·N, D]`
    pub(crate) fn of_copies(&self, copies: &Tensor<3>) -> Self {
        let first = self.there.clone().narrow(1, 0, self.tokens);
        Self { there: first.repeat_dim(1, copies.dims()[1] / self.tokens), tokens: self.tokens }
    }

    /// What is added to the scores of every head; zero where there is a symbol.
    ///
    /// # Shapes
    /// - returns `[R, B·H, 1, N]`
    pub(crate) fn scores(&self, heads: usize) -> Tensor<4> {
        let [replicas, all] = self.there.dims();
        let examples = all / self.tokens;
        let bias = (self.there.clone() - 1.0) * -UNSEEN;
        let bias = bias.reshape([replicas, examples, 1, self.tokens]);
        bias.repeat_dim(2, heads).reshape([replicas, examples * heads, 1, self.tokens])
    }

    /// Zero at the empty places, and the others larger by as much as makes their mean over all places the mean over those
    /// that are there.
    ///
    /// # Shapes
    /// - `x`, result: `[R, B·N, D]`
    pub(crate) fn for_the_mean(&self, x: Tensor<3>) -> Tensor<3> {
        let [replicas, all] = self.there.dims();
        let lists = self.there.clone().reshape([replicas, all / self.tokens, self.tokens]);
        let shares = lists.clone() * self.tokens as f32 / lists.sum_dim(2).clamp_min(1.0);
        x * shares.reshape([replicas, all, 1])
    }
}
