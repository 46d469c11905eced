//! The worker's side of the browser: messages, files, WebGPU's counters.

use js_sys::{Array, Uint8Array};
use kappa_core::protocol::{Cost, Event};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DedicatedWorkerGlobalScope, ReadableStreamDefaultReader, Response};

#[wasm_bindgen(module = "/src/glue.js")]
extern "C" {
    fn counters() -> Vec<f64>;
    fn reader(response: &Response) -> ReadableStreamDefaultReader;
    #[wasm_bindgen(catch)]
    async fn probe() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    async fn describe() -> Result<JsValue, JsValue>;
    /// Calls back when the GPU is lost.
    pub fn watch(callback: &Closure<dyn FnMut(String)>);
    /// Ends the GPU device, as a driver's reset would.
    pub fn lose();
    /// Lets the messages that have arrived in.
    pub async fn turn();
    #[wasm_bindgen(catch, js_name = kept)]
    async fn kept_bytes(name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = keep)]
    async fn keep_bytes(name: &str, bytes: &[u8]) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = forget)]
    async fn forget_bytes(name: &str) -> Result<JsValue, JsValue>;
}

/// The worker itself.
pub fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Tells the page.
pub fn post(event: &Event) {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible().serialize_bytes_as_arrays(false);
    let sent = event
        .serialize(&serializer)
        .map_err(JsValue::from)
        .and_then(|message| scope().post_message(&message));
    if let Err(error) = sent {
        log::error!("an event could not be sent: {error:?}");
    }
}

/// Why WebGPU cannot be used, if so.
pub async fn obstacle() -> Option<String> {
    match probe().await {
        Ok(sentence) => sentence.as_string().filter(|sentence| !sentence.is_empty()),
        Err(error) => Some(format!("WebGPU would not say what it can do ({}).", words(&error))),
    }
}

/// The adapter's words for itself; empty if it has none.
pub async fn adapter() -> String {
    describe().await.ok().and_then(|text| text.as_string()).unwrap_or_default()
}

/// What has reached the GPU so far.
#[derive(Clone, Copy, Default)]
pub struct Counters([f64; 4]);

impl Counters {
    /// Now.
    pub fn read() -> Self {
        Self(counters().try_into().unwrap_or_default())
    }

    /// The cost of each of `steps` steps since `before`, without the time of the host.
    pub fn since(self, before: Self, steps: f64) -> Cost {
        let each = |i: usize| ((self.0[i] - before.0[i]) / steps.max(1.0)) as f32;
        Cost { kernels: each(0), submits: each(1), uploaded_bytes: each(2), host_milliseconds: 0.0 }
    }
}

/// What the browser keeps by this name.
///
/// # Errors
/// The browser's words, if it keeps nothing.
pub async fn kept(name: &str) -> Result<Option<Vec<u8>>, String> {
    let found = kept_bytes(name).await.map_err(|error| words(&error))?;
    Ok(found.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
}

/// Keeps something by this name.
///
/// # Errors
/// The browser's words, if it does not.
pub async fn keep(name: &str, bytes: &[u8]) -> Result<(), String> {
    keep_bytes(name, bytes).await.map(|_| ()).map_err(|error| words(&error))
}

/// Keeps it no more.
///
/// # Errors
/// The browser's words, if it does.
pub async fn forget(name: &str) -> Result<(), String> {
    forget_bytes(name).await.map(|_| ()).map_err(|error| words(&error))
}

/// A file of this site.
///
/// # Errors
/// A sentence, if it does not arrive.
pub async fn fetch(path: &str, mut progress: impl FnMut(f32)) -> Result<Vec<u8>, String> {
    let failed = |error: JsValue| format!("{path} could not be fetched ({}).", words(&error));
    let response = JsFuture::from(scope().fetch_with_str(path)).await.map_err(failed)?;
    let response: Response = response.unchecked_into();
    if !response.ok() {
        return Err(format!("{path} could not be fetched (status {}).", response.status()));
    }
    let total =
        response.headers().get("content-length").ok().flatten().and_then(|text| text.parse::<f32>().ok());
    let reader = reader(&response);
    let mut bytes = Vec::new();
    loop {
        let chunk = JsFuture::from(reader.read()).await.map_err(failed)?;
        let get = |key: &str| js_sys::Reflect::get(&chunk, &key.into()).map_err(failed);
        if get("done")?.is_truthy() {
            return Ok(bytes);
        }
        bytes.extend(Uint8Array::new(&get("value")?).to_vec());
        if let Some(total) = total {
            progress((bytes.len() as f32 / total).min(1.0));
        }
    }
}

/// What an error of the browser says.
pub fn words(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map(|error| String::from(error.message()))
        .or_else(|| error.as_string())
        .unwrap_or_else(|| Array::of1(error).join(" ").into())
}
