//! The transformer with its parameters.

use burn::tensor::Tensor;

use super::block::Block;
use super::head::Reader;
use super::{Head, Transformer};
use crate::interface::{Input, Network, Seen, Watcher};
use crate::kernels::mean_pool;
use crate::layers::{LayerNorm, Linear, PatchEmbedding, TokenEmbedding};
use crate::networks::NetworkBuilder;
use crate::parameters::{Builder, Parameters};
use crate::probes::Probes;
use crate::surroundings::Reading;
use crate::techniques::tokens::TokenSlot;

#[derive(Clone, Copy, Debug)]
enum Embedding {
    Patches(PatchEmbedding),
    Tokens(TokenEmbedding),
}

/// A transformer of every replica.
pub struct TransformerNetwork {
    embedding: Embedding,
    token_slot: TokenSlot,
    blocks: Vec<Block>,
    norm: LayerNorm,
    head: Reader,
    tokens: usize,
    /// Whether an example has one answer, from the mean of its tokens.
    pooled: bool,
}

impl NetworkBuilder for Transformer {
    fn build(&self, builder: &mut Builder, reading: Reading) -> Box<dyn Network> {
        Box::new(TransformerNetwork::new(builder, self, reading))
    }
}

impl TransformerNetwork {
    /// By most rules the head starts at zero, so that all variants start from the same loss, log(classes).
    pub fn new(builder: &mut Builder, model: &Transformer, reading: Reading) -> Self {
        let width = model.width as usize;
        let (embedding, causal, outputs) = match reading {
            Reading::Patches { tokens, features, classes } => (
                Embedding::Patches(PatchEmbedding::new(builder, features, tokens, width, model.positions)),
                false,
                classes,
            ),
            Reading::Characters { tokens, vocabulary } | Reading::Sequences { tokens, vocabulary } => (
                Embedding::Tokens(TokenEmbedding::new(builder, vocabulary, tokens, width, model.positions)),
                true,
                vocabulary,
            ),
            Reading::Symbols { tokens, vocabulary, classes } => (
                Embedding::Tokens(TokenEmbedding::new(builder, vocabulary, tokens, width, model.positions)),
                false,
                classes,
            ),
            Reading::Places { .. } | Reading::Rows { .. } => {
                unreachable!("the experiment's rules give those to other networks")
            }
        };
        let token_slot = TokenSlot::new(&model.tokens, reading.tokens(), builder);
        let block = |i| Block::new(builder, &format!("blocks.{i}"), model, reading.tokens(), causal);
        let blocks = (0..model.depth).map(block).collect();
        let norm = LayerNorm::new(builder, "norm", width);
        let head = match (model.head, &embedding) {
            (Head::Tied, Embedding::Tokens(embedding)) => Reader::tied(builder, embedding.table(), outputs),
            _ => Reader::Own(Linear::head(builder, width, outputs)),
        };
        Self { embedding, token_slot, blocks, norm, head, tokens: reading.tokens(), pooled: !causal }
    }

    /// The tokens that enter the first block.
    fn embed(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
        self.token_slot.forward(self.embedded(parameters, input))
    }

    /// The tokens before anything is done to them.
    fn embedded(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
        match (&self.embedding, input) {
            (Embedding::Patches(embedding), Input::Patches(patches)) => {
                embedding.forward(parameters, patches)
            }
            (Embedding::Tokens(embedding), Input::Tokens(tokens)) => embedding.forward(parameters, tokens),
            _ => unreachable!("the task that made the network also makes its input"),
        }
    }
}

impl Network for TransformerNetwork {
    fn forward(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
        let mut x = self.embed(parameters, input);
        for block in &self.blocks {
            x = block.forward(parameters, x);
        }
        let x = self.norm.forward(parameters, x);
        let x = if self.pooled { mean_pool(x, self.tokens) } else { x };
        self.head.forward(parameters, x)
    }

    fn attention_weights(&self, parameters: &Parameters, input: Input) -> Vec<Tensor<4>> {
        let mut x = self.embed(parameters, input);
        let mut weights = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            weights.push(block.attention_weights(parameters, x.clone()));
            x = block.forward(parameters, x);
        }
        weights
    }

    fn watch(&self, parameters: &Parameters, input: Input, probes: &Probes) -> Vec<Seen> {
        let embedded = self.embedded(parameters, input);
        let watcher = Watcher::new(*probes, self.tokens, self.blocks.len());
        let mut first = true;
        watcher.follow(
            embedded,
            |x| self.token_slot.forward(x),
            &self.blocks,
            |block, x, watcher| {
                if std::mem::take(&mut first) {
                    watcher.jacobian(&x, |example| block.attention_jacobian(parameters, example));
                }
                block.watch(parameters, x, watcher)
            },
        )
    }
}
