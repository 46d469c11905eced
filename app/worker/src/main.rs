//! The engine in a Web Worker: takes commands, trains, and tells the page what happens.
//!
//! One asynchronous loop ([`engine`]). Where a session runs is known to [`devices`] or found out by [`comparison`];
//! [`run`] trains it. Between two advances [`control`] lets messages in, so that Pause and Stop are heard at once; an
//! advance is as many steps as take some tens of milliseconds. A lost GPU ends the worker (what Burn holds of it
//! cannot be mended): the page starts another one from the last checkpoint, which the engine sends by itself.

mod browser;
mod comparison;
mod control;
mod devices;
mod engine;
mod run;
mod sources;

use futures_channel::mpsc;
use kappa_core::protocol::{Command, Event};
use wasm_bindgen::prelude::*;
use web_sys::MessageEvent;

unsafe extern "C" {
    fn __wasm_call_ctors();
}

fn main() {
    // CubeCL registers its operations through constructors. Called by nobody, the linker would wrap every exported
    // function in a call of all of them: nearly all of a training step.
    unsafe { __wasm_call_ctors() };
    console_error_panic_hook::set_once();
    wasm_logger::init(wasm_logger::Config::new(log::Level::Warn));

    let (sender, receiver) = mpsc::unbounded();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        match serde_wasm_bindgen::from_value::<Command>(message.data()) {
            Ok(command) => {
                // The receiver lives as long as the worker.
                let _ = sender.unbounded_send(command);
            }
            Err(error) => {
                let problem = format!("The engine does not understand this command: {error}.");
                browser::post(&Event::Failed { problems: vec![problem] });
            }
        }
    });
    browser::scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();

    let on_loss = Closure::<dyn FnMut(String)>::new(|reason: String| {
        browser::post(&Event::DeviceLost { because: format!("The GPU was lost ({reason}).") });
    });
    browser::watch(&on_loss);
    on_loss.forget();

    wasm_bindgen_futures::spawn_local(engine::serve(receiver));
    browser::post(&Event::Ready);
}
