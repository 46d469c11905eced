//! `cargo xtask serve`: the page on this machine, rebuilt when a file changes.

use anyhow::Result;

use crate::build::{Mode, trunk};
use crate::run::run as run_command;
use crate::tools;

/// Serves until interrupted. Further options go to trunk, for example `--port 9000`.
pub fn run(options: &[String]) -> Result<()> {
    let toolchain = tools::for_page()?;
    if options.is_empty() {
        println!(
            "The page will be at http://127.0.0.1:8080/ once it is built. Reload it after a change; stop with Ctrl-C."
        );
    }
    run_command(trunk(toolchain, "serve", Mode::Quick).args(options))
}
