//! What is learned, and from which data: one room a task. [`mod@format`] reads the data files and is free of Burn.

#[cfg(feature = "engine")]
mod data;
pub mod format;
mod images;
#[cfg(feature = "engine")]
mod lists;

#[cfg(feature = "engine")]
use burn::tensor::Device;

#[cfg(feature = "engine")]
pub use data::Dataset;
#[cfg(feature = "engine")]
use data::{draw_examples, even_chunk};

use crate::fields::Phrase::After;
use crate::fields::{Row, named, slot};
#[cfg(feature = "engine")]
use crate::interface::PatchMap;
use crate::stats::Metric;
use crate::surroundings::Reading;

slot! {
    /// What is learned, from which data.
    pub enum Task is TaskOutline does TaskLoader {
        digits::Digits,
        mnist::Mnist,
        shapes::Shapes,
        gratings::Gratings,
        listops::Listops,
        picture::Picture,
        shakespeare::Shakespeare,
    }
}

/// The slot's row.
pub const TASK: Row = named("Task", After("")).or_help("What is learned, and from which data.");

/// What is known of a task before its data is there.
pub trait TaskOutline {
    /// What a network reads and answers.
    fn reading(&self) -> Reading;

    /// Examples of the training split: images, expressions, pixels, or places where a stretch of text can begin.
    fn training_examples(&self) -> u32;

    /// The file below `data/` that it is made from; `None` for one that is generated.
    fn file(&self) -> Option<&'static str>;
}

impl Task {
    /// What a network reads and answers.
    pub fn reading(&self) -> Reading {
        self.chosen().reading()
    }

    /// What an evaluation yields; the first is what one looks at first.
    pub fn metrics(&self) -> &'static [Metric] {
        match self.reading() {
            Reading::Places { .. } => &[Metric::Psnr, Metric::Loss],
            Reading::Patches { .. } | Reading::Characters { .. } | Reading::Symbols { .. } => {
                &[Metric::Accuracy, Metric::Loss]
            }
        }
    }
}

/// How a task's data comes about.
#[cfg(feature = "engine")]
pub trait TaskLoader {
    /// The data, from the bytes of the task's file, none for one that is generated. `patches` is what is done to the patches
    /// of every image before training; a task without images is given none.
    ///
    /// # Errors
    /// A sentence that names the field or the part of the file that is wrong.
    fn load(
        &self,
        bytes: &[u8],
        patches: Option<Box<dyn PatchMap>>,
        device: &Device,
    ) -> Result<Box<dyn Dataset>, String>;
}
