//! `cargo xtask bench`: our engine beside two others that train in a browser, in one browser, in one run.
//!
//! ```text
//! cargo xtask bench                          everything; the table, and target/bench.json
//! cargo xtask bench --only ours              without the peers (or: tfjs, jax; techniques: their kernels alone)
//! cargo xtask bench --save docs/bench.json   a copy of the numbers
//! ```
//!
//! The model is the catalog's `bench`: 4 blocks, width 64, 4 heads, MLP 256, 16 tokens of 4 features, 10 classes. The
//! peers are TensorFlow.js and jax-js, in `tests/peers`. Kernels, submissions, bytes and the host's time hold on any
//! machine; step times hold for the device that is printed with them.

mod measure;
mod peers;
mod report;
mod sizes;
mod techniques;

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use kappa_tests::browser::{Browser, Gpu};
use kappa_tests::paths;
use kappa_tests::site::Site;

use measure::{Engine, RUNS, measure};
use report::Report;
use techniques::TECHNIQUES;

fn main() -> ExitCode {
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:?}");
            ExitCode::FAILURE
        }
    }
}

/// What was asked for.
#[derive(Default)]
struct Options {
    save: Option<PathBuf>,
    only: Option<Part>,
}

/// Some of it.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Engine(Engine),
    Techniques,
}

impl Options {
    fn read(words: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self::default();
        let mut words = words;
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--save" => options.save = Some(paths::root().join(value)),
                "--only" if value == "techniques" => options.only = Some(Part::Techniques),
                "--only" => options.only = Some(Part::Engine(Engine::named(&value)?)),
                other => bail!("bench takes --save FILE and --only ours|tfjs|jax|techniques, not `{other}`"),
            }
        }
        Ok(options)
    }

    fn has(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }
}

fn bench() -> Result<()> {
    let options = Options::read(env::args().skip(1))?;
    let runs: Vec<_> = RUNS.iter().filter(|run| options.has(Part::Engine(run.engine))).collect();
    let peers = runs.iter().any(|run| run.engine != Engine::Ours);
    let pages = paths::Scratch::new("bench")?;
    peers::lay_out(&pages.path().join("bench"), peers)?;
    let site = Site::serve(&[paths::dist()?, pages.path().to_owned()])?;
    let browser = Browser::start(Gpu::SwiftShader)?;
    browser.session.open(&format!("{}bench/ours.html", site.address()))?;
    let mut report = Report::new(&browser)?;
    eprintln!("{}", report.machine());
    for run in runs {
        eprint!("{run} … ");
        let measured = measure(&browser, &site, run);
        match &measured {
            Ok(row) => {
                eprintln!("{:.0} ms a step, {:.1} s to the first", row.step_ms, row.first_step_ms / 1e3)
            }
            Err(error) => eprintln!("{error:#}"),
        }
        report.add(run, measured);
    }
    if options.has(Part::Techniques) {
        for technique in TECHNIQUES {
            eprint!("{} … ", technique.name);
            let count = technique.count(&browser, &site)?;
            eprintln!("{:.0} kernels a step", count.kernels);
            report.techniques.push(count);
        }
    }
    drop(browser);
    report.sizes = sizes::of_wasm_files(&paths::dist()?)?;

    println!("{}", report.table());
    let json = serde_json::to_string_pretty(&report.json())? + "\n";
    let file = paths::leavings("")?.join("bench.json");
    for path in [Some(file), options.save].into_iter().flatten() {
        fs::write(&path, &json).with_context(|| path.display().to_string())?;
        println!("written: {}", path.display());
    }
    Ok(())
}
