//! What a run leaves behind, in one folder.
//!
//! | file | what |
//! |---|---|
//! | `experiment.toml` | the experiment, every field written out |
//! | `metrics.jsonl` | everything that happened, one line each: see [`crate::lines`] |
//! | `checkpoint.safetensors` | all that is needed to go on; at the end the trained weights |
//! | `adapters/` | what variants started from, where that was adapters of PEFT's: see [`crate::adapters`] |
//!
//! A file is written under another name, synced and renamed: whatever interrupts that, the file before it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use kappa_core::protocol::Event;
use kappa_core::spec::{Experiment, Problem, from_toml, to_toml};
use kappa_core::train::checkpoint::LIMITS;

use crate::adapters::read_bounded;
use crate::failure::Failure;
use crate::lines;

const EXPERIMENT: &str = "experiment.toml";
const METRICS: &str = "metrics.jsonl";
const CHECKPOINT: &str = "checkpoint.safetensors";

/// The folder of a run under way.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    metrics: BufWriter<File>,
}

impl Folder {
    /// A new folder: the one that is wanted, or the first of `runs/NAME`, `runs/NAME-2`, … that does not exist.
    pub fn create(wanted: Option<&Path>, name: &str, experiment: &Experiment) -> Result<Self, Failure> {
        let path = match wanted {
            Some(path) if path.join(METRICS).exists() || path.join(CHECKPOINT).exists() => {
                let shown = path.display();
                return Err(Failure::usage(format!(
                    "{shown} holds a run already: go on with it by `kappa run --resume {shown}`, or name another folder."
                )));
            }
            Some(path) => path.to_owned(),
            None => {
                let runs = Path::new("runs");
                let numbered = (2..).map(|number| runs.join(format!("{name}-{number}")));
                let mut free = std::iter::once(runs.join(name)).chain(numbered).filter(|path| !path.exists());
                free.next().expect("there are more numbers than folders")
            }
        };
        let make = || -> io::Result<Self> {
            fs::create_dir_all(&path)?;
            write_whole(&path.join(EXPERIMENT), to_toml(experiment).as_bytes())?;
            let metrics = BufWriter::new(File::create(path.join(METRICS))?);
            Ok(Self { path: path.clone(), metrics })
        };
        make().map_err(|error| Failure::run(format!("{} cannot be written: {error}.", path.display())))
    }

    /// The checkpoint of a run that was interrupted.
    pub fn checkpoint(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
        let file = path.join(CHECKPOINT);
        match file.try_exists() {
            Ok(false) => Ok(None),
            _ => read_bounded(&file, LIMITS.bytes).map(Some).map_err(Failure::usage),
        }
    }

    /// The experiment that the run in this folder was started with.
    pub fn experiment(path: &Path) -> Result<Experiment, Failure> {
        let file = path.join(EXPERIMENT);
        let shown = file.display();
        let text = fs::read_to_string(&file).map_err(|error| {
            let why = "so it is not known what the checkpoint belongs to";
            Failure::usage(format!("{shown} cannot be read, {why}: {error}."))
        })?;
        let sentences =
            |problems: Vec<Problem>| problems.iter().map(|one| format!("{shown}: {one}")).collect();
        from_toml(&text).map_err(|problems| Failure::Usage(sentences(problems)))
    }

    /// The folder of a run that goes on from a step of some, or from where it was `tuning`, and what it had told that is not
    /// told again. What was written after that is dropped: it will be written again.
    pub fn resume(path: &Path, at: (u32, u32), tuning: bool) -> Result<(Self, Vec<Event>), Failure> {
        let file = path.join(METRICS);
        let make = || -> io::Result<(Self, Vec<Event>)> {
            let text = match fs::read_to_string(&file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
                text => text?,
            };
            let kept: Vec<&str> = text.lines().filter(|line| lines::holds(line, at, tuning)).collect();
            let told = kept.iter().filter_map(|line| lines::kept(line)).collect();
            let whole: String = kept.iter().map(|line| format!("{line}\n")).collect();
            write_whole(&file, whole.as_bytes())?;
            let metrics = BufWriter::new(OpenOptions::new().append(true).open(&file)?);
            Ok((Self { path: path.to_owned(), metrics }, told))
        };
        make().map_err(|error| Failure::run(format!("{} cannot be written: {error}.", file.display())))
    }

