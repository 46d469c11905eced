//! Events as lines of JSON: for `--json`, and for `metrics.jsonl`.
//!
//! Every line is an object with a text `event` and, where it belongs to one, an index `variant` and the number `step` of
//! steps done. Numbers of replicas are lists in the order of the seeds; a number that is not finite is `null`: so is the
//! condition number of a singular matrix, whose `numerical_rank` says so.

use kappa_core::probes::report::{Curvature, Quantity};
use kappa_core::protocol::{Cost, DeviceReport, Event, Tuning};
use kappa_core::quantization::QuantizedTo;
use kappa_core::spec::{JudgedClaim, Metric, Tried};
use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Line<'a> {
    Device(&'a DeviceReport),
    Started {
        step: u32,
        steps: u32,
        replicas: u32,
        variants: Vec<Variant<'a>>,
        version: &'static str,
    },
    Trained {
        variant: usize,
        step: u32,
        loss: &'a [f32],
        #[serde(flatten)]
        newest: Option<Newest<'a>>,
    },
    Evaluated {
        variant: usize,
        step: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        accuracy: Option<&'a [f32]>,
        #[serde(skip_serializing_if = "Option::is_none")]
        loss: Option<&'a [f32]>,
        #[serde(skip_serializing_if = "Option::is_none")]
        psnr: Option<&'a [f32]>,
        #[serde(skip_serializing_if = "Option::is_none")]
        relative_error: Option<&'a [f32]>,
        #[serde(skip_serializing_if = "Option::is_none")]
        exact_match: Option<&'a [f32]>,
    },
    Quantized {
        variant: usize,
        points: &'a [QuantizedTo],
    },
    Probed {
        variant: usize,
        step: u32,
        milliseconds: f32,
        spectra: Vec<Spectrum<'a>>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        curvatures: &'a [Curvature],
    },
    Diverged {
        variant: usize,
        step: u32,
        replica: usize,
    },
    Prepared {
        called: &'a str,
        step: u32,
        steps: u32,
        loss: Option<f32>,
    },
    Tuned {
        #[serde(flatten)]
        tried: &'a Tried,
    },
    Verdict {
        claim: usize,
        #[serde(flatten)]
        judged: &'a JudgedClaim,
    },
    Finished,
    Stopped,
    Failed {
        problems: &'a [String],
    },
}

#[derive(Serialize)]
struct Variant<'a> {
    name: &'a str,
    parameters: u64,
    operations: u64,
}

/// What is measured once in some steps.
#[derive(Serialize)]
struct Newest<'a> {
    learning_rate: f32,
    gradient_norm: &'a [f32],
    steps_per_second: f32,
}

/// A spectrum without its many numbers, but for the largest and the smallest singular value.
#[derive(Serialize)]
struct Spectrum<'a> {
    quantity: Quantity,
    matrix: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<usize>,
    replica: usize,
    samples: usize,
    largest: Option<f32>,
    smallest: Option<f32>,
    condition_number: f64,
    stable_rank: f64,
    frobenius_norm: f64,
    numerical_rank: usize,
}

