//! The wasm32 target: from rustup, or where its server is out of reach, from Debian's packages.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use super::{apt, debian_std, say};
use crate::run::{command, output, succeeds_within};

/// The target that the page is built for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The name under which rustup knows Debian's toolchain.
const DEBIAN_TOOLCHAIN: &str = "web";

/// Longer means that there is no way through, not that it is slow: the download is 20 MB.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(120);

/// The toolchain that has the wasm32 target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WasmToolchain {
    /// The one that builds everything else.
    Native,
    /// Debian's, linked into rustup.
    Debian,
}

impl WasmToolchain {
    /// A command that uses this toolchain, whichever cargo it calls.
    pub fn command(self, program: &str) -> Command {
        let mut command = command(program);
        if self == Self::Debian {
            command.env("RUSTUP_TOOLCHAIN", DEBIAN_TOOLCHAIN);
        }
        command
    }
}

/// Finds or installs the target.
pub fn ensure() -> Result<WasmToolchain> {
    // First, since it is linked only where rustup's server was once out of reach: what it built is still good.
    if debian_std::is_current() && is_linked() {
        return Ok(WasmToolchain::Debian);
    }
    if native_has_target() {
        return Ok(WasmToolchain::Native);
    }
    if output(command("rustup").arg("--version")).is_some() {
        say(&format!("rustup target add {TARGET}"));
        let mut add = command("rustup");
        if succeeds_within(add.args(["target", "add", TARGET]), DOWNLOAD_LIMIT) && native_has_target() {
            return Ok(WasmToolchain::Native);
        }
        say("rustup could not fetch it");
    }
    if !apt::is_debian() {
        bail!(
            "the Rust target {TARGET} is missing: run `rustup target add {TARGET}`, with rustup's server in reach"
        );
    }
    debian_std::ensure()?;
    if native_has_target() {
        return Ok(WasmToolchain::Native);
    }
    link()?;
    Ok(WasmToolchain::Debian)
}

/// Whether the toolchain in use has the standard library for the target.
fn native_has_target() -> bool {
    output(command("rustc").args(["--print", "target-libdir", "--target", TARGET])).is_some_and(|folder| {
        has_std(Path::new(&folder)) && (folder != debian_std::LIBRARIES || debian_std::is_current())
    })
}

/// Whether a folder of libraries has the standard library.
fn has_std(folder: &Path) -> bool {
    let Ok(files) = fs::read_dir(folder) else {
        return false;
    };
    files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
}

fn is_linked() -> bool {
    output(command("rustup").args(["toolchain", "list"]))
        .is_some_and(|list| list.lines().any(|line| line.split_whitespace().next() == Some(DEBIAN_TOOLCHAIN)))
}

fn link() -> Result<()> {
    if is_linked() {
        return Ok(());
    }
    say(&format!("rustup toolchain link {DEBIAN_TOOLCHAIN} /usr"));
    if output(command("rustup").args(["toolchain", "link", DEBIAN_TOOLCHAIN, "/usr"])).is_none() {
        bail!(
            "Debian's Rust could not be linked: run `rustup toolchain link {DEBIAN_TOOLCHAIN} /usr` by hand"
        );
    }
    Ok(())
}
