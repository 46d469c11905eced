//! How large an experiment is, known before anything is allocated.

use super::experiment::{Experiment, Model, Task};

/// What one replica of one variant takes. Estimates: a kernel may need scratch space on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Tokens of one example, N.
    pub tokens: u64,
    /// Trainable numbers.
    pub parameters: u64,
    /// Bytes of parameters, gradients, Adam's two moments, and what the backward pass keeps of a batch.
    pub bytes: u64,
}

impl Task {
    /// Edge of an image in pixels; `None` for text.
    pub fn edge(&self) -> Option<u32> {
        match self {
            Self::Digits { .. } => Some(8),
            Self::Mnist { .. } => Some(28),
            Self::Shakespeare { .. } => None,
        }
    }

    /// Tokens of one example, N.
    pub fn tokens(&self) -> u32 {
        match *self {
            Self::Digits { patch } | Self::Mnist { patch } => {
                let across = self.edge().unwrap_or_default() / patch.max(1);
                across * across
            }
            Self::Shakespeare { context } => context,
        }
    }

    /// Numbers that a token is embedded from: the pixels of a patch, or the characters of the vocabulary.
    pub fn features(&self) -> u32 {
        match *self {
            Self::Digits { patch } | Self::Mnist { patch } => patch.saturating_mul(patch),
            Self::Shakespeare { .. } => self.outputs(),
        }
    }

    /// Classes, or the characters of the vocabulary.
    pub fn outputs(&self) -> u32 {
        match self {
            Self::Digits { .. } | Self::Mnist { .. } => 10,
            Self::Shakespeare { .. } => 65,
        }
    }

    /// Examples of the training split: images, or places where a stretch of text can begin.
    pub fn training_examples(&self) -> u32 {
        match *self {
            Self::Digits { .. } => 1_442,
            Self::Mnist { .. } => 9_000,
            Self::Shakespeare { context } => 869_879_u32.saturating_sub(context),
        }
    }
}

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
        let batch = u64::from(self.training.batch);

        // Query, key, value, output; the MLP's two layers; two norms. All with biases.
        let attention = 4 * width * inner + 3 * inner + width;
        let block = attention + (2 * width * hidden + hidden + width) + 4 * width;
        // The embedding and the positions, which are its bias; the last norm; the classifier.
        let ends = features * width + tokens * width + 2 * width + (width * outputs + outputs);
        let parameters = depth * block + ends;

        // Kept of one token in one block: seven vectors of its width, four of the heads', two of the MLP's, and two
        // rows of attention a head.
        let token = 7 * width + 4 * inner + 2 * hidden + 2 * heads * tokens;
        let kept = batch * tokens * (depth * token + 3 * width);
        Size { tokens, parameters, bytes: 4 * (4 * parameters + kept) }
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
