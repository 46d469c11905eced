//! `record`: an experiment of the catalog in one go, and what came of it as one file for the page.
//!
//! Nothing is saved on the way, since a recording is one run on one device without interruption.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Instant, SystemTime};

use kappa_core::catalog;
use kappa_core::catalog::recording::{FORMAT, Recording, short};
use kappa_core::protocol::Event;
use kappa_core::spec::digest::hash;
use kappa_core::spec::to_toml;

use crate::arguments::RecordOptions;
use crate::choose;
use crate::failure::Failure;
use crate::recorder::Recorder;
use crate::run::{Training, slice};
use crate::screen::Screen;
use crate::table::Results;
use crate::training;

/// The folder of the recordings that the page shows, in a checkout.
pub const FOLDER: &str = "core/recordings";

/// Seeds of a recording, at least.
const SEEDS: u32 = 5;

/// Trains, prints the table, and writes the file.
pub fn record(options: &RecordOptions) -> Result<(), Failure> {
    let Some(entry) = catalog::find(&options.id) else {
        let ids: Vec<_> = catalog::entries().map(|entry| entry.id()).collect();
        return Err(Failure::usage(format!(
            "Only experiments of the catalog are recorded; \"{}\" is none of {}.",
            options.id,
            ids.join(", ")
        )));
    };
    let experiment = {
        let seeds = options.seeds.unwrap_or(entry.experiment().seeds.count.max(SEEDS));
        choose::changed(entry.experiment().clone(), Some(seeds), None, None, &[])?
    };
    let file = place(options.out.as_deref(), entry.id())?;
    let choice = choose::device(&options.device)?;
    let provenance = Provenance::find();

    let start = Instant::now();
    let (mut session, beginning) = training::open(&experiment, choice)?;
    let (mut recorder, mut results, mut screen) =
        (Recorder::default(), Results::default(), Screen::new(false));
    let mut tell = |event: &Event| {
        recorder.take(event);
        results.take(event);
        screen.show(event, &results);
    };
    beginning.iter().for_each(&mut tell);
    drive(&mut session, &mut tell)?;

    let text = to_toml(&experiment);
    let empty = Recording {
        format: FORMAT,
        id: entry.id().to_owned(),
        hash: hash(&text),
        experiment: text,
        engine: String::new(),
        adapter: String::new(),
        date: provenance.date,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: provenance.commit,
        seconds: short(start.elapsed().as_secs_f64()).unwrap_or_default(),
        tried: Vec::new(),
        measured: Vec::new(),
        claims: Vec::new(),
        variants: Vec::new(),
    };
    let (_, text) = recorder.finish(empty).map_err(Failure::run)?;
    std::fs::write(&file, &text)
        .map_err(|error| Failure::run(format!("{} cannot be written: {error}.", file.display())))?;
    crate::print(&format!("\n{}", results.table()))?;
    screen.say(&format!("\nThe recording is {} ({} bytes).", file.display(), text.len()));
    Ok(())
}

/// Trains to the end.
fn drive(session: &mut dyn Training, tell: &mut dyn FnMut(&Event)) -> Result<(), Failure> {
    let mut steps = 1;
    loop {
        let (start, before) = (Instant::now(), session.all_steps());
        let events = session.advance(steps).map_err(Failure::run)?;
        events.iter().for_each(&mut *tell);
        if let Some(Event::Failed { problems }) = events.last() {
            return Err(Failure::Run(problems.clone()));
        }
        if events.contains(&Event::Finished) {
            return Ok(());
        }
        let done = session.all_steps() - before;
        if done == 0 && events.is_empty() {
            return Err(Failure::run("The engine makes no steps any more."));
        }
        steps = slice(done, start.elapsed()).min(session.largest_advance());
    }
}

/// Where the file goes; asked before the run, so that a long one is not for nothing.
fn place(out: Option<&Path>, id: &str) -> Result<PathBuf, Failure> {
    let file = out.map_or_else(|| Path::new(FOLDER).join(format!("{id}.json")), Path::to_owned);
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if folder.is_dir() {
        return Ok(file);
    }
    Err(Failure::usage(format!(
        "There is no folder {}: call this in a checkout of Kappa Lab, or name a file by --out.",
        folder.display()
    )))
}

/// When, and from which sources.
struct Provenance {
    date: String,
    commit: Option<String>,
}

impl Provenance {
    fn find() -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { date: date(now.as_secs() / 86_400), commit: commit() }
    }
}

/// The commit of the checkout that this is called in, if it is one of Kappa Lab.
fn commit() -> Option<String> {
    if !Path::new(FOLDER).is_dir() {
        return None;
    }
    let git = |arguments: &[&str]| {
        let output =
            Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_none_or(|list| !list.is_empty());
    Some(if changed { commit + "+" } else { commit })
}

/// The date of a day since 1 January 1970, in the Gregorian calendar: "2026-11-23".
///
/// Years that begin in March have their leap day at the end, and eras of 400 years have 146,097 days.
fn date(days: u64) -> String {
    let days = days + 719_468; // from 1 March of the year 0
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153; // from March
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + u64::from(month <= 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_its_date() {
        let dates = [0, 59, 11_016, 19_782, 20_780].map(date);
        assert_eq!(dates, ["1970-01-01", "1970-03-01", "2000-02-29", "2024-02-29", "2026-11-23"]);
    }

    #[test]
    fn what_cannot_be_recorded_is_said_before_anything_runs() {
        let options = |id: &str, out: &str| RecordOptions {
            id: id.to_owned(),
            seeds: Some(1),
            device: "cpu".to_owned(),
            out: Some(out.into()),
        };
        let Err(Failure::Usage(said)) = record(&options("mine.toml", "x.json")) else { panic!("refused") };
        assert!(said[0].starts_with("Only experiments of the catalog are recorded"), "{said:?}");
        let Err(Failure::Usage(said)) = record(&options("tiny", "no/such/folder/x.json")) else {
            panic!("refused")
        };
        assert!(said[0].starts_with("There is no folder no/such/folder"), "{said:?}");
    }

    #[test]
    fn a_recorded_run_is_one_file_that_belongs_to_its_experiment() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("tiny.json");
        let options = RecordOptions {
            id: "tiny".to_owned(),
            seeds: Some(3),
            device: "cpu".to_owned(),
            out: Some(out.clone()),
        };
        assert_eq!(record(&options), Ok(()));
        let (recording, experiment) = Recording::read(&std::fs::read_to_string(out).unwrap()).unwrap();
        assert_eq!(recording.belongs_to_today(), Ok(()));
        assert_eq!((experiment.seeds.count, recording.variants.len()), (3, 2));
        assert_eq!(recording.claims.len(), 1, "one row, of the second variant");
        assert!(!recording.variants[0].matrices.is_empty());
    }
}
