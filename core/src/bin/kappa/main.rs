//! `kappa`: the laboratory without a browser. Runs the same experiments, from the same files and links, on any GPU that
//! wgpu knows or on the CPU.
//!
//! ```text
//! kappa list                      what there is
//! kappa show rethinking-softmax   the claim, the paper's numbers, what is compared, the file
//! kappa run digits                train; EXPERIMENT is a name of the list, a .toml file or a link of the page
//! kappa run --resume runs/digits  go on where an interrupted run was saved
//! kappa record always-skip        train in one go, and write what the page shows as the recorded run
//! kappa claims                    every recorded claim, and what came of it
//! kappa sources list              what was trained once for networks to start from, and is kept
//! kappa adapters export runs/lora x  a trained adapter as a folder of Hugging Face's PEFT; also merge, evaluate
//! kappa devices                   where it can run
//! ```
//!
//! Exit codes: 0 finished, 1 the run failed, 2 bad usage or a bad experiment, 130 interrupted after saving.
//!
//! One file each: [`arguments`], [`choose`] (which experiment), [`about`] (list, show, devices), [`run`] (the loop),
//! [`training`] (the only one that knows the engine), [`folder`] (what a run leaves behind), [`lines`] (events as
//! JSON), [`cache`] (sources that are kept), [`pretrained`] (networks from elsewhere), [`adapters`] (folders of PEFT),
//! [`screen`] (progress), [`table`] and [`budget`] (the end), [`record`] and [`recorder`] (a run as one file for the page),
//! [`claims`] (all recorded
//! claims as one table).

mod about;
mod adapters;
mod arguments;
mod budget;
mod cache;
mod choose;
mod claims;
mod failure;
mod folder;
mod lines;
mod pretrained;
mod record;
mod recorder;
mod run;
mod screen;
mod table;
mod training;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command, Sources};
use failure::Failure;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::List => print(&about::list()),
        Command::Show { experiment, toml } => about::show(&experiment, toml).and_then(|text| print(&text)),
        Command::Devices => print(&about::devices(&training::devices())),
        Command::Run(options) => training::run(&options),
        Command::Sources { what } => sources(&what),
        Command::Adapters { what } => adapters::adapters(&what).and_then(|text| print(&text)),
        Command::Record(options) => record::record(&options),
        Command::Claims(options) => claims::claims(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.code()
        }
    }
}

/// What is kept for runs that start from it.
fn sources(what: &Sources) -> Result<(), Failure> {
    let cache = cache::Cache::open();
    let said = match what {
        Sources::List => cache.list(),
        Sources::Export { name, file } => cache.export(name, file),
        Sources::Import { file } => cache.import(file),
        Sources::Read { name, folder } => pretrained::read(&cache, name, folder),
        Sources::Embed { folder, file } => pretrained::embed(folder, file),
        Sources::Delete { name } => cache.delete(name),
    };
    said.and_then(|text| print(&text))
}

/// Writes to standard output. A reader that has seen enough, as `head` has, is no failure.
fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Run(vec![format!("Standard output cannot be written: {error}.")]))
        }
        _ => Ok(()),
    }
}
