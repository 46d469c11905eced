//! Where things are: the checkout, and the cache that all checkouts on a machine share.

use std::env;
use std::path::{Path, PathBuf};

/// The workspace's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the workspace")
}

/// `~/.cache/kappa-lab`: tools, and the target folder unless the user chose one.
pub fn cache() -> PathBuf {
    home().join(".cache").join("kappa-lab")
}

/// Where `kappa` looks for data that is not part of it: what `KAPPA_DATA` says, or `data` in the cache.
pub fn data() -> PathBuf {
    env::var_os("KAPPA_DATA")
        .filter(|path| !path.is_empty())
        .map_or_else(|| cache().join("data"), PathBuf::from)
}

/// Tools that do not go to cargo's `bin` folder, and what they are built from.
pub fn tools() -> PathBuf {
    cache().join("tools")
}

/// The target folder: `CARGO_TARGET_DIR` if set, otherwise in the cache, so that a second checkout is warm.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(chosen) if !chosen.is_empty() => root().join(chosen),
        _ => cache().join("target"),
    }
}

/// What trunk writes.
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// Where `cargo install` puts commands.
pub fn cargo_bin() -> PathBuf {
    env::var_os("CARGO_HOME").map_or_else(|| home().join(".cargo"), PathBuf::from).join("bin")
}

/// Where npm puts the commands of the packages in [`tools`].
pub fn npm_bin() -> PathBuf {
    tools().join("node_modules").join(".bin")
}

fn home() -> PathBuf {
    env::home_dir().expect("HOME is set")
}
