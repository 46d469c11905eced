//! What is seen while training: a bar for each variant, or a line now and then where nobody watches, or JSON.

use std::io::{IsTerminal as _, Write as _};

use kappa_core::protocol::{Event, Preparing, Progress, Tuning};
use kappa_core::spec::{Metric, shown};

use crate::lines;
use crate::table::Results;

/// Where progress is shown. All but JSON goes to standard error.
pub enum Screen {
    /// One line that is written again and again.
    Bar(Bar),
    /// A line for every evaluation.
    Lines,
    /// Every event as JSON, on standard output; `false` when nobody reads it any more.
    Json(bool),
}

impl Screen {
    /// JSON if it is asked for, bars on a terminal, lines elsewhere.
    pub fn new(json: bool) -> Self {
        if json {
            Self::Json(true)
        } else if std::io::stderr().is_terminal() {
            Self::Bar(Bar::default())
        } else {
            Self::Lines
        }
    }

    /// Shows what happened; `results` has taken note of it already.
    pub fn show(&mut self, event: &Event, results: &Results) {
        match self {
            Self::Json(read) => {
                let mut out = std::io::stdout().lock();
                for line in lines::of(event) {
                    *read = *read && writeln!(out, "{line}").is_ok();
                }
                *read = *read && out.flush().is_ok();
            }
            Self::Lines => {
                if let Some(line) = line(event, results) {
                    eprintln!("{line}");
                }
            }
            Self::Bar(bar) => match event {
                Event::Progress(progress) => bar.draw(progress, results),
                Event::Tuning(tuning) if tuning.tried.is_empty() => bar.draw_tuning(tuning),
                Event::Preparing(source) if source.metrics.is_empty() => bar.draw_source(source),
                Event::Evaluated { .. } => {}
                event => {
                    if let Some(line) = line(event, results) {
                        bar.interrupt(&line);
                    }
                }
            },
        }
    }

    /// A remark of the program itself.
    pub fn say(&self, sentence: &str) {
        match self {
            Self::Bar(bar) => bar.interrupt(sentence),
            Self::Lines | Self::Json(_) => eprintln!("{sentence}"),
        }
    }
}

/// Every variant's share of the steps on one line of the terminal, with the newest numbers of the slowest.
#[derive(Default)]
pub struct Bar {
    drawn: std::time::Duration,
    start: Option<std::time::Instant>,
}

impl Bar {
    /// Cells of the bar.
    const WIDTH: usize = 24;
    /// Time between two drawings.
    const PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

    fn draw(&mut self, progress: &Progress, results: &Results) {
        let last = progress.step == results.steps;
        if !self.is_due() && !last {
            return;
        }
        let name = results.variants.get(progress.variant).map_or("", |variant| variant.name.as_str());
        let numbers = message(progress, results);
        self.line(progress.step, results.steps, &format!("{name}: {numbers}"));
        if last && progress.variant + 1 == results.variants.len() {
            eprintln!();
        }
    }

    fn draw_tuning(&mut self, tuning: &Tuning) {
        if self.is_due() {
            let speed = tuning.steps_per_second;
            self.line(tuning.step, tuning.steps, &format!("tuning, {speed:.1} steps/s"));
        }
    }

    fn draw_source(&mut self, source: &Preparing) {
        if self.is_due() {
            let loss = source.losses.last().map_or(String::new(), |loss| format!(", loss {loss:.3}"));
            let (called, speed) = (named(source), source.steps_per_second);
            self.line(source.step, source.steps, &format!("{called}{loss}, {speed:.1} steps/s"));
        }
    }

    /// Whether the last drawing is long enough ago.
    fn is_due(&mut self) -> bool {
        let elapsed = self.start.get_or_insert_with(std::time::Instant::now).elapsed();
        elapsed >= self.drawn + Self::PAUSE
    }

    /// Draws the bar, with words behind it.
    fn line(&mut self, step: u32, steps: u32, words: &str) {
        self.drawn = self.start.get_or_insert_with(std::time::Instant::now).elapsed();
        let full = Self::WIDTH * step as usize / steps.max(1) as usize;
        let (bar, rest) = ("█".repeat(full), "░".repeat(Self::WIDTH - full));
        eprint!("\r\x1b[2K{bar}{rest} {step}/{steps}  {words}");
    }

    /// Puts a whole line above the bar.
    fn interrupt(&self, line: &str) {
        eprintln!("\r\x1b[2K{line}");
    }
}

/// Behind the bar: "loss 0.532, accuracy 93.1 ± 0.4 %, 120 steps/s".
fn message(progress: &Progress, results: &Results) -> String {
    let mut parts = Vec::new();
    if let Some(losses) = progress.losses.last() {
        let finite: Vec<f32> = losses.iter().copied().filter(|loss| loss.is_finite()).collect();
        parts.push(match finite.len() {
            0 => "loss not finite".to_owned(),
            count => format!("loss {:.3}", finite.iter().sum::<f32>() / count as f32),
        });
    }
    if let Some(variant) = results.variants.get(progress.variant) {
        for metric in [Metric::Accuracy, Metric::ExactMatch, Metric::Psnr, Metric::RelativeError] {
            let mean = variant.mean(metric);
            if !mean.starts_with('–') {
                parts.push(format!("{} {mean}", metric.word()));
            }
        }
    }
    parts.push(format!("{:.0} steps/s", progress.steps_per_second));
    parts.join(", ")
}

