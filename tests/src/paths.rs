//! Where the built things are. `cargo xtask test` says so in the environment; without it, the usual places count.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// The workspace's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests is a folder of the workspace")
}

/// The built page: `KAPPA_DIST`, or `dist/`.
///
/// # Errors
/// If nothing was built.
pub fn dist() -> Result<PathBuf> {
    let dist = env::var_os("KAPPA_DIST").map_or_else(|| root().join("dist"), PathBuf::from);
    ensure!(
        dist.join("index.html").is_file(),
        "{} holds no page: `cargo xtask build --release` makes one, `cargo xtask test` does that by itself",
        dist.display()
    );
    Ok(dist)
}

/// The native command line: `KAPPA_BIN`, or what cargo builds now.
///
/// # Errors
/// If it cannot be built.
pub fn command_line() -> Result<PathBuf> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    if let Some(named) = env::var_os("KAPPA_BIN").map(PathBuf::from) {
        ensure!(named.is_file(), "KAPPA_BIN is {}, and there is no such file", named.display());
        return Ok(named);
    }
    match BUILT.get() {
        Some(built) => Ok(built.clone()),
        None => {
            Ok(BUILT.get_or_init(|| build_command_line().unwrap_or_else(|error| panic!("{error:#}"))).clone())
        }
    }
}

fn build_command_line() -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let words = "build --release -p kappa-core --features engine,cli --bin kappa --message-format json";
    let output = Command::new(cargo)
        .args(words.split(' '))
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .context("cargo could not be started")?;
    ensure!(output.status.success(), "the command line could not be built");
    let messages = String::from_utf8(output.stdout)?;
    let executable = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back();
    match executable {
        Some(path) => Ok(path),
        None => bail!("cargo built no executable"),
    }
}

/// A folder for what the tests leave behind, made if it is not there: `target/<name>` beside the sources.
///
/// # Errors
/// If it cannot be made.
pub fn leavings(name: &str) -> Result<PathBuf> {
    let folder = root().join("target").join(name);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}

/// A new empty folder that goes away with its owner.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Named after what it is for.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new(name: &str) -> Result<Self> {
        let folder = env::temp_dir().join(format!("kappa-{name}-{}", std::process::id()));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left-overs in the folder for temporary files harm nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}
