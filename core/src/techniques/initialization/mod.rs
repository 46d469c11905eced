//! What the weights start from: one room a rule.
//!
//! | rule | linear layers | biases | query and key | values and output |
//! |---|---|---|---|---|
//! | [`xavier`] | U ±√(6 / (inputs + outputs)) | 0 | the same | the same |
//! | [`pytorch`] | U ±1/√inputs | the same | the same | the same |
//! | [`kaiming`] | U ±√(6 / inputs) | 0 | the same | the same |
//! | [`truncated_normal`] | N(0, s²) within 2 s; patches as PyTorch's | 0 | the same | the same |
//! | [`gpt2`] | N(0, s²), s = 0.02; what a skip adds, N(0, s² / 2L) | 0 | N(0, s²) | N(0, s²), N(0, s² / 2L) |
//! | [`mimetic`] | as Xavier | 0 | near I | near −I |
//! | [`impulse`] | as Xavier | 0 | maps near a shift | mimetic or Xavier |
//!
//! Linear layers are all but the head, which starts at zero, so that every variant starts from the same loss; tables of
//! symbols are normal with deviation 0.02. By GPT-2's rule alone both are N(0, s²) too. Norms start at gain 1 and shift 0.
//!
//! All draws are from named streams and all decompositions in f64, on the CPU, so that the first weights of a seed are
//! the same in the browser and natively.

use crate::fields::Phrase::{After, Before};
use crate::fields::{Row, logarithmic, named, slot};
#[cfg(feature = "engine")]
use crate::parameters::Start;

slot! {
    /// What the weights start from.
    pub enum Initialization is FirstMaps does Start {
        xavier::Xavier,
        pytorch::Pytorch,
        kaiming::Kaiming,
        truncated_normal::TruncatedNormal,
        gpt2::Gpt2,
        mimetic::Mimetic,
        impulse::Impulse,
    }
}

/// What a choice of this slot says of the attention maps that it starts with.
pub trait FirstMaps {
    /// Rows and columns that each head looks away on the token grid, in the order of the heads, again and again; `None` where
    /// that is not fixed.
    fn offsets(&self) -> Option<&'static [(i32, i32)]> {
        None
    }
}

/// The slot's row, the same in every network.
pub const INITIALIZATION: Row =
    named("Initialization", After(" initialization")).or_help("What the weights start from.").whole();

/// The row of the deviation of normal weights, the same in every rule that has one.
const DEVIATION: Row = logarithmic("Deviation", 1e-3, 1.0, Before("deviation "))
    .or_help("Standard deviation of the first weights.");

#[cfg(all(test, feature = "engine"))]
mod tests;
