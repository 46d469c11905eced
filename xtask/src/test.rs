//! `cargo xtask test`: all tests, and one line that counts them.

mod count;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use self::count::Count;
use crate::build::{self, Mode};
use crate::paths;
use crate::run::{command, describe, not_started, run as run_command};
use crate::tools;

/// Runs `core` (native), `page` (end to end) or `all`; fails if anything failed.
///
/// The last line of the output is `N passed, N failed`. A part that does not build, or ends before it has
/// reported, counts as one failure.
pub fn run(options: &[String]) -> Result<()> {
    let (core, page) = match options {
        [] => (true, true),
        [one] if one == "all" => (true, true),
        [one] if one == "core" => (true, false),
        [one] if one == "page" => (false, true),
        other => bail!("test takes core, page or all, not `{}`", other.join(" ")),
    };
    let browser = tools::for_tests()?;

    let mut total = Count::default();
    if core {
        total += count_tests(cargo_test().args(["-p", "kappa-core", "--features", "engine,cli"]))?;
        total += count_tests(cargo_test().args(["-p", "xtask"]))?;
        // What the page knows without a browser. Natively its libraries serve no other purpose: not optimized.
        let page = ["test", "--no-fail-fast", "-p", "kappa-app", "-p", "kappa-prose"];
        total += count_tests(command("cargo").args(page))?;
    }
    if page {
        match build::page(Mode::Release).and_then(|()| run_command(&mut build_command_line())) {
            Ok(()) => {
                let mut tests = cargo_test();
                tests.args(["-p", "kappa-tests"]);
                tests
                    .env("KAPPA_DIST", paths::dist())
                    .env("KAPPA_BIN", paths::target().join("release/kappa"));
                total += count_tests(browser.give_to(&mut tests))?;
            }
            Err(error) => {
                eprintln!("error: {error:#}");
                total.failed += 1;
            }
        }
    }

    println!("{total}");
    if total.failed > 0 {
        // Without a message: the count stays the last line.
        std::process::exit(1);
    }
    Ok(())
}

/// Builds the native `kappa`.
pub fn build_command_line() -> Command {
    let mut build = command("cargo");
    build.args(["build", "--release", "-p", "kappa-core", "--features", "engine,cli", "--bin", "kappa"]);
    build
}

fn cargo_test() -> Command {
    let mut test = command("cargo");
    test.args(["test", "--release", "--no-fail-fast"]);
    test
}

/// Runs a test command, showing its output as it comes, and counts.
fn count_tests(command: &mut Command) -> Result<Count> {
    eprintln!("$ {}", describe(command));
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| not_started(command))?;
    let mut count = Count::default();
    let output = child.stdout.take().context("the output was piped")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        count += Count::in_line(&line);
    }
    let status = child.wait()?;
    if !status.success() && count.failed == 0 {
        eprintln!("error: `{}` failed before it reported a test ({status})", describe(command));
        count.failed = 1;
    }
    Ok(count)
}
