//! What can be written behind `kappa`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use kappa_core::spec::FIELDS;

/// Everything.
#[derive(Debug, Parser)]
#[command(
    name = "kappa",
    version,
    about = "Kappa Lab without a browser: train and compare, on a GPU or the CPU."
)]
#[command(
    after_help = "Exit codes: 0 finished, 1 the run failed, 2 bad usage or a bad experiment, 130 interrupted \
                        after saving."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the experiments of the catalog
    List,
    /// Show what an experiment compares, and what its paper reports
    Show {
        /// A name of the list, a .toml file, or a link of the page
        experiment: String,
        /// Print the experiment as a file, and nothing else
        #[arg(long)]
        toml: bool,
    },
    /// Train and compare the variants of an experiment
    #[command(after_long_help = fields())]
    Run(Options),
    /// Run an experiment of the catalog in one go and write what came of it, for the page to show
    Record(RecordOptions),
    /// Every claim with a recorded run and what came of it, as the table of the README
    Claims(ClaimsOptions),
    /// What was trained once for networks to start from, and is kept
    Sources {
        /// What to do with it
        #[command(subcommand)]
        what: Sources,
    },
    /// Trained adapters as folders of Hugging Face's PEFT: LoRA, rsLoRA, DoRA, VeRA and RandLoRA
    Adapters {
        /// What to do with them
        #[command(subcommand)]
        what: Adapters,
    },
    /// List the devices that training can run on
    Devices,
}

/// What to do with adapters.
#[derive(Debug, Subcommand)]
pub enum Adapters {
    /// Write the adapter of a run as a folder that PEFT reads, and the network without and with it
    Export {
        /// The folder of the run
        run: PathBuf,
        /// The new folder
        folder: PathBuf,
        /// Which one
        #[command(flatten)]
        of: OfRun,
    },
    /// Write the network of a run with an adapter of PEFT's in place of its own
    Merge {
        /// The folder of the run
        run: PathBuf,
        /// PEFT's folder
        folder: PathBuf,
        /// The new file (safetensors)
        file: PathBuf,
        /// Which one
        #[command(flatten)]
        of: OfRun,
    },
    /// How an experiment's variant does on its test split with an adapter of PEFT's, and without, before any training of it
    Evaluate {
        /// A name of the list, a .toml file, or a link of the page
        experiment: String,
        /// PEFT's folder
        folder: PathBuf,
        /// Which variant, counted from 1
        #[arg(long, value_name = "N", default_value_t = 1)]
        variant: usize,
        /// What layers are called in the folder: own or bert
        #[arg(long, value_name = "NAMES", default_value = "own")]
        names: String,
        /// Where: auto, cpu (or flex), gpu (or wgpu)
        #[arg(long, default_value = "auto")]
        device: String,
    },
}

/// Which adapter of a run.
#[derive(Debug, Args)]
pub struct OfRun {
    /// Which variant, counted from 1
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub variant: usize,
    /// Which seed [default: the run's first]
    #[arg(long, value_name = "SEED")]
    pub seed: Option<u32>,
    /// What layers are called outside: own, or bert as in BertForSequenceClassification
    #[arg(long, value_name = "NAMES", default_value = "own")]
    pub names: String,
}

/// What to do with sources that are kept.
#[derive(Debug, Subcommand)]
pub enum Sources {
    /// A line each: name, size, what was trained and how it did
    List,
    /// Copy one to a file (safetensors, with its provenance)
    Export {
        /// A name of the list
        name: String,
        /// The new file
        file: PathBuf,
    },
    /// Keep one that was exported elsewhere
    Import {
        /// The file
        file: PathBuf,
    },
    /// Keep a network that was trained elsewhere: a folder with config.json and model.safetensors, as transformers writes it
    /// (BERT)
    Read {
        /// What it is to be called: letters, digits and dashes
        name: String,
        /// The folder
        folder: PathBuf,
    },
    /// Print what such a network makes of lists of symbols, a list of numbers each
    Embed {
        /// The folder
        folder: PathBuf,
        /// The lists, as JSON, a line each: [101, 2023, 102]
        file: PathBuf,
    },
    /// Remove one
    Delete {
        /// A name of the list, or all
        name: String,
    },
}