    /// The folder of a finished run that goes on with more seeds: what they lead to is added.
    pub fn extend(path: &Path, experiment: &Experiment) -> Result<(Self, Vec<Event>), Failure> {
        let file = path.join(EXPERIMENT);
        write_whole(&file, to_toml(experiment).as_bytes())
            .map_err(|error| Failure::run(format!("{} cannot be written: {error}.", file.display())))?;
        let file = path.join(METRICS);
        let metrics = OpenOptions::new().append(true).create(true).open(&file);
        let metrics = metrics
            .map_err(|error| Failure::run(format!("{} cannot be written: {error}.", file.display())))?;
        Ok((Self { path: path.to_owned(), metrics: BufWriter::new(metrics) }, Vec::new()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds what happened to the metrics.
    pub fn record(&mut self, event: &Event) -> Result<(), Failure> {
        let mut write = || -> io::Result<()> {
            for line in lines::of(event) {
                self.metrics.write_all(line.as_bytes())?;
                self.metrics.write_all(b"\n")?;
            }
            self.metrics.flush()
        };
        write().map_err(|error| self.unwritten(METRICS, &error))
    }

    /// Replaces the checkpoint. The metrics up to it are on the disk before it is.
    pub fn save(&mut self, checkpoint: &[u8]) -> Result<(), Failure> {
        self.metrics.get_ref().sync_data().map_err(|error| self.unwritten(METRICS, &error))?;
        write_whole(&self.path.join(CHECKPOINT), checkpoint)
            .map_err(|error| self.unwritten(CHECKPOINT, &error))
    }

    /// How to go on, if there is anything to go on with.
    pub fn how_to_resume(&self) -> Option<String> {
        let saved = self.path.join(CHECKPOINT).is_file();
        saved.then(|| format!("kappa run --resume {}", self.path.display()))
    }

    fn unwritten(&self, file: &str, error: &io::Error) -> Failure {
        let mut sentences = vec![format!("{} cannot be written: {error}.", self.path.join(file).display())];
        if let Some(command) = self.how_to_resume() {
            sentences
                .push(format!("The checkpoint before is whole; when there is room, go on with: {command}"));
        }
        Failure::Run(sentences)
    }
}

/// Writes a file so that either the old one or the new one is there, whole.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let write = || -> io::Result<()> {
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().inspect_err(|_| {
        // Half a file is of no use, and on a full disk in the way.
        let _ = fs::remove_file(&new);
    })?;
    // The new name is in the folder, which is a file of its own on Unix.
    if let Some(folder) = path.parent().filter(|_| cfg!(unix)) {
        File::open(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kappa_core::catalog;
    use kappa_core::spec::Metric;

    use super::*;

    fn tiny() -> &'static Experiment {
        catalog::find("tiny").unwrap().experiment()
    }

    fn evaluated(step: u32) -> Event {
        Event::Evaluated { variant: 0, step, metrics: vec![(Metric::Loss, vec![1.0, 2.0])] }
    }

    fn metrics(folder: &Path) -> Vec<String> {
        fs::read_to_string(folder.join(METRICS)).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_folder_holds_the_experiment_the_metrics_and_the_newest_checkpoint() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("deep/run");
        let mut folder = Folder::create(Some(&path), "tiny", tiny()).unwrap();
        assert_eq!(folder.how_to_resume(), None);
        folder.record(&evaluated(10)).unwrap();
        folder.save(b"one").unwrap();
        folder.save(b"two").unwrap();
        let text = fs::read_to_string(path.join(EXPERIMENT)).unwrap();
        assert_eq!(from_toml(&text).as_ref(), Ok(tiny()));
        assert_eq!(Folder::experiment(&path).as_ref(), Ok(tiny()));
        assert_eq!(Folder::checkpoint(&path).unwrap().unwrap(), b"two");
        assert_eq!(metrics(&path).len(), 1);
        assert!(folder.how_to_resume().unwrap().ends_with("deep/run"));
        assert_eq!(fs::read_dir(&path).unwrap().count(), 3, "nothing half-written is left");
    }

    #[test]
    fn a_folder_whose_experiment_is_gone_or_damaged_is_not_guessed_at() {
        let place = tempfile::tempdir().unwrap();
        let Failure::Usage(missing) = Folder::experiment(place.path()).unwrap_err() else { panic!("usage") };
        assert!(missing.len() == 1 && missing[0].contains("experiment.toml cannot be read"), "{missing:?}");
        fs::write(place.path().join(EXPERIMENT), "version = 2\ntitle = ").unwrap();
        let Failure::Usage(damaged) = Folder::experiment(place.path()).unwrap_err() else { panic!("usage") };
        assert!(damaged.len() == 1 && damaged[0].contains("experiment.toml: Line 2"), "{damaged:?}");
    }

    #[test]
    fn a_run_is_never_overwritten() {
        let place = tempfile::tempdir().unwrap();
        Folder::create(Some(place.path()), "tiny", tiny()).unwrap();
        let again = Folder::create(Some(place.path()), "tiny", tiny()).unwrap_err();
        assert!(matches!(again, Failure::Usage(_)), "{again:?}");
        assert_eq!(Folder::checkpoint(place.path()), Ok(None));
    }

    #[test]
    fn a_resumed_run_continues_its_metrics_from_the_checkpoint() {
        let place = tempfile::tempdir().unwrap();
        let mut folder = Folder::create(Some(place.path()), "tiny", tiny()).unwrap();
        folder.record(&Event::Diverged { variant: 1, replica: 0, step: 7 }).unwrap();
        folder.record(&evaluated(10)).unwrap();
        folder.record(&evaluated(20)).unwrap();
        fs::write(place.path().join(METRICS), {
            let mut text = metrics(place.path()).join("\n");
            text.push_str("\n{\"event\":\"eval");
            text
        })
        .unwrap();
        let (mut folder, diverged) = Folder::resume(place.path(), (15, 30), false).unwrap();
        assert_eq!(diverged, [Event::Diverged { variant: 1, replica: 0, step: 7 }]);
        folder.record(&evaluated(20)).unwrap();
        let lines = metrics(place.path());
        assert_eq!(lines.len(), 3);
        assert!(lines[2].contains("\"step\":20"), "{lines:?}");
    }

    #[test]
    fn a_checkpoint_that_cannot_be_written_leaves_the_one_before() {
        let place = tempfile::tempdir().unwrap();
        let mut folder = Folder::create(Some(place.path()), "tiny", tiny()).unwrap();
        folder.save(b"whole").unwrap();
        // A folder stands where the new file would be written.
        fs::create_dir(place.path().join("checkpoint.safetensors.new")).unwrap();
        let Failure::Run(sentences) = folder.save(b"newer").unwrap_err() else { panic!("a failed run") };
        assert!(sentences[1].contains("--resume"), "{sentences:?}");
        assert_eq!(Folder::checkpoint(place.path()).unwrap().unwrap(), b"whole");
    }
}