/// The lines of an event; none for what only a page needs. Each ends without a line break.
pub fn of(event: &Event) -> Vec<String> {
    let lines = match event {
        Event::Device(report) => vec![Line::Device(report)],
        Event::Started { variants, step, steps, replicas } => vec![Line::Started {
            step: *step,
            steps: *steps,
            replicas: *replicas,
            variants: variants
                .iter()
                .map(|v| Variant { name: &v.name, parameters: v.parameters, operations: v.operations })
                .collect(),
            version: env!("CARGO_PKG_VERSION"),
        }],
        Event::Progress(progress) => {
            let first = (progress.step + 1).saturating_sub(progress.losses.len() as u32);
            let steps = progress.losses.iter().enumerate();
            steps
                .map(|(index, loss)| Line::Trained {
                    variant: progress.variant,
                    step: first + index as u32,
                    loss,
                    newest: (index + 1 == progress.losses.len()).then_some(Newest {
                        learning_rate: progress.learning_rate,
                        gradient_norm: &progress.gradient_norms,
                        steps_per_second: progress.steps_per_second,
                    }),
                })
                .collect()
        }
        Event::Evaluated { variant, step, metrics } => {
            let values =
                |wanted| metrics.iter().find(|(metric, _)| *metric == wanted).map(|(_, v)| v.as_slice());
            vec![Line::Evaluated {
                variant: *variant,
                step: *step,
                accuracy: values(Metric::Accuracy),
                exact_match: values(Metric::ExactMatch),
                loss: values(Metric::Loss),
                psnr: values(Metric::Psnr),
                relative_error: values(Metric::RelativeError),
            }]
        }
        Event::Probed { variant, step, report } => {
            let spectra = report.spectra.iter().map(|one| Spectrum {
                quantity: one.quantity,
                matrix: &one.name,
                head: one.head,
                replica: one.replica,
                samples: one.samples,
                largest: one.singular_values.first().copied(),
                smallest: one.singular_values.last().copied(),
                condition_number: one.condition_number,
                stable_rank: one.stable_rank,
                frobenius_norm: one.frobenius_norm,
                numerical_rank: one.numerical_rank,
            });
            vec![Line::Probed {
                variant: *variant,
                step: *step,
                milliseconds: report.milliseconds,
                spectra: spectra.collect(),
                curvatures: &report.curvatures,
            }]
        }
        Event::Diverged { variant, replica, step } => {
            vec![Line::Diverged { variant: *variant, step: *step, replica: *replica }]
        }
        Event::Tuning(tuning) => {
            tuning.taken().into_iter().flatten().map(|tried| Line::Tuned { tried }).collect()
        }
        Event::Judged { claims, .. } => {
            let line = |(index, judged)| Line::Verdict { claim: index + 1, judged };
            claims.iter().enumerate().map(line).collect()
        }
        Event::Quantized { variant, points } => vec![Line::Quantized { variant: *variant, points }],
        Event::Finished => vec![Line::Finished],
        Event::Stopped => vec![Line::Stopped],
        Event::Failed { problems } => vec![Line::Failed { problems }],
        Event::Preparing(source) => {
            let (called, step, steps) = (source.called.as_str(), source.step, source.steps);
            let last = source.losses.last().copied();
            vec![Line::Prepared { called, step, steps, loss: last.filter(|loss| loss.is_finite()) }]
        }
        Event::Ready
        | Event::Kept { .. }
        | Event::Reused { .. }
        | Event::Loading { .. }
        | Event::Comparing { .. }
        | Event::Compiling { .. }
        | Event::Paused(_)
        | Event::Checkpoint { .. }
        | Event::DeviceLost { .. }
        | Event::Recovered { .. } => Vec::new(),
    };
    lines
        .iter()
        .map(|line| serde_json::to_string(line).expect("a line is made of numbers and text"))
        .collect()
}

/// Whether a line of `metrics.jsonl` still holds when a run of `steps` goes on from `step`, or from where it was `tuning`: what
/// comes after will be written again.
pub fn holds(line: &str, (step, steps): (u32, u32), tuning: bool) -> bool {
    let Ok(Value::Object(line)) = serde_json::from_str(line) else {
        return false;
    };
    let event = line.get("event").and_then(Value::as_str).unwrap_or_default();
    let at = line.get("step").and_then(Value::as_u64);
    match event {
        "device" | "started" => true,
        _ if tuning => false,
        "tuned" => true,
        // What the last step leads to is found once more.
        "evaluated" | "probed" if step == steps => at.is_some_and(|at| at < u64::from(step)),
        "trained" | "evaluated" | "probed" | "diverged" => at.is_some_and(|at| at <= u64::from(step)),
        _ => false,
    }
}

/// What a line of `metrics.jsonl` tells that is not told again: that a replica diverged, or what tuning found.
pub fn kept(line: &str) -> Option<Event> {
    let mut line: Value = serde_json::from_str(line).ok()?;
    let event = line.as_object_mut()?.remove("event")?;
    if event == "tuned" {
        let tried = vec![serde_json::from_value(line).ok()?];
        return Some(Event::Tuning(Tuning {
            step: 0,
            steps: 0,
            steps_per_second: 0.0,
            cost: Cost::default(),
            tried,
        }));
    }
    if event != "diverged" {
        return None;
    }
    let number = |name: &str| line[name].as_u64();
    Some(Event::Diverged {
        variant: number("variant")? as usize,
        replica: number("replica")? as usize,
        step: number("step")? as u32,
    })
}

#[cfg(test)]
mod tests {
    use kappa_core::protocol::Progress;
    use serde_json::json;

    use super::*;

