//! The few words of the WebDriver protocol that we speak, to a chromedriver of our own.
//!
//! A session is one browser with a profile of its own; dropping it ends both, also when a test panics.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use ureq::Agent;

/// Time that any one command may take. Starting a browser on a busy machine is the longest.
const COMMAND: Duration = Duration::from_secs(120);

/// The name under which WebDriver's answers hold the reference of an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A line of the browser's console.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsoleLine {
    /// SEVERE, WARNING, INFO, DEBUG.
    pub level: String,
    /// Where and what.
    pub text: String,
}

/// A browser that does what it is told.
pub struct Session {
    driver: Child,
    agent: Agent,
    address: String,
}

impl Session {
    /// Starts chromedriver (`CHROMEDRIVER`, or the one on the path), and through it Chromium (`CHROMIUM`) with these
    /// options.
    ///
    /// # Errors
    /// If either does not start.
    pub fn start(options: &[String]) -> Result<Self> {
        let program = env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let mut driver = Command::new(&program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| {
                format!("{} could not be started; `cargo xtask setup` installs it", program.display())
            })?;
        let port = port_of(&mut driver);
        let agent = Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(COMMAND))
            .build()
            .into();
        // From here on, dropping ends the driver.
        let mut session = Self { driver, agent, address: String::new() };
        let port = port.context("chromedriver did not say which port it listens on")?;
        let driver = format!("http://127.0.0.1:{port}/session");
        let started = session.call(&driver, Some(&capabilities(options)))?;
        let id = started["sessionId"].as_str().context("chromedriver gave the session no name")?;
        session.address = format!("{driver}/{id}");
        Ok(session)
    }

    fn call(&self, address: &str, body: Option<&Value>) -> Result<Value> {
        let mut answer = match body {
            Some(body) => self.agent.post(address).send_json(body)?,
            None => self.agent.get(address).call()?,
        };
        // Screenshots are large.
        let answer: Value = answer.body_mut().with_config().limit(256 << 20).read_json()?;
        let value = answer.get("value").cloned().unwrap_or_default();
        if let Some(error) = value["error"].as_str() {
            let message = value["message"].as_str().unwrap_or_default().lines().next().unwrap_or_default();
            bail!("the browser says `{error}`: {message}");
        }
        Ok(value)
    }

    fn post(&self, command: &str, body: &Value) -> Result<Value> {
        self.call(&format!("{}/{command}", self.address), Some(body)).with_context(|| command.to_owned())
    }

    /// Goes to an address, and waits for its documents and scripts.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn open(&self, address: &str) -> Result<()> {
        self.post("url", &json!({ "url": address })).map(drop)
    }

    /// Loads the page again.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn reload(&self) -> Result<()> {
        self.post("refresh", &json!({})).map(drop)
    }

    /// Runs the body of a function in the page. Its arguments are `arguments[0]` and so on.
    ///
    /// # Errors
    /// If the script throws.
    pub fn run(&self, script: &str, arguments: Value) -> Result<Value> {
        ensure!(arguments.is_array(), "arguments are a list");
        self.post("execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// Runs the body of an asynchronous function in the page and waits for what it returns.
    ///
    /// # Errors
    /// If the script throws or takes too long.
    pub fn run_async(&self, script: &str, arguments: Value) -> Result<Value> {
        ensure!(arguments.is_array(), "arguments are a list");
        let body = format!(
            "const say = arguments[arguments.length - 1];\n\
             (async function () {{ {script} }}).apply(null, arguments)\n\
             .then((value) => say({{ value }}), (error) => say({{ error: String(error) }}));"
        );
        let said = self.post("execute/async", &json!({ "script": body, "args": arguments }))?;
        match said["error"].as_str() {
            Some(error) => bail!("the page says: {error}"),
            None => Ok(said["value"].clone()),
        }
    }

    /// Scrolls to the element of this selector and clicks it with a mouse, as a person would: what is hidden,
    /// disabled or covered cannot be clicked.
    ///
    /// # Errors
    /// If there is no such element, or it cannot be clicked.
    pub fn click(&self, selector: &str) -> Result<()> {
        let element = self.element(selector)?;
        let disabled =
            self.run("return document.querySelector(arguments[0]).disabled === true", json!([selector]))?;
        ensure!(disabled != json!(true), "{selector} is disabled");
        // What the page's own bars cover counts as in view for the browser; someone who clicks would scroll.
        let middle = "document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })";
        self.run(middle, json!([selector]))?;
        self.post(&format!("element/{element}/click"), &json!({})).map(drop)
    }

    /// Gives a file of this machine to the file input of this selector, as choosing it in a dialogue would.
    ///
    /// # Errors
    /// If there is no such input.
    pub fn choose_file(&self, selector: &str, file: &Path) -> Result<()> {
        let element = self.element(selector)?;
        self.post(&format!("element/{element}/value"), &json!({ "text": file.display().to_string() }))
            .map(drop)
    }

    fn element(&self, selector: &str) -> Result<String> {
        let found = self.post("element", &json!({ "using": "css selector", "value": selector }))?;
        Ok(found[ELEMENT].as_str().context("not an element")?.to_owned())
    }

    /// Presses keys one after the other; the last one is pressed while the others are held.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn press(&self, keys: &[char]) -> Result<()> {
        let down = keys.iter().map(|key| json!({ "type": "keyDown", "value": key }));
        let up = keys.iter().rev().map(|key| json!({ "type": "keyUp", "value": key }));
        let actions: Vec<Value> = down.chain(up).collect();
        self.post("actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }))
            .map(drop)
    }

    /// A command of the Chrome DevTools protocol.
    ///
    /// # Errors
    /// If the browser refuses it.
    pub fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        self.post("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
            .with_context(|| command.to_owned())
    }

    /// What the console has said since this was last asked.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn console(&self) -> Result<Vec<ConsoleLine>> {
        let lines = self.post("se/log", &json!({ "type": "browser" }))?;
        let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let line = |line: &Value| ConsoleLine { level: text(line, "level"), text: text(line, "message") };
        Ok(lines.as_array().into_iter().flatten().map(line).collect())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.address.is_empty() {
            // Ends the browser and removes its profile; if that fails, the driver takes the browser with it.
            let _ = self.agent.delete(&self.address).call();
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The port that chromedriver says it listens on. Its further words are read and forgotten, so that it never blocks.
fn port_of(driver: &mut Child) -> Option<u16> {
    let mut lines = BufReader::new(driver.stdout.take()?).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    port
}

fn capabilities(options: &[String]) -> Value {
    let mut chrome = json!({ "args": options });
    if let Some(program) = env::var_os("CHROMIUM") {
        chrome["binary"] = json!(program.to_string_lossy());
    }
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": chrome,
        "goog:loggingPrefs": { "browser": "ALL" },
        "timeouts": { "script": 100_000, "pageLoad": 100_000 },
    } } })
}
