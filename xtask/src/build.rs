//! `cargo xtask build`: the page and its worker, by trunk, into `dist/`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::paths;
use crate::run::{command, output, run as run_command};
use crate::stamp::stamp;
use crate::tools::{self, WasmToolchain};

/// How much work to put into the wasm files. Both are optimized: an engine built for debugging is unusably slow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// As rustc leaves it: for work on the code.
    Quick,
    /// Shrunk by wasm-opt: what is published and tested.
    Release,
}

/// Builds, then prints the sizes of the wasm files.
pub fn run(options: &[String]) -> Result<()> {
    let mode = match options {
        [] => Mode::Quick,
        [option] if option == "--release" => Mode::Release,
        other => bail!("build takes --release or nothing, not `{}`", other.join(" ")),
    };
    page(mode)?;
    print_sizes()
}

/// Builds the page into `dist/`, with the tools it takes.
pub fn page(mode: Mode) -> Result<()> {
    let toolchain = tools::for_page()?;
    forget_bindings()?;
    run_command(&mut trunk(toolchain, "build", mode))?;
    stamp(&paths::dist())
}

/// Removes what wasm-bindgen wrote for the build before. Trunk puts the digests of all snippets that lie there into the page,
/// which is done before the worker is: a browser would block the worker's, if they have changed since.
fn forget_bindings() -> Result<()> {
    let folder = paths::target().join("wasm-bindgen");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}

/// A trunk command, with all that it must be told on any machine.
pub fn trunk(toolchain: WasmToolchain, subcommand: &str, mode: Mode) -> Command {
    let mut trunk = toolchain.command("trunk");
    trunk.arg(subcommand);
    trunk.env("TRUNK_SKIP_VERSION_CHECK", "true");
    // Trunk reads this variable as a flag of its own and rejects its usual value, 1.
    if std::env::var_os("NO_COLOR").is_some() {
        trunk.env("NO_COLOR", "true");
    }
    if mode == Mode::Release {
        trunk.arg("--release");
    }
    trunk
}

/// The size of each wasm file, and what a server that compresses sends of it.
fn print_sizes() -> Result<()> {
    let mut files: Vec<_> = fs::read_dir(paths::dist())?.flatten().map(|file| file.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    files.sort();
    for file in files {
        let raw = fs::metadata(&file)?.len();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let packed = brotli_bytes(&file).context("Node.js could not compress the file")?;
        println!("{name}: {} raw, {} brotli", megabytes(raw), megabytes(packed));
    }
    Ok(())
}

/// Node is there for wasm-opt, and has brotli built in.
fn brotli_bytes(file: &Path) -> Option<u64> {
    const PROGRAM: &str =
        "console.log(require('zlib').brotliCompressSync(require('fs').readFileSync(process.argv[1])).length)";
    output(command("node").args(["-e", PROGRAM]).arg(file))?.parse().ok()
}

fn megabytes(bytes: u64) -> String {
    format!("{:.3} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_in_decimal_megabytes() {
        assert_eq!(megabytes(7_512_345), "7.512 MB");
    }

    #[test]
    fn an_unknown_option_is_an_error_and_builds_nothing() {
        let error = run(&["--fast".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("--fast"), "{error}");
    }
}
