//! Commands in, events out: from a Start to the end of its session, again and again.

use std::collections::BTreeMap;

use futures_channel::mpsc::UnboundedReceiver;
use kappa_core::protocol::{Command, DeviceChoice, Event};
use kappa_core::spec::Experiment;
use kappa_core::tasks::SHIPPED;
use kappa_core::train::Session;

use crate::browser;
use crate::comparison::{self, Halt};
use crate::control::Control;
use crate::devices::{Devices, Offer, chosen};
use crate::run::{Plan, Run};
use crate::sources;

/// Takes commands for as long as the worker lives.
pub async fn serve(commands: UnboundedReceiver<Command>) {
    let mut devices = Devices::default();
    let mut control = Control::new(commands);
    while let Some(command) = control.command().await {
        match command {
            Command::Start { experiment, device, resume } => {
                control.begin();
                match begin(&mut devices, *experiment, device, resume, &mut control).await {
                    Ok(run) => run.train(&mut control).await,
                    // The page knows: it is what ended it.
                    Err(Halt::Ended) => {}
                    Err(Halt::Problems(problems)) => browser::post(&Event::Failed { problems }),
                    Err(Halt::Failed(because)) => browser::post(&Event::DeviceLost { because }),
                }
            }
            Command::LoseDevice => browser::lose(),
            // Nothing is running that these could mean.
            Command::Pause | Command::Resume | Command::Step | Command::Stop | Command::Checkpoint => {}
        }
    }
}

/// A session on the device that was chosen or is faster, its beginning told to the page.
async fn begin(
    devices: &mut Devices,
    experiment: Experiment,
    choice: DeviceChoice,
    resume: Option<Vec<u8>>,
    control: &mut Control,
) -> Result<Run, Halt> {
    let sentences = |problems: Vec<_>| Halt::Problems(problems.iter().map(ToString::to_string).collect());
    experiment.check().map_err(sentences)?;
    let offer = devices.offer(choice, &experiment).await.map_err(|problem| Halt::Problems(vec![problem]))?;
    if let Offer::One(engine) = &offer {
        browser::post(&Event::Device(engine.report.clone()));
    }
    let data = fetch(&experiment).await.map_err(Halt::Problems)?;
    let names = experiment.source_names();
    let kept = sources::load(&names).await;
    if !names.is_empty() {
        browser::post(&Event::Reused { kept: kept.len() as u32, of: names.len() as u32 });
    }
    let plan = Plan { experiment, data, kept, resume };
    let engine = match offer {
        Offer::One(engine) => engine,
        Offer::Either(gpu) => {
            let decision = comparison::faster(&plan, &gpu, control).await?;
            let engine = chosen(&gpu, &decision);
            browser::post(&Event::Device(engine.report.clone()));
            devices.remember(&plan.experiment, decision);
            engine
        }
    };
    let (run, started) = Run::start(&plan, &engine).map_err(Halt::Problems)?;
    browser::post(&started);
    if control.is_paused() {
        // It was before there was anything to be paused, as far as the page knew.
        browser::post(&Event::Paused(true));
    } else {
        browser::post(&Event::Compiling { variant: 0 });
    }
    Ok(run)
}

/// The files that an experiment reads, by name.
async fn fetch(experiment: &Experiment) -> Result<BTreeMap<&'static str, Vec<u8>>, Vec<String>> {
    let mut data = BTreeMap::new();
    for file in Session::files(experiment)? {
        if !SHIPPED.contains(&file) {
            let sentence =
                format!("task: data/{file} is not part of the page; this task runs on the command line.");
            return Err(vec![sentence]);
        }
        let share = |share| browser::post(&Event::Loading { file: file.into(), share });
        let bytes = browser::fetch(&format!("data/{file}"), share).await.map_err(|problem| vec![problem])?;
        data.insert(file, bytes);
    }
    Ok(data)
}
