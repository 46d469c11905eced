//! What the engine and its shells (page, command line) say to each other. No Burn, no DOM.

pub mod faster;
mod reading;

use serde::{Deserialize, Serialize};

use crate::probes::report::ProbeReport;
use crate::quantization::QuantizedTo;
use crate::spec::{Experiment, JudgedClaim, Measured, Tried};
use crate::stats::Metric;

/// A wish of the shell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Begin an experiment; a running one is stopped first. The engine answers `Started` or `Failed`.
    Start {
        /// What to run. Checked again by the engine.
        experiment: Box<Experiment>,
        /// Where.
        device: DeviceChoice,
        /// Go on from this checkpoint (safetensors bytes) instead of step 0.
        #[serde(with = "serde_bytes")]
        resume: Option<Vec<u8>>,
    },
    /// Halt after the step under way.
    Pause,
    /// Go on.
    Resume,
    /// While paused: one step of every variant.
    Step,
    /// End now; what was trained is evaluated no more.
    Stop,
    /// Send a checkpoint soon.
    Checkpoint,
    /// Destroy the device, as a reset of the driver would: to see that a run survives it.
    LoseDevice,
}

/// Where the shell wants the engine to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceChoice {
    /// The engine decides and says why.
    #[default]
    Auto,
    /// WebGPU in the page; any wgpu adapter natively.
    Gpu,
    /// The CPU engine `flex`.
    Cpu,
}

/// Where the engine runs, and why there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// "WebGPU", "CPU", "Vulkan", …
    pub engine: String,
    /// The adapter's own words for itself; empty where there are none.
    pub adapter: String,
    /// A sentence: why this one, and what to do for another; empty when it is what was asked for.
    pub because: String,
}

/// What the engine tells its shell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The engine can take commands.
    Ready,
    /// A device is in use (again after a loss).
    Device(DeviceReport),
    /// Data is being fetched: share done, 0 to 1.
    Loading {
        /// File name.
        file: String,
        /// 0 to 1.
        share: f32,
    },
    /// An experiment began; one entry a variant.
    Started {
        /// The variants, in the experiment's order.
        variants: Vec<VariantInfo>,
        /// Step that training starts from (above 0 after a resume).
        step: u32,
        /// Steps in all.
        steps: u32,
        /// Replicas of each variant.
        replicas: u32,
    },
    /// Both devices are being timed with the first steps, this one now. What the faster one did is told afterwards, from
    /// [`Event::Device`] on.
    Comparing {
        /// As in [`DeviceReport`].
        engine: String,
    },
    /// The first steps compile shaders; `variant` is the one under way. Ends with the first `Progress`.
    Compiling {
        /// Index of the variant.
        variant: usize,
    },
    /// Sources that are kept from before, each of one seed: those are not trained again.
    Reused {
        /// How many are there.
        kept: u32,
        /// How many an experiment can start from, tuning included.
        of: u32,
    },
    /// Some more steps of a source are done: a training that networks start from, which comes before them.
    Preparing(Preparing),
    /// A source is trained, of one seed, and is kept by its name, for this run and for others.
    Kept {
        /// Sixteen digits and a seed.
        name: String,
        /// The file (safetensors); none where it is kept already.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// Some more steps of tuning are done, which comes before the first step of the comparison.
    Tuning(Tuning),
    /// Some more steps of one variant are done.
    Progress(Progress),
    /// The test split was evaluated.
    Evaluated {
        /// Index of the variant.
        variant: usize,
        /// Steps done.
        step: u32,
        /// The metrics of the task, each with one number a replica.
        metrics: Vec<(Metric, Vec<f32>)>,
    },
    /// A measurement inside a network.
    Probed {
        /// Index of the variant.
        variant: usize,
        /// Steps done.
        step: u32,
        /// What was measured.
        report: ProbeReport,
    },
    /// Training halted or goes on.
    Paused(bool),
    /// Everything that is needed to go on from here, as safetensors bytes.
    Checkpoint {
        /// Steps done.
        step: u32,
        /// Whether [`Command::Checkpoint`] asked for it; else it is one of those that the engine sends by itself.
        requested: bool,
        /// The file.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// A loss is no longer finite; this replica counts as the worst outcome from here on.
    Diverged {
        /// Index of the variant.
        variant: usize,
        /// Index of the replica.
        replica: usize,
        /// The step.
        step: u32,
    },
    /// The device is gone, and with it this engine: start a new one and resume from the last checkpoint.
    DeviceLost {
        /// A sentence.
        because: String,
    },
    /// A new engine goes on from this step; the shell tells itself, after [`Event::DeviceLost`].
    Recovered {
        /// Step of the checkpoint.
        step: u32,
        /// A sentence.
        because: String,
    },
    /// Every claim of the experiment, judged by all seeds.
    Judged {
        /// In the experiment's order.
        #[serde(with = "as_json")]
        claims: Vec<JudgedClaim>,
        /// What was measured for them; for a recording, which no page makes.
        #[serde(skip)]
        measured: Vec<Measured>,
    },
    /// A variant that has finished, with its trained matrices rounded to few bits; as it is first.
    Quantized {
        /// Its index.
        variant: usize,
        /// One a width.
        points: Vec<QuantizedTo>,
    },
    /// All steps are done.
    Finished,
    /// The experiment was stopped by `Stop`.
    Stopped,
    /// The experiment cannot start or go on. Each problem is a sentence that names the field.
    Failed {
        /// One or more sentences.
        problems: Vec<String>,
    },
}

/// As JSON within what is sent: a page reads the same from recordings, and needs one reader of it then, not two.
mod as_json {
    use serde::de::{DeserializeOwned, Error as _};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error as _};

    pub fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::to_string(value).map_err(S::Error::custom)?.serialize(serializer)
    }

    pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        serde_json::from_str(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Event {
    /// Whether nothing more comes after it.
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Finished | Self::Failed { .. })
    }
}

