//! `adapter_config.json`.

use serde_json::{Map, Value, json};

use super::{CONFIG, Module};
use crate::fields::quote;

/// Bytes of the file, at most.
const MAX_BYTES: usize = 1 << 20;

/// Settings that change nothing of what a trained adapter computes: where it came from, how its training began, what it
/// dropped out. Which modules adapt is told by the tensors.
const IDLE: [&str; 22] = [
    "auto_mapping",
    "base_model_name_or_path",
    "d_initial",
    "ensure_weight_tying",
    "exclude_modules",
    "inference_mode",
    "init_weights",
    "layers_pattern",
    "layers_to_transform",
    "lora_dropout",
    "megatron_core",
    "modules_to_save",
    "peft_version",
    "projection_prng_key",
    "qalora_group_size",
    "randlora_dropout",
    "revision",
    "sparse",
    "target_modules",
    "task_type",
    "vera_dropout",
    "very_sparse",
];

/// Settings that are read.
const READ: [&str; 9] = [
    "bias",
    "init_lora_weights",
    "lora_alpha",
    "peft_type",
    "r",
    "randlora_alpha",
    "save_projection",
    "use_dora",
    "use_rslora",
];

/// Ways to begin that leave the network's own weights as they are.
const STARTS: [&str; 3] = ["gaussian", "eva", "orthogonal"];

/// What a file says; what this program cannot make is refused when it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Config(Map<String, Value>);

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// A sentence naming the setting that is wrong or that this program does not have.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > MAX_BYTES {
            return Err(crate::tensors::too_large(CONFIG, bytes.len() as u64, MAX_BYTES));
        }
        let value: Value = serde_json::from_slice(bytes).map_err(|error| {
            format!("{CONFIG} is no JSON ({}).", crate::tensors::shown(&error.to_string()))
        })?;
        let Value::Object(settings) = value else {
            return Err(format!("{CONFIG} is no JSON object."));
        };
        let config = Self(settings);
        let kind = config.kind()?;
        if !["LORA", "VERA", "RANDLORA"].contains(&kind) {
            return Err(format!("{CONFIG}: peft_type is {}; LORA, VERA and RANDLORA are read.", quote(kind)));
        }
        for (key, value) in &config.0 {
            let known = IDLE.contains(&key.as_str()) || READ.contains(&key.as_str());
            if !known && !is_neutral(value) {
                return Err(format!(
                    "{CONFIG}: {} is {}, which this program does not have; it must be false, null or empty.",
                    quote(key),
                    brief(value)
                ));
            }
        }
        config.wants("bias", "none", |value| value.is_null() || value == "none")?;
        config.wants("save_projection", "true: what was drawn must be in the file", |value| {
            value.is_null() || *value == Value::Bool(true)
        })?;
        config.wants(
            "init_lora_weights",
            "true, false, gaussian, eva or orthogonal: others change the network's own weights",
            |value| {
                value.is_null()
                    || value.is_boolean()
                    || value.as_str().is_some_and(|name| STARTS.contains(&name))
            },
        )?;
        Ok(config)
    }

    fn get(&self, key: &str) -> &Value {
        self.0.get(key).unwrap_or(&Value::Null)
    }

    fn wants(&self, key: &str, allowed: &str, good: impl Fn(&Value) -> bool) -> Result<(), String> {
        let value = self.get(key);
        if good(value) {
            return Ok(());
        }
        Err(format!("{CONFIG}: {key} is {}; it must be {allowed}.", brief(value)))
    }

    /// PEFT's `peft_type`.
    ///
    /// # Errors
    /// A sentence, if there is none.
    pub fn kind(&self) -> Result<&str, String> {
        self.get("peft_type").as_str().ok_or_else(|| {
            format!("{CONFIG}: peft_type is {}; it must be a text.", brief(self.get("peft_type")))
        })
    }

    /// A setting that is true or false; false where it is absent.
    ///
    /// # Errors
    /// A sentence, if it is something else.
    pub fn flag(&self, key: &str) -> Result<bool, String> {
        self.wants(key, "true or false", |value| value.is_null() || value.is_boolean())?;
        Ok(self.get(key).as_bool().unwrap_or(false))
    }

    /// A setting that is a number, or what it is where it is absent.
    ///
    /// # Errors
    /// A sentence, if it is something else.
    pub fn number(&self, key: &str, default: f64) -> Result<f64, String> {
        self.wants(key, "a number above zero", |value| {
            value.is_null() || value.as_f64().is_some_and(|x| x > 0.0 && x.is_finite())
        })?;
        Ok(self.get(key).as_f64().unwrap_or(default))
    }

    /// Checks the kind of the adapter, here and there.
    pub(super) fn is_kind(&self, kind: &str, here: &str) -> Result<(), String> {
        match self.kind()? {
            found if found == kind => Ok(()),
            found => Err(format!("{CONFIG}: peft_type is {found}, and model.weights is {here} here.")),
        }
    }

    /// Checks a flag, here and there.
    pub(super) fn is_flag(&self, key: &str, wanted: bool, here: &str) -> Result<(), String> {
        if self.flag(key)? == wanted {
            return Ok(());
        }
        Err(format!("{CONFIG}: {key} is {}, and model.weights is {here} here.", !wanted))
    }

    /// Checks the rank, here and there.
    pub(super) fn is_rank(&self, field: &str, default: u32, here: u32) -> Result<(), String> {
        let found = self.number("r", f64::from(default))?;
        if found == f64::from(here) {
            return Ok(());
        }
        Err(format!("{CONFIG}: r is {found}, and model.weights.{field} is {here} here."))
    }

    /// Checks what the change is multiplied by, here and there.
    pub(super) fn is_scale(&self, key: &str, found: f64, here: f32) -> Result<(), String> {
        if (found - f64::from(here)).abs() <= 1e-6 * f64::from(here.abs()) {
            return Ok(());
        }
        Err(format!(
            "{CONFIG}: {key} makes the change {found} times its factors, and model.weights.alpha makes it {here} times here."
        ))
    }
}

/// A value as a sentence has it.
fn brief(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(map) => format!("an object of {}", map.len()),
        Value::Null => "missing".to_owned(),
        other => other.to_string(),
    }
}

/// Whether a setting asks for nothing.
fn is_neutral(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// The bytes of a file for these modules.
pub(super) fn written(
    kind: &str,
    paths: Vec<String>,
    saved: Vec<String>,
    settings: Vec<(&'static str, Value)>,
) -> Vec<u8> {
    let mut map = Map::new();
    for (key, value) in [
        ("auto_mapping", Value::Null),
        ("base_model_name_or_path", Value::Null),
        ("bias", json!("none")),
        ("fan_in_fan_out", json!(false)),
        ("inference_mode", json!(true)),
        ("modules_to_save", if saved.is_empty() { Value::Null } else { json!(saved) }),
        ("peft_type", json!(kind)),
        ("revision", Value::Null),
        ("target_modules", json!(paths)),
        ("task_type", Value::Null),
    ]
    .into_iter()
    .chain(settings)
    {
        map.insert(key.to_owned(), value);
    }
    let mut text = serde_json::to_string_pretty(&Value::Object(map)).expect("texts and numbers");
    text.push('\n');
    text.into_bytes()
}

/// The larger sides of modules, inputs and outputs apart: what PEFT draws for.
pub(super) fn largest(modules: &[Module]) -> [usize; 2] {
    modules
        .iter()
        .fold([0, 0], |[inputs, outputs], module| [inputs.max(module.shape[0]), outputs.max(module.shape[1])])
}
