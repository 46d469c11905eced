//! What a network reads, and what it should answer.

use burn::tensor::{Int, Tensor};

/// What a network reads.
#[derive(Clone)]
pub enum Input {
    /// `[R, B·N, F]`: patches of images.
    Patches(Tensor<3>),
    /// `[R, B·N]`: characters or symbols.
    Tokens(Tensor<2, Int>),
    /// `[R, M, 2]`: places in a picture, each coordinate from −1 to 1.
    Places(Tensor<3>),
    /// `[R, M, F]`: rows of numbers.
    Rows(Tensor<3>),
}

/// What a network should answer; the kind decides the loss and the metrics.
#[derive(Clone)]
pub enum Targets {
    /// `[R, M]`: one class for each row of the logits; cross-entropy, accuracy.
    Classes(Tensor<2, Int>),
    /// `[R, M]`: the class of the next symbol, −1 where it is not asked for; cross-entropy and accuracy over the places that
    /// are asked, exact match over the examples.
    Asked(Tensor<2, Int>),
    /// `[R, M, O]`: the values themselves; mean squared error. Of a place 0 to 1: PSNR. Of rows whose length is 1 in the
    /// mean: relative error.
    Values(Tensor<3>),
}

/// What a network reads, and what it should answer.
pub struct Batch {
    /// The input of every replica.
    pub input: Input,
    /// What it should answer.
    pub targets: Targets,
}

/// Something that is done to the patches of every image once, before training: preprocessing.
pub trait PatchMap {
    /// Learns what it must know from the images of the training split; most learn nothing.
    ///
    /// # Shapes
    /// - `images`: `[n, N·F]`, image by image, patch by patch
    fn fit(&mut self, images: &[f32]);

    /// Changes one image of either split in place.
    ///
    /// # Shapes
    /// - `image`: `[N·F]`
    fn apply(&self, image: &mut [f32]);
}
