//! The page of Kappa Lab: what a person sees and presses (by `data-testid`), and what its engine says (by the recorder
//! that [`crate::browser`] puts before the page's scripts).

use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use kappa_core::catalog::link::to_link;
use kappa_core::spec::Experiment;
use serde_json::{Value, json};

use crate::browser::Browser;

/// Between two looks at the page.
const LOOK: Duration = Duration::from_millis(100);

/// The page, open in a browser.
pub struct Lab {
    /// The browser.
    pub browser: Browser,
    site: String,
}

impl Lab {
    /// Opens nothing yet.
    pub fn new(browser: Browser, site: &str) -> Self {
        Self { browser, site: site.to_owned() }
    }

    /// Opens the page with the link of this experiment.
    ///
    /// # Errors
    /// If the page does not appear.
    pub fn open(&self, experiment: &Experiment) -> Result<()> {
        self.open_at(&format!("#{}", to_link(experiment)))
    }

    /// Opens the page with something behind its address.
    ///
    /// # Errors
    /// If the page does not appear.
    pub fn open_at(&self, behind: &str) -> Result<()> {
        // Another fragment alone would not load the page again.
        self.browser.session.open("about:blank")?;
        self.browser.session.open(&format!("{}{behind}", self.site))?;
        self.appears()
    }

    /// Loads the page again, at the address that it gave itself.
    ///
    /// # Errors
    /// If the page does not appear.
    pub fn reload(&self) -> Result<()> {
        self.browser.session.reload()?;
        self.appears()
    }

    fn appears(&self) -> Result<()> {
        self.wait("the page to appear", 60, || Ok(self.exists("start")?.then_some(())))
    }

