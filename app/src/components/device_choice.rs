//! Where to run.

use kappa_core::protocol::DeviceChoice as Choice;
use leptos::prelude::*;

use crate::lab::use_lab;

const CHOICES: [(Choice, &str, &str); 3] =
    [(Choice::Auto, "auto", "Automatic"), (Choice::Gpu, "gpu", "GPU (WebGPU)"), (Choice::Cpu, "cpu", "CPU")];

/// A select for the device.
#[component]
pub fn DeviceChoice() -> impl IntoView {
    let lab = use_lab();
    let choose = move |event: leptos::ev::Event| {
        let name = event_target_value(&event);
        if let Some((choice, ..)) = CHOICES.iter().find(|(_, other, _)| *other == name) {
            lab.device.set(*choice);
        }
    };
    let option = move |(choice, name, label)| {
        view! { <option value=name selected=move || lab.device.get() == choice>{label}</option> }
    };
    view! {
        <div class="field">
            <label for="device">"Device"</label>
            <select id="device" data-testid="device" aria-describedby="device-help" on:change=choose>
                {CHOICES.map(option).collect_view()}
            </select>
            <p class="field-help" id="device-help">"Automatic tries both and takes the faster one. Counts from the next start."</p>
        </div>
    }
}
