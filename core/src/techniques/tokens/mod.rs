//! What is done to the tokens of an example before the first block.

use crate::fields::Phrase::After;
use crate::fields::{Problems, Row, named, slot};
#[cfg(feature = "engine")]
use crate::interface::PatchMap;
#[cfg(feature = "engine")]
use crate::parameters::Builder;
#[cfg(feature = "engine")]
use crate::surroundings::Reading;
use crate::surroundings::Surroundings;
#[cfg(feature = "engine")]
use crate::techniques::Own;

slot! {
    /// What is done to the tokens of an example before the first block.
    pub enum Tokens does TokenTechnique {
        plain::Plain,
        conditioned::Conditioned,
        graying::Graying,
        whitened::Whitened,
        rotated::Rotated,
        turned::Turned,
    }
}

/// The slot's row, the same in every network that has tokens.
pub const TOKENS: Row = named("Tokens", After(" tokens"))
    .or_help("What is done to the tokens of an example before the first block.")
    .whole();

/// What a choice of this slot does.
#[cfg(feature = "engine")]
pub trait TokenTechnique {
    /// What is done once to the patches of every image, before training; `None` if that is nothing.
    fn before_training(&self, reading: Reading) -> Option<Box<dyn PatchMap>>;

    /// What is done to embedded tokens in every forward pass, with N = `tokens` rows each example; `None` if that is
    /// nothing. `own` are numbers that are other ones in each replica.
    fn in_forward(&self, tokens: usize, own: Own<'_>) -> Option<Box<dyn TokenMap>>;
}

/// Changes the embedded tokens of every example of every replica by itself.
#[cfg(feature = "engine")]
pub trait TokenMap: std::fmt::Debug {
    /// # Shapes
    /// - `x`, result: `[R, B·N, D]`
    fn forward(&self, x: burn::tensor::Tensor<3>) -> burn::tensor::Tensor<3>;
}

/// What is done to the embedded tokens of a network.
#[cfg(feature = "engine")]
#[derive(Debug)]
pub struct TokenSlot(Option<Box<dyn TokenMap>>);

#[cfg(feature = "engine")]
impl TokenSlot {
    /// What the choice asks for, with N = `tokens` rows each example.
    pub fn new(choice: &Tokens, tokens: usize, builder: &Builder) -> Self {
        Self(choice.engine().in_forward(tokens, &|key| builder.own(&format!("model.tokens.{key}"))))
    }

    /// # Shapes
    /// - `x`, result: `[R, B·N, D]`
    pub fn forward(&self, x: burn::tensor::Tensor<3>) -> burn::tensor::Tensor<3> {
        match &self.0 {
            Some(map) => map.forward(x),
            None => x,
        }
    }
}

/// The rule of all that mixes the tokens of an example.
fn mixes_tokens(here: &Surroundings, problems: &mut Problems<'_>) {
    problems.rule(
        !here.reading.is_causal(),
        "",
        "must be plain here: conditioning mixes all tokens of an example, so a token would see those after it",
    );
}

#[cfg(all(test, feature = "engine"))]
mod tests;
