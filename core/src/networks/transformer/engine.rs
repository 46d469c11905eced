//! The transformer with its parameters.

use burn::tensor::Tensor;

use super::block::{Block, normalization};
use super::head::Reader;
use super::padding::Padding;
use super::{Head, Norms, Transformer};
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
    /// After the embedding or before the head.
    norm: LayerNorm,
    norms: Norms,
    head: Reader,
    heads: usize,
    tokens: usize,
    /// Whether an example has one answer, from the mean of its tokens.
    pooled: bool,
    /// Whether places of lists are empty.
    padded: bool,
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
            Reading::Symbols { tokens, vocabulary, classes, .. } => (
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
        let place = match model.norms {
            Norms::Before => "norm",
            Norms::After => "embedding.norm",
        };
        let norm = normalization(builder, model.norms, place, width);
        let head = match (model.head, &embedding) {
            (Head::Tied, Embedding::Tokens(embedding)) => Reader::tied(builder, embedding.table(), outputs),
            _ => Reader::Own(Linear::head(builder, width, outputs)),
        };
        Self {
            embedding,
            token_slot,
            blocks,
            norm,
            norms: model.norms,
            head,
            heads: model.heads as usize,
            tokens: reading.tokens(),
            pooled: !causal,
            padded: reading.is_padded(),
        }
    }

    /// The empty places of the input, if it can have some.
    fn padding(&self, input: &Input) -> Option<Padding> {
        match input {
            Input::Tokens(tokens) if self.padded => {
                Some(Padding::of(tokens.clone(), self.heads, self.tokens))
            }
            _ => None,
        }
    }

    /// The tokens that enter the first block.
    fn embed(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
        self.token_slot.forward(self.embedded(parameters, input))
    }

    /// The tokens before anything is done to them.
    fn embedded(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
        let embedded = match (&self.embedding, input) {
            (Embedding::Patches(embedding), Input::Patches(patches)) => {
                embedding.forward(parameters, patches)
            }
            (Embedding::Tokens(embedding), Input::Tokens(tokens)) => embedding.forward(parameters, tokens),
            _ => unreachable!("the task that made the network also makes its input"),
        };
        match self.norms {
            Norms::Before => embedded,
            Norms::After => self.norm.forward(parameters, embedded),
        }
    }

    /// The last tokens, of a list their mean.
    fn read(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
        let padding = self.padding(&input);
        let mut x = self.embed(parameters, input);
        for block in &self.blocks {
            x = block.forward(parameters, x, padding.as_ref());
        }
        if self.norms == Norms::Before {
            x = self.norm.forward(parameters, x);
        }
        match padding {
            Some(padding) => mean_pool(padding.for_the_mean(x), self.tokens),
            None if self.pooled => mean_pool(x, self.tokens),
            None => x,
        }
    }
}

impl Network for TransformerNetwork {
    fn forward(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
        self.head.forward(parameters, self.read(parameters, input))
    }

    fn representation(&self, parameters: &Parameters, input: Input) -> Option<Tensor<3>> {
        Some(self.read(parameters, input))
    }

    fn attention_weights(&self, parameters: &Parameters, input: Input) -> Vec<Tensor<4>> {
        let padding = self.padding(&input);
        let mut x = self.embed(parameters, input);
        let mut weights = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            weights.push(block.attention_weights(parameters, x.clone(), padding.as_ref()));
            x = block.forward(parameters, x, padding.as_ref());
        }
        weights
    }

    fn watch(&self, parameters: &Parameters, input: Input, probes: &Probes) -> Vec<Seen> {
        let padding = self.padding(&input);
        let embedded = self.embedded(parameters, input);
        let watcher = Watcher::new(*probes, self.tokens, self.blocks.len());
        let mut first = true;
        watcher.follow(
            embedded,
            |x| self.token_slot.forward(x),
            &self.blocks,
            |block, x, watcher| {
                if std::mem::take(&mut first) {
                    watcher.jacobian(&x, |example| {
                        block.attention_jacobian(parameters, example, padding.as_ref())
                    });
                }
                block.watch(parameters, x, watcher, padding.as_ref())
            },
        )
    }
}
