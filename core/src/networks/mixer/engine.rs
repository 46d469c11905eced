//! The mixer with its parameters.

use burn::tensor::Tensor;

use super::Mixer;
use crate::interface::{Input, Network, Seen, Watcher};
use crate::kernels::{gelu, mean_pool};
use crate::layers::{LayerNorm, Linear, PatchEmbedding};
use crate::networks::NetworkBuilder;
use crate::parameters::{Builder, Parameters};
use crate::probes::Probes;
use crate::surroundings::Reading;
use crate::techniques::tokens::TokenSlot;

/// One block of every replica.
#[derive(Clone, Debug)]
struct Block {
    mixing_norm: LayerNorm,
    mixing_up: Linear,
    mixing_down: Linear,
    mixing_skip: bool,
    mlp_norm: LayerNorm,
    mlp_up: Linear,
    mlp_down: Linear,
    mlp_skip: bool,
}

impl Block {
    fn new(builder: &mut Builder, index: usize, model: &Mixer, tokens: usize) -> Self {
        let (width, mlp, hidden) = (model.width as usize, model.mlp_width as usize, model.hidden as usize);
        let name = format!("blocks.{index}");
        let mixing = format!("{name}.mixing");
        let mixing_norm = LayerNorm::new(builder, &format!("{mixing}.norm"), width);
        let depth = model.depth as usize;
        let (mixing_up, mixing_down) = mixing_layers(builder, &mixing, [index, depth], [tokens, hidden]);
        Self {
            mixing_norm,
            mixing_up,
            mixing_down,
            mixing_skip: model.mixing_skip,
            mlp_norm: LayerNorm::new(builder, &format!("{name}.mlp.norm"), width),
            mlp_up: Linear::new(builder, &format!("{name}.mlp.up"), width, mlp),
            mlp_down: Linear::residual(builder, &format!("{name}.mlp.down"), [mlp, width], depth),
            mlp_skip: model.mlp_skip,
        }
    }

    fn forward(&self, parameters: &Parameters, x: Tensor<3>, tokens: usize) -> Tensor<3> {
        let mixed = self.mix(parameters, self.mixing_norm.forward(parameters, x.clone()), tokens);
        let x = if self.mixing_skip { x + mixed } else { mixed };
        let hidden = gelu(self.mlp_up.forward(parameters, self.mlp_norm.forward(parameters, x.clone())));
        let changed = self.mlp_down.forward(parameters, hidden);
        if self.mlp_skip { x + changed } else { changed }
    }

    /// The MLP over tokens.
    ///
    /// # Shapes
    /// - `x`, result: `[R, B·N, D]`
    fn mix(&self, parameters: &Parameters, x: Tensor<3>, tokens: usize) -> Tensor<3> {
        let [replicas, rows, width] = x.dims();
        let examples = rows / tokens;
        let channels = x.reshape([replicas, examples, tokens, width]).swap_dims(2, 3).reshape([
            replicas,
            examples * width,
            tokens,
        ]);
        let hidden = gelu(self.mixing_up.forward(parameters, channels));
        self.mixing_down
            .forward(parameters, hidden)
            .reshape([replicas, examples, width, tokens])
            .swap_dims(2, 3)
            .reshape([replicas, rows, width])
    }
}

/// The two layers of the MLP over tokens of one block of `depth`, by the builder's rule.
fn mixing_layers(
    builder: &mut Builder,
    name: &str,
    [index, depth]: [usize; 2],
    [tokens, hidden]: [usize; 2],
) -> (Linear, Linear) {
    let rule = builder.start();
    let mut layer = |part: usize, inputs: usize, outputs: usize| {
        let path = format!("{name}.{}", ["up", "down"][part]);
        let draw =
            |seed| rule.mixing(seed, name, index, [tokens, hidden]).map(|weights| weights[part].clone());
        // A rule says something of mixing for every seed, or for none.
        if builder.seeds().first().is_some_and(|&seed| draw(seed).is_some()) {
            let weights = |seed| draw(seed).expect("it did for the first seed");
            Linear::with_weights(builder, &path, inputs, outputs, weights)
        } else if part == 0 {
            Linear::new(builder, &path, inputs, outputs)
        } else {
            Linear::residual(builder, &path, [inputs, outputs], depth)
        }
    };
    (layer(0, tokens, hidden), layer(1, hidden, tokens))
}

/// An MLP-Mixer of every replica.
pub struct MixerNetwork {
    embedding: PatchEmbedding,
    token_slot: TokenSlot,
    blocks: Vec<Block>,
    norm: LayerNorm,
    head: Linear,
    tokens: usize,
}

impl NetworkBuilder for Mixer {
    fn build(&self, builder: &mut Builder, reading: Reading) -> Box<dyn Network> {
        Box::new(MixerNetwork::new(builder, self, reading))
    }
}

impl MixerNetwork {
    /// The head starts as the transformer's.
    pub fn new(builder: &mut Builder, model: &Mixer, reading: Reading) -> Self {
        let Reading::Patches { tokens, features, classes } = reading else {
            unreachable!("the experiment's rules give a mixer the patches of images")
        };
        let width = model.width as usize;
        let embedding = PatchEmbedding::without_positions(builder, features, width);
        let token_slot = TokenSlot::new(&model.tokens, tokens, builder);
        let block = |index| Block::new(builder, index, model, tokens);
        Self {
            embedding,
            token_slot,
            blocks: (0..model.depth as usize).map(block).collect(),
            norm: LayerNorm::new(builder, "norm", width),
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
        self.embedding.forward(parameters, patches)
    }
}

impl Network for MixerNetwork {
    fn forward(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
        let mut x = self.embed(parameters, input);
        for block in &self.blocks {
            x = block.forward(parameters, x, self.tokens);
        }
        let x = self.norm.forward(parameters, x);
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
