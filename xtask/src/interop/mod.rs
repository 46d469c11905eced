//! `cargo xtask interop`: adapters to and from Hugging Face's PEFT, with PEFT itself on the other side; and what
//! all-MiniLM-L6-v2 makes of twenty sentences here and in transformers ([`minilm`]).
//!
//! Outside CI: it installs PyTorch, which is some gigabytes. What it compared is kept, so that ordinary tests need no Python:
//! the files of both sides in `core/tests/peft` (with `--keep`), and what came of it in `docs/interop.json`.

mod minilm;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::paths;
use crate::run::{command, describe, not_started, output, run as run_command};

/// The packages, which bring what they need.
const PACKAGES: [&str; 3] = ["torch==2.15.0", "peft==0.21.2", "transformers==5.24.0"];

/// What the other side does.
const SCRIPT: &str = "xtask/src/interop/peft_side.py";

/// Largest difference of two outputs that counts as the same.
const TOLERANCE: f64 = 1e-5;

/// Exports, lets PEFT read them and make its own, and reads those.
pub fn run(options: &[String]) -> Result<()> {
    let keep = match options {
        [] => false,
        [one] if one == "--keep" => true,
        other => bail!("interop takes --keep or nothing, not `{}`", other.join(" ")),
    };
    let python = python()?;
    let place = paths::cache().join("interop");
    if place.exists() {
        fs::remove_dir_all(&place).with_context(|| format!("{} cannot be removed", place.display()))?;
    }
    fs::create_dir_all(place.join("theirs"))?;
    run_command(test("what_we_export_is_written", &place).arg("--ignored"))?;
    let mut script = command(&python.to_string_lossy());
    script.env("HF_HUB_OFFLINE", "1").arg(SCRIPT).arg(&place);
    let said = told(&mut script).context("PEFT could not read or make an adapter")?;
    let said = said.lines().last().context("the script said nothing")?.to_owned();
    let ours = differences(&said)?;
    for (kind, difference) in &ours {
        println!("our {kind} in PEFT: largest difference {difference:e}");
        ensure!(*difference <= TOLERANCE, "PEFT's {kind} gives another output than ours");
    }
    let mut theirs = test("what_peft_made_gives_here_what_it_gives_there", &place);
    let heard = told(theirs.arg("--nocapture")).context("an adapter of PEFT's gives another output here")?;
    let theirs: Vec<&str> = heard.lines().filter(|line| line.starts_with("PEFT's ")).collect();
    ensure!(!theirs.is_empty(), "no adapter of PEFT's was read");
    theirs.iter().for_each(|line| println!("{line}"));
    let embedded = minilm::compare(&python, &place)?;
    if keep {
        let kept = paths::root().join("core/tests/peft");
        copy(&place, &kept)?;
        let path = paths::root().join("docs/interop.json");
        fs::write(&path, report(&said, &theirs, &embedded)?)?;
        println!("kept: {} and {}", kept.display(), path.display());
    }
    Ok(())
}

/// What a command prints; its errors are shown.
fn told(command: &mut Command) -> Result<String> {
    eprintln!("$ {}", describe(command));
    let done = command.stderr(Stdio::inherit()).output().with_context(|| not_started(command))?;
    let text = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    ensure!(done.status.success(), "`{}` failed ({})\n{text}", describe(command), done.status);
    Ok(text)
}

/// A test of the core with the folder of both sides.
fn test(name: &str, place: &Path) -> Command {
    let mut test = command("cargo");
    test.args([
        "test",
        "--release",
        "-q",
        "-p",
        "kappa-core",
        "--features",
        "engine,cli",
        "--lib",
        "--",
        name,
    ]);
    test.env("KAPPA_PEFT", place);
    test
}

/// Python with the packages, installed in the project's cache if they are not there.
fn python() -> Result<PathBuf> {
    let venv = paths::cache().join("peft");
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let ready = || {
        let mut check = command(&python.to_string_lossy());
        let program = "import importlib.metadata as m, torch, peft, transformers;\
                       print(*(f'{p}=={m.version(p)}' for p in ('torch', 'peft', 'transformers')))";
        output(check.args(["-c", program])).is_some_and(|found| found.split(' ').eq(PACKAGES))
    };
    if !ready() {
        eprintln!("setup: PyTorch and PEFT from PyPI into {} (some gigabytes, once)", venv.display());
        let by_hand = format!(
            "interop needs Python 3.10 or newer and PyPI; install by hand with `python3 -m venv {0} && {0}/bin/pip install {1}`",
            venv.display(),
            PACKAGES.join(" ")
        );
        run_command(command("python3").args(["-m", "venv"]).arg(&venv)).with_context(|| by_hand.clone())?;
        let mut install = command(&python.to_string_lossy());
        install.args(["-m", "pip", "install", "--quiet", "--no-cache-dir"]).args(PACKAGES);
        run_command(&mut install).with_context(|| by_hand.clone())?;
        ensure!(ready(), by_hand);
    }
    Ok(python)
}

/// Of every kind of adapter of ours, how far PEFT's outputs are from ours: `"ours": {"lora": 1e-7, …}` at the end of a line.
fn differences(said: &str) -> Result<Vec<(String, f64)>> {
    let (_, ours) = said.rsplit_once("\"ours\": {").context("the script named no adapter of ours")?;
    let pairs = ours.trim_end_matches('}').split(", ").map(|pair| {
        let (kind, difference) =
            pair.split_once(": ").with_context(|| format!("not a difference: {pair}"))?;
        let difference = difference.parse().with_context(|| format!("not a number: {pair}"))?;
        Ok((kind.trim_matches('"').to_owned(), difference))
    });
    pairs.collect()
}

/// What came of it, as a file.
fn report(said: &str, theirs: &[&str], embedded: &str) -> Result<String> {
    let theirs: Option<Vec<String>> = theirs
        .iter()
        .map(|line| {
            let (kind, difference) = line.strip_prefix("PEFT's ")?.split_once(": largest difference ")?;
            Some(format!("\"{kind}\": {difference}"))
        })
        .collect();
    let theirs = theirs.context("a line of the test is written otherwise")?.join(", ");
    let body = said.trim_start_matches('{').trim_end_matches('}');
    Ok(format!(
        "{{\"command\": \"cargo xtask interop --keep\", \"tolerance\": {TOLERANCE:e},\n {body}}},\n \"theirs\": {{{theirs}}},\n \"minilm\": {embedded}}}\n"
    ))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &place)?;
        } else {
            fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = r#"{"versions": {"peft": "0.21.2"}, "ours": {"lora": 1.5e-07, "dora": 0.25}}"#;

    #[test]
    fn differences_are_read_and_reported() {
        let found = differences(SAID).unwrap();
        assert_eq!(found, [("lora".to_owned(), 1.5e-7), ("dora".to_owned(), 0.25)]);
        assert!(differences("{}").is_err() && differences(r#"{"ours": {"lora": x}}"#).is_err());
        let text = report(SAID, &["PEFT's vera: largest difference 2e-7"], "{}").unwrap();
        assert!(text.ends_with("\"theirs\": {\"vera\": 2e-7},\n \"minilm\": {}}\n"), "{text}");
        assert!(text.contains("\"ours\": {\"lora\": 1.5e-07, \"dora\": 0.25},\n"), "{text}");
        assert!(report(SAID, &["vera"], "{}").is_err());
    }

    #[test]
    fn an_unknown_option_is_an_error() {
        assert!(run(&["--fast".to_owned()]).unwrap_err().to_string().contains("--fast"));
    }
}
