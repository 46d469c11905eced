//! Random numbers for the tests that simulate: seeded, so that no test is right by luck on one day only.

/// A small generator: Steele, Lea and Flood's SplitMix64 (2014).
pub(super) struct Generator {
    state: u64,
    spare: Option<f64>,
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        Self { state: seed, spare: None }
    }

    /// Uniform in (0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        ((bits >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Standard normal, by Box and Muller.
    pub fn normal(&mut self) -> f64 {
        if let Some(value) = self.spare.take() {
            return value;
        }
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * self.uniform()).sin_cos();
        self.spare = Some(radius * sine);
        radius * cosine
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }
}

/// The share of `trials` in which something happens.
pub(super) fn share(trials: usize, mut happens: impl FnMut() -> bool) -> f64 {
    (0..trials).filter(|_| happens()).count() as f64 / trials as f64
}

/// Three standard errors of a share of `trials` around `p`: what a share may be off by luck.
pub(super) fn luck(p: f64, trials: usize) -> f64 {
    3.0 * (p * (1.0 - p) / trials as f64).sqrt()
}
