//! What the learned positions of the patches of an image start from.
//!
//! ```text
//! deviation 0:  [sin, cos](row · ω), [sin, cos](column · ω)        otherwise  N(0, deviation²)
//! ```

use crate::random::normal;

/// The stream of the positions, and their name among the parameters.
pub const POSITIONS: &str = "embedding.position";

/// The first positions of a square grid of `tokens` patches, row by row.
///
/// # Shapes
/// - returns `tokens · width` numbers
pub fn positions(seed: u64, tokens: usize, width: usize, deviation: f32) -> Vec<f32> {
    if deviation == 0.0 {
        sine_positions(tokens, width)
    } else {
        normal(seed, POSITIONS, tokens * width, f64::from(deviation))
    }
}

/// Sines and cosines of row and column of a patch, with wavelengths up to 30 patches, amplitude 1.
///
/// Learned positions that start near 0 keep a small ViT on a plateau for hundreds of steps (measured in advance);
/// these do not. A quarter of the channels each: sine and cosine of the row, sine and cosine of the column.
pub fn sine_positions(tokens: usize, width: usize) -> Vec<f32> {
    let edge = libm::sqrt(tokens as f64).ceil() as usize;
    let quarter = width.div_ceil(4);
    let at = |token: usize, channel: usize| {
        let frequency = libm::pow(30.0, -((channel % quarter) as f64) / quarter as f64);
        let place = if channel / quarter < 2 { token / edge } else { token % edge } as f64;
        if (channel / quarter).is_multiple_of(2) {
            libm::sin(place * frequency)
        } else {
            libm::cos(place * frequency)
        }
    };
    (0..tokens * width).map(|i| at(i / width, i % width) as f32).collect()
}
