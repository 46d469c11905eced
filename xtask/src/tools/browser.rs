//! Chromium and its driver for the end-to-end tests, and Vulkan on the CPU for the native ones.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::apt;
use crate::run::find;

/// A browser and the program that drives it.
pub struct Browser {
    chromium: PathBuf,
    driver: PathBuf,
}

impl Browser {
    /// Tells a command where they are: `CHROMIUM`, `CHROMEDRIVER`.
    pub fn give_to<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("CHROMIUM", &self.chromium).env("CHROMEDRIVER", &self.driver)
    }
}

/// Finds or installs both; on Debian also Mesa's Vulkan, where no driver of a GPU is registered.
pub fn ensure() -> Result<Browser> {
    if apt::is_debian() && !has_vulkan_driver() {
        apt::ensure(&["mesa-vulkan-drivers", "libvulkan1"], "testing wgpu without a GPU")?;
    }
    if chromium().is_none() || driver().is_none() {
        apt::ensure(&["chromium", "chromium-driver"], "testing in a browser")?;
    }
    Ok(Browser {
        chromium: chromium().context("no Chromium: install it, or name it in CHROMIUM")?,
        driver: driver()
            .context("no chromedriver: install Chromium's version of it, or name it in CHROMEDRIVER")?,
    })
}

fn chromium() -> Option<PathBuf> {
    let named = env::var_os("CHROMIUM").map(PathBuf::from).filter(|path| path.is_file());
    named.or_else(|| find(&["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"]))
}

fn driver() -> Option<PathBuf> {
    let named = env::var_os("CHROMEDRIVER").map(PathBuf::from).filter(|path| path.is_file());
    named.or_else(|| find(&["chromedriver"]))
}

/// Whether the Vulkan loader and any driver are registered.
fn has_vulkan_driver() -> bool {
    let drivers = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
    let some_driver = drivers
        .iter()
        .any(|folder| Path::new(folder).read_dir().is_ok_and(|mut files| files.next().is_some()));
    let loaders = ["/usr/lib/x86_64-linux-gnu/libvulkan.so.1", "/usr/lib/aarch64-linux-gnu/libvulkan.so.1"];
    some_driver && loaders.iter().any(|loader| Path::new(loader).exists())
}
