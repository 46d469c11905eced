//! Tokens as they are.

use crate::fields::{Room, fields};
#[cfg(feature = "engine")]
use crate::interface::PatchMap;
#[cfg(feature = "engine")]
use crate::surroundings::Reading;

fields! {
    /// Nothing is done.
    #[derive(Copy)]
    pub struct Plain {}
}

impl Room for Plain {
    const NAME: &'static str = "plain";
    const LABEL: &'static str = "As they are";
    const HELP: &'static str = "Nothing is done to the tokens.";
}

#[cfg(feature = "engine")]
impl super::TokenTechnique for Plain {
    fn before_training(&self, _: Reading) -> Option<Box<dyn PatchMap>> {
        None
    }

    fn in_forward(&self, _: usize) -> Option<Box<dyn super::TokenMap>> {
        None
    }
}