    /// The address, as the page has it now.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn address(&self) -> Result<String> {
        Ok(self.browser.ask("return location.href")?.as_str().unwrap_or_default().to_owned())
    }

    // What a person sees.

    /// Whether something with this `data-testid` is on the page and not hidden.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn exists(&self, id: &str) -> Result<bool> {
        let script = "return document.querySelector(arguments[0])?.checkVisibility() ?? false";
        Ok(self.browser.session.run(script, json!([selector(id)]))? == json!(true))
    }

    /// The text of what has this `data-testid`; empty if it is not there.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn text(&self, id: &str) -> Result<String> {
        let script = "return document.querySelector(arguments[0])?.textContent.trim() ?? ''";
        Ok(self.browser.session.run(script, json!([selector(id)]))?.as_str().unwrap_or_default().to_owned())
    }

    /// The texts of everything that a selector finds.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn texts(&self, selector: &str) -> Result<Vec<String>> {
        let script =
            "return [...document.querySelectorAll(arguments[0])].map((found) => found.textContent.trim())";
        let found = self.browser.session.run(script, json!([selector]))?;
        Ok(found
            .as_array()
            .into_iter()
            .flatten()
            .map(|text| text.as_str().unwrap_or_default().to_owned())
            .collect())
    }

    /// Clicks what has this `data-testid`, as soon as it can be clicked.
    ///
    /// # Errors
    /// If it cannot be clicked within some seconds.
    pub fn click(&self, id: &str) -> Result<()> {
        let mut last = None;
        let clicked = self.wait(&format!("`{id}` to be clicked"), 20, || {
            match self.browser.session.click(&selector(id)) {
                Ok(()) => Ok(Some(())),
                Err(error) => {
                    last = Some(format!("{error:#}"));
                    Ok(None)
                }
            }
        });
        clicked.with_context(|| last.unwrap_or_default())
    }

    /// Chooses the device.
    ///
    /// # Errors
    /// If it is not offered.
    pub fn choose_device(&self, name: &str) -> Result<()> {
        self.browser.session.click(&format!("{} option[value={name}]", selector("device")))
    }

    /// The step that the page shows for a variant; 0 before the first.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn step(&self, variant: usize) -> Result<u32> {
        let text = self.text(&format!("step-{variant}"))?;
        Ok(text.split(' ').nth(1).and_then(|number| number.parse().ok()).unwrap_or(0))
    }

    /// The names on the cards of the variants.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn variant_names(&self) -> Result<Vec<String>> {
        self.texts("[data-testid^='variant-'] h3")
    }

    /// Waits until both variants have reached a step.
    ///
    /// # Errors
    /// If they do not.
    pub fn reaches(&self, step: u32, seconds: u64) -> Result<()> {
        self.wait(&format!("both variants to reach step {step}"), seconds, || {
            self.stands()?;
            Ok((self.step(0)? >= step && self.step(1)? >= step).then_some(()))
        })
    }

    /// Waits until the page says that the run is finished.
    ///
    /// # Errors
    /// If it does not.
    pub fn finishes(&self, seconds: u64) -> Result<()> {
        self.says("Finished.", seconds)
    }

    /// Waits until the status line is this.
    ///
    /// # Errors
    /// If it does not become so.
    pub fn says(&self, status: &str, seconds: u64) -> Result<()> {
        self.wait(&format!("the status “{status}”"), seconds, || {
            self.stands()?;
            Ok((self.text("status")? == status).then_some(()))
        })
    }

    /// A run that has failed will not get anywhere: better said at once.
    fn stands(&self) -> Result<()> {
        let status = self.text("status")?;
        if status.starts_with("Ended by a problem") || status.starts_with("The engine is not there") {
            bail!("the run failed: {}", self.text("problems")?);
        }
        Ok(())
    }

    // What the engine says.

    /// All of the engine's events of one kind so far, such as `Progress`, without their names.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn events(&self, kind: &str) -> Result<Vec<Value>> {
        let script = "return recorded.events.map(({ event }) => event?.[arguments[0]]).filter((found) => found !== undefined)";
        let found = self.browser.session.run(script, json!([kind]))?;
        Ok(found.as_array().cloned().unwrap_or_default())
    }

    /// Training losses of a variant, one row a step and in it one number a replica, as the engine said them.
    ///
    /// # Errors
    /// If the browser does not answer, or a step is missing.
    pub fn losses(&self, variant: usize) -> Result<Vec<Vec<f64>>> {
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for progress in
            self.events("Progress")?.iter().filter(|progress| progress["variant"] == json!(variant))
        {
            let losses: Vec<Vec<f64>> = serde_json::from_value(progress["losses"].clone())?;
            rows.extend(losses);
            let step = progress["step"].as_u64().unwrap_or_default() as usize;
            anyhow::ensure!(rows.len() == step, "at step {step} there are losses of {} steps", rows.len());
        }
        Ok(rows)
    }

    /// Tells the newest worker something behind the page's back.
    ///
    /// # Errors
    /// If there is no worker.
    pub fn command(&self, message: &Value) -> Result<()> {
        self.browser
            .session
            .run("recorded.workers.at(-1).postMessage(arguments[0])", json!([message]))
            .map(drop)
    }

    /// How many workers the page has made so far.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn workers(&self) -> Result<u64> {
        Ok(self.browser.ask("return recorded.workers.length")?.as_u64().unwrap_or_default())
    }

    // Time.

    /// Looks until there is something to see.
    ///
    /// # Errors
    /// If that takes too long; the message says what was on the page. The look's own error ends it at once.
    pub fn wait<T>(
        &self,
        what: &str,
        seconds: u64,
        mut look: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let start = Instant::now();
        loop {
            if let Some(seen) = look().with_context(|| format!("while waiting for {what}"))? {
                return Ok(seen);
            }
            if start.elapsed() > Duration::from_secs(seconds) {
                bail!("waited {seconds} s in vain for {what}\n{}", self.describe());
            }
            thread::sleep(LOOK);
        }
    }

    /// What is on the page, in a few lines, for the message of a test that failed.
    pub fn describe(&self) -> String {
        let mut words = String::new();
        let mut add = |name: &str, what: Result<String>| {
            let what = what.unwrap_or_else(|error| format!("({error:#})"));
            // Writing to a string cannot fail.
            let _ = writeln!(words, "  {name}: {what}");
        };
        add("address", self.address());
        for id in [
            "status",
            "time",
            "speed",
            "device-line",
            "step-0",
            "step-1",
            "problems",
            "link-problems",
            "notes",
        ] {
            add(id, self.text(id));
        }
        add("last events", self.last_events());
        words
    }

    fn last_events(&self) -> Result<String> {
        let script = "return JSON.stringify(recorded.events.slice(-3)) + ' ' + recorded.errors.join(' ')";
        let text = self.browser.ask(script)?.as_str().unwrap_or_default().to_owned();
        Ok(text.chars().take(1500).collect())
    }
}

fn selector(id: &str) -> String {
    format!("[data-testid='{id}']")
}
