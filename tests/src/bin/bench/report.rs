//! The table, the targets, the file.

use std::process::Command;
use std::thread;

use anyhow::Result;
use kappa_tests::browser::Browser;
use kappa_tests::paths;
use serde::Serialize;
use serde_json::{Value, json};

use crate::measure::{Engine, Place, Row, Run};
use crate::sizes::Size;
use crate::techniques::Count;

/// Everything that was measured.
pub struct Report {
    /// Of the wasm files.
    pub sizes: Vec<Size>,
    /// Kernels of each technique; the first is the network without any.
    pub techniques: Vec<Count>,
    rows: Vec<(Run, Result<Row, String>)>,
    browser: String,
    adapter: String,
    date: String,
}

/// A number that should not be exceeded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Target {
    /// What it is about.
    pub what: String,
    /// What was found.
    pub found: f64,
    /// The most that it may be.
    pub at_most: f64,
    /// Whether it is not more than that.
    pub met: bool,
}

impl Report {
    /// Nothing measured yet.
    pub fn new(browser: &Browser) -> Result<Self> {
        let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
        Ok(Self {
            sizes: Vec::new(),
            techniques: Vec::new(),
            rows: Vec::new(),
            browser: text(browser.ask(
                "return navigator.userAgentData?.brands.map(({ brand, version }) => `${brand} ${version}`).join(', ') ?? navigator.userAgent",
            )?),
            adapter: browser.adapter()?.unwrap_or_default(),
            date: text(browser.ask("return new Date().toISOString().slice(0, 10)")?),
        })
    }

    /// Where it was measured.
    pub fn machine(&self) -> String {
        let cores = thread::available_parallelism().map_or(0, usize::from);
        format!("{}; WebGPU by {}; {cores} cores; {}", self.browser, self.adapter, self.date)
    }

    /// One more run, or why there is none.
    pub fn add(&mut self, run: &Run, measured: Result<Row>) {
        self.rows.push((*run, measured.map_err(|error| format!("{error:#}"))));
    }

    fn row(&self, engine: Engine, device: Place, batch: u32, replicas: u32) -> Option<&Row> {
        self.row_of(Run { engine, device, batch, replicas, values: 1 })
    }

    fn row_of(&self, wanted: Run) -> Option<&Row> {
        self.rows.iter().find(|(run, _)| *run == wanted).and_then(|(_, row)| row.as_ref().ok())
    }

