//! The loop: steps, events, checkpoints; until the end, an error, or Ctrl-C. Knows no engine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kappa_core::protocol::Event;

use crate::failure::Failure;
use crate::folder::Folder;
use crate::screen::Screen;
use crate::table::Results;

/// How long the engine is left alone: Ctrl-C is heard after that.
const SLICE: Duration = Duration::from_millis(250);

/// Something that trains step by step.
pub trait Training {
    /// Steps of the comparison that are done.
    fn step(&self) -> u32;
    /// Steps that are done in all, those of tuning included.
    fn all_steps(&self) -> u32;
    /// At most that many steps more, and what they led to; [`Event::Finished`] is the last.
    fn advance(&mut self, steps: u32) -> Result<Vec<Event>, String>;
    /// Everything that is needed to go on from here.
    fn checkpoint(&mut self) -> Result<Vec<u8>, String>;
    /// Most steps of one advance.
    fn largest_advance(&self) -> u32;
}

/// Everything around the training.
pub struct Shell<'a> {
    /// Where it is written.
    pub folder: &'a mut Folder,
    /// Where it is shown.
    pub screen: &'a mut Screen,
    /// What it comes to.
    pub results: &'a mut Results,
    /// Whether the user wants it to stop.
    pub stop: &'a AtomicBool,
    /// Between two checkpoints.
    pub save_every: Duration,
}

impl Shell<'_> {
    /// Writes down and shows what happened.
    pub fn tell(&mut self, event: &Event) -> Result<(), Failure> {
        self.results.take(event);
        self.screen.show(event, self.results);
        self.folder.record(event)
    }

    /// Trains to the end.
    pub fn drive(&mut self, training: &mut dyn Training) -> Result<(), Failure> {
        let mut saved = Instant::now();
        let mut steps = 1;
        loop {
            if self.stop.load(Ordering::SeqCst) {
                return Err(self.interrupted(training));
            }
            let start = Instant::now();
            let before = training.all_steps();
            let events = training.advance(steps).map_err(|error| self.failed(&error))?;
            for event in &events {
                self.tell(event)?;
            }
            if let Some(Event::Failed { problems }) = events.last() {
                return Err(self.failed(&problems.join(" ")));
            }
            if events.contains(&Event::Finished) {
                return self.save(training);
            }
            let done = training.all_steps() - before;
            if done == 0 && events.is_empty() {
                return Err(self.failed("The engine makes no steps any more."));
            }
            steps = slice(done, start.elapsed()).min(training.largest_advance());
            if saved.elapsed() >= self.save_every {
                self.save(training)?;
                saved = Instant::now();
            }
        }
    }

    fn save(&mut self, training: &mut dyn Training) -> Result<(), Failure> {
        let bytes = training.checkpoint().map_err(|error| self.failed(&error))?;
        self.folder.save(&bytes)
    }

    fn interrupted(&mut self, training: &mut dyn Training) -> Failure {
        match self.save(training) {
            Err(failure) => failure,
            Ok(()) => Failure::Interrupted(format!(
                "Saved at step {}. Go on with: {}",
                training.step(),
                self.folder.how_to_resume().unwrap_or_default()
            )),
        }
    }

    fn failed(&self, error: &str) -> Failure {
        let mut sentences = vec![error.to_owned()];
        if let Some(command) = self.folder.how_to_resume() {
            sentences.push(format!("The last checkpoint is whole; go on with: {command}"));
        }
        Failure::Run(sentences)
    }
}

