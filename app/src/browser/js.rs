//! Values of JavaScript, as plain ones.

use js_sys::{Array, JSON, Object, Reflect, Uint8Array};
use kappa_core::plain::Plain;
use wasm_bindgen::prelude::*;

/// A value of JavaScript.
pub struct Js(pub JsValue);

fn boxed(value: JsValue) -> Box<dyn Plain> {
    Box::new(Js(value))
}

impl Plain for Js {
    fn is_nothing(&self) -> bool {
        self.0.is_null() || self.0.is_undefined()
    }

    fn number(&self) -> Option<f64> {
        self.0.as_f64()
    }

    fn text(&self) -> Option<String> {
        self.0.as_string()
    }

    fn flag(&self) -> Option<bool> {
        self.0.as_bool()
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        self.0.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec)
    }

    fn items(&self) -> Option<Vec<Box<dyn Plain>>> {
        self.0.dyn_ref::<Array>().map(|items| items.iter().map(boxed).collect())
    }

    fn entry(&self, name: &str) -> Option<Box<dyn Plain>> {
        let value = Reflect::get(&self.0, &JsValue::from_str(name)).ok()?;
        (!value.is_null() && !value.is_undefined()).then(|| boxed(value))
    }

    fn first_name(&self) -> Option<String> {
        Object::keys(self.0.dyn_ref::<Object>()?).get(0).as_string()
    }

    fn json(&self) -> Option<String> {
        JSON::stringify(&self.0).ok()?.as_string()
    }
}
