//! Which device is faster for an experiment: a few timed steps of the experiment itself on both decide.
//!
//! A step means a step of every variant. Times are in milliseconds. What is compared is the median of the steps after
//! the first one, which compiles shaders and fills caches. No Burn, no DOM: the shell runs the steps.

use super::{DeviceChoice, Event};
use crate::networks::Model;
use crate::spec::Experiment;
use crate::tasks::Task;

/// How long the timed steps on one device should take in all, in milliseconds.
pub const TRIAL_MILLISECONDS: f64 = 500.0;
/// Timed steps on one device, at least.
const TRIAL_STEPS: usize = 2;
/// A CPU engine whose first step takes so many times as long as a step on the GPU will not catch up.
const HOPELESS: f64 = 10.0;
/// Floating-point operations a second that one thread of wasm SIMD does not reach: four lanes, an addition and a
/// multiplication in every cycle of 5 GHz make 40e9; the rest is room for the roughness of the count.
const CPU_OPERATIONS: f64 = 100e9;
/// Bytes that the CPU engine is trusted with. wasm has 4 GiB at most, and buffers that are freed leave gaps.
const CPU_BYTES: u64 = 1 << 30;

/// The first steps of an experiment on one device, as far as they are done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trial {
    first: Option<f64>,
    later: Vec<f64>,
    /// An evaluation or a probe came up.
    measured: bool,
    /// There are no more steps.
    over: bool,
}

impl Trial {
    /// Takes note of what one advance led to. The first advance should be a single step.
    pub fn note(&mut self, events: &[Event]) {
        let mut time = 0.0;
        let mut steps = 0;
        for event in events {
            match event {
                Event::Progress(progress) => {
                    // Variants take turns, so that a step of all of them takes the sum.
                    time += 1e3 / f64::from(progress.steps_per_second.max(1e-6));
                    steps = steps.max(progress.losses.len());
                }
                Event::Preparing(source) => {
                    time += 1e3 / f64::from(source.steps_per_second.max(1e-6));
                    steps = steps.max(source.losses.len());
                    self.measured |= !source.metrics.is_empty();
                }
                Event::Tuning(tuning) => {
                    time += 1e3 / f64::from(tuning.steps_per_second.max(1e-6));
                    // As many as are done in an advance are not told; they all took as long.
                    steps = steps.max(1);
                    self.measured |= !tuning.tried.is_empty();
                }
                Event::Evaluated { .. } | Event::Probed { .. } => self.measured = true,
                Event::Finished => self.over = true,
                _ => {}
            }
        }
        if steps == 0 {
            // Nothing is left to be trained.
            self.over = true;
        } else if self.first.is_none() {
            self.first = Some(time);
        } else {
            self.later.extend(std::iter::repeat_n(time, steps));
        }
    }

    /// Whether the first steps are done.
    pub fn has_begun(&self) -> bool {
        self.first.is_some()
    }

    /// Whether these steps are enough to judge by, the timed ones having taken so many milliseconds in all.
    ///
    /// An evaluation ends the trial: it costs time and says nothing about a step.
    pub fn is_enough(&self, milliseconds: f64) -> bool {
        self.over
            || (self.measured && !self.later.is_empty())
            || (self.later.len() >= TRIAL_STEPS && milliseconds >= TRIAL_MILLISECONDS)
    }

    /// Whether the first step alone shows that the other device will win.
    pub fn is_hopeless_beside(&self, other: &Self) -> bool {
        matches!((self.first, other.typical()), (Some(first), Some(typical)) if first > HOPELESS * typical)
    }

    /// What a step takes; `None` before the first.
    fn typical(&self) -> Option<f64> {
        median(self.times())
    }

    /// The times that count: of the steps after the first, or of the first if it is the only one.
    fn times(&self) -> &[f64] {
        if self.later.is_empty() { self.first.as_slice() } else { &self.later }
    }
}

/// A device, and why it was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// `Gpu` or `Cpu`.
    pub choice: DeviceChoice,
    /// A sentence with what was measured and how to override it.
    pub because: String,
}

