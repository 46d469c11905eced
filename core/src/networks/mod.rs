//! The networks: one room each, with the fields that it has and no others.
//!
//! Baseline and variant run the same network; only what fills a slot differs, and what fills it is in
//! [`crate::techniques`].

#[cfg(feature = "engine")]
mod names;
mod rows;

use crate::fields::slot;
#[cfg(feature = "engine")]
use crate::interface::Network;
#[cfg(feature = "engine")]
use crate::parameters::Builder;
use crate::surroundings::{Mixing, Reading, Surroundings};
use crate::techniques::initialization::Initialization;
use crate::techniques::tokens::Tokens;
use crate::techniques::weights::Weights;
#[cfg(feature = "engine")]
use crate::techniques::weights::spread_rows;

#[cfg(feature = "engine")]
pub use names::{NAMES, names};
pub use rows::ARCHITECTURE;

slot! {
    /// The network, and what fills its slots.
    pub enum Model at "architecture" is Described does NetworkBuilder {
        transformer::Transformer,
        mixer::Mixer,
        conv_mixer::ConvMixer,
        coordinate::Coordinate,
        linear::Linear,
    }
}

/// What is known of a network before there is one.
pub trait Described {
    /// What it is made of.
    fn outline(&self) -> Outline<'_>;

    /// How large it is for a task.
    fn size(&self, reading: &Reading) -> NetworkSize;
}

/// What a network is made of, as far as all networks have it.
#[derive(Clone, Copy, Debug)]
pub struct Outline<'a> {
    /// How its tokens come together.
    pub mixing: Mixing,
    /// Width D of a token, or of a hidden layer.
    pub width: u32,
    /// Standard deviation of the first positions, 0 for sines and cosines; `None` where positions are not learned.
    pub positions: Option<f32>,
    /// What is done to the tokens before the first block; `None` where there are no tokens.
    pub tokens: Option<&'a Tokens>,
    /// What the weights start from; `None` where they start at zero.
    pub initialization: Option<&'a Initialization>,
    /// By how many orders of magnitude their rows are scaled apart at first.
    pub row_spread: f32,
    /// How weights are made from their trained numbers.
    pub weights: &'a Weights,
}

/// How large one replica of a network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkSize {
    /// Trainable numbers.
    pub parameters: u64,
    /// Numbers that the backward pass keeps of one token.
    pub kept: u64,
    /// Multiplications of matrix products for one token by the first layer, whose input needs no gradient.
    pub first: u64,
    /// The same by what follows it, but for the last layer.
    pub middle: u64,
}

impl Model {
    /// What it is made of.
    pub fn outline(&self) -> Outline<'_> {
        self.chosen().outline()
    }

    /// What surrounds a choice of this model, beside this task.
    pub fn surroundings(&self, reading: Reading) -> Surroundings {
        let Outline { mixing, width, positions, initialization, .. } = self.outline();
        Surroundings { reading, mixing, width, positions, starts_at_zero: initialization.is_none() }
    }
}

/// How a network comes about.
#[cfg(feature = "engine")]
pub trait NetworkBuilder {
    /// The network for a task, its parameters drawn for every seed of the builder.
    fn build(&self, builder: &mut Builder, reading: Reading) -> Box<dyn Network>;
}

#[cfg(feature = "engine")]
impl Model {
    /// The network for a task, its parameters drawn for every seed of the builder by the rule that the model names.
    pub fn build(&self, builder: &mut Builder, reading: Reading) -> Box<dyn Network> {
        let outline = self.outline();
        if let Some(initialization) = outline.initialization {
            builder.start_by(initialization.engine());
        }
        let network = self.engine().build(builder, reading);
        spread_rows(builder, outline.row_spread, matches!(reading, Reading::Places { .. }));
        network
    }
}

#[cfg(all(test, feature = "engine"))]
mod tests;
