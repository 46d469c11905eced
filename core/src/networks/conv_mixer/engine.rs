//! The ConvMixer with its parameters.

use burn::tensor::Tensor;

use super::ConvMixer;
use super::filters::{Filters, filter_biases, filters};
use crate::interface::{Input, Network, Seen, Watcher};
use crate::kernels::{depthwise, gelu, mean_pool};
use crate::layers::{Linear, Normalization, PatchEmbedding};
use crate::networks::NetworkBuilder;
use crate::parameters::{Builder, ParameterId, Parameters};
use crate::probes::Probes;
use crate::surroundings::Reading;
use crate::techniques::tokens::TokenSlot;

/// One block of every replica.
#[derive(Clone, Debug)]
struct Block {
    /// `[R, f², D]`.
    filter: ParameterId,
    /// `[R, 1, D]`.
    filter_bias: ParameterId,
    filter_norm: Normalization,
    linear: Linear,
    linear_norm: Normalization,
}

impl Block {
    fn new(builder: &mut Builder, name: &str, model: &ConvMixer) -> Self {
        let (width, kernel) = (model.width as usize, model.kernel as usize);
        let (kind, norm) = (model.filters, model.norm);
        let (weight, bias) = (format!("{name}.filter.weight"), format!("{name}.filter.bias"));
        let filter = builder
            .add(&weight, [kernel * kernel, width], true, |seed| filters(kind, seed, &weight, kernel, width));
        let filter_bias =
            builder.add(&bias, [1, width], false, |seed| filter_biases(seed, &bias, kernel, width));
        if kind != Filters::Trained {
            builder.freeze(filter);
            builder.freeze(filter_bias);
        }
        Self {
            filter,
            filter_bias,
            filter_norm: Normalization::new(builder, &format!("{name}.filter.norm"), norm, width),
            linear: Linear::new(builder, &format!("{name}.linear"), width, width),
            linear_norm: Normalization::new(builder, &format!("{name}.linear.norm"), norm, width),
        }
    }

    fn forward(&self, parameters: &Parameters, x: Tensor<3>, tokens: usize) -> Tensor<3> {
        let (filter, bias) = (parameters.get(self.filter), parameters.get(self.filter_bias));
        let filtered = gelu(depthwise(x.clone(), filter, bias, tokens));
        let x = x + self.filter_norm.forward(parameters, filtered);
        self.linear_norm.forward(parameters, gelu(self.linear.forward(parameters, x)))
    }
}

/// A ConvMixer of every replica.
pub struct ConvMixerNetwork {
    embedding: PatchEmbedding,
    norm: Normalization,
    token_slot: TokenSlot,
    blocks: Vec<Block>,
    head: Linear,
    tokens: usize,
}

impl NetworkBuilder for ConvMixer {
    fn build(&self, builder: &mut Builder, reading: Reading) -> Box<dyn Network> {
        Box::new(ConvMixerNetwork::new(builder, self, reading))
    }
}

impl ConvMixerNetwork {
    /// The head starts as the transformer's.
    pub fn new(builder: &mut Builder, model: &ConvMixer, reading: Reading) -> Self {
        let Reading::Patches { tokens, features, classes } = reading else {
            unreachable!("the experiment's rules give a ConvMixer the patches of images")
        };
        let width = model.width as usize;
        let embedding = PatchEmbedding::without_positions(builder, features, width);
        let norm = Normalization::new(builder, "embedding.norm", model.norm, width);
        let token_slot = TokenSlot::new(&model.tokens, tokens, builder);
        let block = |index| Block::new(builder, &format!("blocks.{index}"), model);
        Self {
            embedding,
            token_slot,
            norm,
            blocks: (0..model.depth).map(block).collect(),
            head: Linear::head(builder, width, classes),
            tokens,
        }
    }

    /// The tokens that enter the first block.
    fn embed(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
        self.token_slot.forward(self.embedded(parameters, input))
    }

    /// The tokens before anything is done to them.
    fn embedded(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
        let Input::Patches(patches) = input else {
            unreachable!("the task that made the network also makes its input")
        };
        self.norm.forward(parameters, gelu(self.embedding.forward(parameters, patches)))
    }
}

impl Network for ConvMixerNetwork {
    fn forward(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
        let mut x = self.embed(parameters, input);
        for block in &self.blocks {
            x = block.forward(parameters, x, self.tokens);
        }
        self.head.forward(parameters, mean_pool(x, self.tokens))
    }

    /// The tokens on their way, since there is no attention.
    fn watch(&self, parameters: &Parameters, input: Input, probes: &Probes) -> Vec<Seen> {
        let embedded = self.embedded(parameters, input);
        let watcher = Watcher::new(*probes, self.tokens, self.blocks.len());
        watcher.follow(
            embedded,
            |x| self.token_slot.forward(x),
            &self.blocks,
            |block, x, _| block.forward(parameters, x, self.tokens),
        )
    }
}
