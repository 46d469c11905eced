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
    /// Added to the scores of every head, `[R, B·H, 1, N]`: made once, for all blocks.
    scores: Tensor<4>,
    heads: usize,
    tokens: usize,
}

impl Padding {
    /// For blocks of so many heads.
    ///
    /// # Shapes
    /// - `lists`: `[R, B·N]`, symbols
    pub(crate) fn of(lists: Tensor<2, Int>, heads: usize, tokens: usize) -> Self {
        Self::new(lists.not_equal_elem(NOTHING).float(), heads, tokens)
    }

    fn new(there: Tensor<2>, heads: usize, tokens: usize) -> Self {
        let [replicas, all] = there.dims();
        let examples = all / tokens;
        let bias = ((there.clone() - 1.0) * -UNSEEN).reshape([replicas, examples, 1, tokens]);
        let scores = bias.repeat_dim(2, heads).reshape([replicas, examples * heads, 1, tokens]);
        Self { there, scores, heads, tokens }
    }

    /// That of copies of the first example.
    ///
    /// # Shapes
    /// - `copies`: `[R, C·N, D]`
    pub(crate) fn of_copies(&self, copies: &Tensor<3>) -> Self {
        let first = self.there.clone().narrow(1, 0, self.tokens);
        Self::new(first.repeat_dim(1, copies.dims()[1] / self.tokens), self.heads, self.tokens)
    }

    /// What is added to the scores of every head; zero where there is a symbol.
    ///
    /// # Shapes
    /// - returns `[R, B·H, 1, N]`
    pub(crate) fn scores(&self) -> Tensor<4> {
        self.scores.clone()
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
