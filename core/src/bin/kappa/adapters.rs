//! Adapters as folders of Hugging Face's PEFT: out of a run's folder, onto its network, and as what a variant starts from.
//!
//! | file of a folder | what |
//! |---|---|
//! | `adapter_config.json`, `adapter_model.safetensors` | the adapter, as PEFT reads and writes it |
//! | `base.safetensors`, `merged.safetensors` | written by an export: the network without and with its change, matrices `[outputs, inputs]` |

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use kappa_core::networks::names;
use kappa_core::spec::Experiment;
use kappa_core::techniques::weights::peft::{CONFIG, Folder, LIMITS, MODEL};
use kappa_core::train::Engine;
use kappa_core::train::exchange::{self, Chosen, Given};

use crate::arguments::{Adapters, OfRun};
use crate::failure::Failure;
use crate::folder;
use crate::training;

const BASE: &str = "base.safetensors";
const MERGED: &str = "merged.safetensors";

/// Where a run keeps the adapters that its variants started from.
const STARTS: &str = "adapters";

/// `kappa adapters`.
pub fn adapters(what: &Adapters) -> Result<String, Failure> {
    match what {
        Adapters::Export { run, folder, of } => export(run, folder, of),
        Adapters::Merge { run, folder, file, of } => merge(run, folder, file, of),
        Adapters::Evaluate { experiment, folder, variant, names, device } => {
            training::evaluate(experiment, &given(folder, *variant, names)?, device)
        }
    }
}

/// A file of so many bytes at most.
pub fn read_bounded(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    let shown = path.display();
    let failed = |error: std::io::Error| format!("{shown} cannot be read: {error}.");
    let mut file = fs::File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length > limit as u64 {
        return Err(kappa_core::tensors::too_large(&shown.to_string(), length, limit));
    }
    let mut bytes = Vec::with_capacity(length as usize);
    file.by_ref().take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// The two files of a folder.
fn read(folder: &Path) -> Result<Folder, Failure> {
    let file = |name: &str| read_bounded(&folder.join(name), LIMITS.bytes).map_err(Failure::usage);
    Ok(Folder { config: file(CONFIG)?, model: file(MODEL)? })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes)
        .map_err(|error| Failure::run(format!("{} cannot be written: {error}.", path.display())))
}

fn make(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)
        .map_err(|error| Failure::run(format!("{} cannot be written: {error}.", folder.display())))
}

/// The index of a variant that is counted from 1.
fn index(variant: usize) -> Result<usize, Failure> {
    variant.checked_sub(1).ok_or_else(|| Failure::usage("Variants are counted from 1, not from 0."))
}

/// An adapter that a variant, counted from 1, is to start from.
fn given(folder: &Path, variant: usize, called: &str) -> Result<Given, Failure> {
    let names = names(called).map_err(Failure::usage)?;
    Ok(Given { variant: index(variant)?, folder: Rc::new(read(folder)?), names })
}

/// What `--adapter [N=]FOLDER` says.
pub fn asked(words: &[String], called: &str) -> Result<Vec<Given>, Failure> {
    let mut all: Vec<Given> = Vec::new();
    for word in words {
        let numbered = word.split_once('=').and_then(|(number, path)| Some((number.parse().ok()?, path)));
        let (number, path) = numbered.unwrap_or((1, word));
        let one = given(Path::new(path), number, called)?;
        if all.iter().any(|other| other.variant == one.variant) {
            return Err(Failure::usage(format!("--adapter names variant {number} twice.")));
        }
        all.push(one);
    }
    Ok(all)
}

/// Keeps what variants start from in the folder of their run.
pub fn keep(run: &Path, given: &[Given]) -> Result<(), Failure> {
    for one in given {
        let place = run.join(STARTS).join(format!("{}-{}", one.variant + 1, one.names.called));
        make(&place)?;
        write(&place.join(CONFIG), &one.folder.config)?;
        write(&place.join(MODEL), &one.folder.model)?;
    }
    Ok(())
}

/// What was kept there.
pub fn kept(run: &Path) -> Result<Vec<Given>, Failure> {
    let folder = run.join(STARTS);
    let unread =
        |error: std::io::Error| Failure::usage(format!("{} cannot be read: {error}.", folder.display()));
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unread)?,
    };
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(unread)?;
    paths.sort();
    let one = |path: PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let parsed = name.split_once('-').and_then(|(number, called)| Some((number.parse().ok()?, called)));
        let (number, called) = parsed.ok_or_else(|| {
            Failure::usage(format!("{} is no adapter that a variant started from.", path.display()))
        })?;
        given(&path, number, called)
    };
    paths.into_iter().map(one).collect()
}

/// Which variant and seed of a run are meant, its checkpoint, and the adapter that the variant started from.
fn of_run(run: &Path, of: &OfRun) -> Result<(Chosen, Vec<u8>, Option<Given>), Failure> {
    let experiment: Experiment = folder::Folder::experiment(run)?;
    let checkpoint = folder::Folder::checkpoint(run)?
        .ok_or_else(|| Failure::usage(format!("{} holds no checkpoint.", run.display())))?;
    let names = names(&of.names).map_err(Failure::usage)?;
    let variant = index(of.variant)?;
    let seed = of.seed.unwrap_or(experiment.seeds.first);
    let given = kept(run)?.into_iter().find(|given| given.variant == variant);
    Ok((Chosen { variant, seed: u64::from(seed), names }, checkpoint, given))
}

