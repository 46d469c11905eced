//! How large an experiment is, known before anything is allocated.

use super::experiment::{Architecture, Experiment, Filters, Model, Norm, Task};

/// What one replica of one variant takes. Estimates: a kernel may need scratch space on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Tokens of one example, N.
    pub tokens: u64,
    /// Trainable numbers.
    pub parameters: u64,
    /// Floating-point operations of one training step, forward and backward: two for each multiplication of a matrix
    /// product. A linear layer takes as many for each of its two gradients as forward, so three times in all; the first
    /// one has no input to find a gradient of. Norms, activations, softmax and the optimizer are left out.
    pub operations: u64,
    /// Bytes of parameters, gradients, Adam's two moments, and what the backward pass keeps of a batch.
    pub bytes: u64,
}

impl Task {
    /// Edge of an image in pixels; `None` for text.
    pub fn edge(&self) -> Option<u32> {
        match self {
            Self::Digits { .. } => Some(8),
            Self::Mnist { .. } => Some(28),
            Self::Shapes { .. } => Some(24),
            Self::Gratings { .. } => Some(16),
            Self::Listops { .. } | Self::Picture {} | Self::Shakespeare { .. } => None,
        }
    }

    /// Edge of a patch and numbers of a pixel; `None` where there are no patches.
    fn patch(&self) -> Option<(u32, u32)> {
        match *self {
            Self::Digits { patch } | Self::Mnist { patch } | Self::Gratings { patch, .. } => Some((patch, 1)),
            Self::Shapes { patch, .. } => Some((patch, 3)),
            Self::Listops { .. } | Self::Picture {} | Self::Shakespeare { .. } => None,
        }
    }

    /// Tokens of one example, N.
    pub fn tokens(&self) -> u32 {
        match (self, self.patch()) {
            (_, Some((patch, _))) => {
                let across = self.edge().unwrap_or_default() / patch.max(1);
                across * across
            }
            (Self::Listops { length }, _) => *length,
            (Self::Shakespeare { context }, _) => *context,
            _ => 1,
        }
    }

    /// Numbers that a token is embedded from: the pixels of a patch, the symbols of the vocabulary, a place.
    pub fn features(&self) -> u32 {
        match (self, self.patch()) {
            (_, Some((patch, channels))) => patch.saturating_mul(patch).saturating_mul(channels),
            (Self::Listops { .. }, _) => LISTOPS_SYMBOLS,
            (Self::Shakespeare { .. }, _) => self.outputs(),
            _ => 2,
        }
    }

    /// Classes, the characters of the vocabulary, or the values of a place.
    pub fn outputs(&self) -> u32 {
        match self {
            Self::Shakespeare { .. } => 65,
            Self::Picture {} => 1,
            _ => 10,
        }
    }

    /// Examples of the training split: images, expressions, pixels, or places where a stretch of text can begin.
    pub fn training_examples(&self) -> u32 {
        match *self {
            Self::Digits { .. } => 1_442,
            Self::Mnist { .. } => 9_000,
            Self::Shapes { .. } => 8_192,
            Self::Gratings { examples, .. } => examples.saturating_mul(10),
            Self::Listops { .. } => 20_000,
            Self::Picture {} => PICTURE_EDGE * PICTURE_EDGE,
            Self::Shakespeare { context } => 869_879_u32.saturating_sub(context),
        }
    }

    /// Whether a token must not see those after it.
    pub fn is_causal(&self) -> bool {
        matches!(self, Self::Shakespeare { .. })
    }
}

/// Edge of the picture that a coordinate network learns, in pixels.
pub const PICTURE_EDGE: u32 = 48;

/// Ten digits, four operations, the closing bracket, and what pads an expression.
pub const LISTOPS_SYMBOLS: u32 = 16;

impl Model {
    /// Width d of one head, with 0 resolved.
    pub fn resolved_head_width(&self) -> u32 {
        if self.head_width == 0 { self.width / self.heads.max(1) } else { self.head_width }
    }

    /// Width of all heads together, h·d.
    pub fn attention_width(&self) -> u32 {
        self.heads.saturating_mul(self.resolved_head_width())
    }
}

