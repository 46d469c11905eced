//! Tokens as they are.

use crate::fields::{Room, fields};

fields! {
    /// Nothing is done to the tokens.
    #[derive(Copy)]
    pub struct Plain as "plain", "As they are" {}
}

impl Room for Plain {}

#[cfg(feature = "engine")]
mod engine {
    use super::Plain;
    use crate::interface::PatchMap;
    use crate::surroundings::Reading;
    use crate::techniques::Own;
    use crate::techniques::tokens::{TokenMap, TokenTechnique};

    impl TokenTechnique for Plain {
        fn before_training(&self, _: Reading) -> Option<Box<dyn PatchMap>> {
            None
        }

        fn in_forward(&self, _: usize, _: Own<'_>) -> Option<Box<dyn TokenMap>> {
            None
        }
    }
}
