//! `cargo xtask check`: formatting, lints, licences and advisories.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::format;
use crate::run::{command, describe, run as run_command, succeeds_within};
use crate::tools::{self, WasmToolchain};

/// Where RustSec keeps its advisories, and where cargo-deny fetches them from.
const ADVISORIES: &str = "https://github.com/rustsec/advisory-db";

/// Runs every check, also after one has failed; fails if any did.
pub fn run() -> Result<()> {
    let toolchain = tools::for_check()?;
    let mut failed = Vec::new();
    if let Err(error) = format::check() {
        eprintln!("error: {error:#}");
        failed.push("cargo xtask format".to_owned());
    }
    for mut check in checks(toolchain) {
        if let Err(error) = run_command(&mut check) {
            eprintln!("error: {error:#}");
            failed.push(describe(&check));
        }
    }
    if !failed.is_empty() {
        bail!("these checks failed:\n  {}", failed.join("\n  "));
    }
    println!("all checks passed");
    Ok(())
}

fn checks(toolchain: WasmToolchain) -> Vec<Command> {
    let mut checks = vec![
        cargo("clippy --release --all-targets -p kappa-core --features engine,cli -- -D warnings"),
        cargo("clippy --release --all-targets -p xtask -p kappa-prose -- -D warnings"),
        cargo("clippy --release --all-targets -p kappa-tests -- -D warnings"),
        lint_page(toolchain),
        cargo("deny check licenses bans sources"),
    ];
    let mut database = command("git");
    database.env("GIT_TERMINAL_PROMPT", "0").args(["ls-remote", ADVISORIES, "HEAD"]);
    if succeeds_within(&mut database, Duration::from_secs(15)) {
        checks.push(cargo("deny check advisories"));
    } else {
        eprintln!("note: the advisory database is out of reach; advisories are not checked");
    }
    checks
}

/// The two crates of the page, for their own target. With the engine's profile, build scripts and macros are
/// shared with the build of the engine.
fn lint_page(toolchain: WasmToolchain) -> Command {
    let mut lint = toolchain.command("cargo");
    let page =
        ["--profile", "web", "--target", "wasm32-unknown-unknown", "-p", "kappa-app", "-p", "kappa-worker"];
    if tools::has_clippy(toolchain) {
        lint.arg("clippy").args(page).args(["--", "-D", "warnings"]);
    } else {
        eprintln!("note: no clippy for the page's toolchain; its crates are only type-checked");
        lint.arg("check").args(page);
    }
    lint
}

fn cargo(arguments: &str) -> Command {
    let mut cargo = command("cargo");
    cargo.args(arguments.split(' '));
    cargo
}
