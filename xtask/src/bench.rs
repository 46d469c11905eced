//! `cargo xtask bench`: the benchmarks, natively and in a real browser.

use anyhow::Result;

use crate::build::{self, Mode};
use crate::paths;
use crate::run::{command, run as run_command};
use crate::{test, tools};

/// Builds the page and the command line, then runs the benchmark program with `options`.
pub fn run(options: &[String]) -> Result<()> {
    let browser = tools::for_tests()?;
    build::page(Mode::Release)?;
    run_command(&mut test::build_command_line())?;
    let mut bench = command("cargo");
    bench.args(["run", "--release", "-p", "kappa-tests", "--bin", "bench", "--"]).args(options);
    bench.env("KAPPA_DIST", paths::dist()).env("KAPPA_BIN", paths::target().join("release/kappa"));
    run_command(browser.give_to(&mut bench))
}
