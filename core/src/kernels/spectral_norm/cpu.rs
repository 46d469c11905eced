//! The plain loops of [`super`], for the CPU engine and as the reference of the GPU kernels.

use super::super::lines::TINY;
use super::super::loops::{add_scaled, dot, indices};
use super::super::prelude::*;
use super::{FIELDS, Sizes, SpectralNormOps};

/// A matrix `n × m` of the table.
struct Entry {
    offset: usize,
    n: usize,
    along_n: usize,
    m: usize,
    along_m: usize,
    gram: usize,
    vectors: usize,
}

impl Entry {
    fn all(table: &FlexTensor) -> Vec<Self> {
        let entry = |f: &[usize]| Self {
            offset: f[0],
            n: f[1],
            along_n: f[2],
            m: f[3],
            along_m: f[4],
            gram: f[5],
            vectors: f[6],
        };
        indices(table).chunks_exact(FIELDS).map(entry).collect()
    }

    /// Where the number of line `s` and column `l` is.
    fn at(&self, s: usize, l: usize) -> usize {
        self.offset + s * self.along_n + l * self.along_m
    }

    /// The matrix line by line, `n × m`.
    fn gather(&self, row: &[f32]) -> Vec<f32> {
        (0..self.n).flat_map(|s| (0..self.m).map(move |l| row[self.at(s, l)])).collect()
    }

    fn norm(&self, vectors: &[f32]) -> f32 {
        let b = &vectors[self.vectors + self.n..][..self.m];
        dot(b, b).sqrt()
    }
}

/// `1 / x`, or 0 for what is 0 to rounding.
fn inverse(x: f32) -> f32 {
    if x > TINY { 1.0 / x } else { 0.0 }
}

impl SpectralNormOps for Flex {
    fn gram_matrices(raw: FlexTensor, table: FlexTensor, sizes: Sizes) -> FlexTensor {
        let [r, width] = raw.shape().dims();
        let (raw, entries) = (Values::of(&raw), Entry::all(&table));
        let mut gram = vec![0.0; r * sizes.gram];
        for (row, gram) in raw.chunks_exact(width).zip(gram.chunks_exact_mut(sizes.gram)) {
            for entry in &entries {
                let (n, m) = (entry.n, entry.m);
                let matrix = entry.gather(row);
                for (i, left) in matrix.chunks_exact(m).enumerate() {
                    for (j, right) in matrix.chunks_exact(m).enumerate() {
                        gram[entry.gram + i * n + j] = dot(left, right);
                    }
                }
            }
        }
        tensor(gram, [r, sizes.gram])
    }

    fn square_matrices(gram: FlexTensor, table: FlexTensor, sizes: Sizes) -> FlexTensor {
        let shape = gram.shape();
        let (gram, entries) = (Values::of(&gram), Entry::all(&table));
        let mut squared = vec![0.0; gram.len()];
        for (gram, squared) in gram.chunks_exact(sizes.gram).zip(squared.chunks_exact_mut(sizes.gram)) {
            for entry in &entries {
                let n = entry.n;
                let scale = {
                    let trace: f32 = gram[entry.gram..].iter().step_by(n + 1).take(n).sum();
                    if trace > 0.0 { 1.0 / trace } else { 0.0 }
                };
                let scaled: Vec<f32> = gram[entry.gram..][..n * n].iter().map(|x| x * scale).collect();
                let squared = squared[entry.gram..][..n * n].chunks_exact_mut(n);
                for (target, line) in squared.zip(scaled.chunks_exact(n)) {
                    line.iter()
                        .zip(scaled.chunks_exact(n))
                        .for_each(|(x, other)| add_scaled(target, *x, other));
                }
            }
        }
        tensor(squared, shape)
    }

