//! The rows of fields that several networks have.

use crate::fields::Phrase::{After, Before, Count};
use crate::fields::{Row, flag, integer, logarithmic, named};

/// Of the slot itself.
pub const ARCHITECTURE: Row = named("Network", After("")).or_help("Which kind of network.");

pub(super) const DEPTH: Row = integer("Layers", 1, 48, Count("layer", "layers"))
    .or_help("Number of blocks L, each an attention half and an MLP half.");

pub(super) const WIDTH: Row =
    integer("Width", 4, 2048, Before("width ")).or_help("Numbers in a token, D.").step(4);

pub(super) const NORM: Row =
    named("Normalization", Before("normalization: ")).or_help("What normalizes the hidden layers.");

pub(super) const ATTENTION_SKIP: Row = flag("Attention skip", "attention skip")
    .or_help("Adds a block's input to its attention's output (Always Skip Attention, arXiv 2505.01996).");

pub(super) const MLP_WIDTH: Row =
    integer("MLP width", 1, 8192, Before("MLP width ")).or_help("Hidden width of a block's MLP.").step(8);

pub(super) const MLP_SKIP: Row = flag("MLP skip", "MLP skip").or_help(
    "Adds the MLP's input to its output (Always Skip Attention, arXiv 2505.01996, removes it to compare).",
);

pub(super) const POSITIONS: Row = logarithmic("Positions", 1e-3, 10.0, Before("positions of deviation "))
    .or_help("Standard deviation of the first positions, which are trained; usual are sines for images; for symbols 0.02, or what the initialization says.")
    .zero("as usual");
