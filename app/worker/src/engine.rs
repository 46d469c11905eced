//! Commands in, events out: the loop around a session.

use std::collections::BTreeMap;

use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt;
use kappa_core::protocol::{Command, DeviceChoice, Event};
use kappa_core::spec::Experiment;
use kappa_core::train::{Engine, LARGEST_ADVANCE, Session};
use web_time::{Duration, Instant};

use crate::browser::{self, Counters};

/// How long one advance should take: long enough that reading back costs little, short enough for Pause to be heard.
const ADVANCE: Duration = Duration::from_millis(60);

/// Time between two automatic checkpoints.
const CHECKPOINT: Duration = Duration::from_secs(5);

/// Takes commands for as long as the worker lives.
pub async fn serve(mut commands: UnboundedReceiver<Command>) {
    let mut engines = Engines::default();
    let mut next = commands.next().await;
    while let Some(command) = next {
        next = match command {
            Command::Start { experiment, device, resume } => {
                match begin(&mut engines, *experiment, device, resume).await {
                    Ok(session) => train(session, &mut commands).await,
                    Err(problems) => {
                        browser::post(&Event::Failed { problems });
                        commands.next().await
                    }
                }
            }
            Command::LoseDevice => {
                browser::lose();
                commands.next().await
            }
            // Nothing is running that these could mean.
            Command::Pause | Command::Resume | Command::Step | Command::Stop | Command::Checkpoint => {
                commands.next().await
            }
        };
    }
}

/// Devices that were opened: a GPU is opened once.
#[derive(Default)]
struct Engines {
    gpu: Option<Engine>,
}

impl Engines {
    async fn open(&mut self, choice: DeviceChoice) -> Result<Engine, Vec<String>> {
        if choice == DeviceChoice::Cpu {
            return Ok(Engine::cpu(""));
        }
        if let Some(engine) = &self.gpu {
            return Ok(engine.clone());
        }
        if let Some(obstacle) = browser::obstacle().await {
            let advice = "The CPU engine works everywhere and is good for small models.";
            return match choice {
                DeviceChoice::Gpu => Err(vec![format!("{obstacle} {advice}")]),
                _ => Ok(Engine::cpu(obstacle)),
            };
        }
        let mut engine = Engine::webgpu().await.map_err(|problem| vec![problem])?;
        engine.report.adapter = browser::adapter().await;
        self.gpu = Some(engine.clone());
        Ok(engine)
    }
}

async fn begin(
    engines: &mut Engines,
    experiment: Experiment,
    choice: DeviceChoice,
    resume: Option<Vec<u8>>,
) -> Result<Session, Vec<String>> {
    experiment.check().map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let engine = engines.open(choice).await?;
    browser::post(&Event::Device(engine.report.clone()));
    let mut data = BTreeMap::new();
    for file in Session::files(&experiment)? {
        let share = |share| browser::post(&Event::Loading { file: file.into(), share });
        let bytes = browser::fetch(&format!("data/{file}"), share).await.map_err(|problem| vec![problem])?;
        data.insert(file, bytes);
    }
    let (session, started) = Session::start(&engine, experiment, &data, resume.as_deref())?;
    browser::post(&started);
    browser::post(&Event::Compiling { variant: 0 });
    Ok(session)
}

/// Trains until the experiment ends; returns the command to go on with.
async fn train(mut session: Session, commands: &mut UnboundedReceiver<Command>) -> Option<Command> {
    let mut paused = false;
    let mut steps = 1;
    let mut saved = Instant::now();
    loop {
        let mut single = false;
        browser::turn().await;
        // While paused it sleeps until something is said.
        let mut said = if paused { commands.next().await } else { commands.try_recv().ok() };
        while let Some(command) = said {
            match command {
                Command::Pause => paused = true,
                Command::Resume => paused = false,
                Command::Step => single = paused,
                Command::Stop => {
                    browser::post(&Event::Stopped);
                    return commands.next().await;
                }
                Command::Checkpoint => {
                    if !save(&session, true).await {
                        return commands.next().await;
                    }
                }
                Command::LoseDevice => browser::lose(),
                Command::Start { .. } => return Some(command),
            }
            if matches!(command, Command::Pause | Command::Resume) {
                browser::post(&Event::Paused(paused));
            }
            said = commands.try_recv().ok();
        }
        if paused && !single {
            continue;
        }
        let wanted = if single { 1 } else { steps };
        let start = Instant::now();
        let Some(finished) = advance(&mut session, wanted).await else {
            return commands.next().await;
        };
        if finished {
            save(&session, false).await;
            return commands.next().await;
        }
        steps = paced(wanted, start.elapsed());
        if saved.elapsed() > CHECKPOINT {
            if !save(&session, false).await {
                return commands.next().await;
            }
            saved = Instant::now();
        }
    }
}

/// Some steps, and their events to the page; whether the experiment is finished, or nothing if the device failed.
async fn advance(session: &mut Session, steps: u32) -> Option<bool> {
    let (before, first) = (Counters::read(), session.step());
    let events = match session.advance(steps).await {
        Ok(events) => events,
        Err(error) => {
            browser::post(&Event::DeviceLost { because: format!("The device failed ({error}).") });
            return None;
        }
    };
    let trained = events.iter().filter(|event| matches!(event, Event::Progress(_))).count();
    let measured = events.iter().any(|event| matches!(event, Event::Evaluated { .. } | Event::Probed { .. }));
    let cost = Counters::read().since(before, f64::from(session.step() - first) * trained as f64);
    let mut finished = false;
    for mut event in events {
        // An evaluation launches kernels too: a cost with it in would not be that of a step.
        if let (Event::Progress(progress), false) = (&mut event, measured) {
            progress.cost.kernels = cost.kernels;
            progress.cost.submits = cost.submits;
            progress.cost.uploaded_bytes = cost.uploaded_bytes;
        }
        finished |= event == Event::Finished;
        browser::post(&event);
    }
    Some(finished)
}

/// Sends a checkpoint; false if the device failed.
async fn save(session: &Session, requested: bool) -> bool {
    match session.checkpoint().await {
        Ok(bytes) => {
            browser::post(&Event::Checkpoint { step: session.step(), requested, bytes });
            true
        }
        Err(error) => {
            browser::post(&Event::DeviceLost { because: format!("The device failed ({error}).") });
            false
        }
    }
}

/// How many steps the next advance should be, after `steps` took `elapsed`.
fn paced(steps: u32, elapsed: Duration) -> u32 {
    let ratio = ADVANCE.as_secs_f64() / elapsed.as_secs_f64().max(1e-4);
    // At most twice as many at once: the first steps after a change say little.
    (f64::from(steps) * ratio.min(2.0)).clamp(1.0, f64::from(LARGEST_ADVANCE)) as u32
}