/// How many steps fit into a slice, if `done` took `time`; never more than twice as many as before.
pub fn slice(done: u32, time: Duration) -> u32 {
    let done = done.max(1);
    let fit = f64::from(done) * SLICE.as_secs_f64() / time.as_secs_f64().max(1e-6);
    (fit as u32).clamp(1, done.saturating_mul(2))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use kappa_core::catalog;
    use kappa_core::protocol::{Cost, Progress, VariantInfo};
    use kappa_core::spec::Metric;

    use super::*;

    /// A training that learns nothing, quickly; its checkpoint is its step.
    struct Mock {
        step: u32,
        total: u32,
        fails_at: Option<u32>,
    }

    impl Training for Mock {
        fn step(&self) -> u32 {
            self.step
        }

        fn all_steps(&self) -> u32 {
            self.step
        }

        fn advance(&mut self, steps: u32) -> Result<Vec<Event>, String> {
            let last = (self.step + steps).min(self.total);
            if self.fails_at.is_some_and(|at| last >= at) {
                return Err("The device is gone.".to_owned());
            }
            let mut events = Vec::new();
            for variant in 0..2 {
                events.push(Event::Progress(Progress {
                    variant,
                    step: last,
                    losses: (self.step..last).map(|step| vec![1.0 / (step + 1) as f32; 2]).collect(),
                    gradient_norms: vec![1.0; 2],
                    learning_rate: 1e-3,
                    steps_per_second: 100.0,
                    cost: Cost::default(),
                }));
            }
            self.step = last;
            if last == self.total {
                for variant in 0..2 {
                    let metrics = vec![(Metric::Accuracy, vec![0.5, 0.75])];
                    events.push(Event::Evaluated { variant, step: last, metrics });
                }
                events.push(Event::Finished);
            }
            Ok(events)
        }

        fn checkpoint(&mut self) -> Result<Vec<u8>, String> {
            Ok(self.step.to_le_bytes().to_vec())
        }

        fn largest_advance(&self) -> u32 {
            7
        }
    }

    fn started() -> Event {
        let info = |name: &str| VariantInfo { name: name.to_owned(), parameters: 1, operations: 1, bytes: 0 };
        Event::Started { variants: vec![info("softmax"), info("x³")], step: 0, steps: 30, replicas: 2 }
    }

    /// Runs the mock in this folder, and returns how it ended with the table of the end.
    fn run(path: &Path, mut mock: Mock, stop: bool, save_every: Duration) -> (Result<(), Failure>, String) {
        let tiny = catalog::find("tiny").unwrap().experiment();
        let mut folder = Folder::create(Some(path), "tiny", tiny).unwrap();
        let (mut screen, mut results) = (Screen::Lines, Results::default());
        let stop = AtomicBool::new(stop);
        let mut shell = Shell {
            folder: &mut folder,
            screen: &mut screen,
            results: &mut results,
            stop: &stop,
            save_every,
        };
        shell.tell(&started()).unwrap();
        let outcome = shell.drive(&mut mock);
        (outcome, results.table())
    }

    fn mock(fails_at: Option<u32>) -> Mock {
        Mock { step: 0, total: 30, fails_at }
    }

    #[test]
    fn a_run_to_the_end_leaves_every_step_and_the_last_checkpoint() {
        let place = tempfile::tempdir().unwrap();
        let (outcome, table) = run(place.path(), mock(None), false, Duration::MAX);
        assert_eq!(outcome, Ok(()));
        assert!(table.contains("62.5 ± 158.8 %"), "{table}");
        assert_eq!(Folder::checkpoint(place.path()).unwrap().unwrap(), 30_u32.to_le_bytes());
        let metrics = std::fs::read_to_string(place.path().join("metrics.jsonl")).unwrap();
        assert_eq!(metrics.lines().filter(|line| line.contains("\"trained\"")).count(), 60);
        assert!(metrics.ends_with("{\"event\":\"finished\"}\n"), "{metrics}");
    }

    #[test]
    fn an_interrupted_run_is_saved_and_says_how_to_go_on() {
        let place = tempfile::tempdir().unwrap();
        let (outcome, _) = run(place.path(), mock(None), true, Duration::MAX);
        let Err(Failure::Interrupted(sentence)) = outcome else { panic!("{outcome:?}") };
        assert!(sentence.contains("Saved at step 0. Go on with: kappa run --resume "), "{sentence}");
        assert!(Folder::checkpoint(place.path()).unwrap().is_some());
    }

    #[test]
    fn a_run_that_fails_points_to_the_last_checkpoint() {
        let place = tempfile::tempdir().unwrap();
        let (outcome, _) = run(place.path(), mock(Some(10)), false, Duration::ZERO);
        let Err(Failure::Run(sentences)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(sentences[0], "The device is gone.");
        assert!(sentences[1].contains("--resume"), "{sentences:?}");

        let place = tempfile::tempdir().unwrap();
        let (outcome, _) = run(place.path(), mock(Some(1)), false, Duration::MAX);
        let Err(Failure::Run(sentences)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(sentences.len(), 1, "nothing was saved yet: {sentences:?}");
    }

    #[test]
    fn a_slice_grows_slowly_and_shrinks_at_once() {
        assert_eq!(slice(1, Duration::from_micros(1)), 2);
        assert_eq!(slice(8, Duration::from_millis(250)), 8);
        assert_eq!(slice(8, Duration::from_secs(10)), 1);
        assert_eq!(slice(0, Duration::ZERO), 2);
    }
}
