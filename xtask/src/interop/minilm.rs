//! What a network that was trained elsewhere makes of sentences, here and in transformers.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::told;
use crate::paths;
use crate::pretrained::{fetch, kappa, tokenize};
use crate::run::command;

/// What the other side does.
const SCRIPT: &str = "xtask/src/interop/minilm_side.py";

/// Twenty sentences of the film reviews.
const SENTENCES: &str = "xtask/src/interop/sentences.txt";

/// Largest difference of two embeddings that counts as the same.
const TOLERANCE: f64 = 1e-4;

/// Compares all-MiniLM-L6-v2's embeddings; what came of it, in JSON.
pub(super) fn compare(python: &Path, place: &Path) -> Result<String> {
    let (model, _) = fetch()?;
    let (symbols, ours) = (place.join("symbols.jsonl"), place.join("embeddings.jsonl"));
    tokenize("lines", &model, &paths::root().join(SENTENCES), &symbols)?;
    fs::write(&ours, told(kappa().args(["sources", "embed"]).arg(&model).arg(&symbols))?)?;
    let mut script = command(&python.to_string_lossy());
    script.env("HF_HUB_OFFLINE", "1").arg(SCRIPT).arg(&model).arg(&ours).arg(SENTENCES);
    let said = told(&mut script).context("transformers could not embed the sentences")?;
    let difference = difference(&said)?;
    println!("MiniLM's embeddings in transformers: largest difference {difference:e}");
    ensure!(difference <= TOLERANCE, "transformers' MiniLM gives other embeddings than ours");
    Ok(said)
}

/// The number behind `"largest_difference": ` at the end of a line.
fn difference(said: &str) -> Result<f64> {
    let (_, number) =
        said.rsplit_once("\"largest_difference\": ").context("the script named no difference")?;
    let number = number.trim_end_matches('}');
    number.parse().with_context(|| format!("not a number: {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_read() {
        assert_eq!(difference(r#"{"sentences": 20, "largest_difference": 9.5e-07}"#).unwrap(), 9.5e-7);
        assert!(difference("{}").is_err() && difference(r#"{"largest_difference": x}"#).is_err());
    }
}
