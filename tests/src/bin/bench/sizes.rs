//! What the browser downloads.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

/// One wasm file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Size {
    /// "page" or "engine".
    pub part: &'static str,
    /// As it lies there.
    pub raw: u64,
    /// As a server sends it that compresses: brotli at its best.
    pub brotli: u64,
}

/// The two wasm files of the built page.
pub fn of_wasm_files(dist: &Path) -> Result<Vec<Size>> {
    let mut sizes = Vec::new();
    for file in fs::read_dir(dist)? {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != "wasm") {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let part = if name.contains("worker") { "engine" } else { "page" };
        sizes.push(Size { part, raw: fs::metadata(&path)?.len(), brotli: brotli(&path)? });
    }
    sizes.sort_by_key(|size| size.raw);
    Ok(sizes)
}

/// Node.js, which the build needs for wasm-opt anyway, has brotli built in.
fn brotli(file: &Path) -> Result<u64> {
    const PROGRAM: &str =
        "console.log(require('zlib').brotliCompressSync(require('fs').readFileSync(process.argv[1])).length)";
    let output = Command::new("node")
        .args(["-e", PROGRAM])
        .arg(file)
        .output()
        .context("Node.js could not be started")?;
    ensure!(output.status.success(), "{} could not be compressed", file.display());
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
