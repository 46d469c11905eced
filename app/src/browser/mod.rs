//! What the page asks of the browser: settings, time, files, the clipboard, the screen.

mod js;

use js_sys::{Function, Promise, Uint8Array};
use kappa_core::plain::{Plain, Read, Wrong, entry};
use kappa_core::stats::Metric;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Storage, Window};

pub use js::Js;

#[wasm_bindgen(module = "/src/browser/glue.js")]
extern "C" {
    #[wasm_bindgen(js_name = copyText)]
    fn copy_text_js(text: &str) -> Promise;
    #[wasm_bindgen(js_name = download)]
    fn download_js(name: &str, kind: &str, content: &JsValue);
    #[wasm_bindgen(js_name = readFile)]
    fn read_file_js(file: &web_sys::File) -> Promise;
    #[wasm_bindgen(js_name = fetchJson)]
    fn fetch_json_js(path: &str, version: &str) -> Promise;
    #[wasm_bindgen(js_name = keepAwake)]
    fn keep_awake_js(on: bool) -> Promise;
    #[wasm_bindgen(js_name = keptSources)]
    fn kept_sources_js() -> Promise;
    #[wasm_bindgen(js_name = exportSource)]
    fn export_source_js(name: &str) -> Promise;
    #[wasm_bindgen(js_name = importSource)]
    fn import_source_js(file: &web_sys::File, most: f64) -> Promise;
    #[wasm_bindgen(js_name = deleteSource)]
    fn delete_source_js(name: &str) -> Promise;
    #[wasm_bindgen(js_name = onResize)]
    fn on_resize_js(element: &web_sys::Element, callback: &Function) -> ResizeObserver;

    /// Tells when an element's width changes.
    pub type ResizeObserver;
    /// Ends that.
    #[wasm_bindgen(method)]
    pub fn disconnect(this: &ResizeObserver);
}

/// The window.
pub fn window() -> Window {
    web_sys::window().expect("the page runs in a window")
}

/// Milliseconds since the page was opened.
pub fn now() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// Puts text on the clipboard; whether that was allowed.
pub async fn copy_text(text: &str) -> bool {
    JsFuture::from(copy_text_js(text)).await.is_ok_and(|done| done.is_truthy())
}

/// Offers text as a file.
pub fn download_text(name: &str, kind: &str, text: &str) {
    download_js(name, kind, &JsValue::from_str(text));
}

/// Offers bytes as a file.
pub fn download_bytes(name: &str, bytes: &[u8]) {
    download_js(name, "application/octet-stream", &Uint8Array::from(bytes));
}

/// The bytes of a file that the user chose.
pub async fn read_file(file: &web_sys::File) -> Option<Vec<u8>> {
    let bytes = JsFuture::from(read_file_js(file)).await.ok()?;
    Some(bytes.dyn_into::<Uint8Array>().ok()?.to_vec())
}

/// What a promise comes to; an error in the browser's words.
async fn come(promise: Promise) -> Result<JsValue, String> {
    JsFuture::from(promise).await.map_err(|error| js_sys::Error::from(error).message().into())
}

/// What a file of this site holds in this version, as JSON; an error in the browser's words.
pub async fn fetch_json(path: &str, version: &str) -> Result<JsValue, String> {
    come(fetch_json_js(path, version)).await
}

/// A source that the browser keeps for this site.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptSource {
    /// Sixteen digits and a seed.
    pub name: String,
    /// What was trained; that it cannot be read where the file does not say.
    pub words: String,
    /// How it did on its own test split.
    pub metrics: Vec<(Metric, f32)>,
    /// Of its file.
    pub bytes: f64,
}

impl Read for KeptSource {
    fn read(from: &dyn Plain) -> Result<Self, Wrong> {
        Ok(Self {
            name: entry(from, "name")?,
            words: entry(from, "words")?,
            metrics: entry(from, "metrics")?,
            bytes: entry(from, "bytes")?,
        })
    }
}

/// Every source that is kept, the one that was used last first; an error in the browser's words.
pub async fn kept_sources() -> Result<Vec<KeptSource>, String> {
    let found = come(kept_sources_js()).await?;
    Vec::read(&Js(found)).map_err(|wrong| wrong.to_string())
}

/// Offers a kept source as a file; an error in the browser's words.
pub async fn export_source(name: &str) -> Result<(), String> {
    come(export_source_js(name)).await.map(|_| ())
}

/// Keeps a file of at most so many bytes that was exported elsewhere, and answers its name; an error in the browser's words.
pub async fn import_source(file: &web_sys::File, most: f64) -> Result<String, String> {
    come(import_source_js(file, most)).await.map(|name| name.as_string().unwrap_or_default())
}

/// Keeps a source no more; an error in the browser's words.
pub async fn delete_source(name: &str) -> Result<(), String> {
    come(delete_source_js(name)).await.map(|_| ())
}

/// Keeps the screen on while something runs.
pub fn keep_awake(on: bool) {
    // It may be refused; then the screen goes dark and nothing else happens.
    let _ = keep_awake_js(on);
}

/// Calls back with an element's width whenever it changes. The closure must be kept as long as the observer.
pub fn on_resize(element: &web_sys::Element, callback: &Closure<dyn FnMut(f64)>) -> ResizeObserver {
    on_resize_js(element, callback.as_ref().unchecked_ref())
}

/// A setting that is kept from visit to visit; `None` where it was never set or storage is off.
pub fn setting(name: &str) -> Option<String> {
    storage()?.get_item(name).ok()?
}

/// Keeps a setting. Where storage is off, it lasts as long as the page.
pub fn keep_setting(name: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(name, value);
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok()?
}
