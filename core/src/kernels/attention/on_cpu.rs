//! The attention products as plain loops for the CPU engine: one sample of one replica after the other, each by
//! itself.

use super::super::loops::{add_scaled, dot, for_each_chunk};
use super::super::prelude::*;
use super::{AttentionGradients, AttentionOps, Heads};

/// A pair of tokens of one sample that see each other, in one head.
struct Pair {
    /// Where their score lies, within the sample.
    score: usize,
    /// The token that looks.
    query: usize,
    /// The token that is looked at.
    key: usize,
    /// First column of the head.
    column: usize,
}

impl Heads {
    /// Visits every pair of one sample whose heads are `depth` wide.
    fn pairs(self, depth: usize, mut visit: impl FnMut(Pair)) {
        let n = self.tokens;
        for head in 0..self.heads {
            for query in 0..n {
                let seen = if self.causal { query + 1 } else { n };
                for key in 0..seen {
                    visit(Pair { score: (head * n + query) * n + key, query, key, column: head * depth });
                }
            }
        }
    }

    /// Scores of one sample.
    fn per_sample(self) -> usize {
        self.heads * self.tokens * self.tokens
    }
}

impl AttentionOps for Flex {
    fn head_scores(projected: FloatTensor<Self>, heads: Heads, scale: f32) -> FloatTensor<Self> {
        let shape = projected.shape();
        let (w, d) = (shape[2] / 3, shape[2] / 3 / heads.heads);
        let x = Values::of(&projected);
        let x = &x[..];
        let mut scores = vec![0.0; heads.scores(&shape).num_elements()];
        for_each_chunk(&mut scores, heads.per_sample(), |sample, scores| {
            let x = &x[sample * heads.tokens * 3 * w..][..heads.tokens * 3 * w];
            heads.pairs(d, |pair| {
                let query = &x[pair.query * 3 * w + pair.column..][..d];
                let key = &x[pair.key * 3 * w + w + pair.column..][..d];
                scores[pair.score] = scale * dot(query, key);
            });
        });
        tensor(scores, heads.scores(&shape))
    }

    fn head_mix(weights: FloatTensor<Self>, projected: FloatTensor<Self>, heads: Heads) -> FloatTensor<Self> {
        let shape = heads.mixed(&projected.shape());
        let (w, d) = (shape[2], shape[2] / heads.heads);
        let (a, x) = (Values::of(&weights), Values::of(&projected));
        let (a, x) = (&a[..], &x[..]);
        let mut out = vec![0.0; shape.num_elements()];
        for_each_chunk(&mut out, heads.tokens * w, |sample, out| {
            let a = &a[sample * heads.per_sample()..][..heads.per_sample()];
            let x = &x[sample * heads.tokens * 3 * w..][..heads.tokens * 3 * w];
            heads.pairs(d, |pair| {
                let value = &x[pair.key * 3 * w + 2 * w + pair.column..][..d];
                add_scaled(&mut out[pair.query * w + pair.column..][..d], a[pair.score], value);
            });
        });
        tensor(out, shape)
    }
}

impl AttentionGradients for Flex {
    fn head_scores_input(
        projected: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        heads: Heads,
        scale: f32,
    ) -> FloatTensor<Self> {
        let shape = projected.shape();
        let (w, d) = (shape[2] / 3, shape[2] / 3 / heads.heads);
        let (x, g) = (Values::of(&projected), Values::of(&grad));
        let (x, g) = (&x[..], &g[..]);
        let mut out = vec![0.0; shape.num_elements()];
        for_each_chunk(&mut out, heads.tokens * 3 * w, |sample, out| {
            let x = &x[sample * heads.tokens * 3 * w..][..heads.tokens * 3 * w];
            let g = &g[sample * heads.per_sample()..][..heads.per_sample()];
            heads.pairs(d, |pair| {
                let weight = scale * g[pair.score];
                let (query, key) = (pair.query * 3 * w + pair.column, pair.key * 3 * w + w + pair.column);
                add_scaled(&mut out[query..][..d], weight, &x[key..][..d]);
                add_scaled(&mut out[key..][..d], weight, &x[query..][..d]);
            });
        });
        tensor(out, shape)
    }

    fn head_mix_weights(
        projected: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        heads: Heads,
    ) -> FloatTensor<Self> {
        let shape = grad.shape();
        let (w, d) = (shape[2], shape[2] / heads.heads);
        let (x, g) = (Values::of(&projected), Values::of(&grad));
        let (x, g) = (&x[..], &g[..]);
        let mut out = vec![0.0; heads.scores(&shape).num_elements()];
        for_each_chunk(&mut out, heads.per_sample(), |sample, out| {
            let x = &x[sample * heads.tokens * 3 * w..][..heads.tokens * 3 * w];
            let g = &g[sample * heads.tokens * w..][..heads.tokens * w];
            heads.pairs(d, |pair| {
                let value = &x[pair.key * 3 * w + 2 * w + pair.column..][..d];
                out[pair.score] = dot(&g[pair.query * w + pair.column..][..d], value);
            });
        });
        tensor(out, heads.scores(&shape))
    }

    fn head_mix_values(
        weights: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        heads: Heads,
    ) -> FloatTensor<Self> {
        let shape = grad.shape();
        let (w, d) = (shape[2], shape[2] / heads.heads);
        let (a, g) = (Values::of(&weights), Values::of(&grad));
        let (a, g) = (&a[..], &g[..]);
        let mut out = vec![0.0; 3 * shape.num_elements()];
        for_each_chunk(&mut out, heads.tokens * 3 * w, |sample, out| {
            let a = &a[sample * heads.per_sample()..][..heads.per_sample()];
            let g = &g[sample * heads.tokens * w..][..heads.tokens * w];
            heads.pairs(d, |pair| {
                let line = &g[pair.query * w + pair.column..][..d];
                add_scaled(&mut out[pair.key * 3 * w + 2 * w + pair.column..][..d], a[pair.score], line);
            });
        });
        tensor(out, heads.projected(&shape))
    }
}
