//! Writing what [`super::Tensors`] reads.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, TensorView};

/// The bytes of a safetensors file of single-precision tensors: name, shape, numbers with the last dimension fastest; and
/// texts beside them.
///
/// # Panics
/// If a tensor has another number of values than its shape says, or a name is there twice.
pub fn write<'a>(
    tensors: impl IntoIterator<Item = (String, Vec<usize>, &'a [f32])>,
    metadata: HashMap<String, String>,
) -> Vec<u8> {
    let bytes = |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|x| x.to_le_bytes()).collect() };
    let mut all: Vec<(String, Vec<usize>, Vec<u8>)> =
        tensors.into_iter().map(|(name, shape, values)| (name, shape, bytes(values))).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(all.windows(2).all(|pair| pair[0].0 != pair[1].0), "a tensor is there twice");
    let views = all.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
        (name.as_str(), view.expect("as many bytes as the shape says"))
    });
    let metadata = (!metadata.is_empty()).then_some(metadata);
    safetensors::serialize(views, metadata).expect("distinct names")
}
