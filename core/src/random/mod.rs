//! Named random streams: every draw is keyed by a seed and a name, so that two variants see the same batches and
//! share the initial value of every parameter whose shape they share, in the browser and natively, bit for bit.
//!
//! A stream is ChaCha8 (counter-based) under a key made from seed and name. Transcendental functions come from
//! `libm`, since those of the standard library differ between platforms in the last bit.

mod draws;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

pub use draws::{fan_in_uniform, normal, orthonormal, truncated_normal, uniform, xavier_uniform};

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub struct Stream {
    generator: ChaCha8Rng,
    spare: Option<f64>,
}

impl Stream {
    /// The stream of this seed and name, from its beginning.
    pub fn new(seed: u64, name: &str) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&fnv1a(name.as_bytes(), 0xcbf2_9ce4_8422_2325).to_le_bytes());
        // A second hash from another start makes a collision of two names about as likely as one of 128 bits.
        key[16..24].copy_from_slice(&fnv1a(name.as_bytes(), 0x9e37_79b9_7f4a_7c15).to_le_bytes());
        Self { generator: ChaCha8Rng::from_seed(key), spare: None }
    }

    /// Uniform in [0, 1), 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number from 0 to `count − 1`.
    ///
    /// # Panics
    /// If `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        assert!(count > 0, "there is no number below 0");
        // Multiply and shift; the bias is below count / 2⁶⁴.
        ((u128::from(self.generator.next_u64()) * count as u128) >> 64) as usize
    }

    /// Standard normal, by Box and Muller.
    pub fn normal(&mut self) -> f64 {
        if let Some(value) = self.spare.take() {
            return value;
        }
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        let (sine, cosine) = libm::sincos(2.0 * std::f64::consts::PI * self.uniform());
        self.spare = Some(radius * sine);
        radius * cosine
    }

    /// Standard normal, drawn again until it lies within two standard deviations.
    pub fn truncated_normal(&mut self) -> f64 {
        loop {
            let value = self.normal();
            if value.abs() <= 2.0 {
                return value;
            }
        }
    }
}

/// The hash FNV-1a of 64 bits.
fn fnv1a(bytes: &[u8], start: u64) -> u64 {
    bytes.iter().fold(start, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_every_time_and_everywhere() {
        let mut stream = Stream::new(7, "blocks.2.attention.query.weight");
        let drawn: Vec<u64> = (0..3).map(|_| stream.uniform().to_bits()).collect();
        let mut again = Stream::new(7, "blocks.2.attention.query.weight");
        assert_eq!(drawn, (0..3).map(|_| again.uniform().to_bits()).collect::<Vec<_>>());
        assert_ne!(drawn[0], Stream::new(8, "blocks.2.attention.query.weight").uniform().to_bits());
        assert_ne!(drawn[0], Stream::new(7, "blocks.2.attention.key.weight").uniform().to_bits());
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut stream = Stream::new(1, "test");
        let values: Vec<f64> = (0..100_000).map(|_| stream.normal()).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / values.len() as f64;
        // Five standard errors.
        assert!(mean.abs() < 5.0 / (values.len() as f64).sqrt(), "mean {mean}");
        assert!((variance - 1.0).abs() < 5.0 * (2.0 / values.len() as f64).sqrt(), "variance {variance}");
    }

    #[test]
    fn numbers_below_a_bound_reach_all_of_them_and_no_others() {
        let mut stream = Stream::new(3, "test");
        let mut seen = [0; 7];
        (0..7_000).for_each(|_| seen[stream.below(7)] += 1);
        assert!(seen.iter().all(|&count| (800..1_200).contains(&count)), "{seen:?}");
    }
}
