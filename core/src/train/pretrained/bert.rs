//! BERT (Devlin et al., arXiv 1810.04805): an encoder whose norms stand after the sums.
//!
//! Sentences here have one segment, so that the first row of the token types is part of every position. The pooler is a layer of
//! BERT's own pretraining, which sentence encoders leave out.

use std::collections::BTreeMap;

use serde_json::Value;

use super::How::{PlusFirstRow, Same, SideBySide, Transposed};
use super::{Family, MAX_DEPTH, MAX_SIDE, Shape, number};

const WORDS: &str = "embeddings.word_embeddings.weight";
const POSITIONS: &str = "embeddings.position_embeddings.weight";
const TYPES: &str = "embeddings.token_type_embeddings.weight";

pub(super) const FAMILY: Family = Family {
    name: "BERT",
    ends: &[
        ("embedding.token.weight", Same, &[WORDS]),
        ("embedding.position", PlusFirstRow, &[POSITIONS, TYPES]),
        ("embedding.norm.scale", Same, &["embeddings.LayerNorm.weight"]),
        ("embedding.norm.shift", Same, &["embeddings.LayerNorm.bias"]),
    ],
    block: &[
        ("blocks.{}.attention.query.weight", Transposed, &["encoder.layer.{}.attention.self.query.weight"]),
        ("blocks.{}.attention.key.weight", Transposed, &["encoder.layer.{}.attention.self.key.weight"]),
        ("blocks.{}.attention.value.weight", Transposed, &["encoder.layer.{}.attention.self.value.weight"]),
        (
            "blocks.{}.attention.projection.bias",
            SideBySide,
            &[
                "encoder.layer.{}.attention.self.query.bias",
                "encoder.layer.{}.attention.self.key.bias",
                "encoder.layer.{}.attention.self.value.bias",
            ],
        ),
        (
            "blocks.{}.attention.output.weight",
            Transposed,
            &["encoder.layer.{}.attention.output.dense.weight"],
        ),
        ("blocks.{}.attention.output.bias", Same, &["encoder.layer.{}.attention.output.dense.bias"]),
        ("blocks.{}.attention.norm.scale", Same, &["encoder.layer.{}.attention.output.LayerNorm.weight"]),
        ("blocks.{}.attention.norm.shift", Same, &["encoder.layer.{}.attention.output.LayerNorm.bias"]),
        ("blocks.{}.mlp.up.weight", Transposed, &["encoder.layer.{}.intermediate.dense.weight"]),
        ("blocks.{}.mlp.up.bias", Same, &["encoder.layer.{}.intermediate.dense.bias"]),
        ("blocks.{}.mlp.down.weight", Transposed, &["encoder.layer.{}.output.dense.weight"]),
        ("blocks.{}.mlp.down.bias", Same, &["encoder.layer.{}.output.dense.bias"]),
        ("blocks.{}.mlp.norm.scale", Same, &["encoder.layer.{}.output.LayerNorm.weight"]),
        ("blocks.{}.mlp.norm.shift", Same, &["encoder.layer.{}.output.LayerNorm.bias"]),
    ],
    ignored: &["pooler.", "cls.", "embeddings.position_ids"],
    prefix: "bert.",
};

/// The shape that a configuration says.
///
/// # Errors
/// One sentence about the field that is wrong.
pub(super) fn shape(config: &Value) -> Result<Shape, String> {
    let number = |field: &str, most| number(config, field, most);
    let (depth, width) = (number("num_hidden_layers", MAX_DEPTH)?, number("hidden_size", MAX_SIDE)?);
    let (heads, hidden) = (number("num_attention_heads", width)?, number("intermediate_size", MAX_SIDE)?);
    let (symbols, places) = (number("vocab_size", MAX_SIDE)?, number("max_position_embeddings", MAX_SIDE)?);
    let types = number("type_vocab_size", MAX_SIDE)?;
    let text = |field: &str, allowed: &str| match config.get(field) {
        Some(found) if found != allowed => {
            Err(format!("config.json: {field} must be {allowed}, not {found}."))
        }
        _ => Ok(()),
    };
    text("hidden_act", "gelu")?;
    text("position_embedding_type", "absolute")?;
    let epsilon = config.get("layer_norm_eps").and_then(Value::as_f64);
    if epsilon != Some(1e-12) {
        let found = epsilon.map_or("missing".to_owned(), |value| value.to_string());
        return Err(format!("config.json: layer_norm_eps must be 1e-12, not {found}."));
    }

    let mut sides = BTreeMap::new();
    for (_, _, theirs) in FAMILY.ends.iter().chain(FAMILY.block) {
        for name in *theirs {
            let of = match *name {
                WORDS => vec![symbols, width],
                POSITIONS => vec![places, width],
                TYPES => vec![types, width],
                name if name.contains("intermediate") && name.ends_with("weight") => vec![hidden, width],
                name if name.contains("intermediate") => vec![hidden],
                name if name.ends_with("}.output.dense.weight") => vec![width, hidden],
                name if name.ends_with("bias") || name.contains("LayerNorm") => vec![width],
                _ => vec![width, width],
            };
            sides.insert(*name, of);
        }
    }
    let settings = vec![
        format!("model.depth={depth}"),
        format!("model.width={width}"),
        format!("model.heads={heads}"),
        format!("model.mlp.width={hidden}"),
        "model.mlp.activation=gelu".to_owned(),
        "model.norms=after".to_owned(),
    ];
    let words = format!("{depth} layers, {width} wide, {heads} heads, {symbols} symbols");
    Ok(Shape { depth, sides, words, settings })
}
