//! `cargo xtask setup`: every tool, found or installed.

use anyhow::Result;

use crate::tools;

/// Makes the machine ready for every other command.
pub fn run() -> Result<()> {
    tools::for_page()?;
    tools::for_tests()?;
    tools::for_check()?;
    println!("ready: cargo xtask serve");
    Ok(())
}
