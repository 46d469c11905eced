//! The peers' pages: npm packages, installed and bundled in the cache folder that all checkouts share.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use kappa_tests::paths;

const PAGES: [&str; 2] = ["tfjs", "jax"];

/// Puts all pages of the benchmark into a folder; the peers only if they are wanted.
pub fn lay_out(folder: &Path, peers: bool) -> Result<()> {
    let sources = paths::root().join("tests/peers");
    fs::create_dir_all(folder)?;
    for file in ["ours.html", "ours.mjs", "tfjs.html", "jax.html"] {
        fs::copy(sources.join(file), folder.join(file)).with_context(|| file.to_owned())?;
    }
    if !peers {
        return Ok(());
    }
    let packages = install(&sources)?;
    for page in PAGES {
        let bundled = Command::new(packages.join(".bin/esbuild"))
            .arg(sources.join(format!("{page}.mjs")))
            .args(["--bundle", "--format=esm", "--log-level=warning"])
            .arg(format!("--outfile={}", folder.join(format!("{page}.js")).display()))
            .env("NODE_PATH", &packages)
            .status()
            .context("esbuild could not be started")?;
        ensure!(bundled.success(), "{page}.mjs could not be bundled");
    }
    Ok(())
}

/// Installs the packages unless these versions are there; returns their folder.
fn install(sources: &Path) -> Result<PathBuf> {
    let cache = env::home_dir().context("HOME is not set")?.join(".cache/kappa-lab/peers");
    let wanted = fs::read(sources.join("package.json"))?;
    let installed = cache.join("installed.json");
    if fs::read(&installed).is_ok_and(|found| found == wanted) {
        return Ok(cache.join("node_modules"));
    }
    eprintln!("npm install of the peers, into the cache folder");
    fs::create_dir_all(&cache)?;
    fs::write(cache.join("package.json"), &wanted)?;
    let done = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--silent"])
        .current_dir(&cache)
        .status()
        .context("npm could not be started: the peers are npm packages")?;
    ensure!(done.success(), "the peers could not be installed; `--only ours` does without them");
    fs::write(installed, wanted)?;
    Ok(cache.join("node_modules"))
}
