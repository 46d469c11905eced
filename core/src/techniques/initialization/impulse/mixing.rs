//! Structured initialization of an MLP-Mixer: its MLP over tokens starts as an impulse filter.
//!
//! Structured Initialization for Vision Transformers (arXiv 2505.19985) reports Mixers too, but their code is not
//! released. *Inferred*, from what the idea asks for where there is no softmax:
//!
//! ```text
//! W_up W_down = Hᵀ G Gᵀ        G: N × h, random, with orthonormal columns (rows, if h > N; then G Gᵀ = I)
//! ```
//!
//! H is the target ([`super::targets`]). All singular values of H are equal, so that where the hidden width h is below
//! N no h of its directions are better than others, and random ones are kept. A block has one such MLP for all
//! channels where attention has one map a head: block b imitates what head b would. The GELU between the two matrices
//! has the slope 1/2 at zero, so that a block's first answer is about half of the shift, and something even on top.

use super::Target;
use super::targets::target;
use crate::random::orthonormal;

/// First weights of the MLP over tokens of one block.
///
/// # Shapes
/// - returns `[tokens, hidden]` and `[hidden, tokens]`
pub fn mixing(
    kind: Target,
    kernel: u32,
    seed: u64,
    name: &str,
    block: usize,
    [tokens, hidden]: [usize; 2],
) -> (Vec<f32>, Vec<f32>) {
    let drawn = orthonormal(seed, &format!("{name}.impulse"), [tokens.max(hidden), tokens.min(hidden)]);
    let basis = if hidden > tokens { drawn.transpose() } else { drawn };
    let wanted = target(kind, kernel, seed, name, block, tokens);
    // Row m of Hᵀ G sums the rows of G whose target is m.
    let mut up = vec![0.0; tokens * hidden];
    let mut down = vec![0.0; hidden * tokens];
    for (token, from) in wanted.into_iter().enumerate() {
        for unit in 0..hidden {
            let value = basis[(token, unit)] as f32;
            down[unit * tokens + token] = value;
            if let Some(from) = from {
                up[from * hidden + unit] += value;
            }
        }
    }
    (up, down)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Σ over the hidden units, in loops.
    fn product(up: &[f32], down: &[f32], tokens: usize, hidden: usize) -> Vec<f64> {
        let at = |m: usize, n: usize| {
            (0..hidden).map(|u| f64::from(up[m * hidden + u]) * f64::from(down[u * tokens + n])).sum()
        };
        (0..tokens * tokens).map(|i| at(i / tokens, i % tokens)).collect()
    }

    #[test]
    fn the_product_is_the_shift_where_the_hidden_width_allows_it() {
        for hidden in [16, 20] {
            let (up, down) = mixing(Target::Shift, 3, 3, "blocks.1.mixing", 1, [16, hidden]);
            let wanted = target(Target::Shift, 3, 3, "blocks.1.mixing", 1, 16);
            for (i, found) in product(&up, &down, 16, hidden).into_iter().enumerate() {
                let one = wanted[i % 16] == Some(i / 16);
                assert!((found - f64::from(u8::from(one))).abs() < 1e-6, "{hidden}, {i}: {found}");
            }
        }
    }

    #[test]
    fn a_narrow_hidden_layer_keeps_as_much_of_it_as_its_rank_allows() {
        let (up, down) = mixing(Target::Scrambled, 3, 3, "blocks.0.mixing", 0, [16, 6]);
        // A projection to 6 of 16 directions of a permutation: its squared norm is 6.
        let norm: f64 = product(&up, &down, 16, 6).iter().map(|x| x * x).sum();
        assert!((norm - 6.0).abs() < 1e-5, "{norm}");
    }
}
