//! The tools that the commands need: found if they are there, installed if not.
//!
//! A step that has something to do says so in one line; a step that fails says why, and what to do by hand.

mod apt;
mod browser;
mod cargo_tool;
mod debian_std;
mod lints;
mod wasm_opt;
mod wasm_target;

pub use browser::Browser;
pub use lints::has_clippy;
pub use wasm_target::WasmToolchain;

use anyhow::Result;

/// What building the page takes. Returns the toolchain that has the wasm32 target.
pub fn for_page() -> Result<WasmToolchain> {
    let toolchain = wasm_target::ensure()?;
    cargo_tool::ensure(&cargo_tool::WASM_BINDGEN)?;
    cargo_tool::ensure(&cargo_tool::TRUNK)?;
    wasm_opt::ensure()?;
    Ok(toolchain)
}

/// What running the tests takes, besides the page: a browser to drive, and Vulkan even without a GPU.
pub fn for_tests() -> Result<Browser> {
    browser::ensure()
}

/// What `check` takes. Returns the toolchain that has the wasm32 target.
pub fn for_check() -> Result<WasmToolchain> {
    let toolchain = wasm_target::ensure()?;
    lints::ensure(&toolchain)?;
    cargo_tool::ensure(&cargo_tool::CARGO_DENY)?;
    Ok(toolchain)
}

/// One line that says what is being done.
fn say(message: &str) {
    eprintln!("setup: {message}");
}
