//! MLP-Mixer (Tolstikhin et al., arXiv 2105.01601), section 2: one MLP mixes the tokens, another the channels.
//!
//! ```text
//! X ← (W₂ GELU(W₁ LN(X)ᵀ))ᵀ [+ X]        x ← W₄ GELU(W₃ LN(x)) [+ x], token by token
//! ```
//!
//! The MLP over tokens is the same for all channels. There are no positions: its weights know the places. A norm, the
//! mean over tokens and a linear layer end it. The two skips are those of the transformer's slots.

use burn::tensor::Tensor;

use super::layers::{LayerNorm, Linear, PatchEmbedding};
use super::network::{Input, Reading, Seen};
use super::parameters::{Builder, Parameters};
use super::watch::Watcher;
use crate::kernels::{gelu, mean_pool};
use crate::spec::{Initialization, Model, Probes};
use crate::techniques::initialization::mixing::mixing;
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
    fn new(builder: &mut Builder, index: usize, model: &Model, [tokens, hidden]: [usize; 2]) -> Self {
        let (width, mlp) = (model.width as usize, model.mlp.width as usize);
        let name = format!("blocks.{index}");
        let mixing = format!("{name}.mixing");
        let mixing_norm = LayerNorm::new(builder, &format!("{mixing}.norm"), width);
        let (mixing_up, mixing_down) = mixing_layers(builder, &mixing, index, [tokens, hidden]);
        Self {
            mixing_norm,
            mixing_up,
            mixing_down,
            mixing_skip: model.attention.skip,
            mlp_norm: LayerNorm::new(builder, &format!("{name}.mlp.norm"), width),
            mlp_up: Linear::new(builder, &format!("{name}.mlp.up"), width, mlp),
            mlp_down: Linear::new(builder, &format!("{name}.mlp.down"), mlp, width),
            mlp_skip: model.mlp.skip,
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

/// The two layers of the MLP over tokens; structured if the builder's rule is.
fn mixing_layers(
    builder: &mut Builder,
    name: &str,
    index: usize,
    [tokens, hidden]: [usize; 2],
) -> (Linear, Linear) {
    let (up, down) = (format!("{name}.up"), format!("{name}.down"));
    let Initialization::Impulse { target, kernel, .. } = *builder.initialization() else {
        return (Linear::new(builder, &up, tokens, hidden), Linear::new(builder, &down, hidden, tokens));
    };
    let draw = |seed| mixing(target, kernel, seed, name, index, [tokens, hidden]);
    (
        Linear::with_weights(builder, &up, tokens, hidden, |seed| draw(seed).0),
        Linear::with_weights(builder, &down, hidden, tokens, |seed| draw(seed).1),
    )
}

/// An MLP-Mixer of every replica.
#[derive(Clone, Debug)]
pub struct Mixer {
    embedding: PatchEmbedding,
    token_slot: TokenSlot,
    blocks: Vec<Block>,
    norm: LayerNorm,
    head: Linear,
    tokens: usize,
}

impl Mixer {
    /// `hidden`: width of the MLP over tokens. The head starts at zero, as the transformer's.
    pub fn new(builder: &mut Builder, model: &Model, hidden: usize, reading: Reading) -> Self {
        let Reading::Patches { tokens, features, classes } = reading else {
            unreachable!("the experiment's rules give a mixer the patches of images")
        };
        let width = model.width as usize;
        let embedding = PatchEmbedding::without_positions(builder, features, width);
        let block = |index| Block::new(builder, index, model, [tokens, hidden]);
        Self {
            embedding,
            token_slot: TokenSlot::new(&model.tokens, tokens),
            blocks: (0..model.depth as usize).map(block).collect(),
            norm: LayerNorm::new(builder, "norm", width),
            head: Linear::with_weights(builder, "head", width, classes, |_| vec![0.0; width * classes]),
            tokens,
        }
    }

    /// # Shapes
    /// - returns `[R, B, classes]`
    pub fn forward(&self, parameters: &Parameters, input: Input) -> Tensor<3> {
        let mut x = self.embed(parameters, input);
        for block in &self.blocks {
            x = block.forward(parameters, x, self.tokens);
        }
        let x = self.norm.forward(parameters, x);
        self.head.forward(parameters, mean_pool(x, self.tokens))
    }

    /// The matrices that the probes ask for: the tokens on their way, since there is no attention.
    pub fn watch(&self, parameters: &Parameters, input: Input, probes: &Probes) -> Vec<Seen> {
        let embedded = self.embedded(parameters, input);
        let watcher = Watcher::new(*probes, self.tokens, self.blocks.len());
        watcher.follow(embedded, &self.token_slot, &self.blocks, |block, x, _| {
            block.forward(parameters, x, self.tokens)
        })
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
