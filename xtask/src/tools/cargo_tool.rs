//! Commands that `cargo install` gives.

use anyhow::{Context, Result};

use super::say;
use crate::paths;
use crate::run::{command, output, run};
use crate::versions;

/// A command and the crate that it comes from.
pub struct CargoTool {
    krate: &'static str,
    version: &'static str,
    /// The command that prints `name version`.
    program: &'static str,
    /// Whether to use the versions its authors tested with.
    locked: bool,
}

/// Writes the JavaScript beside a wasm file.
pub const WASM_BINDGEN: CargoTool = CargoTool {
    krate: "wasm-bindgen-cli",
    version: versions::WASM_BINDGEN,
    program: "wasm-bindgen",
    // Its lock file names a release newer than every mirror of the registry serves.
    locked: false,
};

/// Bundles the page.
pub const TRUNK: CargoTool =
    CargoTool { krate: "trunk", version: versions::TRUNK, program: "trunk", locked: true };

/// Checks the licences and advisories of the dependencies.
pub const CARGO_DENY: CargoTool =
    CargoTool { krate: "cargo-deny", version: versions::CARGO_DENY, program: "cargo-deny", locked: true };

/// Installs the tool unless that version is there.
pub fn ensure(tool: &CargoTool) -> Result<()> {
    let found = output(command(tool.program).arg("--version"));
    if found.is_some_and(|line| line.split_whitespace().nth(1) == Some(tool.version)) {
        return Ok(());
    }
    say(&format!("cargo install {} {} (a few minutes, once)", tool.krate, tool.version));
    let mut install = command("cargo");
    install.args(["install", "--quiet", tool.krate, "--version", tool.version, "--force"]);
    if tool.locked {
        install.arg("--locked");
    }
    install
        .current_dir(prepared_folder()?)
        .env("CARGO_TARGET_DIR", paths::tools().join("build"))
        // Tools wait for disks and compilers: half the build time is worth more than their last percents.
        .envs([("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"), ("CARGO_PROFILE_RELEASE_LTO", "off")])
        .envs([("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"), ("CARGO_PROFILE_RELEASE_DEBUG", "0")]);
    run(&mut install).with_context(|| {
        format!(
            "{} {} is needed; install it by hand with `cargo install {} --version {}`",
            tool.program, tool.version, tool.krate, tool.version
        )
    })
}

/// Outside the workspace, so that its cargo configuration does not reach the tool.
fn prepared_folder() -> Result<std::path::PathBuf> {
    std::fs::create_dir_all(paths::tools())?;
    Ok(paths::tools())
}
