//! Normal weights, whole or cut at two standard deviations.
//!
//! ```text
//! W ~ N(0, s²)        or drawn again while |W| > 2 s
//! ```
//!
//! The cut one with s = 0.02 is the default of timm's vision transformers, for their linear layers; the convolution that
//! embeds the patches keeps its framework's default there ([`super::embedding`]). Deviation from timm, which cuts at ±2
//! whatever s is (so, for s = 0.02, not at all): here the cut is at two standard deviations.

use crate::random::Stream;

/// Normal with this standard deviation.
pub fn normal(seed: u64, name: &str, count: usize, deviation: f64) -> Vec<f32> {
    let mut stream = Stream::new(seed, name);
    (0..count).map(|_| (stream.normal() * deviation) as f32).collect()
}

/// Normal, cut at two standard deviations; `deviation` is that before the cut (after it 0.88 of that is left).
pub fn truncated_normal(seed: u64, name: &str, count: usize, deviation: f64) -> Vec<f32> {
    let mut stream = Stream::new(seed, name);
    (0..count).map(|_| (stream.truncated_normal() * deviation) as f32).collect()
}
