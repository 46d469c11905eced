//! The wasm32 standard library for Debian's own Rust, which Debian ships as source only.
//!
//! Built once, about a minute, and put where rustc looks for it. It belongs to one version of rustc: a marker
//! beside it names that version.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::wasm_target::TARGET;
use super::{apt, say};
use crate::paths;
use crate::run::{command, run};

/// Where Debian's rustc looks for the target's libraries.
pub const LIBRARIES: &str = "/usr/lib/rustlib/wasm32-unknown-unknown/lib";

/// The crate whose only purpose is to make cargo build the standard library.
const CARRIER: &str = "std_carrier";

/// Whether the library is there, and for the installed rustc.
pub fn is_current() -> bool {
    let built_for = fs::read_to_string(marker()).ok();
    built_for.is_some() && built_for == apt::installed("rustc-web")
}

/// Installs the toolchain and builds its standard library, unless both are there.
pub fn ensure() -> Result<()> {
    apt::ensure(&["rustc-web", "cargo-web", "rust-web-src"], "building for the browser")?;
    // rustc calls `rust-lld`, a link to the LLVM release that this rustc was built with.
    let linker = fs::read_link("/usr/bin/rust-lld").unwrap_or_else(|_| PathBuf::from("lld-22"));
    apt::ensure(&[&linker.to_string_lossy()], "linking for the browser")?;
    if is_current() {
        return Ok(());
    }
    say("building Rust's standard library for wasm32 (about a minute, once)");
    let built = build().context("the standard library for wasm32 did not build")?;
    install(&built).with_context(|| format!("the standard library could not be copied to {LIBRARIES}"))
}

/// Builds the standard library; returns the folder of the `rlib` files.
fn build() -> Result<PathBuf> {
    let folder = paths::tools().join(CARRIER);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "#![no_std]\n")?;
    fs::write(
        folder.join("Cargo.toml"),
        format!("[package]\nname = \"{CARRIER}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n"),
    )?;
    run(command("/usr/bin/cargo")
        .current_dir(&folder)
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        // Without the bitcode, link-time optimization fails later.
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .args(["build", "--quiet", "--release", "--target", TARGET])
        .arg("-Zbuild-std=std,panic_abort,proc_macro,test"))?;
    Ok(folder.join("target").join(TARGET).join("release/deps"))
}

fn install(built: &Path) -> Result<()> {
    let libraries = Path::new(LIBRARIES);
    if libraries.exists() {
        fs::remove_dir_all(libraries)?;
    }
    fs::create_dir_all(libraries)?;
    let mut copied = 0;
    for file in fs::read_dir(built)? {
        let path = file?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.contains(CARRIER) {
            fs::copy(&path, libraries.join(&name))?;
            copied += 1;
        }
    }
    if copied == 0 {
        bail!("no library was built in {}", built.display());
    }
    let version = apt::installed("rustc-web").unwrap_or_default();
    forget_what_used_another(&version)?;
    fs::write(marker(), version)?;
    Ok(())
}

/// What was compiled against another build of the library cannot be linked with this one. The same sources give
/// the same bytes, so a target folder that outlived the system it was made on stays good.
fn forget_what_used_another(version: &str) -> Result<()> {
    let compiled = paths::target().join(TARGET);
    let used = compiled.join(".standard-library");
    if compiled.exists() && fs::read_to_string(&used).ok().as_deref() != Some(version) {
        fs::remove_dir_all(&compiled)?;
    }
    fs::create_dir_all(&compiled)?;
    Ok(fs::write(used, version)?)
}

fn marker() -> PathBuf {
    Path::new(LIBRARIES).join(".built-for")
}
