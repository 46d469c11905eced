//! `claims`: the claims of all recorded runs as one table, judged anew where that is asked for.

use std::fs;
use std::path::Path;

use kappa_core::catalog;
use kappa_core::catalog::claims_table::{between, table};
use kappa_core::catalog::recording::Recording;

use crate::arguments::ClaimsOptions;
use crate::failure::Failure;
use crate::record::FOLDER;

/// Prints or writes the table.
pub fn claims(options: &ClaimsOptions) -> Result<(), Failure> {
    let mut recordings = Vec::new();
    for entry in catalog::entries() {
        let file = Path::new(FOLDER).join(format!("{}.json", entry.id()));
        if !file.is_file() {
            continue;
        }
        let text = read(&file)?;
        let (mut recording, _) = Recording::read(&text).map_err(Failure::run)?;
        if options.judge {
            recording.judge_anew(entry.experiment());
            let text = serde_json::to_string(&recording).expect("a recording is made of numbers and text");
            write(&file, &(text + "\n"))?;
        }
        recordings.push(recording);
    }
    if recordings.is_empty() {
        return Err(Failure::usage(format!(
            "There are no recorded runs in {FOLDER}: call this in a checkout of Kappa Lab."
        )));
    }
    match &options.write {
        None => crate::print(&table(&recordings)),
        Some(file) => {
            let text = between(&read(file)?, &recordings)
                .ok_or_else(|| Failure::usage(format!("{} has no marks for the table.", file.display())))?;
            write(file, &text)
        }
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}.", file.display())))
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    fs::write(file, text)
        .map_err(|error| Failure::run(format!("{} cannot be written: {error}.", file.display())))
}
