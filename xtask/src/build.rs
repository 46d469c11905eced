//! `cargo xtask build`: the page and its worker, by trunk, into `dist/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

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

/// Builds, then prints the sizes of the wasm files; those that are published have limits.
pub fn run(options: &[String]) -> Result<()> {
    let mode = match options {
        [] => Mode::Quick,
        [option] if option == "--release" => Mode::Release,
        other => bail!("build takes --release or nothing, not `{}`", other.join(" ")),
    };
    page(mode)?;
    let sizes = sizes()?;
    for size in &sizes {
        println!("{}: {} raw, {} brotli", size.name, megabytes(size.raw), megabytes(size.packed));
    }
    if mode == Mode::Release { within_limits(&sizes) } else { Ok(()) }
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

/// Bytes that a server that compresses may send of a published wasm file, by how its name begins: of the page, since nothing can
/// be read before it is there; of the engine, which comes after it.
const LIMITS: [(&str, u64); 2] = [("kappa-app", 350_000), ("kappa-worker", 5_000_000)];

/// The size of a wasm file, and what a server that compresses sends of it; in bytes.
struct Size {
    name: String,
    raw: u64,
    packed: u64,
}

/// Of each wasm file, by name.
fn sizes() -> Result<Vec<Size>> {
    let mut files: Vec<_> = fs::read_dir(paths::dist())?.flatten().map(|file| file.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    files.sort();
    let size = |file: &PathBuf| {
        let raw = fs::metadata(file)?.len();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let packed = brotli_bytes(file).context("Node.js could not compress the file")?;
        Ok(Size { name, raw, packed })
    };
    files.iter().map(size).collect()
}

/// Fails if a file is larger than its limit, or if there is not one file for each limit.
fn within_limits(sizes: &[Size]) -> Result<()> {
    for (name, limit) in LIMITS {
        let found: Vec<&Size> = sizes.iter().filter(|size| size.name.starts_with(name)).collect();
        let [size] = found[..] else { bail!("{} files are called {name}…, not one", found.len()) };
        ensure!(
            size.packed <= limit,
            "{} has {} bytes after brotli, and may have {limit}: what is not needed at first can be fetched later",
            size.name,
            size.packed
        );
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
    fn a_file_above_its_limit_is_an_error_that_names_it_and_so_is_one_that_is_not_there() {
        let size = |name: &str, packed| Size { name: name.to_owned(), raw: packed * 3, packed };
        let [page, engine] = [("kappa-app-1f_bg.wasm", 350_000), ("kappa-worker_bg.wasm", 5_000_000)];
        let judged = |of_page, of_engine| within_limits(&[size(page.0, of_page), size(engine.0, of_engine)]);
        assert!(judged(page.1, engine.1).is_ok());
        let error = judged(page.1 + 1, engine.1).unwrap_err().to_string();
        assert!(error.contains(page.0) && error.contains("350001"), "{error}");
        assert!(judged(page.1, engine.1 + 1).unwrap_err().to_string().contains(engine.0));
        assert!(within_limits(&[size(page.0, 1)]).unwrap_err().to_string().contains("kappa-worker"));
    }

    #[test]
    fn an_unknown_option_is_an_error_and_builds_nothing() {
        let error = run(&["--fast".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("--fast"), "{error}");
    }
}
