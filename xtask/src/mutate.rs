//! `cargo xtask mutate [N]`: damaged files of sources, checkpoints and adapters, as many as wanted.

use anyhow::{Context, Result, bail};

use crate::run::{command, run as run_command};

/// Inputs, unless another number is said.
const INPUTS: u32 = 1_000_000;

/// Reads them, and prints how many and how long.
pub fn run(options: &[String]) -> Result<()> {
    let inputs = match options {
        [] => INPUTS,
        [one] => {
            one.parse().with_context(|| format!("mutate takes how many files to damage, not `{one}`"))?
        }
        other => bail!("mutate takes one number, not `{}`", other.join(" ")),
    };
    let mut test = command("cargo");
    test.args(["test", "--release", "-q", "-p", "kappa-core", "--features", "engine,cli", "--lib", "--"]);
    test.args(["many_damaged_files", "--ignored", "--nocapture"]).env("KAPPA_INPUTS", inputs.to_string());
    run_command(&mut test)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_else_than_a_number_is_an_error() {
        for wrong in [&["many"][..], &["1", "2"]] {
            let words: Vec<String> = wrong.iter().map(|word| (*word).to_owned()).collect();
            assert!(run(&words).unwrap_err().to_string().contains(wrong[0]));
        }
    }
}
