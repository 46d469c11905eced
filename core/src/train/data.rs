//! The data of an experiment's variants, loaded once for all that share it.

use std::collections::BTreeMap;
use std::rc::Rc;

use burn::tensor::Device;

use super::run::seeds_of;
use crate::interface::PatchMap;
use crate::spec::Experiment;
use crate::tasks::{Dataset, HeldOut, Source};

/// The bytes of files below `data/`, by their names.
pub type Files = BTreeMap<&'static str, Vec<u8>>;

/// Data that is loaded already, with a variant that it was loaded for.
pub(super) struct Loader<'a> {
    pub(super) files: &'a Files,
    pub(super) held_out: HeldOut,
    pub(super) device: &'a Device,
    loaded: Vec<(Experiment, Rc<dyn Dataset>)>,
}

impl<'a> Loader<'a> {
    /// Nothing is loaded yet.
    pub(super) fn new(files: &'a Files, held_out: HeldOut, device: &'a Device) -> Self {
        Self { files, held_out, device, loaded: Vec::new() }
    }

    /// The data of a resolved variant.
    ///
    /// # Errors
    /// A sentence about the file that is missing or what is wrong with it.
    pub(super) fn load(&mut self, variant: &Experiment) -> Result<Rc<dyn Dataset>, String> {
        if let Some((_, data)) = self.loaded.iter().find(|(other, _)| share_data(other, variant)) {
            return Ok(data.clone());
        }
        let bytes = match variant.task.outline().file {
            Some(file) => self.files.get(file).ok_or_else(|| format!("data/{file} was not loaded."))?,
            None => &Vec::new(),
        };
        let source = Source {
            bytes,
            patches: &|| patch_map(variant),
            held_out: self.held_out,
            seeds: &seeds_of(variant),
            device: self.device,
        };
        let data: Rc<dyn Dataset> = variant.task.engine().load(source)?.into();
        self.loaded.push((variant.clone(), data.clone()));
        Ok(data)
    }
}

/// What a variant asks to be done to the patches of images before training.
fn patch_map(experiment: &Experiment) -> Option<Box<dyn PatchMap>> {
    experiment.model.outline().tokens?.engine().before_training(experiment.task.reading())
}

/// Whether two variants see the same data: the same task, and nothing done to patches before training, or the same.
pub(crate) fn share_data(a: &Experiment, b: &Experiment) -> bool {
    let same_tokens = a.model.outline().tokens == b.model.outline().tokens;
    a.task == b.task
        && a.seeds == b.seeds
        && (same_tokens || patch_map(a).is_none() && patch_map(b).is_none())
}
