//! Debian packages, where the machine is Debian and we may install.

use std::path::Path;

use anyhow::{Result, bail};

use super::say;
use crate::run::{command, output, run};

/// Whether this machine installs its software with apt.
pub fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists() && Path::new("/usr/bin/apt-get").exists()
}

/// The installed version of a package.
pub fn installed(package: &str) -> Option<String> {
    let answer = output(command("dpkg-query").args(["-W", "-f=${db:Status-Status} ${Version}", package]))?;
    answer.strip_prefix("installed ").map(str::to_owned)
}

/// Installs what is missing of `packages`; `purpose` completes "for …".
pub fn ensure(packages: &[&str], purpose: &str) -> Result<()> {
    let missing: Vec<&str> =
        packages.iter().copied().filter(|package| installed(package).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !is_debian() {
        bail!("{purpose} needs what Debian calls {list}: install it with this system's package manager");
    }
    if output(command("id").arg("-u")).as_deref() != Some("0") {
        bail!("{purpose} needs the packages {list}: run `sudo apt-get install {list}`, then try again");
    }
    say(&format!("apt-get install {list} ({purpose})"));
    // The lists may be missing or old: look again only if they turn out to be.
    if install(&missing).is_err() {
        run(command("apt-get").args(["-qq", "update"]))?;
        if let Err(error) = install(&missing) {
            bail!("{purpose} needs the packages {list}, which apt could not install ({error})");
        }
    }
    Ok(())
}

fn install(packages: &[&str]) -> Result<()> {
    run(command("apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["-qq", "-y", "--no-install-recommends", "install"])
        .args(packages))
}
