//! How large an experiment is, known before anything is allocated.

use super::experiment::Experiment;

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

impl Experiment {
    /// The size of the base. Of a variant: `experiment.variant(i)?.size()`.
    pub fn size(&self) -> Size {
        let reading = self.task.reading();
        let size = self.model.chosen().size(&reading);
        let [tokens, outputs] = [reading.tokens(), reading.outputs()].map(|count| count as u64);
        let [batch, width] = [self.training.batch, self.model.outline().width].map(u64::from);
        // An example of a classifier has one answer, from the mean of its tokens.
        let answers = if reading.is_causal() { tokens } else { 1 };
        let example = tokens * (2 * size.first + 3 * size.middle) + answers * 3 * width * outputs;
        let kept = batch.saturating_mul(tokens).saturating_mul(size.kept);
        Size {
            tokens,
            parameters: size.parameters,
            operations: batch.saturating_mul(example).saturating_mul(2),
            bytes: size.parameters.saturating_mul(4).saturating_add(kept).saturating_mul(4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::networks::coordinate::Coordinate;
    use crate::networks::mixer::Mixer;
    use crate::networks::transformer::{Mlp, Transformer};
    use crate::tasks::gratings::Gratings;
    use crate::tasks::mnist::Mnist;
    use crate::tasks::picture::Picture;
    use crate::tasks::shakespeare::Shakespeare;

    #[test]
    fn the_benchmark_model_has_about_two_hundred_thousand_parameters() {
        let size = samples::digits().size();
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
        let mut text = Experiment::new("text", Shakespeare { context: 8 });
        let mlp = Mlp { width: 5, ..Mlp::default() };
        text.model = Transformer { depth: 1, width: 4, heads: 1, mlp, ..Transformer::default() }.into();
        text.training.batch = 1;
        // A character is looked up; it sees four and a half others on average, counted as four; 65 characters follow.
        let block = 8 * (4 * 4 * 4 + 2 * 4 * 4 + 2 * 4 * 5);
        assert_eq!(text.size().operations, 2 * 3 * (block + 8 * 4 * 65));

        let mut mixer = Experiment::new("mixer", Gratings { patch: 4, examples: 10, ..Gratings::default() });
        mixer.model = Mixer { depth: 2, width: 4, hidden: 6, mlp_width: 5, ..Mixer::default() }.into();
        mixer.training.batch = 1;
        // Each of 4 channels: 16 tokens to 6 and back; each of 16 tokens: 4 channels to 5 and back.
        let block = 4 * 2 * (16 * 6) + 16 * 2 * (4 * 5);
        assert_eq!(mixer.size().operations, 2 * (2 * (16 * 16 * 4) + 3 * (2 * block + 4 * 10)));

        let mut places = Experiment::new("places", Picture {});
        places.model = Coordinate { frequencies: 3, depth: 3, width: 8, ..Coordinate::default() }.into();
        places.training.batch = 10;
        assert_eq!(places.size().operations, 2 * 10 * (2 * 14 * 8 + 3 * (2 * 8 * 8 + 8)));
    }

    #[test]
    fn the_largest_fields_do_not_overflow() {
        let mut experiment = Experiment::new("large", Mnist { patch: 1 });
        let model = samples::transformer(&mut experiment);
        (model.depth, model.width, model.heads, model.head_width) = (48, 2048, 64, 256);
        model.mlp.width = 8192;
        experiment.training.batch = 4096;
        assert!(experiment.size().bytes > 1 << 40);
        let model = samples::transformer(&mut experiment);
        model.heads = u32::MAX;
        assert_eq!(model.attention_width(), u32::MAX);
    }
}
