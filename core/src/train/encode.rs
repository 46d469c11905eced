//! What a network that was trained before makes of lists of symbols.

use burn::tensor::{Int, Tensor, TensorData};

use super::device::Engine;
use super::kept::Kept;
use super::origins::Origins;
use crate::interface::Input;
use crate::parameters::Builder;
use crate::spec::Experiment;

/// Lists that are encoded at once.
const CHUNK: usize = 32;

/// What the head of an experiment's network reads of each list, `[D]`; the network starts from `kept`, as its source says.
///
/// # Errors
/// A sentence, if the source does not fit, a list is longer than the network reads, or the device fails.
pub async fn encode(
    engine: &Engine,
    experiment: &Experiment,
    kept: Kept,
    lists: &[Vec<u16>],
) -> Result<Vec<Vec<f32>>, String> {
    let reading = experiment.task.reading();
    let tokens = reading.tokens();
    if let Some((index, list)) = lists.iter().enumerate().find(|(_, list)| list.len() > tokens) {
        return Err(format!("List {index} has {} symbols; the network reads {tokens}.", list.len()));
    }
    let mut origins = Origins::new(experiment);
    origins.add(kept);
    let mut builder = Builder::new(vec![0]);
    let network = experiment.model.build(&mut builder, reading);
    origins.transfer(std::slice::from_ref(experiment), &mut builder)?;
    let (layout, initial) = builder.finish();
    let parameters = layout.bind(&Tensor::from_data(initial, &engine.device), false);
    let mut encoded = Vec::with_capacity(lists.len());
    for chunk in lists.chunks(CHUNK) {
        let mut symbols = Vec::with_capacity(CHUNK * tokens);
        for list in chunk {
            symbols.extend(list.iter().map(|symbol| i32::from(*symbol)));
            symbols.resize(symbols.len() + tokens - list.len(), 0);
        }
        let symbols = TensorData::new(symbols, [1, chunk.len() * tokens]);
        let input = Input::Tokens(Tensor::<2, Int>::from_data(symbols, &engine.device));
        let made = network.representation(&parameters, input);
        let made = made.ok_or("This network has no head that reads a representation.")?;
        let width = made.dims()[2];
        let data = made.into_data_async().await.map_err(|error| format!("The device failed: {error}."))?;
        let numbers: Vec<f32> = data.iter::<f32>().collect();
        encoded.extend(numbers.chunks_exact(width).map(<[f32]>::to_vec));
    }
    Ok(encoded)
}
