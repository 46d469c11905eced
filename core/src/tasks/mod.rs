//! What is learned, and from which data: one room a task. [`mod@format`] reads the data files and is free of Burn.

mod arithmetic;
#[cfg(feature = "engine")]
mod data;
mod drawn;
pub mod format;
mod images;
#[cfg(feature = "engine")]
mod lists;
mod sequences;

#[cfg(feature = "engine")]
use burn::tensor::Device;

#[cfg(feature = "engine")]
pub use data::Dataset;
#[cfg(feature = "engine")]
use data::{draw_examples, even_chunk, set_of, split_name};
pub use drawn::{Draw, Drawn};

use crate::fields::Phrase::After;
use crate::fields::{Row, named, slot};
#[cfg(feature = "engine")]
use crate::interface::PatchMap;
use crate::stats::Metric;
use crate::surroundings::Reading;

slot! {
    /// What is learned, from which data.
    pub enum Task is Described does TaskLoader {
        digits::Digits,
        mnist::Mnist,
        shapes::Shapes,
        gratings::Gratings,
        listops::Listops,
        brackets::Brackets,
        picture::Picture,
        shakespeare::Shakespeare,
        procedural::Procedural,
        haystack::Haystack,
        addition::Addition,
        multiplication::Multiplication,
        sorting::Sorting,
        matrix::Matrix,
        reviews::Reviews,
    }
}

/// The slot's row.
pub const TASK: Row = named("Task", After("")).or_help("What is learned, and from which data.");

/// The files below `data/` that the page and the command line bring along; others are made on the command line only.
pub const SHIPPED: [&str; 3] = ["digits.bin", "mnist.bin", "shakespeare.bin"];

/// What is known of a task before its data is there.
pub trait Described {
    /// Its shape, its size, its file.
    fn outline(&self) -> Outline;

    /// The accuracy that guessing reaches without what is to be learned, if the task knows it.
    fn chance(&self) -> Option<f64> {
        None
    }
}

/// What is known of a task before its data is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline {
    /// What a network reads and answers.
    pub reading: Reading,
    /// Examples of the training split: images, expressions, pixels, or places where a stretch of text can begin; `u32::MAX`
    /// where they are drawn anew at every step.
    pub training_examples: u32,
    /// Examples of the test split: images, lists, sequences or pixels, or characters that are predicted.
    pub test_examples: u32,
    /// The file below `data/` that it is made from; `None` for one that is generated.
    pub file: Option<&'static str>,
}

impl Task {
    /// What is known of it before its data is there.
    pub fn outline(&self) -> Outline {
        self.chosen().outline()
    }

    /// What a network reads and answers.
    pub fn reading(&self) -> Reading {
        self.outline().reading
    }

    /// The accuracy that guessing reaches without what is to be learned, if the task knows it.
    pub fn chance(&self) -> Option<f64> {
        self.chosen().chance()
    }

    /// What an evaluation yields; the first is what one looks at first.
    pub fn metrics(&self) -> &'static [Metric] {
        match self.reading() {
            Reading::Places { .. } => &[Metric::Psnr, Metric::Loss],
            Reading::Rows { .. } => &[Metric::RelativeError, Metric::Loss],
            Reading::Sequences { .. } => &[Metric::Accuracy, Metric::ExactMatch, Metric::Loss],
            Reading::Patches { .. } | Reading::Characters { .. } | Reading::Symbols { .. } => {
                &[Metric::Accuracy, Metric::Loss]
            }
        }
    }
}

/// How a task's data comes about.
#[cfg(feature = "engine")]
pub trait TaskLoader {
    /// The data.
    ///
    /// # Errors
    /// A sentence that names the field or the part of the file that is wrong.
    fn load(&self, source: Source<'_>) -> Result<Box<dyn Dataset>, String>;
}

/// What data is made from.
#[cfg(feature = "engine")]
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The task's file; none for one that is generated.
    pub bytes: &'a [u8],
    /// Makes what is done to the patches of every image before training; a task without images is given none.
    pub patches: &'a dyn Fn() -> Option<Box<dyn PatchMap>>,
    /// What evaluations are on.
    pub held_out: HeldOut,
    /// The seeds of the replicas, for a task that draws its data anew for each.
    pub seeds: &'a [u64],
    /// Where it is kept.
    pub device: &'a Device,
}

/// What evaluations are on. Nothing is chosen by the test split: what is tuned is tuned on the validation split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldOut {
    /// The test split. All training examples are trained on.
    Test,
    /// The validation split: of a task that is generated other examples than both splits have; of a file every sixth
    /// training example of each class, or the end of the training text, none of which is trained on; of a picture another
    /// picture, as a whole.
    Validation,
}