/// "source 2 of 3, Set (8 seeds)".
fn named(source: &Preparing) -> String {
    let Preparing { called, source, sources, replicas, .. } = source;
    let seeds = if *replicas == 1 { "seed" } else { "seeds" };
    format!("training source {} of {sources}, {called} ({replicas} {seeds})", source + 1)
}

/// One line for what is worth one.
fn line(event: &Event, results: &Results) -> Option<String> {
    let name = |variant: usize| results.variants.get(variant).map_or("", |variant| variant.name.as_str());
    match event {
        Event::Device(report) => {
            let adapter = Some(&report.adapter).filter(|a| !a.is_empty()).map(|a| format!(" ({a})"));
            let because = Some(&report.because).filter(|b| !b.is_empty()).map(|b| format!(": {b}"));
            Some(format!(
                "On {}{}{}",
                report.engine,
                adapter.unwrap_or_default(),
                because.unwrap_or_default()
            ))
        }
        Event::Started { step, steps, replicas, .. } => {
            let seeds = if *replicas == 1 { "seed" } else { "seeds" };
            let from = if *step > 0 { format!(" from step {step}") } else { String::new() };
            let names: Vec<_> = results.variants.iter().map(|variant| variant.name.as_str()).collect();
            Some(format!("{steps} steps{from}, {replicas} {seeds}, variants: {}", names.join("; ")))
        }
        Event::Preparing(source) if !source.metrics.is_empty() => {
            let shown = source.metrics.iter().map(|(metric, values)| {
                let finite: Vec<f64> =
                    values.iter().filter(|x| x.is_finite()).map(|x| f64::from(*x)).collect();
                let mean = finite.iter().sum::<f64>() / finite.len() as f64;
                format!("{} {}", metric.word(), metric.written(mean))
            });
            let shown = shown.collect::<Vec<_>>().join(", ");
            Some(format!("{}: step {} of {}, {shown}", named(source), source.step, source.steps))
        }
        Event::Tuning(tuning) if !tuning.tried.is_empty() => {
            let tried = tuning.tried.iter().map(|tried| {
                let edge = if tried.is_at_the_edge() { ", at the edge of what was tried" } else { "" };
                format!("{}: {}{edge}", name(tried.variant), shown(tried.value()))
            });
            let so_far = if tuning.taken().is_some() { "takes" } else { "so far" };
            Some(format!(
                "tuning step {} of {}, {so_far}: {}",
                tuning.step,
                tuning.steps,
                tried.collect::<Vec<_>>().join("; ")
            ))
        }
        Event::Evaluated { variant, step, metrics } => {
            let outcome = results.variants.get(*variant)?;
            let shown = metrics.iter().map(|(metric, _)| {
                let word = metric.word();
                format!("{word} {}", outcome.mean(*metric))
            });
            let shown = shown.collect::<Vec<_>>().join(", ");
            Some(format!("step {step}, {}: {shown}", outcome.name))
        }
        Event::Diverged { variant, replica, step } => {
            Some(format!("step {step}, {}: seed {} of its seeds diverged", name(*variant), replica + 1))
        }
        Event::Reused { kept, of } if *kept > 0 => Some(format!(
            "{kept} of {of} sources, one a seed, were kept from before and are not trained again."
        )),
        Event::DeviceLost { because } => Some(format!("The device was lost: {because}")),
        Event::Recovered { step, because } => Some(format!("Goes on from step {step}: {because}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use kappa_core::protocol::{Cost, DeviceReport, VariantInfo};

    use super::*;

    fn results() -> Results {
        let mut results = Results::default();
        let info = |name: &str| VariantInfo { name: name.to_owned(), parameters: 1, operations: 1, bytes: 0 };
        let variants = vec![info("softmax"), info("x³")];
        results.take(&Event::Started { variants, step: 0, steps: 30, replicas: 2 });
        let metrics = vec![(Metric::Accuracy, vec![0.5, 0.5]), (Metric::Loss, vec![1.5, 1.5])];
        results.take(&Event::Evaluated { variant: 0, step: 10, metrics });
        results
    }

    #[test]
    fn a_bar_says_what_the_loss_the_accuracy_and_the_speed_are() {
        let progress = |variant, losses: Vec<f32>| Progress {
            variant,
            step: 10,
            losses: vec![losses],
            gradient_norms: vec![1.0, 1.0],
            learning_rate: 1e-3,
            steps_per_second: 12.3,
            cost: Cost::default(),
        };
        let results = results();
        assert_eq!(
            message(&progress(0, vec![0.5, 0.25]), &results),
            "loss 0.375, accuracy 50.0 ± 0.0 %, 12 steps/s"
        );
        assert_eq!(message(&progress(1, vec![f32::NAN; 2]), &results), "loss not finite, 12 steps/s");
    }

    #[test]
    fn where_nobody_watches_a_line_tells_of_every_evaluation() {
        let results = results();
        let metrics = vec![(Metric::Loss, vec![1.5, 1.5])];
        let said = line(&Event::Evaluated { variant: 0, step: 10, metrics }, &results);
        assert_eq!(said.as_deref(), Some("step 10, softmax: loss 1.500 ± 0.000"));
        let report = DeviceReport {
            engine: "CPU".to_owned(),
            adapter: String::new(),
            because: "wgpu found no GPU here.".to_owned(),
        };
        assert_eq!(
            line(&Event::Device(report), &results).as_deref(),
            Some("On CPU: wgpu found no GPU here.")
        );
        assert_eq!(line(&Event::Finished, &results), None);
    }
}
