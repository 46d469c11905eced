//! `cargo xtask`: everything a developer or CI runs, in one command each.
//!
//! A command first makes sure that the tools it needs are there ([`tools`]), then calls them. No step is
//! hidden: what is run is printed, and can be typed by hand.

mod bench;
mod build;
mod check;
mod format;
mod interop;
mod mutate;
mod paths;
mod pretrained;
mod run;
mod serve;
mod setup;
mod stamp;
mod test;
mod tools;
mod versions;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask COMMAND

  setup                   find or install every tool; quick when they are there
  serve [TRUNK OPTIONS]   build the page, serve it on http://127.0.0.1:8080/, rebuild on change
  build [--release]       build the page and its worker into dist/ (--release: shrunk by wasm-opt)
  test [core|page|all]    the native tests, the tests in a real browser, or both (the default)
  bench [OPTIONS]         the benchmarks, natively and in a real browser
  pretrained              fetch a language model and the sentences that it is fine-tuned on, into the cache
  interop [--keep]        adapters to and from PEFT, with PEFT itself (installs PyTorch; --keep: as fixtures)
  mutate [N]              damaged files of sources, checkpoints and adapters, a million or N of them
  check                   formatting, lints, licences, advisories
  format                  every file in one style, also those that `cargo fmt` does not see
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((command, options)) = arguments.split_first() else {
        print!("{USAGE}");
        return Ok(());
    };
    match command.as_str() {
        "setup" => setup::run(),
        "serve" => serve::run(options),
        "build" => build::run(options),
        "test" => test::run(options),
        "bench" => bench::run(options),
        "interop" => interop::run(options),
        "mutate" => mutate::run(options),
        "check" => check::run(),
        "pretrained" => pretrained::run_all(),
        "format" => format::run(options),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        unknown => bail!("there is no command `{unknown}`\n\n{USAGE}"),
    }
}
