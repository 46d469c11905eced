//! GPT-2's start: normal weights, smaller ones where a block adds to what it read.
//!
//! Language Models are Unsupervised Multitask Learners (Radford, Wu, Child, Luan, Amodei, Sutskever; 2019), section 2.3,
//! with the numbers of Hugging Face's `GPT2Config`, which the authors of Procedural Pretraining (arXiv 2601.21725) use:
//!
//! ```text
//! W ~ N(0, s²), s = 0.02        attention's output, the MLP's second layer: N(0, s² / 2L)        biases 0
//! ```
//!
//! L is the number of blocks, so 2L the number of times that something is added to a token. Tables of symbols, their
//! positions (unless `model.positions` says otherwise) and the head are N(0, s²) too; the head starts at zero under every
//! other rule.
//!
//! Deviations from GPT-2: the head is a matrix of its own, as in those authors' second stage, unless `model.head` is tied;
//! it has a bias, 0 at first. Positions of the patches of an image start as elsewhere in the lab. What a
//! block adds starts smaller even where its skip is taken away.
//!
//! The text of 2019 says 1/√N with N residual layers; 2L for N, and that normal weights are not cut, is as Hugging Face's
//! code has it.
//!
//! In a mixer both MLPs add to a token, so that the second layers of both start smaller. A ConvMixer adds its filters,
//! which have a start of their own: there all linear layers are N(0, s²).

use super::DEVIATION;
use crate::fields::{Room, fields};

fields! {
    /// Normal, smaller where a block adds to its input; the head too does not start at zero (GPT-2).
    #[derive(Copy)]
    pub struct Gpt2 as "gpt2", "GPT-2" {
        deviation: f32 = 0.02, DEVIATION;
    }
}

impl Room for Gpt2 {
    fn words(&self) -> String {
        let usual = self.deviation == Self::default().deviation;
        let details = if usual { vec![] } else { vec![format!("{:?}", self.deviation)] };
        crate::techniques::with_details("GPT-2", &details)
    }
}

impl super::FirstMaps for Gpt2 {}

#[cfg(feature = "engine")]
mod engine {
    use super::Gpt2;
    use crate::parameters::Start;
    use crate::random::normal;

    impl Start for Gpt2 {
        fn weights(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
            normal(seed, name, inputs * outputs, f64::from(self.deviation))
        }

        fn symbols(&self, seed: u64, name: &str, rows: usize, width: usize) -> Vec<f32> {
            self.weights(seed, name, rows, width)
        }

        fn residual(&self, seed: u64, name: &str, [inputs, outputs]: [usize; 2], depth: usize) -> Vec<f32> {
            let deviation = f64::from(self.deviation) / libm::sqrt(2.0 * depth as f64);
            normal(seed, name, inputs * outputs, deviation)
        }

        fn head(&self, seed: u64, name: &str, inputs: usize, outputs: usize) -> Vec<f32> {
            self.weights(seed, name, inputs, outputs)
        }
    }
}
