//! rustfmt and clippy, for both toolchains.

use anyhow::{Result, bail};

use super::wasm_target::WasmToolchain;
use super::{apt, say};
use crate::run::{command, output};

/// Installs what is missing. Clippy for Debian's toolchain is welcome, not needed: see [`has_clippy`].
pub fn ensure(toolchain: &WasmToolchain) -> Result<()> {
    let fmt = output(command("cargo").args(["fmt", "--version"]));
    if fmt.is_none() || !has_clippy(WasmToolchain::Native) {
        say("rustup component add clippy rustfmt");
        let added = output(command("rustup").args(["component", "add", "clippy", "rustfmt"]));
        if added.is_none() && apt::ensure(&["rust-web-clippy", "rustfmt-web"], "linting").is_err() {
            bail!("clippy and rustfmt are missing: run `rustup component add clippy rustfmt`");
        }
    }
    if *toolchain == WasmToolchain::Debian
        && let Err(error) = apt::ensure(&["rust-web-clippy"], "linting the page")
    {
        say(&format!("{error}; the page's crates are only type-checked"));
    }
    Ok(())
}

/// Whether `cargo clippy` works with that toolchain.
pub fn has_clippy(toolchain: WasmToolchain) -> bool {
    output(toolchain.command("cargo").args(["clippy", "--version"])).is_some()
}
