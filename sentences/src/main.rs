//! Cuts sentences into the symbols of a pretrained network, by its own `tokenizer.json`.
//!
//! ```text
//! kappa-sentences reviews TOKENIZER TEXT FILE     film reviews, as the task reads them
//! kappa-sentences lines TOKENIZER TEXT FILE       every line of a text, as a list of symbols in JSON
//! ```

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use kappa_core::tasks::reviews::SYMBOLS;
use kappa_core::tasks::reviews::format::{MAX_LENGTH, Sentence, classed, split, write};
use tokenizers::{Tokenizer, TruncationParams};

/// Largest file that is read.
const MAX_BYTES: u64 = 1 << 25;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, tokenizer, text, file] = &arguments[..] else {
        bail!("takes reviews or lines, tokenizer.json, a text, and the file to write");
    };
    let (tokenizer, text) = (ready(&bounded(tokenizer)?)?, bounded(text)?);
    let bytes = match kind.as_str() {
        "reviews" => reviews(&tokenizer, &text)?,
        "lines" => lines(&tokenizer, &text)?,
        other => bail!("takes reviews or lines, not {other}"),
    };
    let path = Path::new(file);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes).with_context(|| format!("{file} cannot be written"))?;
    println!("written: {file}");
    Ok(())
}

fn bounded(path: &str) -> Result<String> {
    let size = fs::metadata(path).with_context(|| format!("{path} cannot be read"))?.len();
    if size > MAX_BYTES {
        bail!("{path} must have at most {MAX_BYTES} bytes, not {size}");
    }
    fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))
}

/// The tokenizer, without padding; what is too long loses its end.
fn ready(text: &str) -> Result<Tokenizer> {
    let mut tokenizer = Tokenizer::from_bytes(text).map_err(|error| anyhow!("no tokenizer: {error}"))?;
    let truncation = TruncationParams { max_length: MAX_LENGTH, ..TruncationParams::default() };
    tokenizer.with_padding(None);
    tokenizer.with_truncation(Some(truncation)).map_err(|error| anyhow!("{error}"))?;
    let size = tokenizer.get_vocab_size(true);
    if size != SYMBOLS {
        bail!("the tokenizer must have {SYMBOLS} symbols, not {size}");
    }
    Ok(tokenizer)
}

fn symbols(tokenizer: &Tokenizer, sentence: &str) -> Result<Vec<u16>> {
    let encoding = tokenizer.encode(sentence, true).map_err(|error| anyhow!("{sentence}: {error}"))?;
    encoding.get_ids().iter().map(|symbol| Ok(u16::try_from(*symbol)?)).collect()
}

fn reviews(tokenizer: &Tokenizer, text: &str) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for (sentence, class) in classed(text).map_err(|error| anyhow!(error))? {
        all.push(Sentence { symbols: symbols(tokenizer, sentence)?, class });
    }
    Ok(write(&split(all).map_err(|error| anyhow!(error))?))
}

fn lines(tokenizer: &Tokenizer, text: &str) -> Result<Vec<u8>> {
    let mut lines = String::new();
    for line in text.lines() {
        lines.push_str(&serde_json::to_string(&symbols(tokenizer, line)?)?);
        lines.push('\n');
    }
    Ok(lines.into_bytes())
}