/// The decision between two trials of the same experiment.
pub fn decide(cpu: &Trial, gpu: &Trial) -> Decision {
    faster(cpu.times(), gpu.times())
}

/// Which of two lists of times of steps wins, in milliseconds. The GPU does when they are equal: it leaves the CPU free.
fn faster(cpu: &[f64], gpu: &[f64]) -> Decision {
    let (Some(cpu), Some(gpu)) = (median(cpu), median(gpu)) else {
        let because = "No step was left to compare the devices by.".to_owned();
        return Decision { choice: DeviceChoice::Gpu, because };
    };
    if cpu < gpu {
        let because =
            format!("A step takes {} on the CPU engine and {} on WebGPU here", time(cpu), time(gpu));
        Decision { choice: DeviceChoice::Cpu, because: format!("{because}; {}", choose("GPU (WebGPU)")) }
    } else {
        let because =
            format!("A step takes {} on WebGPU and {} on the CPU engine here", time(gpu), time(cpu));
        Decision { choice: DeviceChoice::Gpu, because: format!("{because}; {}", choose("CPU")) }
    }
}

/// The decision for the GPU where the CPU engine need not be tried: it has too little memory for the experiment, or
/// cannot win even at a speed that it never reaches.
pub fn without_the_cpu(experiment: &Experiment, gpu: &Trial) -> Option<Decision> {
    let replicas = u64::from(experiment.seeds.count);
    let (mut bytes, mut operations) = (0_u64, 0.0);
    for variant in (0..experiment.variants.len()).filter_map(|index| experiment.variant(index).ok()) {
        let size = variant.size();
        bytes = bytes.saturating_add(size.bytes.saturating_mul(replicas));
        // Every parameter meets every token once forward and twice backward, each time in a multiplication and an
        // addition.
        operations += 6.0
            * size.parameters as f64
            * (size.tokens * replicas) as f64
            * f64::from(variant.training.batch);
    }
    let typical = gpu.typical()?;
    let least = 1e3 * operations / CPU_OPERATIONS;
    let reason = if bytes > CPU_BYTES {
        format!(
            "A step takes {} on WebGPU here; the CPU engine was not tried, since the experiment needs about {} GiB",
            time(typical),
            bytes.div_ceil(1 << 30)
        )
    } else if least > typical {
        format!(
            "A step takes {} on WebGPU here and would take more than {} on the CPU engine",
            time(typical),
            time(least)
        )
    } else {
        return None;
    };
    Some(Decision { choice: DeviceChoice::Gpu, because: format!("{reason}; {}", choose("CPU")) })
}

/// The label is the one in the page's list.
fn choose(label: &str) -> String {
    format!("choose {label} under Device to override.")
}

/// What decides how long a step takes. Experiments of one shape need not be timed twice.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    variants: Vec<(Task, Model, u32)>,
    replicas: u32,
    tried: usize,
}

impl Shape {
    /// The shape of an experiment that has been checked.
    pub fn of(experiment: &Experiment) -> Self {
        let shape = |variant: Experiment| (variant.task, variant.model, variant.training.batch);
        let variants = (0..experiment.variants.len()).filter_map(|index| experiment.variant(index).ok());
        Self {
            variants: variants.map(shape).collect(),
            replicas: experiment.seeds.count,
            tried: experiment.tune.values.len() * experiment.tune.seeds as usize,
        }
    }
}

/// The middle of some times; of an even number of them the lower of the two in the middle.
fn median(times: &[f64]) -> Option<f64> {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

/// "0.42 ms", "4.2 ms", "39 ms", "1.4 s".
fn time(milliseconds: f64) -> String {
    match milliseconds {
        ms if ms < 1.0 => format!("{ms:.2} ms"),
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 1e3 => format!("{ms:.0} ms"),
        ms if ms < 1e4 => format!("{:.1} s", ms / 1e3),
        ms => format!("{:.0} s", ms / 1e3),
    }
}

#[cfg(test)]
mod tests;
