//! How long a run has taken, pauses and shader compilation aside, and how long it may still take.

/// Measures in milliseconds of any steadily growing clock.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clock {
    /// Time spent before the stretch under way.
    spent: f64,
    /// When the stretch under way began; `None` while halted.
    since: Option<f64>,
    /// Time spent when the first steps were done, and how many: compiling is not a measure for the rest.
    first: Option<(f64, f64)>,
}

impl Clock {
    /// Goes on, or begins.
    pub fn run(&mut self, now: f64) {
        self.since.get_or_insert(now);
    }

    /// Halts.
    pub fn halt(&mut self, now: f64) {
        self.spent = self.elapsed(now);
        self.since = None;
    }

    /// Time spent so far.
    pub fn elapsed(&self, now: f64) -> f64 {
        self.spent + self.since.map_or(0.0, |since| (now - since).max(0.0))
    }

    /// Notes that this share of all steps is done.
    pub fn note(&mut self, now: f64, share: f64) {
        let elapsed = self.elapsed(now);
        self.first.get_or_insert((elapsed, share));
    }

    /// Time still needed when `share` of all steps is done; `None` while there is nothing to judge by.
    pub fn remaining(&self, now: f64, share: f64) -> Option<f64> {
        let (first, done) = self.first?;
        let steps = share - done;
        (steps > 0.0).then(|| (self.elapsed(now) - first) / steps * (1.0 - share).max(0.0))
    }
}

/// "48 s", "3 min 05 s", "2 h 07 min".
pub fn words(milliseconds: f64) -> String {
    let seconds = (milliseconds / 1000.0).round().max(0.0) as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_takes_no_time() {
        let mut clock = Clock::default();
        clock.run(100.0);
        clock.halt(300.0);
        assert_eq!(clock.elapsed(5000.0), 200.0);
        clock.run(5000.0);
        assert_eq!(clock.elapsed(5100.0), 300.0);
    }

    #[test]
    fn compiling_does_not_count_towards_the_rest() {
        let mut clock = Clock::default();
        clock.run(0.0);
        // The first tenth took ten seconds, nearly all of them for shaders.
        clock.note(10_000.0, 0.1);
        assert_eq!(clock.remaining(10_000.0, 0.1), None);
        let remaining = clock.remaining(11_000.0, 0.6).unwrap();
        assert!((remaining - 800.0).abs() < 1e-6, "{remaining}");
    }

    #[test]
    fn durations_read_as_words() {
        assert_eq!(words(48_000.0), "48 s");
        assert_eq!(words(185_000.0), "3 min 05 s");
        assert_eq!(words(7_620_000.0), "2 h 07 min");
    }
}