impl Experiment {
    /// The size of the base. Of a variant: `experiment.variant(i)?.size()`.
    pub fn size(&self) -> Size {
        let tokens = u64::from(self.task.tokens());
        let batch = u64::from(self.training.batch);
        let (parameters, kept) = match self.model.architecture {
            Architecture::Coordinate { frequencies, .. } => self.coordinate(u64::from(frequencies)),
            _ => self.blocks(),
        };
        let kept = batch.saturating_mul(tokens).saturating_mul(kept);
        Size {
            tokens,
            parameters,
            operations: self.operations(),
            bytes: parameters.saturating_mul(4).saturating_add(kept).saturating_mul(4),
        }
    }

    /// See [`Size::operations`].
    fn operations(&self) -> u64 {
        let [tokens, features, outputs] =
            [self.task.tokens(), self.task.features(), self.task.outputs()].map(u64::from);
        let [depth, width, inner, hidden] =
            [self.model.depth, self.model.width, self.model.attention_width(), self.model.mlp.width]
                .map(u64::from);
        let causal = self.task.is_causal();
        // Multiplications for one token: by the first layer, and by what follows it before the last one.
        let symbols = self.task.edge().is_none();
        let embedding = if symbols { 0 } else { features * width }; // A symbol is looked up.
        let (first, middle) = match self.model.architecture {
            // Query, key, value, output; QKᵀ and the mix of the values, of which a causal network leaves half out.
            Architecture::Transformer => {
                let seen = if causal { tokens.div_ceil(2) } else { tokens };
                (embedding, depth * (4 * width * inner + 2 * seen * inner + 2 * width * hidden))
            }
            Architecture::Mixer { hidden: over } => {
                (embedding, depth * (2 * u64::from(over) * width + 2 * width * hidden))
            }
            Architecture::ConvMixer { kernel, .. } => {
                (embedding, depth * (u64::from(kernel * kernel) * width + width * width))
            }
            Architecture::Coordinate { frequencies, .. } => {
                let inputs = if frequencies == 0 { 2 } else { 2 + 4 * u64::from(frequencies) };
                (inputs * width, (depth - depth.min(1)) * width * width)
            }
        };
        // An example of a classifier has one answer, from the mean of its tokens.
        let answers = if causal { tokens } else { 1 };
        let example = tokens * (2 * first + 3 * middle) + answers * 3 * width * outputs;
        u64::from(self.training.batch).saturating_mul(example).saturating_mul(2)
    }

    /// Trainable numbers, and numbers that are kept of one token, of a network of blocks.
    fn blocks(&self) -> (u64, u64) {
        let [tokens, features, outputs] =
            [self.task.tokens(), self.task.features(), self.task.outputs()].map(u64::from);
        let [depth, width, heads, inner, hidden] = [
            self.model.depth,
            self.model.width,
            self.model.heads,
            self.model.attention_width(),
            self.model.mlp.width,
        ]
        .map(u64::from);
        // A transformer learns the position of every token, the others one bias for all.
        let places = if self.model.architecture == Architecture::Transformer { tokens } else { 1 };
        // The embedding and the positions; the last norm; the classifier.
        let ends = features * width + places * width + 2 * width + (width * outputs + outputs);
        let mlp = 2 * width * hidden + hidden + width;
        let (block, token) = match self.model.architecture {
            // Query, key, value, output; the MLP's two layers; two norms. All with biases. Kept of one token: seven
            // vectors of its width, four of the heads', two of the MLP's, and two rows of attention a head.
            Architecture::Transformer => {
                let attention = 4 * width * inner + 3 * inner + width;
                (attention + mlp + 4 * width, 7 * width + 4 * inner + 2 * hidden + 2 * heads * tokens)
            }
            Architecture::Mixer { hidden: over } => {
                let over = u64::from(over);
                let mixing = 2 * tokens * over + over + tokens;
                (mixing + mlp + 4 * width, 9 * width + 2 * hidden + 2 * over * width / tokens.max(1))
            }
            // A filter and a bias a channel; the linear layer; a norm after each. Seven vectors a token.
            Architecture::ConvMixer { kernel, norm, filters } => {
                let filters = if filters == Filters::Trained { u64::from(kernel * kernel) + 1 } else { 0 };
                let norms = if norm == Norm::None { 0 } else { 4 * width };
                (filters * width + width * width + width + norms, 7 * width)
            }
            Architecture::Coordinate { .. } => (0, 0),
        };
        // A ConvMixer without norms has no last one either (it stands after the embedding).
        let bare = matches!(self.model.architecture, Architecture::ConvMixer { norm: Norm::None, .. });
        let ends = if bare { ends - 2 * width } else { ends };
        (depth * block + ends, depth * token + 3 * width)
    }

