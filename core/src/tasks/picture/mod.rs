//! One picture as a function of place: `picture`.
//!
//! 48×48 pixels of brightness 0 to 1, drawn from named streams of one fixed seed: replicas differ by their weights and
//! batches, never by the picture. Slow light, shapes with hard edges, and a fine texture in some of them, so that there is
//! something to learn at every scale. Places are the middles of pixels, each coordinate from −1 to 1, rows downwards.
//! Loss: mean squared error. Metrics: that, and the peak signal-to-noise ratio, of the whole picture.

#[cfg(feature = "engine")]
mod engine;

#[cfg(feature = "engine")]
use burn::tensor::Device;

use super::TaskOutline;
use crate::fields::{Room, fields};
#[cfg(feature = "engine")]
use crate::interface::PatchMap;
use crate::surroundings::Reading;

/// Edge of the picture in pixels.
const EDGE: u32 = 48;

fields! {
    /// There is one.
    #[derive(Copy)]
    pub struct Picture {
    }
}

impl Room for Picture {
    const NAME: &'static str = "picture";
    const LABEL: &'static str = "Picture";
    const HELP: &'static str = "One picture of 48×48 pixels as a function of place.";
}

impl TaskOutline for Picture {
    fn reading(&self) -> Reading {
        Reading::Places { outputs: 1 }
    }

    fn training_examples(&self) -> u32 {
        EDGE * EDGE
    }

    fn file(&self) -> Option<&'static str> {
        None
    }
}

#[cfg(feature = "engine")]
impl super::TaskLoader for Picture {
    fn load(
        &self,
        _: &[u8],
        _: Option<Box<dyn PatchMap>>,
        device: &Device,
    ) -> Result<Box<dyn super::Dataset>, String> {
        Ok(Box::new(engine::PictureTask::new(device)))
    }
}
