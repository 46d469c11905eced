//! Quantization after training: numbers rounded to few bits, and what that takes and costs. Plain data, no Burn.
//!
//! *Compressing Sine-Activated Low-Rank Adapters through Post-Training Quantization* (arXiv 2505.21895) rounds the trained factors
//! of an adapter, never the change that they make, by a codebook found by k-means, and compares it with an even grid. Nothing is
//! trained after it.
//!
//! | grid | values of b bits | stored beside |
//! |---|---|---|
//! | k-means | 2^b centroids (Lloyd 1982), begun at quantiles | 2^b numbers of 32 bits a group |
//! | uniform | 2^b levels from the smallest to the largest | two numbers of 32 bits a group |
//!
//! A group is a whole matrix, one of its rows, or a block of its numbers in order.

mod codebook;
mod curve;
mod point;
#[cfg(all(test, feature = "engine"))]
mod tests;

use crate::fields::Phrase::Before;
use crate::fields::{choice, fields, integer, list, named};

pub use curve::{bjontegaard, mean_over_bytes, stable_rank_band};
pub use point::{ChangeRounded, QuantizedTo};

/// Most bits of a number.
pub const MAX_BITS: u32 = 8;

/// Bits of a number that is not rounded.
pub const WHOLE: u32 = 32;

/// Most widths that are tried.
const MAX_WIDTHS: usize = 8;

fields! {
    /// To how many bits trained matrices are rounded after the comparison.
    pub struct Quantization {
        /// Bits of a number, 1 to 8, each tried by itself.
        bits: Vec<f32> = Vec::new(), list("Quantized to", MAX_WIDTHS).zero("not quantized");
        /// Which values a number can have.
        grid: Grid = Grid::KMeans, named("Values", Before("values by "));
        /// Which numbers share their values.
        group: Group = Group::Tensor, named("Shared by", Before("shared by a "));
        /// Numbers of a block.
        block: u32 = 64, integer("Block", 2, 65_536, Before("block of ")).unit("numbers");
    }
}

choice! {
    /// Which values a number can have.
    pub enum Grid {
        /// Those that the numbers gather around.
        KMeans: "k-means", "k-means";
        /// Evenly from the smallest to the largest.
        Uniform: "uniform", "an even grid";
    }
}

choice! {
    /// Which numbers share their values.
    pub enum Group {
        /// All of a matrix.
        Tensor: "tensor", "matrix";
        /// Those of a row.
        Row: "row", "row";
        /// As many in order as a block has.
        Block: "block", "block";
    }
}

impl Quantization {
    /// The widths that are tried, in bits.
    ///
    /// # Errors
    /// A sentence without the field's name, if one is no whole number from 1 to [`MAX_BITS`].
    pub fn widths(&self) -> Result<Vec<u32>, String> {
        let width = |bits: &f32| {
            let whole = *bits as u32;
            let good = (1..=MAX_BITS).contains(&whole) && whole as f32 == *bits;
            good.then_some(whole).ok_or_else(|| format!("must be whole numbers from 1 to {MAX_BITS}"))
        };
        self.bits.iter().map(width).collect()
    }

    /// Numbers that share their values, in a matrix of `count` numbers.
    fn size(&self, count: usize, columns: usize) -> usize {
        let size = match self.group {
            Group::Tensor => count,
            Group::Row => columns,
            Group::Block => self.block as usize,
        };
        size.max(1)
    }

    /// What a matrix of `count` numbers in rows of `columns` takes at `bits` bits a number, in bits, codebooks counted.
    pub fn taken(&self, count: usize, columns: usize, bits: u32) -> u64 {
        let groups = count.div_ceil(self.size(count, columns)) as u64;
        let beside = if self.grid == Grid::KMeans { u64::from(WHOLE) << bits } else { 2 * u64::from(WHOLE) };
        count as u64 * u64::from(bits) + groups * beside
    }

    /// Rounds a matrix of rows of `columns` numbers to `bits` bits a number. What is not finite stays as it is.
    pub fn round(&self, values: &[f32], columns: usize, bits: u32) -> Vec<f32> {
        let mut rounded = Vec::with_capacity(values.len());
        for group in values.chunks(self.size(values.len(), columns)) {
            let levels = match self.grid {
                Grid::KMeans => codebook::k_means(group, 1 << bits),
                Grid::Uniform => codebook::even(group, 1 << bits),
            };
            rounded.extend(group.iter().map(|value| codebook::nearest(&levels, *value)));
        }
        rounded
    }
}
