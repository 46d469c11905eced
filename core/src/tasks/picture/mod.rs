//! One picture as a function of place: `picture`.
//!
//! 48×48 pixels of brightness 0 to 1, drawn from named streams of one fixed seed: replicas differ by their weights and
//! batches, never by the picture. Slow light, shapes with hard edges, and a fine texture in some of them, so that there is
//! something to learn at every scale. Places are the middles of pixels, each coordinate from −1 to 1, rows downwards.
//! Loss: mean squared error. Metrics: that, and the peak signal-to-noise ratio, of the whole picture.

#[cfg(feature = "engine")]
mod engine;

use super::{Described, Outline};
use crate::fields::{Room, fields};
use crate::surroundings::Reading;

/// Edge of the picture in pixels.
const EDGE: u32 = 48;

fields! {
    /// One picture of 48×48 pixels as a function of place.
    #[derive(Copy)]
    pub struct Picture as "picture", "Picture" {
    }
}

impl Room for Picture {}

impl Described for Picture {
    fn outline(&self) -> Outline {
        Outline {
            reading: Reading::Places { outputs: 1 },
            training_examples: EDGE * EDGE,
            test_examples: EDGE * EDGE,
            file: None,
        }
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Picture {
    fn load(&self, source: super::Source<'_>) -> Result<Box<dyn super::Dataset>, String> {
        Ok(Box::new(engine::PictureTask::new(source)))
    }
}
