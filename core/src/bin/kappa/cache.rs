//! Sources that were trained once, kept in a folder for the runs that start from them again.
//!
//! The folder is `kappa-lab/sources` below the user's cache, or what `KAPPA_SOURCES` says. It has at most a gibibyte; what
//! has not been used for the longest time goes first.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use kappa_core::spec::sources::with_metrics;
use kappa_core::train::{KEPT_LIMITS as LIMITS, Kept};

use crate::adapters::read_bounded;
use crate::failure::Failure;

/// Bytes that are kept, at most.
const MAX_BYTES: u64 = 1 << 30;

const EXTENSION: &str = "safetensors";

/// The folder.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

/// What a run finds there.
#[derive(Default)]
pub struct Found {
    /// Those that are good.
    pub kept: Vec<Kept>,
    /// A sentence for each that is not, and was removed.
    pub refused: Vec<String>,
}

/// Where the data is that is not part of the program: `kappa-lab/data` below the user's cache, or what `KAPPA_DATA` says.
pub fn data_folder() -> PathBuf {
    folder("KAPPA_DATA", "data")
}

/// What a variable says, or a folder below the user's cache.
fn folder(variable: &str, name: &str) -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || {
        if cfg!(windows) {
            set("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            set("HOME").map(|home| home.join("Library/Caches"))
        } else {
            set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))
        }
    };
    let below = || cache().unwrap_or_else(std::env::temp_dir).join("kappa-lab").join(name);
    set(variable).unwrap_or_else(below)
}

impl Cache {
    /// The user's.
    pub fn open() -> Self {
        Self { folder: folder("KAPPA_SOURCES", "sources") }
    }

    /// Those of these names that are there.
    pub fn load(&self, names: &[String]) -> Found {
        let mut found = Found::default();
        for name in names {
            let path = self.path(name);
            if !path.is_file() {
                continue;
            }
            match read(&path) {
                Ok(kept) if kept.name == *name => {
                    // It was used: it goes last.
                    let _ = fs::File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
                    found.kept.push(kept);
                }
                other => {
                    let why = other.err().unwrap_or_else(|| "The kept source has another name.".to_owned());
                    let trained = "It was removed, and is trained anew.";
                    found.refused.push(format!("{}: {why} {trained}", path.display()));
                    let _ = fs::remove_file(&path);
                }
            }
        }
        found
    }

    /// Keeps one, whole or not at all, and lets the oldest go where there is no room.
    pub fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let write = || -> io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let path = self.path(name);
            let part = path.with_extension(format!("part{}", std::process::id()));
            fs::write(&part, bytes)?;
            fs::rename(part, &path)?;
            self.evict(&path)
        };
        write().map_err(|error| format!("{} cannot be written: {error}.", self.path(name).display()))
    }

    fn evict(&self, newest: &Path) -> io::Result<()> {
        let mut files = self.files()?;
        let mut bytes: u64 = files.iter().map(|(_, _, size)| size).sum();
        files.sort_by_key(|(_, used, _)| *used);
        for (path, _, size) in files.iter().filter(|(path, ..)| path != newest) {
            if bytes <= MAX_BYTES {
                break;
            }
            fs::remove_file(path)?;
            bytes -= size;
        }
        Ok(())
    }

    /// Every file, when it was used, and its bytes.
    fn files(&self) -> io::Result<Vec<(PathBuf, SystemTime, u64)>> {
        let mut files = Vec::new();
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                let data = fs::metadata(&path)?;
                files.push((path, data.modified()?, data.len()));
            }
        }
        files.sort();
        Ok(files)
    }

    /// A name is letters, digits and dashes; nothing else is looked for in the folder.
    fn path(&self, name: &str) -> PathBuf {
        let safe: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        self.folder.join(safe).with_extension(EXTENSION)
    }

    /// `kappa sources`: what is kept, a line each.
    pub fn list(&self) -> Result<String, Failure> {
        let files = self.files().map_err(|error| self.failed(&error))?;
        let mut text = String::new();
        let mut all = 0;
        for (path, _, size) in &files {
            all += size;
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let what = match read(path) {
                Ok(kept) => described(&kept),
                Err(why) => why,
            };
            text.push_str(&format!("{name}  {:>6} KiB  {what}\n", size.div_ceil(1 << 10)));
        }
        let (count, of) = (files.len(), self.folder.display());
        text.push_str(&format!("{count} kept sources, {} KiB, in {of}\n", all.div_ceil(1 << 10)));
        Ok(text)
    }

    /// Copies one to a file.
    pub fn export(&self, name: &str, file: &Path) -> Result<String, Failure> {
        let kept = self.find(name)?;
        fs::write(file, kept.write())
            .map_err(|error| Failure::run(format!("{} cannot be written: {error}.", file.display())))?;
        Ok(format!("{} is in {}.\n", kept.name, file.display()))
    }

    /// Keeps a file that was exported elsewhere.
    pub fn import(&self, file: &Path) -> Result<String, Failure> {
        let bytes = read_bounded(file, LIMITS.bytes).map_err(Failure::usage)?;
        let kept = Kept::read(&bytes).map_err(|why| Failure::usage(format!("{}: {why}", file.display())))?;
        self.keep(&kept.name, &bytes).map_err(Failure::run)?;
        Ok(format!("{} is kept: {}\n", kept.name, described(&kept)))
    }

    /// Removes one, or all of them.
    pub fn delete(&self, name: &str) -> Result<String, Failure> {
        let files = self.files().map_err(|error| self.failed(&error))?;
        let is_meant = |path: &Path| name == "all" || path.file_stem().is_some_and(|stem| *stem == *name);
        let meant: Vec<_> = files.into_iter().map(|(path, ..)| path).filter(|path| is_meant(path)).collect();
        if meant.is_empty() && name != "all" {
            return Err(self.unknown(name));
        }
        for path in &meant {
            fs::remove_file(path).map_err(|error| self.failed(&error))?;
        }
        Ok(format!("{} kept sources removed.\n", meant.len()))
    }

    fn find(&self, name: &str) -> Result<Kept, Failure> {
        let path = self.path(name);
        if !path.is_file() {
            return Err(self.unknown(name));
        }
        read(&path).map_err(|why| Failure::run(format!("{name}: {why}")))
    }

    fn unknown(&self, name: &str) -> Failure {
        Failure::usage(format!("No kept source is called \"{name}\"; `kappa sources list` names them."))
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::run(format!("{} cannot be read: {error}.", self.folder.display()))
    }
}