    /// The same of a coordinate network: `depth` hidden layers and the last one; two vectors a layer are kept.
    fn coordinate(&self, frequencies: u64) -> (u64, u64) {
        let [depth, width, outputs] =
            [self.model.depth, self.model.width, self.task.outputs()].map(u64::from);
        let inputs = if frequencies == 0 { 2 } else { 2 + 4 * frequencies };
        let parameters = inputs * width
            + width
            + (depth - depth.min(1)) * (width * width + width)
            + width * outputs
            + outputs;
        (parameters, 2 * depth * width + inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_benchmark_model_has_about_two_hundred_thousand_parameters() {
        let size = Experiment::new("benchmark", Task::Digits { patch: 2 }).size();
        assert_eq!(size.tokens, 16);
        assert!((195_000..210_000).contains(&size.parameters), "{size:?}");
    }

    #[test]
    fn the_parameters_of_a_tiny_model_are_counted_exactly() {
        let tiny = crate::catalog::find("tiny").unwrap().experiment();
        assert_eq!(tiny.size().parameters, 4_970);
    }

    #[test]
    fn the_operations_of_a_tiny_model_are_counted_by_hand() {
        // 16 tokens of 4 pixels, width 16, two heads of 8, MLP of 32, two blocks, ten classes, batch 8.
        let tiny = crate::catalog::find("tiny").unwrap().experiment();
        let embedding = 16 * 4 * 16;
        let projections = 16 * 16 * 48 + 16 * 16 * 16;
        let attention = 2 * 2 * (16 * 16 * 8);
        let mlp = 2 * (16 * 16 * 32);
        let classifier = 16 * 10;
        let example = 2 * embedding + 3 * (2 * (projections + attention + mlp) + classifier);
        assert_eq!(tiny.size().operations, 2 * 8 * example);
    }

    #[test]
    fn the_operations_of_other_networks_are_counted_by_hand() {
        let mut text = Experiment::new("text", Task::Shakespeare { context: 8 });
        (text.model.depth, text.model.width, text.model.heads, text.model.mlp.width) = (1, 4, 1, 5);
        text.training.batch = 1;
        // A character is looked up; it sees four and a half others on average, counted as four; 65 characters follow.
        let block = 8 * (4 * 4 * 4 + 2 * 4 * 4 + 2 * 4 * 5);
        assert_eq!(text.size().operations, 2 * 3 * (block + 8 * 4 * 65));

        let mut mixer = Experiment::new("mixer", Task::Gratings { patch: 4, examples: 10 });
        mixer.model = Model {
            depth: 2,
            width: 4,
            architecture: Architecture::Mixer { hidden: 6 },
            ..text.model.clone()
        };
        mixer.training.batch = 1;
        // Each of 4 channels: 16 tokens to 6 and back; each of 16 tokens: 4 channels to 5 and back.
        let block = 4 * 2 * (16 * 6) + 16 * 2 * (4 * 5);
        assert_eq!(mixer.size().operations, 2 * (2 * (16 * 16 * 4) + 3 * (2 * block + 4 * 10)));

        let mut places = Experiment::new("places", Task::Picture {});
        places.model.architecture = Architecture::Coordinate {
            activation: Default::default(),
            frequencies: 3,
            norm: Default::default(),
        };
        (places.model.depth, places.model.width, places.training.batch) = (3, 8, 10);
        assert_eq!(places.size().operations, 2 * 10 * (2 * 14 * 8 + 3 * (2 * 8 * 8 + 8)));
    }

    #[test]
    fn the_largest_fields_do_not_overflow() {
        let mut experiment = Experiment::new("large", Task::Mnist { patch: 1 });
        let most = u32::MAX;
        experiment.model.depth = 48;
        (experiment.model.width, experiment.model.heads, experiment.model.head_width) = (2048, 64, 256);
        experiment.model.mlp.width = 8192;
        experiment.training.batch = 4096;
        assert!(experiment.size().bytes > 1 << 40);
        experiment.model.heads = most;
        assert_eq!(experiment.model.attention_width(), most);
    }
}
