//! The client of the engine: owns the Web Worker, sends it [`Command`]s and hands its [`Event`]s on.
//!
//! The worker is made after the page has painted. Commands given before it can take them wait for [`Event::Ready`].

use kappa_core::plain::{Plain, Read, entry};
use kappa_core::protocol::{Command, Event};
use leptos::prelude::*;
use serde::Serialize;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::browser::Js;

/// The module that starts the worker, where the page does not say which version of it.
const SCRIPT: &str = "engine.js";

/// Whether the engine can take commands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum EngineState {
    /// Not asked for yet.
    #[default]
    Absent,
    /// Being fetched and compiled; megabytes so far, and in all where that is known.
    Loading {
        /// Bytes that have arrived.
        arrived: f64,
        /// Bytes in all; 0 where the server does not say.
        total: f64,
    },
    /// Listens.
    Ready,
    /// Could not be loaded; a sentence says why.
    Broken(String),
}

struct Connection {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

/// The worker and its state.
#[derive(Clone, Copy)]
pub struct Engine {
    /// Whether it can take commands.
    pub state: RwSignal<EngineState>,
    connection: StoredValue<Option<Connection>, LocalStorage>,
    waiting: StoredValue<Vec<Command>>,
    on_event: StoredValue<Option<Callback<Event>>>,
}

impl Engine {
    /// No worker yet.
    pub fn new() -> Self {
        Self {
            state: RwSignal::new(EngineState::Absent),
            connection: StoredValue::new_local(None),
            waiting: StoredValue::new(Vec::new()),
            on_event: StoredValue::new(None),
        }
    }

    /// Who is told of the engine's events.
    pub fn listen(&self, on_event: Callback<Event>) {
        self.on_event.set_value(Some(on_event));
    }

    /// Begins to load the engine. One that is there already is ended first.
    pub fn open(self) {
        self.close();
        self.state.set(EngineState::Loading { arrived: 0.0, total: 0.0 });
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = match Worker::new_with_options(&script(), &options) {
            Ok(worker) => worker,
            Err(error) => return self.state.set(EngineState::Broken(words(&error))),
        };
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
            self.receive(message.data())
        });
        // Not always an `ErrorEvent`: a script that cannot be fetched is a plain event without a message.
        let on_error = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
            event.prevent_default();
            let message = js_sys::Reflect::get(&event, &JsValue::from_str("message"));
            let message = message.ok().and_then(|message| message.as_string());
            self.fail(message.unwrap_or_else(|| "its files could not be fetched".to_owned()));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        self.connection.set_value(Some(Connection { worker, _on_message: on_message, _on_error: on_error }));
    }

    /// Ends the worker, whatever it is doing; its memory is freed.
    pub fn close(&self) {
        self.connection.update_value(|connection| {
            if let Some(connection) = connection.take() {
                connection.worker.set_onmessage(None);
                connection.worker.set_onerror(None);
                connection.worker.terminate();
            }
        });
        self.state.set(EngineState::Absent);
    }

    /// Sends a command, now or as soon as the engine listens.
    pub fn send(self, command: Command) {
        match self.state.get_untracked() {
            EngineState::Ready => self.post(&command),
            EngineState::Loading { .. } => self.waiting.update_value(|waiting| waiting.push(command)),
            EngineState::Absent | EngineState::Broken(_) => {
                self.waiting.update_value(|waiting| waiting.push(command));
                self.open();
            }
        }
    }

    /// Forgets the commands that wait for the engine.
    pub fn forget(&self) {
        self.waiting.update_value(Vec::clear);
    }

    fn post(&self, command: &Command) {
        let posted = to_js(command).and_then(|message| {
            self.connection.with_value(|connection| match connection {
                Some(connection) => connection.worker.post_message(&message),
                None => Ok(()),
            })
        });
        if let Err(error) = posted {
            self.fail(words(&error));
        }
    }

    fn receive(self, message: JsValue) {
        let message = Js(message);
        // The loading script speaks before the engine itself can.
        if let Some(loader) = message.entry("engine") {
            return match (entry(&*loader, "arrived"), entry(&*loader, "total"), entry(&*loader, "failed")) {
                (Ok(arrived), Ok(total), _) => self.state.set(EngineState::Loading { arrived, total }),
                (_, _, Ok(failed)) => self.fail(failed),
                (.., Err(wrong)) => self.fail(format!("its loader is not understood: {wrong}")),
            };
        }
        match Event::read(&message) {
            Ok(Event::Ready) => {
                self.state.set(EngineState::Ready);
                for command in self.waiting.try_update_value(std::mem::take).unwrap_or_default() {
                    self.post(&command);
                }
            }
            Ok(event) => self.hand_on(event),
            Err(error) => self.fail(format!("it said something that this page does not understand: {error}")),
        }
    }

    /// Ends an engine that is of no use any more. One that had worked is told of as a lost device is: what it did can
    /// go on from a checkpoint.
    fn fail(self, because: String) {
        let because = if because.is_empty() { "no reason was given".to_owned() } else { because };
        let worked = self.state.get_untracked() == EngineState::Ready;
        self.forget();
        self.close();
        if worked {
            let because = format!("The engine stopped unexpectedly ({because}).");
            self.state.set(EngineState::Broken(because.clone()));
            self.hand_on(Event::DeviceLost { because });
        } else {
            let because =
                format!("The engine could not be loaded ({because}), so nothing can be trained yet.");
            self.state.set(EngineState::Broken(because.clone()));
            self.hand_on(Event::Failed { problems: vec![because] });
        }
    }

    fn hand_on(&self, event: Event) {
        if let Some(on_event) = self.on_event.get_value() {
            on_event.run(event);
        }
    }
}

/// The address of the module that starts the worker. The build writes it into the page, with a version that changes with
/// the engine: browsers keep files.
fn script() -> String {
    let tag = document().query_selector("script[data-engine]").ok().flatten();
    tag.and_then(|tag| tag.get_attribute("data-engine")).unwrap_or_else(|| SCRIPT.to_owned())
}

/// As serde-wasm-bindgen writes it, with tables as plain objects and bytes as one array of bytes.
fn to_js(command: &Command) -> Result<JsValue, JsValue> {
    command
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible().serialize_bytes_as_arrays(false))
        .map_err(JsValue::from)
}

fn words(error: &JsValue) -> String {
    js_sys::Error::from(error.clone()).message().into()
}