/// One that is kept, if its file is good.
fn read(path: &Path) -> Result<Kept, String> {
    Kept::read(&read_bounded(path, LIMITS.bytes)?)
}

/// "procedural (set), 2000 steps, seed 0, accuracy 97.1 %".
fn described(kept: &Kept) -> String {
    with_metrics(&kept.provenance.words, &kept.provenance.metrics)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small training, kept.
    fn kept() -> (String, Vec<u8>) {
        let mut experiment = kappa_core::catalog::find("tiny").unwrap().experiment().clone();
        experiment.variants.truncate(1);
        experiment.claims.clear();
        for setting in
            ["source.1.take=mlp", "source.1.set=training.steps=2 training.warmup=1", "seeds.count=1"]
        {
            kappa_core::spec::set_path(&mut experiment, setting).unwrap();
        }
        let engine = kappa_core::train::Engine::cpu("");
        let data = crate::training::data(&experiment).unwrap();
        let (mut session, _) = kappa_core::train::Session::start(&engine, experiment, &data, None).unwrap();
        loop {
            for event in pollster::block_on(session.advance(2)).unwrap() {
                if let kappa_core::protocol::Event::Kept { name, bytes } = event {
                    return (name, bytes);
                }
            }
        }
    }

    #[test]
    fn what_is_kept_is_found_listed_exported_imported_and_removed_and_a_changed_byte_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let cache = Cache { folder: place.path().join("sources") };
        let (name, bytes) = kept();
        assert!(cache.load(std::slice::from_ref(&name)).kept.is_empty());
        cache.keep(&name, &bytes).unwrap();
        assert_eq!(cache.load(std::slice::from_ref(&name)).kept.len(), 1);
        assert!(cache.list().unwrap().contains(&name));

        let file = place.path().join("out.safetensors");
        cache.export(&name, &file).unwrap();
        cache.delete(&name).unwrap();
        assert!(cache.export(&name, &file).is_err() && cache.delete("other").is_err());
        cache.import(&file).unwrap();
        assert_eq!(fs::read(cache.path(&name)).unwrap(), bytes);

        for at in [9, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(cache.path(&name), &changed).unwrap();
            let found = cache.load(std::slice::from_ref(&name));
            assert!(found.kept.is_empty() && found.refused.len() == 1, "byte {at}");
            assert!(!cache.path(&name).exists());
        }
        assert!(cache.list().unwrap().contains("0 kept sources"));
    }
}
