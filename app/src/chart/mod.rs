//! Line charts by uPlot: a thin binding, and the columns that it draws.

pub mod columns;
mod plot;

pub use plot::{Plot, PlotSpec, SeriesSpec};

/// Lengths of dashes and gaps, one pattern a variant: lines can be told apart without their colours.
pub const DASHES: [&[u32]; 6] = [&[], &[8, 4], &[2, 3], &[10, 3, 2, 3], &[5, 2], &[14, 5]];
