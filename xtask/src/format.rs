//! `cargo xtask format`: every Rust file of the workspace in one style.
//!
//! `cargo fmt` follows `mod` lines from file to file and does not see those that a macro writes; the rooms of a slot are
//! declared by one (`core/src/fields/declare.rs`). So rustfmt is given every file.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::paths;
use crate::run::{command, not_started};

/// Where the workspace's sources are.
const FOLDERS: [&str; 4] = ["app", "core", "tests", "xtask"];

/// Formats everything.
pub fn run(options: &[String]) -> Result<()> {
    if !options.is_empty() {
        bail!("format takes no option, not `{}`", options.join(" "));
    }
    call(rustfmt()?)
}

/// Fails if a file is written otherwise, and shows how.
pub fn check() -> Result<()> {
    let mut check = rustfmt()?;
    check.arg("--check");
    call(check)
}

/// Like `run`, without a line for each file.
fn call(mut rustfmt: Command) -> Result<()> {
    let options: Vec<_> =
        rustfmt.get_args().filter(|word| !word.to_string_lossy().ends_with(".rs")).collect();
    eprintln!("$ rustfmt {} [every file]", options.join(OsStr::new(" ")).to_string_lossy());
    let status = rustfmt.status().with_context(|| not_started(&rustfmt))?;
    if !status.success() {
        bail!("`cargo xtask format` would write a file otherwise ({status})");
    }
    Ok(())
}

/// rustfmt on every file, in the workspace's edition.
fn rustfmt() -> Result<Command> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        sources(&paths::root().join(folder), &mut files)?;
    }
    files.sort();
    let mut rustfmt = command("rustfmt");
    rustfmt.args(["--edition", "2024"]);
    for file in files {
        // Relative, as one would type it.
        rustfmt.arg(file.strip_prefix(paths::root()).unwrap_or(&file));
    }
    Ok(rustfmt)
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !["node_modules", "target"].contains(&&*name) {
            sources(&path, found)?;
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_only_a_macro_declares_are_formatted_too() {
        let rustfmt = rustfmt().unwrap();
        let given = |name: &str| rustfmt.get_args().any(|file| file == Path::new(name).as_os_str());
        assert!(given("core/src/techniques/tokens/plain.rs") && given("xtask/src/format.rs"));
        assert!(!rustfmt.get_args().any(|file| file.to_string_lossy().contains("target/")));
    }

    #[test]
    fn an_unknown_option_is_an_error() {
        assert!(run(&["--fast".to_owned()]).unwrap_err().to_string().contains("--fast"));
    }
}
