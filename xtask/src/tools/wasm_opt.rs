//! wasm-opt, which shrinks the wasm files: from npm, since that is one download for every system.

use std::fs;

use anyhow::{Context, Result};

use super::say;
use crate::paths;
use crate::run::{command, run};
use crate::versions::BINARYEN;

/// Installs binaryen into the tools folder unless that version is there.
pub fn ensure() -> Result<()> {
    let manifest = paths::tools().join("node_modules/binaryen/package.json");
    let wanted = format!("\"version\": \"{BINARYEN}.");
    if fs::read_to_string(manifest).is_ok_and(|text| text.contains(&wanted)) {
        return Ok(());
    }
    say(&format!("npm install binaryen {BINARYEN} (wasm-opt)"));
    fs::create_dir_all(paths::tools())?;
    run(command("npm")
        .args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
        .arg(paths::tools())
        .arg(format!("binaryen@{BINARYEN}")))
    .context("wasm-opt comes from npm; install Node.js 18 or newer with npm, then try again")
}
