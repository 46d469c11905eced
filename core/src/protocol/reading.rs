//! How a page reads what an engine says.

use serde_json::Value;

use super::{Cost, DeviceReport, Event, Preparing, Progress, Tuning, VariantInfo};
use crate::plain::{Plain, Read, Wrong, entry, table};

table!(DeviceReport { engine, adapter, because });
table!(VariantInfo { name, parameters, operations, bytes });
table!(Cost { kernels, submits, uploaded_bytes, host_milliseconds });
table!(Progress { variant, step, losses, gradient_norms, learning_rate, steps_per_second, cost });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::report::{AttentionMap, Curvature, ProbeReport, Quantity, Spectrum};
    use crate::quantization::{ChangeRounded, QuantizedTo};
    use crate::spec::Tried;
    use crate::stats::Metric;

    /// The event after this one: every kind of event once, so that a new one without a sample does not compile.
    fn after(event: Option<&Event>) -> Option<Event> {
        let because = "It is so.".to_owned();
        let cost = Cost { kernels: 1.5, submits: 2.0, uploaded_bytes: 3.0, host_milliseconds: 0.25 };
        let metrics = vec![(Metric::ExactMatch, vec![0.5, 0.25])];
        Some(match event {
            None => Event::Ready,
            Some(Event::Ready) => {
                Event::Device(DeviceReport { engine: "CPU".to_owned(), adapter: String::new(), because })
            }
            Some(Event::Device(_)) => Event::Loading { file: "a.bin".to_owned(), share: 0.5 },
            Some(Event::Loading { .. }) => {
                let name = "base".to_owned();
                let info = VariantInfo { name, parameters: 1 << 40, operations: 7, bytes: 9 };
                Event::Started { variants: vec![info], step: 1, steps: 30, replicas: 2 }
            }
            Some(Event::Started { .. }) => Event::Comparing { engine: "WebGPU".to_owned() },
            Some(Event::Comparing { .. }) => Event::Compiling { variant: 1 },
            Some(Event::Compiling { .. }) => Event::Reused { kept: 2, of: 3 },
            Some(Event::Reused { .. }) => Event::Preparing(Preparing {
                called: "Set".to_owned(),
                source: 1,
                sources: 2,
                reused: 3,
                step: 4,
                steps: 5,
                replicas: 6,
                losses: vec![1.5],
                steps_per_second: 7.5,
                metrics,
                cost,
            }),
            Some(Event::Preparing(_)) => Event::Kept { name: "0-1".to_owned(), bytes: vec![0, 255] },
            Some(Event::Kept { .. }) => {
                let outcomes = vec![vec![Some(0.5), None]];
                let tried = vec![Tried { variant: 1, values: vec![0.001], outcomes, best: 0 }];
                Event::Tuning(Tuning { step: 1, steps: 2, steps_per_second: 3.5, cost, tried })
            }
            Some(Event::Tuning(_)) => Event::Progress(Progress {
                variant: 1,
                step: 2,
                losses: vec![vec![1.5, 2.5]],
                gradient_norms: vec![0.5],
                learning_rate: 0.25,
                steps_per_second: 8.0,
                cost,
            }),
            Some(Event::Progress(_)) => Event::Evaluated { variant: 0, step: 3, metrics },
            Some(Event::Evaluated { .. }) => Event::Probed { variant: 0, step: 3, report: report() },
            Some(Event::Probed { .. }) => Event::Paused(true),
            Some(Event::Paused(_)) => Event::Checkpoint { step: 4, requested: true, bytes: vec![1, 2] },
            Some(Event::Checkpoint { .. }) => Event::Diverged { variant: 0, replica: 1, step: 2 },
            Some(Event::Diverged { .. }) => Event::DeviceLost { because },
            Some(Event::DeviceLost { .. }) => Event::Recovered { step: 5, because },
            // Claims that were judged are in every recording, whose test reads them.
            Some(Event::Recovered { .. }) => Event::Judged { claims: Vec::new(), measured: Vec::new() },
            Some(Event::Judged { .. }) => {
                let name = "a.weight".to_owned();
                let band = [vec![1.0], vec![3.0]];
                let change = ChangeRounded { name, stable_rank: vec![2.5], band, error: vec![0.5] };
                let point = QuantizedTo { bits: 4, bytes: 12, metrics, changes: vec![change] };
                Event::Quantized { variant: 1, points: vec![point] }
            }
            Some(Event::Quantized { .. }) => Event::Finished,
            Some(Event::Finished) => Event::Stopped,
            Some(Event::Stopped) => Event::Failed { problems: vec![because] },
            Some(Event::Failed { .. }) => return None,
        })
    }

    fn report() -> ProbeReport {
        let spectrum = Spectrum {
            quantity: Quantity::AttentionOutput,
            name: "blocks.0".to_owned(),
            head: None,
            samples: 16,
            replica: 1,
            singular_values: vec![2.0, 1.0],
            condition_number: 2.0,
            stable_rank: 1.25,
            frobenius_norm: 2.5,
            numerical_rank: 2,
        };
        ProbeReport {
            spectra: vec![Spectrum { head: Some(1), ..spectrum.clone() }, spectrum],
            attention: vec![AttentionMap { block: 0, head: 1, replica: 2, tokens: 1, weights: vec![1.0] }],
            curvatures: vec![Curvature { replica: 0, largest: 4.0, smallest: -1.0, steps: 8 }],
            milliseconds: 1.5,
        }
    }

    #[test]
    fn every_event_is_read_as_it_is_written() {
        let mut last: Option<Event> = None;
        while let Some(event) = after(last.as_ref()) {
            let written = serde_json::to_value(&event).expect("an event can be written");
            assert_eq!(Event::read(&written), Ok(event.clone()), "{written}");
            last = Some(event);
        }
        assert!(matches!(last, Some(Event::Failed { .. })));
    }

    #[test]
    fn what_no_engine_says_is_refused_and_named() {
        let read = |value: Value| Event::read(&value).unwrap_err();
        assert_eq!(read(serde_json::json!("Steady")), Wrong("the name of an event"));
        assert_eq!(read(serde_json::json!({ "Steady": {} })), Wrong("the name of an event"));
        assert_eq!(read(serde_json::json!({ "Diverged": { "variant": 1, "step": 2 } })), Wrong("replica"));
        assert_eq!(
            read(serde_json::json!({ "Checkpoint": { "step": 1, "requested": true } })),
            Wrong("bytes")
        );
    }
}
