//! How a page reads what an engine says.

use serde_json::Value;

use super::{
    ChangeRounded, Cost, DeviceReport, Event, Preparing, Progress, QuantizedTo, Tuning, VariantInfo,
};
use crate::plain::{Plain, Read, Wrong, entry, table};

table!(DeviceReport { engine, adapter, because });
table!(VariantInfo { name, parameters, operations, bytes });
table!(Cost { kernels, submits, uploaded_bytes, host_milliseconds });
table!(Progress { variant, step, losses, gradient_norms, learning_rate, steps_per_second, cost });
table!(QuantizedTo { bits, bytes, metrics, changes });
table!(ChangeRounded { name, stable_rank, rounded, band, error });
table!(Preparing {
    called,
    source,
    sources,
    reused,
    step,
    steps,
    replicas,
    losses,
    steps_per_second,
    metrics,
    cost
});

impl Read for Tuning {
    fn read(from: &dyn Plain) -> Result<Self, Wrong> {
        Ok(Self {
            step: entry(from, "step")?,
            steps: entry(from, "steps")?,
            steps_per_second: entry(from, "steps_per_second")?,
            cost: entry(from, "cost")?,
            tried: in_json(from, "tried")?,
        })
    }
}

impl Read for Event {
    fn read(from: &dyn Plain) -> Result<Self, Wrong> {
        const UNKNOWN: Wrong = Wrong("the name of an event");
        if let Some(name) = from.text() {
            return match name.as_str() {
                "Ready" => Ok(Self::Ready),
                "Finished" => Ok(Self::Finished),
                "Stopped" => Ok(Self::Stopped),
                _ => Err(UNKNOWN),
            };
        }
        let name = from.first_name().ok_or(UNKNOWN)?;
        let from = &*from.entry(&name).ok_or(UNKNOWN)?;
        Ok(match name.as_str() {
            "Device" => Self::Device(Read::read(from)?),
            "Loading" => Self::Loading { file: entry(from, "file")?, share: entry(from, "share")? },
            "Started" => Self::Started {
                variants: entry(from, "variants")?,
                step: entry(from, "step")?,
                steps: entry(from, "steps")?,
                replicas: entry(from, "replicas")?,
            },
            "Comparing" => Self::Comparing { engine: entry(from, "engine")? },
            "Compiling" => Self::Compiling { variant: entry(from, "variant")? },
            "Reused" => Self::Reused { kept: entry(from, "kept")?, of: entry(from, "of")? },
            "Preparing" => Self::Preparing(Read::read(from)?),
            "Kept" => Self::Kept { name: entry(from, "name")?, bytes: bytes(from)? },
            "Tuning" => Self::Tuning(Read::read(from)?),
            "Progress" => Self::Progress(Read::read(from)?),
            "Evaluated" => Self::Evaluated {
                variant: entry(from, "variant")?,
                step: entry(from, "step")?,
                metrics: entry(from, "metrics")?,
            },
            "Probed" => Self::Probed {
                variant: entry(from, "variant")?,
                step: entry(from, "step")?,
                report: entry(from, "report")?,
            },
            "Paused" => Self::Paused(Read::read(from)?),
            "Checkpoint" => Self::Checkpoint {
                step: entry(from, "step")?,
                requested: entry(from, "requested")?,
                bytes: bytes(from)?,
            },
            "Diverged" => Self::Diverged {
                variant: entry(from, "variant")?,
                replica: entry(from, "replica")?,
                step: entry(from, "step")?,
            },
            "DeviceLost" => Self::DeviceLost { because: entry(from, "because")? },
            "Recovered" => Self::Recovered { step: entry(from, "step")?, because: entry(from, "because")? },
            "Judged" => Self::Judged { claims: in_json(from, "claims")?, measured: Vec::new() },
            "Quantized" => {
                Self::Quantized { variant: entry(from, "variant")?, points: entry(from, "points")? }
            }
            "Failed" => Self::Failed { problems: entry(from, "problems")? },
            _ => return Err(UNKNOWN),
        })
    }
}

/// Bytes under the name `bytes`.
fn bytes(from: &dyn Plain) -> Result<Vec<u8>, Wrong> {
    from.entry("bytes").and_then(|bytes| bytes.bytes()).ok_or(Wrong("bytes"))
}

/// What is sent as a text in JSON (`as_json`).
fn in_json<T: Read>(from: &dyn Plain, name: &'static str) -> Result<T, Wrong> {
    let text: String = entry(from, name)?;
    let value: Value = serde_json::from_str(&text).map_err(|_| Wrong(name))?;
    T::read(&value)
}