/// What is known of a variant before its first step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VariantInfo {
    /// Computed from the patch.
    pub name: String,
    /// Trainable numbers of one replica.
    pub parameters: u64,
    /// Floating-point operations of one training step of one replica, forward and backward, estimated.
    pub operations: u64,
    /// Bytes that parameters, optimizer and activations take, estimated.
    pub bytes: u64,
}

/// How far the sources are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preparing {
    /// What the source is called.
    pub called: String,
    /// Which of those that are to be trained, from 0.
    pub source: u32,
    /// How many are to be trained.
    pub sources: u32,
    /// Trainings of one seed that were there already.
    pub reused: u32,
    /// Steps done of this one.
    pub step: u32,
    /// Steps of this one in all.
    pub steps: u32,
    /// Seeds that train together.
    pub replicas: u32,
    /// Training loss in nats, mean over the seeds: of the i-th of these steps.
    pub losses: Vec<f32>,
    /// Steps a second, over these steps.
    pub steps_per_second: f32,
    /// After its last step, how it does on its own test split: of every seed.
    pub metrics: Vec<(Metric, Vec<f32>)>,
    /// What one of these steps cost, on average.
    pub cost: Cost,
}

/// How far tuning is, and what came of it so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    /// Steps done, of every variant and value.
    pub step: u32,
    /// Steps in all.
    pub steps: u32,
    /// Steps of everything that is tuned a second, over the last ones.
    pub steps_per_second: f32,
    /// What one of these steps cost, on average, all that is tuned together.
    pub cost: Cost,
    #[serde(with = "as_json")]
    /// What each variant that is tuned has come to, now and then; after the last step that is what it is compared with.
    pub tried: Vec<Tried>,
}

impl Tuning {
    /// What is compared now, if tuning is over.
    pub fn taken(&self) -> Option<&[Tried]> {
        (self.step == self.steps).then_some(self.tried.as_slice())
    }
}

/// Some consecutive steps of one variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Index of the variant.
    pub variant: usize,
    /// Steps done after the last of these.
    pub step: u32,
    /// Training loss in nats: `losses[i][r]` of replica r, i-th of these steps.
    pub losses: Vec<Vec<f32>>,
    /// Global gradient norm of the last of these steps, one a replica, before clipping.
    pub gradient_norms: Vec<f32>,
    /// Learning rate of the last of these steps.
    pub learning_rate: f32,
    /// Steps of this variant a second, over these steps.
    pub steps_per_second: f32,
    /// What one of these steps cost, on average.
    pub cost: Cost,
}

/// What one step of one variant costs. Counts are 0 where nothing is counted (natively, and on the CPU engine).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// GPU kernels launched.
    pub kernels: f32,
    /// Submissions to the GPU's queue.
    pub submits: f32,
    /// Bytes uploaded.
    pub uploaded_bytes: f32,
    /// Time that the CPU spends on preparing the step, in milliseconds.
    pub host_milliseconds: f32,
}
