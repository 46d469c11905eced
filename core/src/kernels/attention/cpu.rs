//! The attention products on the CPU engine: for each sample of each replica and each head, small matrix products.

use std::borrow::Cow;

use super::super::loops::for_each_chunk;
use super::super::prelude::*;
use super::super::product::{Rows, Strided, Target, multiply};
use super::{AttentionGradients, AttentionOps, Heads};

impl Heads {
    /// Scores of one sample.
    fn per_sample(self) -> usize {
        self.heads * self.per_head()
    }

    /// Scores of one head of one sample.
    fn per_head(self) -> usize {
        self.tokens * self.tokens
    }

    /// Scores or weights of one head; where it is causal, with zeros above the diagonal, whatever was there.
    fn seen<'a>(self, sample: &'a [f32], head: usize) -> Cow<'a, [f32]> {
        let matrix = &sample[head * self.per_head()..][..self.per_head()];
        if !self.causal {
            return Cow::Borrowed(matrix);
        }
        let mut matrix = matrix.to_vec();
        self.hide(&mut matrix);
        Cow::Owned(matrix)
    }

    /// Zeros above the diagonal of one head, where it is causal.
    fn hide(self, matrix: &mut [f32]) {
        if self.causal {
            for (i, row) in matrix.chunks_exact_mut(self.tokens).enumerate() {
                row[i + 1..].fill(0.0);
            }
        }
    }

    /// `target = scale · left rightᵀ` for every head of one sample, `[h, N, N]`; both sides have a row a token.
    fn products(self, target: &mut [f32], scale: f32, left: Tokens<'_>, right: Tokens<'_>, depth: usize) {
        let n = self.tokens;
        for (head, target) in target.chunks_exact_mut(self.per_head()).enumerate() {
            let keys = right.strided(head * depth).packed_transpose(n, depth);
            let keys = Rows { values: &keys, from: 0, row: n };
            let left = left.strided(head * depth);
            multiply(&mut Target { values: target, from: 0, row: n }, scale, left, keys, [n, depth, n]);
            self.hide(target);
        }
    }
}

/// The tokens of one sample: rows of `width` numbers, of which those from `at` on are meant.
#[derive(Clone, Copy)]
struct Tokens<'a> {
    values: &'a [f32],
    width: usize,
    at: usize,
}

impl<'a> Tokens<'a> {
    fn of(all: &'a [f32], sample: usize, tokens: usize, width: usize, at: usize) -> Self {
        Self { values: &all[sample * tokens * width..][..tokens * width], width, at }
    }

    fn strided(self, column: usize) -> Strided<'a> {
        Strided { values: self.values, from: self.at + column, row: self.width, column: 1 }
    }

    fn rows(self, column: usize) -> Rows<'a> {
        Rows { values: self.values, from: self.at + column, row: self.width }
    }
}

/// A matrix of a head, `[N, N]`, as it is or on its side.
fn matrix(values: &[f32], tokens: usize, transposed: bool) -> Strided<'_> {
    let (row, column) = if transposed { (1, tokens) } else { (tokens, 1) };
    Strided { values, from: 0, row, column }
}

impl AttentionOps for Flex {
    fn head_scores(projected: FlexTensor, heads: Heads, scale: f32) -> FlexTensor {
        let shape = projected.shape();
        let (n, w, d) = (heads.tokens, shape[2] / 3, shape[2] / 3 / heads.heads);
        let x = &Values::of(&projected)[..];
        let mut scores = vec![0.0; heads.scores(&shape).num_elements()];
        for_each_chunk(&mut scores, heads.per_sample(), |sample, scores| {
            let part = |at| Tokens::of(x, sample, n, 3 * w, at);
            heads.products(scores, scale, part(0), part(w), d);
        });
        tensor(scores, heads.scores(&shape))
    }

    fn head_mix(weights: FlexTensor, projected: FlexTensor, heads: Heads) -> FlexTensor {
        let shape = heads.mixed(&projected.shape());
        let (n, w, d) = (heads.tokens, shape[2], shape[2] / heads.heads);
        let (a, x) = (&Values::of(&weights)[..], &Values::of(&projected)[..]);
        let mut out = vec![0.0; shape.num_elements()];
        for_each_chunk(&mut out, n * w, |sample, out| {
            let a = &a[sample * heads.per_sample()..][..heads.per_sample()];
            let values = Tokens::of(x, sample, n, 3 * w, 2 * w);
            for head in 0..heads.heads {
                let a = heads.seen(a, head);
                let mut target = Target { values: out, from: head * d, row: w };
                multiply(&mut target, 1.0, matrix(&a, n, false), values.rows(head * d), [n, n, d]);
            }
        });
        tensor(out, shape)
    }
}

impl AttentionGradients for Flex {
    fn head_scores_input(projected: FlexTensor, grad: FlexTensor, heads: Heads, scale: f32) -> FlexTensor {
        let shape = projected.shape();
        let (n, w, d) = (heads.tokens, shape[2] / 3, shape[2] / 3 / heads.heads);
        let (x, g) = (&Values::of(&projected)[..], &Values::of(&grad)[..]);
        let mut out = vec![0.0; shape.num_elements()];
        for_each_chunk(&mut out, n * 3 * w, |sample, out| {
            let part = |at| Tokens::of(x, sample, n, 3 * w, at);
            let g = &g[sample * heads.per_sample()..][..heads.per_sample()];
            for head in 0..heads.heads {
                let (g, column) = (heads.seen(g, head), head * d);
                let mut queries = Target { values: out, from: column, row: 3 * w };
                multiply(&mut queries, scale, matrix(&g, n, false), part(w).rows(column), [n, n, d]);
                let mut keys = Target { values: out, from: w + column, row: 3 * w };
                multiply(&mut keys, scale, matrix(&g, n, true), part(0).rows(column), [n, n, d]);
            }
        });
        tensor(out, shape)
    }

    fn head_mix_weights(projected: FlexTensor, grad: FlexTensor, heads: Heads) -> FlexTensor {
        let shape = grad.shape();
        let (n, w, d) = (heads.tokens, shape[2], shape[2] / heads.heads);
        let (x, g) = (&Values::of(&projected)[..], &Values::of(&grad)[..]);
        let mut out = vec![0.0; heads.scores(&shape).num_elements()];
        for_each_chunk(&mut out, heads.per_sample(), |sample, out| {
            let mixed = Tokens::of(g, sample, n, w, 0);
            heads.products(out, 1.0, mixed, Tokens::of(x, sample, n, 3 * w, 2 * w), d);
        });
        tensor(out, heads.scores(&shape))
    }

    fn head_mix_values(weights: FlexTensor, grad: FlexTensor, heads: Heads) -> FlexTensor {
        let shape = grad.shape();
        let (n, w, d) = (heads.tokens, shape[2], shape[2] / heads.heads);
        let (a, g) = (&Values::of(&weights)[..], &Values::of(&grad)[..]);
        let mut out = vec![0.0; 3 * shape.num_elements()];
        for_each_chunk(&mut out, n * 3 * w, |sample, out| {
            let a = &a[sample * heads.per_sample()..][..heads.per_sample()];
            let mixed = Tokens::of(g, sample, n, w, 0);
            for head in 0..heads.heads {
                let a = heads.seen(a, head);
                let mut target = Target { values: out, from: 2 * w + head * d, row: 3 * w };
                multiply(&mut target, 1.0, matrix(&a, n, true), mixed.rows(head * d), [n, n, d]);
            }
        });
        tensor(out, heads.projected(&shape))
    }
}