    /// What it was to reach, as far as it was measured.
    pub fn targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        let mut add = |what: &str, found: Option<f64>, at_most: Option<f64>| {
            if let (Some(found), Some(at_most)) = (found, at_most) {
                targets.push(Target { what: what.to_owned(), found, at_most, met: found <= at_most });
            }
        };
        let gpu = |engine, batch| self.row(engine, Place::Gpu, batch, 1);
        let (ours, jax, tfjs) = (gpu(Engine::Ours, 8), gpu(Engine::Jax, 8), gpu(Engine::Tfjs, 8));
        let five = self.row(Engine::Ours, Place::Gpu, 8, 5);
        let of = |row: Option<&Row>, number: fn(&Row) -> f64| row.map(number);
        add("kernels a step", of(ours, |row| row.kernels), Some(330.0));
        add("kernels a step, the next mark", of(ours, |row| row.kernels), Some(250.0));
        add("kernels a step at R = 5, as at R = 1", of(five, |row| row.kernels), of(ours, |row| row.kernels));
        let six =
            self.row_of(Run { engine: Engine::Ours, device: Place::Gpu, batch: 8, replicas: 1, values: 6 });
        add(
            "kernels a step with 6 values, as with 1",
            of(six, |row| row.kernels),
            of(ours, |row| row.kernels),
        );
        add("submissions with 6 values, as with 1", of(six, |row| row.submits), of(ours, |row| row.submits));
        add("host ms a step, batch 8, as jax-js", of(ours, |row| row.host_ms), of(jax, |row| row.host_ms));
        add(
            "step ms, batch 8, half of TensorFlow.js",
            of(ours, |row| row.step_ms),
            of(tfjs, |row| row.step_ms / 2.0),
        );
        add("step ms, batch 8, as jax-js", of(ours, |row| row.step_ms), of(jax, |row| row.step_ms));
        add(
            "first step ms, batch 8, as jax-js",
            of(ours, |row| row.first_step_ms),
            of(jax, |row| row.first_step_ms),
        );
        let size = |part| self.sizes.iter().find(|size| size.part == part).map(|size| size.brotli as f64);
        add("page, bytes after brotli", size("page"), Some(350e3));
        add("engine, bytes after brotli", size("engine"), Some(5e6));
        targets
    }

    /// Ours against a peer: step times as ratios.
    fn ratios(&self) -> Vec<(String, f64)> {
        let mut ratios = Vec::new();
        for device in [Place::Gpu, Place::Cpu] {
            for batch in [8, 64] {
                let Some(ours) = self.row(Engine::Ours, device, batch, 1) else {
                    continue;
                };
                for (name, peer) in [("jax-js", Engine::Jax), ("TensorFlow.js", Engine::Tfjs)] {
                    if let Some(peer) = self.row(peer, device, batch, 1) {
                        ratios.push((
                            format!("{} at batch {batch}, to {name}", word(device)),
                            ours.step_ms / peer.step_ms,
                        ));
                    }
                }
                let six = Run { engine: Engine::Ours, device, batch, replicas: 1, values: 6 };
                if let Some(six) = self.row_of(six) {
                    let name = format!("{} at batch {batch}, 6 values to 1", word(device));
                    ratios.push((name, six.step_ms / ours.step_ms));
                }
                if let Some(five) = self.row(Engine::Ours, device, batch, 5) {
                    let name = format!("{} at batch {batch}, R = 5 to R = 1", word(device));
                    ratios.push((name, five.step_ms / ours.step_ms));
                }
            }
        }
        ratios
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut text = format!("\n{}\n\n", self.machine());
        let mut line = |what: &str| {
            text.push_str(what.trim_end());
            text.push('\n');
        };
        line(&format!(
            "{:36} {:>8} {:>8} {:>9} {:>12} {:>10} {:>11}",
            "a step of", "kernels", "submits", "host ms", "bytes up", "step ms", "first step"
        ));
        for (run, row) in &self.rows {
            match row {
                Err(error) => line(&format!("{run:36} {error}")),
                Ok(row) if run.device == Place::Cpu => line(&format!(
                    "{run:36} {:>8} {:>8} {:>9.1} {:>12} {:>10.1} {:>9.2} s",
                    "–",
                    "–",
                    row.host_ms,
                    "–",
                    row.step_ms,
                    row.first_step_ms / 1e3
                )),
                Ok(row) => line(&format!(
                    "{run:36} {:>8.1} {:>8.1} {:>9.1} {:>12.0} {:>10.1} {:>9.2} s",
                    row.kernels,
                    row.submits,
                    row.host_ms,
                    row.uploaded_bytes,
                    row.step_ms,
                    row.first_step_ms / 1e3
                )),
            }
        }
        line("");
        for (name, ratio) in self.ratios() {
            line(&format!("step time, {name:44} {ratio:>6.2}"));
        }
        line("");
        for count in &self.techniques {
            let more = count.kernels / self.techniques[0].kernels - 1.0;
            line(&format!(
                "{:36} {:>8.0} kernels a step {:>+7.1} %",
                count.technique,
                count.kernels,
                100.0 * more
            ));
        }
        line("");
        for size in &self.sizes {
            let (raw, brotli) = (size.raw as f64 / 1e6, size.brotli as f64 / 1e6);
            line(&format!("wasm of the {:8} {raw:>7.3} MB raw, {brotli:>6.3} MB brotli", size.part));
        }
        line("");
        for target in self.targets() {
            let met = if target.met { "met" } else { "NOT MET" };
            line(&format!(
                "{:44} {:>12.1} of at most {:>12.1}   {met}",
                target.what, target.found, target.at_most
            ));
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let row = |(run, row): &(Run, Result<Row, String>)| match row {
            Ok(row) => json!({ "run": run, "step": row }),
            Err(error) => json!({ "run": run, "error": error }),
        };
        let ratios: serde_json::Map<String, Value> =
            self.ratios().into_iter().map(|(name, ratio)| (name, json!(ratio))).collect();
        json!({
            "date": self.date,
            "commit": commit(),
            "browser": self.browser,
            "adapter": self.adapter,
            "model": "depth 4, width 64, heads 4, MLP 256, 16 tokens of 4 features, 10 classes",
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "step_time_ratios": ratios,
            "kernels_of_techniques": self.techniques,
            "wasm": self.sizes,
            "targets": self.targets(),
        })
    }
}

fn word(device: Place) -> &'static str {
    match device {
        Place::Gpu => "WebGPU",
        Place::Cpu => "CPU",
    }
}

/// The commit that was measured, if this is a checkout.
fn commit() -> Option<String> {
    let output = Command::new("git")
        .args(["rev-parse", "--short", "HEAD"])
        .current_dir(paths::root())
        .output()
        .ok()?;
    let commit = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !commit.is_empty()).then_some(commit)
}