    fn first_vectors(raw: FlexTensor, gram: FlexTensor, table: FlexTensor, sizes: Sizes) -> FlexTensor {
        let [r, width] = raw.shape().dims();
        let (raw, gram, entries) = (Values::of(&raw), Values::of(&gram), Entry::all(&table));
        let mut vectors = vec![0.0; r * sizes.vectors];
        let rows = raw.chunks_exact(width).zip(gram.chunks_exact(sizes.gram));
        for ((row, gram), vectors) in rows.zip(vectors.chunks_exact_mut(sizes.vectors)) {
            for entry in &entries {
                let n = entry.n;
                let square = &gram[entry.gram..][..n * n];
                let diagonal = |k: usize| square[k * n + k];
                let largest = (1..n).fold(0, |j, k| if diagonal(k) > diagonal(j) { k } else { j });
                let column = &square[largest * n..][..n];
                let length = dot(column, column).sqrt();
                let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
                let (a, b) = vectors[entry.vectors..][..n + entry.m].split_at_mut(n);
                a.iter_mut().zip(column).for_each(|(a, x)| *a = x * scale);
                for (a, line) in a.iter().zip(entry.gather(row).chunks_exact(entry.m)) {
                    add_scaled(b, *a, line);
                }
            }
        }
        tensor(vectors, [r, sizes.vectors])
    }

    fn divide_matrices(
        raw: FlexTensor,
        vectors: FlexTensor,
        table: FlexTensor,
        _lines: FlexTensor,
    ) -> FlexTensor {
        let [r, width] = raw.shape().dims();
        let both = vectors.shape()[1];
        let (vectors, entries) = (Values::of(&vectors), Entry::all(&table));
        let mut weights = Values::of(&raw).to_vec();
        for (row, vectors) in weights.chunks_exact_mut(width).zip(vectors.chunks_exact(both)) {
            for entry in &entries {
                let scale = inverse(entry.norm(vectors));
                for s in 0..entry.n {
                    (0..entry.m).for_each(|l| row[entry.at(s, l)] *= scale);
                }
            }
        }
        tensor(weights, [r, width])
    }

    fn inner_products(gradients: FlexTensor, raw: FlexTensor, table: FlexTensor, sizes: Sizes) -> FlexTensor {
        let [r, width] = raw.shape().dims();
        let (gradients, raw, entries) = (Values::of(&gradients), Values::of(&raw), Entry::all(&table));
        let mut products = vec![0.0; r * sizes.vectors];
        let rows = gradients.chunks_exact(width).zip(raw.chunks_exact(width));
        for ((g, w), products) in rows.zip(products.chunks_exact_mut(sizes.vectors)) {
            for entry in &entries {
                for s in 0..entry.n {
                    let sums = &mut products[entry.vectors + entry.n..][..entry.m];
                    let places = (0..entry.m).map(|l| entry.at(s, l));
                    sums.iter_mut().zip(places).for_each(|(sum, at)| *sum += g[at] * w[at]);
                }
            }
        }
        tensor(products, [r, sizes.vectors])
    }

    fn divided_gradient(
        mut gradients: FlexTensor,
        products: FlexTensor,
        vectors: FlexTensor,
        table: FlexTensor,
        sizes: Sizes,
    ) -> FlexTensor {
        let width = gradients.shape()[1];
        let (products, vectors, entries) =
            (&Values::of(&products)[..], &Values::of(&vectors)[..], Entry::all(&table));
        for (replica, g) in gradients.storage_mut::<f32>().chunks_exact_mut(width).enumerate() {
            let products = &products[replica * sizes.vectors..][..sizes.vectors];
            let vectors = &vectors[replica * sizes.vectors..][..sizes.vectors];
            for entry in &entries {
                let scale = inverse(entry.norm(vectors));
                let (a, b) = vectors[entry.vectors..][..entry.n + entry.m].split_at(entry.n);
                let product: f32 = products[entry.vectors + entry.n..][..entry.m].iter().sum();
                for (s, a) in a.iter().enumerate() {
                    for (l, b) in b.iter().enumerate() {
                        let at = entry.at(s, l);
                        g[at] = (g[at] - product * scale * scale * b * a) * scale;
                    }
                }
            }
        }
        gradients
    }
}
