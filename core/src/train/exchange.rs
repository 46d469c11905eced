//! Trained adapters as folders of Hugging Face's PEFT, out and in: from the checkpoint of a run, and onto what it started from.
//!
//! The mathematics of each adapter and PEFT's layouts are in [`crate::techniques::weights::peft`]; here is which variant and
//! seed is meant, and the network around the adapter.

use std::collections::HashMap;
use std::rc::Rc;

use burn::tensor::{Device, Tensor, TensorData};

use super::checkpoint;
use super::device::Engine;
use super::preparing;
use crate::parameters::{Builder, Layout};
use crate::spec::Experiment;
use crate::techniques::weights::Conditioner;
use crate::techniques::weights::peft::{self, Folder, LayerNames, Numbers, layers};
use crate::tensors::write as safetensors;

/// One variant and seed of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Which variant, from 0.
    pub variant: usize,
    /// Which seed.
    pub seed: u64,
    /// What layers are called.
    pub names: &'static LayerNames,
}

/// A trained adapter, and the network that it changes, as safetensors of matrices `[outputs, inputs]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The adapter.
    pub folder: Folder,
    /// The network without its change; what was trained along is in it.
    pub base: Vec<u8>,
    /// The network with its change.
    pub merged: Vec<u8>,
}

/// An adapter that a variant starts from.
#[derive(Clone, Debug)]
pub struct Given {
    /// Which variant, from 0.
    pub variant: usize,
    /// The adapter.
    pub folder: Rc<Folder>,
    /// What its layers are called.
    pub names: &'static LayerNames,
}

impl Given {
    /// Sixteen digits that tell two apart.
    pub fn digest(&self) -> String {
        crate::spec::digest::hash([&self.folder.config[..], &self.folder.model].concat())
    }
}

/// The network of one seed, with its adapter.
struct Network {
    layout: Layout,
    row: Vec<f32>,
    conditioner: Box<dyn Conditioner>,
    device: Device,
}

impl Network {
    /// Out of a checkpoint.
    fn read(
        engine: &Engine,
        bytes: &[u8],
        chosen: &Chosen,
        given: Option<&Given>,
    ) -> Result<(Self, Experiment), Vec<String>> {
        let one = |sentence: String| vec![sentence];
        let (experiment, _) = checkpoint::describe(bytes)?;
        let checkpoint = checkpoint::read(bytes, &experiment)?;
        if checkpoint.preparing.is_some() || checkpoint.tuning {
            return Err(one(
                "The checkpoint is from before the comparison began: no variant is trained yet.".to_owned(),
            ));
        }
        let found = given.map(Given::digest);
        let started = checkpoint.given.iter().find(|(variant, _)| *variant == chosen.variant);
        if started.map(|(_, digest)| digest) != found.as_ref() {
            return Err(one(format!(
                "Variant {} started from {}; it is needed beside the checkpoint.",
                chosen.variant + 1,
                if started.is_some() { "another adapter of PEFT" } else { "no adapter" }
            )));
        }
        let earlier = checkpoint.earlier.first().map_or(0, |one| one.diverged.len() as u32);
        let all = preparing::resolved(&experiment, false, &checkpoint.tried, earlier)?;
        let count = all.len();
        let resolved = all.into_iter().nth(chosen.variant).ok_or_else(|| {
            one(format!("There is no variant {}; the run has {count}.", chosen.variant + 1))
        })?;
        let seeds = super::run::seeds_of(&resolved);
        let replica = seeds.iter().position(|seed| *seed == chosen.seed).ok_or_else(|| {
            let (first, last) = (seeds.first().copied().unwrap_or(0), seeds.last().copied().unwrap_or(0));
            one(format!("The checkpoint has no seed {}; it has {first} to {last}.", chosen.seed))
        })?;
        let (layout, conditioner) = built(&resolved, chosen.seed, &engine.device).map_err(one)?;
        let replicas = vec![seeds.len(); count];
        let saved = checkpoint.of(&replicas, experiment.training.steps)?;
        let saved = saved.into_iter().nth(chosen.variant).expect("as many as variants");
        if let Some(step) = saved.diverged[replica] {
            return Err(one(format!("Seed {} of the variant diverged at step {step}.", chosen.seed)));
        }
        let [parameters, ..] = saved.gather(chosen.variant, &layout, seeds.len())?;
        let row = parameters.iter::<f32>().skip(replica * layout.width()).take(layout.width()).collect();
        Ok((Self { layout, row, conditioner, device: engine.device.clone() }, resolved))
    }