/// How to run an experiment.
#[derive(Debug, Args)]
pub struct Options {
    /// A name of the list, a .toml file, or a link of the page
    #[arg(required_unless_present = "resume", conflicts_with = "resume")]
    pub experiment: Option<String>,
    /// Where: auto, cpu (or flex), gpu (or wgpu)
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// Replicas of each variant, trained at once: seeds.count; with --resume, the seeds that a finished run is to have in all
    #[arg(long, value_name = "N")]
    pub seeds: Option<u32>,
    /// Optimizer steps: training.steps
    #[arg(long, value_name = "N", conflicts_with = "resume")]
    pub steps: Option<u32>,
    /// Tune each variant first: the values that are tried of tune.field, the learning rate unless it says another, e.g.
    /// 5e-4,1e-3,2e-3; an empty list tunes nothing
    #[arg(long, value_name = "VALUES", conflicts_with = "resume")]
    pub tune: Option<String>,
    /// Change a field of what all variants start from, e.g. model.heads=8; `kappa help run` lists the fields
    #[arg(long = "set", value_name = "PATH=VALUE", conflicts_with = "resume")]
    pub settings: Vec<String>,
    /// Start a variant, counted from 1, from an adapter of PEFT's; the first one if no number is said
    #[arg(long = "adapter", value_name = "[N=]FOLDER", conflicts_with = "resume")]
    pub adapters: Vec<String>,
    /// What layers are called in those folders: own or bert
    #[arg(long, value_name = "NAMES", default_value = "own", conflicts_with = "resume")]
    pub adapter_names: String,
    /// New folder for the experiment, its metrics and its checkpoint [default: runs/NAME]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Go on with the run that was saved in this folder
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
    /// Seconds between two checkpoints
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub save_every: u64,
    /// Print what happens as lines of JSON; no progress bars, no table
    #[arg(long)]
    pub json: bool,
}

/// What to record, and where.
#[derive(Debug, Args)]
pub struct RecordOptions {
    /// A name of the list
    pub id: String,
    /// Replicas of each variant: seeds.count [default: what the experiment says, at least 5]
    #[arg(long, value_name = "N")]
    pub seeds: Option<u32>,
    /// Where: auto, cpu (or flex), gpu (or wgpu)
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// The file [default: core/recordings/ID.json]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What to do with the claims.
#[derive(Debug, Args)]
pub struct ClaimsOptions {
    /// First judge the kept outcomes of every recording anew, and write that into core/recordings; nothing is trained
    #[arg(long)]
    pub judge: bool,
    /// Write the table between its two marks in this file instead of printing it
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
}

/// Every field that `--set` knows.
fn fields() -> String {
    let mut text = String::from("Fields for --set:\n");
    for field in FIELDS.iter().filter(|field| field.path != "version") {
        let _ = write!(text, "\n  {}\n      {} It must be {}.\n", field.path, field.help, field.allowed());
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(words: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(words.split(' '))
    }

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_run_needs_an_experiment_or_a_folder_to_resume() {
        assert!(parse("kappa run digits --set model.heads=2 --set training.steps=9 --json").is_ok());
        assert!(parse("kappa run --resume runs/digits").is_ok());
        assert!(parse("kappa record digits --seeds 3 --out some.json").is_ok());
        assert!(parse("kappa run digits --adapter 2=theirs --adapter-names bert").is_ok());
        assert!(parse("kappa adapters export runs/a out --variant 2 --seed 1 --names bert").is_ok());
        assert!(parse("kappa adapters evaluate tiny theirs").is_ok());
        for wrong in [
            "kappa run --resume runs/digits --adapter theirs",
            "kappa adapters merge runs/a theirs",
            "kappa run",
            "kappa run digits --resume runs/digits",
            "kappa run --resume runs/digits --steps 2",
            "kappa run digits --seeds many",
            "kappa rum digits",
            "kappa record",
            "kappa record digits --set model.heads=2",
        ] {
            assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong}");
        }
    }

    #[test]
    fn the_long_help_lists_every_field() {
        let help = fields();
        for field in FIELDS.iter().filter(|field| field.path != "version") {
            assert!(help.contains(&format!("\n  {}\n", field.path)), "{}", field.path);
        }
    }
}