    fn read(event: &Event) -> Vec<Value> {
        of(event).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn every_step_has_a_line_and_the_last_of_some_says_more() {
        let event = Event::Progress(Progress {
            variant: 1,
            step: 12,
            losses: vec![vec![0.5, f32::NAN], vec![0.25, 0.1]],
            gradient_norms: vec![1.0, 2.0],
            learning_rate: 0.001,
            steps_per_second: 10.0,
            cost: Cost::default(),
        });
        let lines = read(&event);
        assert_eq!(lines[0], json!({"event": "trained", "variant": 1, "step": 11, "loss": [0.5, null]}));
        assert_eq!((&lines[1]["step"], &lines[1]["gradient_norm"]), (&json!(12), &json!([1.0, 2.0])));
        assert!(of(&event)[1].contains("\"learning_rate\":0.001,"), "{:?}", of(&event));
    }

    #[test]
    fn an_evaluation_has_its_metrics_by_name() {
        let metrics = vec![(Metric::Loss, vec![0.5]), (Metric::Accuracy, vec![0.75])];
        let lines = read(&Event::Evaluated { variant: 0, step: 10, metrics });
        let expected =
            json!({"event": "evaluated", "variant": 0, "step": 10, "accuracy": [0.75], "loss": [0.5]});
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn a_probe_says_of_which_matrices_and_over_how_many_examples() {
        use kappa_core::probes::report::{ProbeReport, Spectrum};
        let spectrum = |head, condition_number| Spectrum {
            quantity: Quantity::Attention,
            name: "blocks.1".to_owned(),
            head,
            samples: 16,
            replica: 2,
            singular_values: vec![4.0, 2.0, 0.5],
            condition_number,
            stable_rank: 1.25,
            frobenius_norm: 4.5,
            numerical_rank: 3,
        };
        let spectra = vec![spectrum(Some(3), 8.0), spectrum(None, f64::INFINITY)];
        let report = ProbeReport { spectra, milliseconds: 12.5, ..ProbeReport::default() };
        let line = &read(&Event::Probed { variant: 1, step: 20, report })[0];
        assert_eq!(
            (&line["variant"], &line["step"], &line["milliseconds"]),
            (&json!(1), &json!(20), &json!(12.5))
        );
        let expected = json!({"quantity": "attention", "matrix": "blocks.1", "head": 3, "replica": 2, "samples": 16,
            "largest": 4.0, "smallest": 0.5, "condition_number": 8.0, "stable_rank": 1.25, "frobenius_norm": 4.5,
            "numerical_rank": 3});
        assert_eq!(line["spectra"][0], expected);
        assert_eq!(line["spectra"][1]["condition_number"], Value::Null);
        assert!(line["spectra"][1].get("head").is_none() && line.get("curvatures").is_none());
    }

    #[test]
    fn a_picture_is_evaluated_in_decibels() {
        let metrics = vec![(Metric::Psnr, vec![21.5]), (Metric::Loss, vec![0.007])];
        let line = &read(&Event::Evaluated { variant: 0, step: 10, metrics })[0];
        assert_eq!((&line["psnr"], line.get("accuracy")), (&json!([21.5]), None));
    }

    #[test]
    fn what_tuning_found_is_a_line_for_each_variant_and_is_read_again() {
        let outcomes = vec![vec![Some(0.5), None], vec![Some(0.75), Some(0.5)]];
        let tried = Tried { variant: 1, values: vec![0.001, 0.002], outcomes, best: 1 };
        let tuning = |step| Tuning {
            step,
            steps: 9,
            steps_per_second: 1.0,
            cost: Cost::default(),
            tried: vec![tried.clone()],
        };
        assert!(of(&Event::Tuning(tuning(3))).is_empty(), "it is not over");
        let lines = of(&Event::Tuning(tuning(9)));
        let expected = json!({"event": "tuned", "variant": 1, "values": [0.001, 0.002],
            "outcomes": [[0.5, null], [0.75, 0.5]], "best": 1});
        assert_eq!(serde_json::from_str::<Value>(&lines[0]).unwrap(), expected);
        assert!(holds(&lines[0], (0, 30), false) && !holds(&lines[0], (0, 30), true));
        let Some(Event::Tuning(again)) = kept(&lines[0]) else { panic!("it is kept") };
        assert_eq!(again.taken(), Some(&[tried.clone()][..]));
    }

    #[test]
    fn a_resumed_run_drops_what_it_will_write_again() {
        let evaluated = "{\"event\":\"evaluated\",\"variant\":0,\"step\":10}";
        assert!(holds(evaluated, (10, 30), false) && holds(evaluated, (11, 30), false));
        assert!(!holds(evaluated, (9, 30), false) && !holds(evaluated, (10, 10), false));
        assert!(holds("{\"event\":\"started\",\"step\":20}", (10, 30), false));
        assert!(!holds("{\"event\":\"finished\"}", (30, 30), false));
        assert!(!holds("{\"event\":\"trained\",\"step\":1", (10, 30), false), "a torn line");
    }
}