    /// What the layers see.
    fn weights(&self) -> Vec<f32> {
        let raw = TensorData::new(self.row.clone(), [1, self.row.len()]);
        let made = self.conditioner.weights(&Tensor::from_data(raw, &self.device));
        made.weights.into_data().iter::<f32>().collect()
    }

    /// The network with these numbers, as a file.
    fn file(&self, row: &[f32], names: &LayerNames) -> Vec<u8> {
        let mut tensors = Vec::new();
        for layer in layers(&self.layout) {
            let path = names.path(&layer.name).unwrap_or_else(|| layer.name.clone());
            tensors.extend(
                layer
                    .torch(row)
                    .into_iter()
                    .map(|(key, shape, values)| (format!("{path}.{key}"), shape, values)),
            );
        }
        let views = tensors.iter().map(|(name, shape, values)| (name.clone(), shape.clone(), &values[..]));
        safetensors(views, HashMap::from([("format".to_owned(), "pt".to_owned())]))
    }
}

/// Where the numbers of a resolved experiment's network lie, and what makes its weights, for one seed.
fn built(
    resolved: &Experiment,
    seed: u64,
    device: &Device,
) -> Result<(Layout, Box<dyn Conditioner>), String> {
    let mut builder = Builder::new(vec![seed]);
    resolved.model.build(&mut builder, resolved.task.reading());
    let weights = resolved.model.outline().weights;
    let conditioner = weights.engine().conditioner(&mut builder, device)?;
    let conditioner = conditioner.ok_or_else(|| {
        format!("model.weights is {}, which adds no adapter: there is nothing to exchange.", weights.name())
    })?;
    Ok((builder.finish().0, conditioner))
}

/// The adapter of one variant and seed of a run, and the network around it.
///
/// `given` is what the variant started from, where it did: its drawn matrices are in no checkpoint.
///
/// # Errors
/// One sentence for each problem of the checkpoint, or of what PEFT cannot do.
pub fn export(
    engine: &Engine,
    bytes: &[u8],
    chosen: &Chosen,
    given: Option<&Given>,
) -> Result<Exported, Vec<String>> {
    let one = |sentence: String| vec![sentence];
    let (mut network, resolved) = Network::read(engine, bytes, chosen, given)?;
    let weights = resolved.model.outline().weights;
    let numbers = given
        .map(|given| peft::from_peft(weights, &network.layout, &given.folder, given.names))
        .transpose()
        .map_err(one)?;
    if let Some(numbers) = &numbers {
        network.conditioner.give(numbers);
    }
    let Network { layout, row, .. } = &network;
    let folder =
        peft::to_peft(weights, (layout, row, chosen.seed), numbers.as_ref(), chosen.names).map_err(one)?;
    let (base, merged) = (network.file(row, chosen.names), network.file(&network.weights(), chosen.names));
    Ok(Exported { folder, base, merged })
}

/// The network of one variant and seed of a run with an adapter of PEFT's in place of its own, as a file.
///
/// # Errors
/// One sentence for each problem of the checkpoint or the folder.
pub fn merge(
    engine: &Engine,
    bytes: &[u8],
    chosen: &Chosen,
    given: Option<&Given>,
    folder: &Folder,
) -> Result<Vec<u8>, Vec<String>> {
    let (mut network, resolved) = Network::read(engine, bytes, chosen, given)?;
    let weights = resolved.model.outline().weights;
    let numbers = peft::from_peft(weights, &network.layout, folder, chosen.names).map_err(|why| vec![why])?;
    network.conditioner.give(&numbers);
    peft::put(&numbers, &network.layout, &mut network.row);
    Ok(network.file(&network.weights(), chosen.names))
}

/// Puts what a variant starts from where the first values of every replica are, and its drawn matrices into what makes the
/// weights.
///
/// # Errors
/// A sentence about what does not fit.
pub(super) fn put(
    given: &Given,
    resolved: &Experiment,
    builder: &mut Builder,
    conditioner: Option<&mut Box<dyn Conditioner>>,
) -> Result<(), String> {
    let layout = builder.layout().clone();
    let weights = resolved.model.outline().weights;
    let numbers: Numbers = peft::from_peft(weights, &layout, &given.folder, given.names)?;
    builder.replicas().for_each(|(_, row)| peft::put(&numbers, &layout, row));
    if let Some(conditioner) = conditioner {
        conditioner.give(&numbers);
    }
    Ok(())
}

/// The data of the smallest experiment.
#[cfg(test)]
pub(super) fn digits() -> std::collections::BTreeMap<&'static str, Vec<u8>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../public/data/digits.bin");
    std::collections::BTreeMap::from([("digits.bin", std::fs::read(path).expect("the digits"))])
}

#[cfg(test)]
mod tests;
