//! Chromium as the tests want it: headless, a new profile every time, WebGPU on the CPU or none at all.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::paths;
use crate::webdriver::{ConsoleLine, Session};

/// Whether the browser has WebGPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gpu {
    /// By SwiftShader, which computes shaders on the CPU: right, and slow.
    SwiftShader,
    /// As on a machine whose browser finds no GPU.
    Absent,
}

/// Runs before any script of a page: see [`crate::lab`].
const RECORDER: &str = include_str!("recorder.js");

/// A running browser.
pub struct Browser {
    /// Its remote control.
    pub session: Session,
}

impl Browser {
    /// Starts one.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(gpu: Gpu) -> Result<Self> {
        let mut options: Vec<&str> = vec![
            "--headless",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // Training goes on in a tab that nobody looks at.
            "--disable-background-timer-throttling",
            "--disable-renderer-backgrounding",
            "--disable-backgrounding-occluded-windows",
            "--window-size=1280,900",
        ];
        match gpu {
            Gpu::SwiftShader => {
                options.extend(["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]);
            }
            // WebGPU is then offered, and has no adapter.
            Gpu::Absent => options.push("--disable-gpu"),
        }
        let options: Vec<String> = options.into_iter().map(str::to_owned).collect();
        let session = Session::start(&options).context("the browser did not start")?;
        session.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": RECORDER }))?;
        Ok(Self { session })
    }

    /// The width of the window in CSS pixels, as on a phone or a desk.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn resize(&self, width: u32, height: u32) -> Result<()> {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.session.devtools("Emulation.setDeviceMetricsOverride", metrics).map(drop)
    }

    /// Light or dark, as the system says.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn prefer_colours(&self, scheme: &str) -> Result<()> {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.session.devtools("Emulation.setEmulatedMedia", features).map(drop)
    }

    /// A picture of the whole page, as `target/screenshots/<name>.png`.
    ///
    /// # Errors
    /// If it cannot be taken or written.
    pub fn screenshot(&self, name: &str) -> Result<PathBuf> {
        let wanted = json!({ "format": "png", "captureBeyondViewport": true });
        let taken = self.session.devtools("Page.captureScreenshot", wanted)?;
        let picture = BASE64.decode(taken["data"].as_str().context("no picture")?)?;
        let path = paths::leavings("screenshots")?.join(format!("{name}.png"));
        fs::write(&path, picture)?;
        Ok(path)
    }

    /// What WebGPU's adapter says of itself in the page, or nothing if there is no adapter.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn adapter(&self) -> Result<Option<String>> {
        let script = "
            const adapter = await navigator.gpu?.requestAdapter();
            return adapter ? [adapter.info.vendor, adapter.info.architecture].join(' ') : null;";
        let found = self.session.run_async(script, json!([]))?;
        Ok(found.as_str().map(str::to_owned))
    }

    /// The console's errors since this was last asked.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn console_errors(&self) -> Result<Vec<String>> {
        let severe = |line: &ConsoleLine| line.level == "SEVERE";
        Ok(self.session.console()?.into_iter().filter(severe).map(|line| line.text).collect())
    }

    /// A script that returns a value.
    ///
    /// # Errors
    /// If it throws.
    pub fn ask(&self, script: &str) -> Result<Value> {
        self.session.run(script, json!([]))
    }
}
