//! One line each for how far the run is and where it runs.

use leptos::prelude::*;

use crate::browser;
use crate::engine::EngineState;
use crate::lab::{Lab, use_lab};
use crate::run::clock::words;
use crate::run::{Phase, RunLog};

/// State, time, speed, device.
#[component]
pub fn StatusLine() -> impl IntoView {
    let lab = use_lab();
    let status = Memo::new(move |_| status(lab));
    let device = Memo::new(move |_| lab.run.read(device));
    let speed = Memo::new(move |_| lab.run.read(speed));
    let share = Memo::new(move |_| lab.run.read(|log| (log.share() * 1000.0).round() / 10.0));
    let time = Memo::new(move |_| lab.run.read(time));
    view! {
        <div class="status">
            <p class="status-state" role="status" data-testid="status">{status}</p>
            <progress max="100" prop:value=share aria-label="Share of all steps that is done"></progress>
            <p class="status-numbers">
                <span data-testid="time">{time}</span>
                <span data-testid="speed">{speed}</span>
                <span data-testid="device-line">{device}</span>
            </p>
        </div>
    }
}

/// Changes seldom, since it is read aloud.
fn status(lab: Lab) -> String {
    let engine = lab.engine.state.get();
    let loading = match engine {
        EngineState::Absent => Some("The engine is about to be loaded; look around meanwhile.".to_owned()),
        EngineState::Loading { arrived, total } if total > 0.0 => {
            // In tenths, so that it is not read aloud at every packet.
            Some(format!(
                "Loading the engine: {:.0} % of {:.1} MB.",
                (arrived / total * 10.0).floor() * 10.0,
                total / 1e6
            ))
        }
        EngineState::Loading { arrived, .. } if arrived > 0.0 => {
            Some(format!("Loading the engine: {:.0} MB so far.", arrived / 1e6))
        }
        EngineState::Loading { .. } => Some("Loading the engine, some megabytes.".to_owned()),
        EngineState::Broken(_) => Some("The engine is not there.".to_owned()),
        EngineState::Ready => None,
    };
    lab.run.read(|log| match (log.phase, loading) {
        (Phase::Starting, Some(loading)) => format!("Starts when the engine is there. {loading}"),
        (_, Some(loading)) => loading,
        (Phase::Idle, None) => "Ready. Press Start.".to_owned(),
        (Phase::Starting | Phase::Running, None) => under_way(log),
        (Phase::Pausing, None) => "Pausing after the step under way.".to_owned(),
        (Phase::Paused, None) => "Paused.".to_owned(),
        (Phase::Stopping, None) => "Stopping after the step under way.".to_owned(),
        (Phase::Stopped, None) => "Stopped.".to_owned(),
        (Phase::Finished, None) => "Finished.".to_owned(),
        (Phase::Failed, None) => "Ended by a problem.".to_owned(),
    })
}

/// What the engine is at.
fn under_way(log: &RunLog) -> String {
    let compiling = log.compiling.and_then(|index| log.variants.get(index));
    match (&log.comparing, &log.loading, compiling) {
        (Some(engine), ..) => {
            format!("Looking for the faster device: the first steps on {engine}, kept if it wins.")
        }
        (None, Some((file, share)), _) => format!("Fetching {file}: {:.0} %.", (share * 10.0).floor() * 10.0),
        (None, None, Some(variant)) => {
            format!("Compiling shaders for “{}”: the first step takes a while.", variant.info.name)
        }
        (None, None, None) if log.phase == Phase::Starting => "Starting.".to_owned(),
        (None, None, None) => "Training.".to_owned(),
    }
}

fn device(log: &RunLog) -> String {
    let Some(device) = &log.device else {
        return String::new();
    };
    let mut line = device.engine.clone();
    if !device.adapter.is_empty() {
        line += &format!(" · {}", device.adapter);
    }
    if !device.because.is_empty() {
        line += &format!(" ({})", device.because.trim_end_matches('.'));
    }
    line
}

fn speed(log: &RunLog) -> String {
    let newest = || log.variants.iter().filter_map(|variant| variant.last.as_ref());
    // Variants take turns, so that the time of a step of all of them is the sum.
    let seconds: f32 = newest().map(|progress| 1.0 / progress.steps_per_second.max(1e-6)).sum();
    if seconds <= 0.0 {
        return String::new();
    }
    let kernels = newest().map(|progress| progress.cost.kernels).fold(0.0, f32::max);
    let rate = 1.0 / seconds;
    let rate = if rate < 10.0 { format!("{rate:.1}") } else { format!("{rate:.0}") };
    if kernels > 0.0 {
        format!("{rate} steps/s, {kernels:.0} kernels a step")
    } else {
        format!("{rate} steps/s")
    }
}

fn time(log: &RunLog) -> String {
    if log.variants.is_empty() {
        return String::new();
    }
    let now = browser::now();
    let elapsed = words(log.clock.elapsed(now));
    match log.clock.remaining(now, log.share()).filter(|_| log.phase == Phase::Running) {
        Some(remaining) => format!("{elapsed} so far, about {} left", words(remaining)),
        None => elapsed,
    }
}
