//! What a network is to those who train, evaluate and probe it, whichever it is.

use burn::tensor::Tensor;

use super::batch::Input;
use super::watch::Seen;
use crate::parameters::Parameters;
use crate::probes::Probes;

/// A network of every replica. It owns no numbers: it knows where they lie in what it is given.
pub trait Network {
    /// # Shapes
    /// - returns `[R, B, classes]` where an example has one answer, `[R, B·N, V]` for the characters of a text, `[R, M, O]`
    ///   for places and rows
    fn forward(&self, parameters: &Parameters, input: Input) -> Tensor<3>;

    /// What the head reads; `None` where there is nothing before it.
    ///
    /// # Shapes
    /// - returns `[R, B, D]` where an example has one answer, `[R, B·N, D]` otherwise
    fn representation(&self, _parameters: &Parameters, _input: Input) -> Option<Tensor<3>> {
        None
    }

    /// Attention weights of every block; none where there is no attention.
    ///
    /// # Shapes
    /// - returns one `[R, B·H, N, N]` a block
    fn attention_weights(&self, _parameters: &Parameters, _input: Input) -> Vec<Tensor<4>> {
        Vec::new()
    }

    /// The matrices that the probes ask for, of every replica and of as many examples as there is time for; none where
    /// weights are all that there is, which are probed as such.
    fn watch(&self, parameters: &Parameters, input: Input, probes: &Probes) -> Vec<Seen>;
}
