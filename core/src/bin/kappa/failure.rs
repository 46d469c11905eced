//! How a command ends when it does not end well: an exit code, and sentences.

use std::process::ExitCode;

use kappa_core::spec::Problem;

/// Why a command did not finish.
#[derive(Debug, PartialEq)]
pub enum Failure {
    /// The run failed: device, disk, memory.
    Run(Vec<String>),
    /// The arguments or the experiment are wrong; nothing was started.
    Usage(Vec<String>),
    /// Ctrl-C, after saving.
    Interrupted(String),
}

impl Failure {
    /// Wrong arguments, in one sentence.
    pub fn usage(sentence: impl Into<String>) -> Self {
        Self::Usage(vec![sentence.into()])
    }

    /// A wrong experiment.
    pub fn experiment(problems: Vec<Problem>) -> Self {
        Self::Usage(problems.into_iter().map(|problem| problem.sentence).collect())
    }

    /// A failed run, in one sentence.
    pub fn run(sentence: impl Into<String>) -> Self {
        Self::Run(vec![sentence.into()])
    }

    /// What the shell gets.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Run(_) => 1,
            Self::Usage(_) => 2,
            Self::Interrupted(_) => 130,
        })
    }

    /// What the user gets, on standard error.
    pub fn report(&self) {
        match self {
            Self::Run(sentences) | Self::Usage(sentences) => {
                sentences.iter().for_each(|sentence| eprintln!("kappa: {sentence}"));
            }
            Self::Interrupted(sentence) => eprintln!("{sentence}"),
        }
    }
}