fn export(run: &Path, folder: &Path, of: &OfRun) -> Result<String, Failure> {
    let (chosen, checkpoint, given) = of_run(run, of)?;
    if let Some(name) = [CONFIG, MODEL, BASE, MERGED].into_iter().find(|name| folder.join(name).exists()) {
        return Err(Failure::usage(format!(
            "{} is there already; name another folder.",
            folder.join(name).display()
        )));
    }
    let exported =
        exchange::export(&Engine::cpu(""), &checkpoint, &chosen, given.as_ref()).map_err(Failure::Usage)?;
    make(folder)?;
    for (name, bytes) in [
        (CONFIG, &exported.folder.config),
        (MODEL, &exported.folder.model),
        (BASE, &exported.base),
        (MERGED, &exported.merged),
    ] {
        write(&folder.join(name), bytes)?;
    }
    Ok(format!(
        "The adapter of variant {}, seed {}, is in {}: {CONFIG}, {MODEL} ({} bytes), {BASE}, {MERGED}.\n",
        of.variant,
        chosen.seed,
        folder.display(),
        exported.folder.model.len()
    ))
}

fn merge(run: &Path, adapter: &Path, file: &Path, of: &OfRun) -> Result<String, Failure> {
    let (chosen, checkpoint, given) = of_run(run, of)?;
    let folder = read(adapter)?;
    let merged = exchange::merge(&Engine::cpu(""), &checkpoint, &chosen, given.as_ref(), &folder)
        .map_err(Failure::Usage)?;
    write(file, &merged)?;
    Ok(format!(
        "The network of variant {}, seed {}, with the adapter of {} is in {}.\n",
        of.variant,
        chosen.seed,
        adapter.display(),
        file.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variant: usize, seed: Option<u32>) -> OfRun {
        OfRun { variant, seed, names: "own".to_owned() }
    }

    /// A run of one step of the smallest experiment with LoRA, in a folder.
    fn run(place: &Path) -> PathBuf {
        let mut experiment = kappa_core::catalog::find("tiny").unwrap().experiment().clone();
        experiment.variants.truncate(1);
        experiment.claims.clear();
        for setting in ["model.weights=lora", "training.steps=1", "training.warmup=0"] {
            kappa_core::spec::set_path(&mut experiment, setting).unwrap();
        }
        let engine = Engine::cpu("");
        let data = training::data(&experiment).unwrap();
        let (mut session, _) =
            kappa_core::train::Session::start(&engine, experiment.clone(), &data, None).unwrap();
        pollster::block_on(session.advance(1)).unwrap();
        let path = place.join("run");
        let mut folder = folder::Folder::create(Some(&path), "tiny", &experiment).unwrap();
        folder.save(&pollster::block_on(session.checkpoint()).unwrap()).unwrap();
        path
    }

    #[test]
    fn an_adapter_is_exported_merged_evaluated_and_kept_beside_a_run_that_starts_from_it() {
        let place = tempfile::tempdir().unwrap();
        let run = run(place.path());
        let out = place.path().join("out");
        let said = export(&run, &out, &of(1, Some(1))).unwrap();
        assert!(said.contains("variant 1, seed 1"), "{said}");
        let Failure::Usage(again) = export(&run, &out, &of(1, None)).unwrap_err() else { panic!("usage") };
        assert!(again[0].contains("is there already; name another folder"), "{again:?}");

        let file = place.path().join("merged.safetensors");
        merge(&run, &out, &file, &of(1, Some(1))).unwrap();
        assert_eq!(fs::read(&file).unwrap(), fs::read(out.join(MERGED)).unwrap());

        let toml = run.join("experiment.toml");
        let evaluated =
            training::evaluate(toml.to_str().unwrap(), &given(&out, 1, "own").unwrap(), "cpu").unwrap();
        assert!(evaluated.lines().count() == 4 && evaluated.contains("seed 1: "), "{evaluated}");

        assert!(kept(&run).unwrap().is_empty());
        let asked = asked(&[format!("2={}", out.display()), out.display().to_string()], "own").unwrap();
        assert_eq!(asked.iter().map(|one| one.variant).collect::<Vec<_>>(), [1, 0]);
        keep(&run, &asked).unwrap();
        let back = kept(&run).unwrap();
        assert_eq!(back.iter().map(|one| one.variant).collect::<Vec<_>>(), [0, 1]);
        assert!(back[0].digest() == asked[0].digest() && back[0].names == asked[0].names);
    }

    #[test]
    fn what_is_not_there_or_too_large_is_said_before_it_is_read() {
        let place = tempfile::tempdir().unwrap();
        let refused = |words: &[String], names: &str| match asked(words, names) {
            Err(Failure::Usage(sentences)) => sentences.join(" "),
            other => panic!("{other:?}"),
        };
        let nowhere = place.path().join("nowhere").display().to_string();
        assert!(
            refused(std::slice::from_ref(&nowhere), "own").contains("adapter_config.json cannot be read")
        );
        assert!(refused(std::slice::from_ref(&nowhere), "vit").contains("one of own, bert, not \"vit\""));
        assert!(refused(&[format!("0={nowhere}")], "own").contains("counted from 1"));
        // A hole of a terabyte has no bytes on the disk, and would have them in memory.
        let large = place.path().join("large");
        fs::File::create(&large).unwrap().set_len(1 << 40).unwrap();
        let why = read_bounded(&large, LIMITS.bytes).unwrap_err();
        assert!(why.ends_with("has 1099511627776 bytes; at most 268435456 are read."), "{why}");
    }
}
