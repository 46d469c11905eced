//! One test: a site, a fresh browser, the page; and a report of all that was seen if it fails.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, ensure};
use kappa_core::catalog;
use kappa_core::spec::Experiment;

use crate::browser::{Browser, Gpu};
use crate::lab::Lab;
use crate::paths;
use crate::site::Site;

/// Tests take turns: a browser that computes shaders on the CPU needs the machine for itself.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    // A test that failed while it had its turn leaves nothing behind.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a test in a browser of its own.
///
/// # Panics
/// If the test fails, after printing what was on the page and in the console; and if the console has errors although
/// the test passed.
pub fn in_browser(gpu: Gpu, name: &str, test: impl FnOnce(&Lab) -> Result<()>) {
    let _turn = turn();
    let start = || -> Result<(Site, Browser)> { Ok((Site::serve(&[paths::dist()?])?, Browser::start(gpu)?)) };
    let (site, browser) = start().unwrap_or_else(|error| panic!("{error:#}"));
    let lab = Lab::new(browser, site.address());
    let outcome = catch_unwind(AssertUnwindSafe(|| test(&lab)));
    let console = lab.browser.console_errors().unwrap_or_default();
    if !matches!(outcome, Ok(Ok(()))) {
        eprintln!("{name} failed; on the page:\n{}", lab.describe());
        match lab.browser.screenshot(&format!("failed-{name}")) {
            Ok(path) => eprintln!("a picture of it: {}", path.display()),
            Err(error) => eprintln!("no picture of it: {error:#}"),
        }
        console.iter().for_each(|line| eprintln!("console: {line}"));
    }
    match outcome {
        Ok(Ok(())) => assert!(console.is_empty(), "{name} passed, but the console has errors: {console:#?}"),
        Ok(Err(error)) => panic!("{error:#}"),
        Err(panic) => resume_unwind(panic),
    }
}

/// The catalog's smallest experiment, with this many steps.
pub fn tiny(steps: u32) -> Experiment {
    let mut experiment = catalog::find("tiny").expect("the catalog has it").experiment().clone();
    experiment.training.steps = steps;
    experiment
}

/// Fails unless the two numbers are equal but for a share of the first.
///
/// # Errors
/// Says which differ, and by how much.
pub fn close(what: &str, expected: f64, found: f64, share: f64) -> Result<()> {
    let difference = (found - expected).abs() / expected.abs().max(f64::MIN_POSITIVE);
    ensure!(difference <= share, "{what}: {found} is not {expected}; they differ by {difference:.2e}");
    Ok(())
}
