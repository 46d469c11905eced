//! What a structured attention map imitates: an impulse filter, which is a shift of the token grid.
//!
//! ```text
//! H[(y, x), (y + m, x + n)] = 1 where that lies inside the image; all other numbers, and whole rows outside, 0
//! ```
//!
//! (m, n) of a head is taken from a fixed order in the released code of the paper for 3×3 filters. For 5×5 filters
//! that code has no order; there an offset is drawn for each head of each layer, repeats allowed, as in the code of
//! the paper's earlier version (arXiv 2404.01139).

use super::{ORDER, Target};
use crate::random::Stream;

/// The token that each token of a square grid attends to, for one head (of attention) or one block (of a mixer);
/// `None` where it would lie outside the image.
///
/// `name` is the layer's; together with the seed it decides what is drawn.
pub fn target(
    kind: Target,
    kernel: u32,
    seed: u64,
    name: &str,
    index: usize,
    tokens: usize,
) -> Vec<Option<usize>> {
    let mut stream = Stream::new(seed, &format!("{name}.target.{index}"));
    match kind {
        Target::Scrambled => permutation(&mut stream, tokens).into_iter().map(Some).collect(),
        Target::Shift if kernel == 3 => shift(tokens, ORDER[index % ORDER.len()]),
        Target::Shift => {
            let mut draw = || stream.below(kernel as usize) as i32 - kernel as i32 / 2;
            let offset = (draw(), draw());
            shift(tokens, offset)
        }
    }
}

/// The token `(rows, columns)` away from each.
fn shift(tokens: usize, (rows, columns): (i32, i32)) -> Vec<Option<usize>> {
    let edge = libm::sqrt(tokens as f64) as i32;
    let at = |token: i32| {
        let (row, column) = (token / edge + rows, token % edge + columns);
        ((0..edge).contains(&row) && (0..edge).contains(&column)).then_some((row * edge + column) as usize)
    };
    (0..tokens as i32).map(at).collect()
}

/// All numbers below `count` in random order (Fisher and Yates).
fn permutation(stream: &mut Stream, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for place in (1..count).rev() {
        order.swap(place, stream.below(place + 1));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_look_at_the_centre_then_up_right_left_down_and_into_the_corners() {
        let at = |head| target(Target::Shift, 3, 0, "blocks.0", head, 16)[5];
        assert_eq!((0..10).map(at).collect::<Vec<_>>(), [5, 1, 6, 4, 9, 0, 2, 8, 10, 5].map(Some));
    }

    #[test]
    fn outside_the_image_there_is_no_target() {
        let up = target(Target::Shift, 3, 0, "blocks.0", 1, 16);
        assert!(up[..4].iter().all(Option::is_none));
        assert_eq!(up[4..], (0..12).map(Some).collect::<Vec<_>>());
        let right = target(Target::Shift, 3, 0, "blocks.0", 2, 16);
        assert_eq!((right[2], right[3]), (Some(3), None), "a row does not run on into the next");
    }

    #[test]
    fn filters_of_five_tokens_reach_two_tokens_away_and_no_further() {
        let mut seen = std::collections::BTreeSet::new();
        for head in 0..600 {
            let place = target(Target::Shift, 5, 0, "blocks.0", head, 81)[40];
            seen.insert(place.expect("the middle of a grid of nine has all neighbours"));
        }
        let reachable: std::collections::BTreeSet<_> = (0..25).map(|i| (2 + i / 5) * 9 + 2 + i % 5).collect();
        assert_eq!(seen, reachable);
    }

    #[test]
    fn a_scrambled_target_is_a_permutation_and_differs_between_heads() {
        let scrambled = |head| target(Target::Scrambled, 3, 0, "blocks.0", head, 64);
        let mut sorted: Vec<_> = scrambled(1).into_iter().flatten().collect();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..64).collect::<Vec<_>>());
        assert_ne!(scrambled(1), scrambled(2));
    }
}
