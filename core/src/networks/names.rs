//! What a network's layers are called in other libraries, a table a family.
//!
//! A family is added as a table: what a table does not name keeps its own name where weights are written, and cannot adapt
//! under these names.

use crate::fields::quote;
use crate::techniques::weights::peft::LayerNames;

/// Every table; the first is that of layers that keep their names.
pub const NAMES: [LayerNames; 2] = [
    LayerNames { called: "own", rows: &[] },
    // `BertForSequenceClassification` of Hugging Face's transformers.
    LayerNames {
        called: "bert",
        rows: &[
            ("blocks.{}.attention.query", "bert.encoder.layer.{}.attention.self.query"),
            ("blocks.{}.attention.key", "bert.encoder.layer.{}.attention.self.key"),
            ("blocks.{}.attention.value", "bert.encoder.layer.{}.attention.self.value"),
            ("blocks.{}.attention.output", "bert.encoder.layer.{}.attention.output.dense"),
            ("blocks.{}.mlp.up", "bert.encoder.layer.{}.intermediate.dense"),
            ("blocks.{}.mlp.down", "bert.encoder.layer.{}.output.dense"),
            ("head", "classifier"),
        ],
    },
];

/// The table that is called so.
///
/// # Errors
/// A sentence with those that there are.
pub fn names(called: &str) -> Result<&'static LayerNames, String> {
    NAMES.iter().find(|names| names.called == called).ok_or_else(|| {
        let known: Vec<_> = NAMES.iter().map(|names| names.called).collect();
        format!("The names of layers must be one of {}, not {}.", known.join(", "), quote(called))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_called_as_its_table_says_with_its_number() {
        let [own, bert] = &NAMES;
        assert_eq!(own.path("blocks.3.mlp.up").as_deref(), Some("blocks.3.mlp.up"));
        let query = bert.path("blocks.12.attention.query");
        assert_eq!(query.as_deref(), Some("bert.encoder.layer.12.attention.self.query"));
        assert_eq!(bert.path("head").as_deref(), Some("classifier"));
        for absent in ["blocks..mlp.up", "blocks.1.2.mlp.up", "blocks.x.mlp.up", "embedding.token", "heads"] {
            assert_eq!(bert.path(absent), None, "{absent}");
        }
        assert!(names("vit").unwrap_err().contains("one of own, bert, not \"vit\""));
    }
}
