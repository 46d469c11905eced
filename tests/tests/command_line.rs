//! The built `kappa`: what it lists, what it trains, how it goes on after a Ctrl-C or a kill, and how it says no.
//!
//! Its exit codes: 0 finished, 1 the run failed, 2 bad usage or a bad experiment, 130 interrupted after saving.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use kappa_core::catalog;
use kappa_tests::paths::{self, Scratch};
use kappa_tests::trial::turn;
use serde_json::Value;

/// Steps of the tiny experiment that take long enough to be interrupted.
const LONG: &str = "1500";

fn kappa(words: &[&str]) -> Result<Command> {
    let mut command = Command::new(paths::command_line()?);
    command.args(words).stdin(Stdio::null());
    Ok(command)
}

fn run(words: &[&str]) -> Result<Output> {
    kappa(words)?.output().context("kappa could not be started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeeds(words: &[&str]) -> Result<String> {
    let output = run(words)?;
    ensure!(
        output.status.success(),
        "kappa {} ended with {}: {}",
        words.join(" "),
        output.status,
        text(&output.stderr)
    );
    Ok(text(&output.stdout))
}

/// Ends with this code and one sentence on standard error that has these words.
fn fails(words: &[&str], code: i32, said: &[&str]) -> Result<()> {
    let output = run(words)?;
    let error = text(&output.stderr);
    let command = words.join(" ");
    ensure!(
        output.status.code() == Some(code),
        "kappa {command} ended with {}, not {code}: {error}",
        output.status
    );
    ensure!(
        output.stdout.is_empty(),
        "kappa {command} printed something all the same: {}",
        text(&output.stdout)
    );
    for word in said {
        ensure!(error.contains(word), "kappa {command}: “{error}” should have “{word}”");
    }
    let lines: Vec<&str> = error.lines().filter(|line| !line.trim().is_empty()).collect();
    ensure!(lines.len() == 1 && lines[0].ends_with(['.', '?']), "kappa {command}: one sentence, not {error}");
    ensure!(!error.contains("panicked"), "kappa {command}: {error}");
    Ok(())
}

/// The lines of a run's metrics.
fn metrics(folder: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(folder.join("metrics.jsonl"))?;
    text.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

/// What a run is about: every loss, every evaluation, the verdicts; without times and speeds.
fn numbers(folder: &Path) -> Result<Vec<String>> {
    let mut numbers = Vec::new();
    for mut line in metrics(folder)? {
        let kind = line["event"].as_str().unwrap_or_default().to_owned();
        if ["trained", "evaluated", "verdict", "diverged", "finished"].contains(&kind.as_str()) {
            // These stand only in the last line of some steps that were read together.
            for name in ["steps_per_second", "learning_rate", "gradient_norm"] {
                line.as_object_mut().context("not an object")?.remove(name);
            }
            numbers.push(line.to_string());
        }
    }
    numbers.sort();
    Ok(numbers)
}

#[test]
fn everything_in_the_catalog_is_listed_and_shown() {
    let _turn = turn();
    let check = || -> Result<()> {
        let list = succeeds(&["list"])?;
        for entry in catalog::entries() {
            ensure!(list.contains(entry.id()), "{} is not in {list}", entry.id());
            let shown = succeeds(&["show", entry.id()])?;
            for name in entry.experiment().variant_names() {
                ensure!(shown.contains(&name), "{}: {name} is not in {shown}", entry.id());
            }
        }
        ensure!(succeeds(&["devices"])?.contains("--device cpu"), "the CPU is not among the devices");
        Ok(())
    };
    check().unwrap();
}

#[test]
fn a_run_leaves_its_experiment_its_metrics_and_its_weights_and_prints_the_verdict() {
    let _turn = turn();
    let check = || -> Result<()> {
        let scratch = Scratch::new("run")?;
        let out = scratch.path().join("out");
        let table = succeeds(&["run", "tiny", "--device", "cpu", "--out", &out.to_string_lossy()])?;
        let tiny = catalog::find("tiny").context("tiny")?.experiment();
        for name in tiny.variant_names() {
            ensure!(table.contains(&name), "{name} is not in {table}");
        }
        ensure!(table.contains("So far: not decided by 2 seeds"), "{table}");
        ensure!(table.contains("accuracy"), "{table}");

        let lines = metrics(&out)?;
        let count = |kind: &str| lines.iter().filter(|line| line["event"] == kind).count();
        ensure!(
            count("trained") == 2 * tiny.training.steps as usize,
            "{} lines of training",
            count("trained")
        );
        ensure!((count("evaluated"), count("verdict"), count("finished")) == (6, 1, 1), "{lines:#?}");
        ensure!(lines.iter().any(|line| line["event"] == "device" && line["engine"] == "CPU"), "{lines:#?}");
        ensure!(out.join("checkpoint.safetensors").is_file(), "no checkpoint");

        // The file that it leaves is the experiment: it gives the same numbers again.
        let again = scratch.path().join("again");
        let file = out.join("experiment.toml");
        let printed = succeeds(&[
            "run",
            &file.to_string_lossy(),
            "--device",
            "cpu",
            "--json",
            "--out",
            &again.to_string_lossy(),
        ])?;
        ensure!(
            printed.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()),
            "not JSON lines: {printed}"
        );
        ensure!(numbers(&out)? == numbers(&again)?, "the same file gave other numbers");
        Ok(())
    };
    check().unwrap();
}

#[test]
fn a_run_that_was_interrupted_or_killed_ends_with_the_numbers_of_one_that_was_not() {
    let _turn = turn();
    let check = || -> Result<()> {
        let scratch = Scratch::new("resume")?;
        let folder = |name: &str| scratch.path().join(name);
        let words = |out: &Path| -> Vec<String> {
            let out = out.to_string_lossy();
            [
                "run",
                "tiny",
                "--device",
                "cpu",
                "--steps",
                LONG,
                "--set",
                "training.evaluate_every=250",
                "--save-every",
                "0",
                "--out",
                &out,
            ]
            .map(str::to_owned)
            .to_vec()
        };
        let start = |out: &Path| -> Result<Child> {
            let words = words(out);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            Ok(kappa(&words)?.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?)
        };
        let whole = start(&folder("whole"))?.wait_with_output()?;
        ensure!(whole.status.success(), "{}", text(&whole.stderr));
        let expected = numbers(&folder("whole"))?;
        ensure!(expected.len() > 3000, "{} lines", expected.len());

        for (name, signal, code) in [("interrupted", "INT", Some(130)), ("killed", "KILL", None)] {
            let out = folder(name);
            let mut child = start(&out)?;
            saved_at_step(&out, &mut child, 60)?;
            signal_to(&child, signal)?;
            let ended = child.wait_with_output()?;
            ensure!(
                ended.status.code() == code,
                "{name}: it ended with {}: {}",
                ended.status,
                text(&ended.stderr)
            );
            if name == "interrupted" {
                let said = text(&ended.stderr);
                ensure!(said.contains("Saved at step") && said.contains("kappa run --resume"), "{said}");
            }
            ensure!(
                metrics(&out).map_or(true, |lines| lines.iter().all(|line| line["event"] != "finished")),
                "{name}: too late"
            );
            succeeds(&["run", "--resume", &out.to_string_lossy(), "--device", "cpu"])?;
            let found = numbers(&out)?;
            ensure!(found.len() == expected.len(), "{name}: {} lines, not {}", found.len(), expected.len());
            for (expected, found) in expected.iter().zip(&found) {
                ensure!(expected == found, "{name}:\n{found}\nis not\n{expected}");
            }
        }
        Ok(())
    };
    check().unwrap();
}

/// Waits until a run has a checkpoint and has done some steps.
fn saved_at_step(folder: &Path, child: &mut Child, step: u64) -> Result<()> {
    let start = Instant::now();
    loop {
        // The last line may be half written.
        let metrics = fs::read_to_string(folder.join("metrics.jsonl")).unwrap_or_default();
        let lines = metrics.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let done = lines.filter_map(|line| line["step"].as_u64()).max().unwrap_or(0);
        if done >= step && folder.join("checkpoint.safetensors").is_file() {
            return Ok(());
        }
        if let Some(status) = child.try_wait()? {
            bail!("it ended ({status}) at step {done}, before step {step}");
        }
        ensure!(start.elapsed() < Duration::from_secs(120), "after two minutes it is at step {done}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn signal_to(child: &Child, signal: &str) -> Result<()> {
    let sent = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status()?;
    ensure!(sent.success(), "the signal was not sent");
    Ok(())
}

#[test]
fn what_cannot_be_run_is_answered_with_one_sentence_and_code_2() {
    let _turn = turn();
    let check = || -> Result<()> {
        let scratch = Scratch::new("bad")?;
        let path = |name: &str| scratch.path().join(name).to_string_lossy().into_owned();
        let out = path("out");
        let tiny = |set: &str, said: &[&str]| {
            fails(&["run", "tiny", "--device", "cpu", "--out", &out, "--set", set], 2, said)
        };
        tiny("model.hats=2", &["model.hats", "model.heads"])?;
        tiny("model.depth=0", &["model.depth", "0"])?;
        tiny("model.depth=deep", &["model.depth", "deep"])?;
        tiny("model.heads=3", &["model.heads"])?;
        tiny("model.depth", &["model.depth"])?;
        fails(&["run", "tinny"], 2, &["tinny", "tiny"])?;
        fails(&["show", "tinny"], 2, &["tinny", "tiny"])?;
        fails(&["run", "tiny", "--device", "abacus", "--out", &out], 2, &["abacus", "cpu"])?;
        fails(&["run", "tiny", "--device", "cpu", "--seeds", "0", "--out", &out], 2, &["seeds.count", "0"])?;

        let link = kappa_core::catalog::link::to_link(catalog::find("tiny").context("tiny")?.experiment());
        fails(&["run", &link[..link.len() - 2], "--out", &out], 2, &["not whole"])?;
        fs::write(
            path("typo.toml"),
            "version = 2\ntitle = 'x'\ntask = 'digits'\nmodel.hats = 1\n[[variant]]\n",
        )?;
        fails(&["run", &path("typo.toml"), "--out", &out], 2, &["typo.toml", "model.hats"])?;
        fs::write(path("torn.toml"), "version = 2\ntitle = ")?;
        fails(&["run", &path("torn.toml"), "--out", &out], 2, &["torn.toml", "Line 2"])?;
        fs::write(path("binary.toml"), [0xff, 0xfe, 0x00, 0x80])?;
        fails(&["run", &path("binary.toml"), "--out", &out], 2, &["binary.toml"])?;
        fails(&["run", &path("missing.toml"), "--out", &out], 2, &["missing.toml"])?;
        fails(&["run", "--resume", &path("nowhere")], 2, &["nowhere"])?;
        ensure!(!Path::new(&out).exists(), "something was written all the same");
        Ok(())
    };
    check().unwrap();
}

#[test]
fn a_checkpoint_that_does_not_fit_is_refused_and_stays_as_it_was() {
    let _turn = turn();
    let check = || -> Result<()> {
        let scratch = Scratch::new("checkpoint")?;
        let out = scratch.path().join("out");
        let out_text = out.to_string_lossy().into_owned();
        let short = ["--steps", "2", "--set", "training.warmup=1"];
        succeeds(&[&["run", "tiny", "--device", "cpu", "--out", &out_text][..], &short].concat())?;
        let file = out.join("checkpoint.safetensors");
        let whole = fs::read(&file)?;
        let metrics = fs::read(out.join("metrics.jsonl"))?;

        let refused = |bytes: &[u8], said: &[&str]| -> Result<()> {
            fs::write(&file, bytes)?;
            fails(&["run", "--resume", &out_text, "--device", "cpu"], 2, said)?;
            ensure!(
                fs::read(&file)? == bytes && fs::read(out.join("metrics.jsonl"))? == metrics,
                "files were changed"
            );
            Ok(())
        };
        refused(&whole[..whole.len() / 2], &["checkpoint"])?;
        refused(b"not a checkpoint at all", &["checkpoint"])?;
        refused(&[], &["checkpoint"])?;
        // A checkpoint of another model, copied in: the first field that differs is named with both values.
        let copied = scratch.path().join("other").to_string_lossy().into_owned();
        let deeper = ["--set", "model.depth=3"];
        succeeds(&[&["run", "tiny", "--device", "cpu", "--out", &copied][..], &short, &deeper].concat())?;
        let other = fs::read(Path::new(&copied).join("checkpoint.safetensors"))?;
        refused(&other, &["of another experiment", "model.depth is 3 there and 2 here"])?;
        // Its header alone says another model, in as many letters; the folder's experiment says so too, and the
        // tensors do not.
        let experiment = out.join("experiment.toml");
        let ours = fs::read(&experiment)?;
        for (word, lie, said) in
            [(&b"depth = 2"[..], &b"depth = 3"[..], "blocks.2"), (b"width = 16", b"width = 18", "checkpoint")]
        {
            let other = replaced(&whole, word, lie).context("the checkpoint holds its experiment")?;
            fs::write(&experiment, replaced(&ours, word, lie).context("so does the folder")?)?;
            refused(&other, &[said])?;
        }
        fs::write(&experiment, &ours)?;
        // A new run does not write over one that is there.
        fs::write(&file, &whole)?;
        fails(&["run", "tiny", "--device", "cpu", "--out", &out_text], 2, &["--resume"])?;
        Ok(())
    };
    check().unwrap();
}

/// The bytes with the first place of one word holding another.
fn replaced(bytes: &[u8], word: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    let place = bytes.windows(word.len()).position(|window| window == word)?;
    let mut bytes = bytes.to_vec();
    bytes[place..place + word.len()].copy_from_slice(other);
    Some(bytes)
}
