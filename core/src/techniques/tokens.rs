//! What is done to the tokens of an example before the first block: the slot, and what fills it.
//!
//! Graying of patches is not here: it changes the data before training ([`super::graying::PatchGrayer`]).

use burn::tensor::Tensor;

use super::conditioned_tokens::ConditionedTokens;
use super::graying::DctGrayer;
use crate::spec::{Place, Tokens, Transform};

/// The slot of one network.
#[derive(Clone, Debug)]
pub enum TokenSlot {
    /// Nothing is done; a choice that changes nothing (strength 0, exponent 1) is this one too.
    Plain,
    /// [`super::conditioned_tokens`].
    Conditioned(ConditionedTokens),
    /// [`super::graying`], of embedded tokens.
    Grayed(Box<DctGrayer>),
}

impl TokenSlot {
    /// What the model asks for, with N = `tokens` rows each example.
    pub fn new(choice: &Tokens, tokens: usize) -> Self {
        match *choice {
            Tokens::Conditioned { strength, iterations } if strength != 0.0 => {
                Self::Conditioned(ConditionedTokens::new(strength, iterations, tokens))
            }
            Tokens::Graying { transform: Transform::Dct, exponent, place: Place::Embedding }
                if exponent != 1.0 =>
            {
                Self::Grayed(Box::new(DctGrayer::new(tokens, exponent)))
            }
            Tokens::Plain | Tokens::Conditioned { .. } | Tokens::Graying { .. } => Self::Plain,
        }
    }

    /// # Shapes
    /// - `x`, result: `[R, B·N, D]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Plain => x,
            Self::Conditioned(conditioned) => conditioned.forward(x),
            Self::Grayed(grayer) => grayer.forward(x),
        }
    }
}

#[cfg(test)]
mod tests;
