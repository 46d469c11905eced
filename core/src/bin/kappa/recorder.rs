//! Events of a run, folded into a recording: losses averaged over stretches of steps, matrices summed up over the seeds,
//! so that one file holds all that a page draws of the run and is still quickly fetched.

use kappa_core::catalog::recording::{
    HEADS, MAX_BYTES, RecordedMap, RecordedMatrix, RecordedRounding, RecordedVariant, Recording, short,
};
use kappa_core::probes::report::{Curvature, ProbeReport};
use kappa_core::probes::summary::{Summary, summarize};
use kappa_core::protocol::{DeviceReport, Event, Progress};
use kappa_core::spec::{JudgedClaim, Measured, Tried};

/// Stretches of a loss curve, at most.
const STRETCHES: u32 = 60;

/// What is known of the run so far.
#[derive(Debug, Default)]
pub struct Recorder {
    device: Option<DeviceReport>,
    replicas: usize,
    every: u32,
    variants: Vec<Variant>,
    tried: Vec<Tried>,
    measured: Vec<Measured>,
    claims: Vec<JudgedClaim>,
    finished: bool,
}

#[derive(Debug)]
struct Variant {
    /// Without its losses and measurements.
    recorded: RecordedVariant,
    /// Of each stretch, the sum of each replica's losses and how many steps are in it.
    losses: Vec<(Vec<f64>, u32)>,
    probes: Vec<Probed>,
    /// Of the last measurement.
    maps: Vec<RecordedMap>,
}

/// What is kept beside the means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    MapsAndValues,
    Values,
    Means,
}

/// One measurement.
#[derive(Debug)]
struct Probed {
    step: u32,
    milliseconds: f32,
    matrices: Vec<Summary>,
    /// The largest of every replica, then the smallest.
    curvatures: Vec<Option<f64>>,
}

impl Recorder {
    /// Takes note of what happened.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Device(device) => self.device = Some(device.clone()),
            Event::Started { variants, steps, replicas, .. } => {
                self.replicas = *replicas as usize;
                self.every = steps.div_ceil(STRETCHES).max(1);
                let variant = |info: &kappa_core::protocol::VariantInfo| Variant {
                    recorded: RecordedVariant {
                        name: info.name.clone(),
                        parameters: info.parameters,
                        operations: info.operations,
                        evaluated: Vec::new(),
                        metrics: Vec::new(),
                        every: self.every,
                        losses: Vec::new(),
                        diverged: vec![0; self.replicas],
                        probed: Vec::new(),
                        milliseconds: 0.0,
                        matrices: Vec::new(),
                        maps: Vec::new(),
                        curvatures: Vec::new(),
                        rounded: Vec::new(),
                    },
                    losses: Vec::new(),
                    probes: Vec::new(),
                    maps: Vec::new(),
                };
                self.variants = variants.iter().map(variant).collect();
            }
            Event::Tuning(tuning) => self.tried = tuning.taken().map(<[_]>::to_vec).unwrap_or_default(),
            Event::Progress(progress) => self.progress(progress),
            Event::Evaluated { variant, step, metrics } => {
                let recorded = &mut self.variants[*variant].recorded;
                recorded.evaluated.push(*step);
                for (metric, values) in metrics {
                    let line = values.iter().map(|value| short(f64::from(*value))).collect();
                    match recorded.metrics.iter_mut().find(|(other, _)| other == metric) {
                        Some((_, lines)) => lines.push(line),
                        None => recorded.metrics.push((*metric, vec![line])),
                    }
                }
            }
            Event::Probed { variant, step, report } => {
                let variant = &mut self.variants[*variant];
                variant.probes.push(Probed::new(*step, report));
                let last = report.attention.iter().map(|map| map.block).max().unwrap_or(0);
                let kept = report.attention.iter().filter(|map| {
                    map.replica == 0 && map.head < HEADS && (map.block == 0 || map.block == last)
                });
                variant.maps = kept.map(|map| RecordedMap::new(*step, map)).collect();
            }
            Event::Diverged { variant, replica, step } => {
                self.variants[*variant].recorded.diverged[*replica] = *step;
            }
            Event::Quantized { variant, points } => {
                let points = points.iter().map(RecordedRounding::new).collect();
                self.variants[*variant].recorded.rounded = points;
            }
            Event::Judged { claims, measured } => {
                self.claims.clone_from(claims);
                self.measured.clone_from(measured);
            }
            Event::Finished => self.finished = true,
            _ => {}
        }
    }

    fn progress(&mut self, progress: &Progress) {
        let variant = &mut self.variants[progress.variant];
        let first = progress.step - progress.losses.len() as u32;
        for (done, losses) in (first..).zip(&progress.losses) {
            let stretch = (done / self.every) as usize;
            if variant.losses.len() <= stretch {
                variant.losses.resize(stretch + 1, (vec![0.0; self.replicas], 0));
            }
            let (sums, steps) = &mut variant.losses[stretch];
            *steps += 1;
            sums.iter_mut().zip(losses).for_each(|(sum, loss)| *sum += f64::from(*loss));
        }
    }

    /// The recording, with `empty` for all that the run does not know of itself. Where it would be too large, attention maps
    /// are left out, then singular values, then every second measurement, but never the first and the last.
    ///
    /// # Errors
    /// A sentence, if the run is not finished or is too large even then.
    pub fn finish(mut self, empty: Recording) -> Result<(Recording, String), String> {
        if !self.finished {
            return Err("The run ended before its last step, so there is nothing to record.".to_owned());
        }
        let mut kept = Kept::MapsAndValues;
        loop {
            let device = self.device.clone();
            let recording = Recording {
                engine: device.as_ref().map(|device| device.engine.clone()).unwrap_or_default(),
                adapter: device.map(|device| device.adapter).unwrap_or_default(),
                tried: self.tried.iter().map(rounded).collect(),
                measured: self.measured.clone(),
                claims: self.claims.clone(),
                variants: self.variants.iter().map(|variant| variant.finish(kept)).collect(),
                ..empty.clone()
            };
            recording.check(&recording.experiment()?)?;
            let mut text =
                serde_json::to_string(&recording).expect("a recording is made of numbers and text");
            text.push('\n');
            let size = text.len();
            if size <= MAX_BYTES {
                return Ok((recording, text));
            }
            let fewer = match kept {
                Kept::MapsAndValues => Some(Kept::Values),
                Kept::Values => Some(Kept::Means),
                Kept::Means => None,
            };
            if let Some(fewer) = fewer {
                kept = fewer;
                continue;
            }
            let measurements = self.variants.iter().map(|variant| variant.probes.len()).max().unwrap_or(0);
            if measurements <= 2 {
                return Err(format!(
                    "The recording has {size} bytes, and may have {MAX_BYTES}: measure less."
                ));
            }
            self.variants.iter_mut().for_each(Variant::thin);
        }
    }
}

impl Variant {
    /// Leaves out every second measurement.
    fn thin(&mut self) {
        let last = self.probes.len().saturating_sub(1);
        let mut index = 0..;
        self.probes.retain(|_| index.next().is_some_and(|at: usize| at.is_multiple_of(2) || at == last));
    }

    fn finish(&self, kept: Kept) -> RecordedVariant {
        let mean =
            |(sums, steps): &(Vec<f64>, u32)| sums.iter().map(|sum| short(sum / f64::from(*steps))).collect();
        let probes = &self.probes;
        let spent: f64 = probes.iter().map(|probed| f64::from(probed.milliseconds)).sum();
        // What is measured at the last step is measured at all of them, but for updates before the first one.
        let newest = probes.last().iter().flat_map(|probed| &probed.matrices).collect::<Vec<_>>();
        let matrix = |newest: &&Summary| {
            let same = |other: &&Summary| other.quantity == newest.quantity && other.name == newest.name;
            let mut recorded = RecordedMatrix::new(newest);
            probes.iter().for_each(|probed| recorded.push(probed.matrices.iter().find(same)));
            if kept != Kept::Means {
                for index in std::collections::BTreeSet::from([0, probes.len().saturating_sub(1)]) {
                    if let Some(summary) = probes[index].matrices.iter().find(same) {
                        recorded.keep_values(index, summary);
                    }
                }
            }
            recorded
        };
        let measured = probes.iter().any(|probed| !probed.curvatures.is_empty());
        RecordedVariant {
            losses: self.losses.iter().map(mean).collect(),
            probed: probes.iter().map(|probed| probed.step).collect(),
            milliseconds: (spent / probes.len().max(1) as f64).round(),
            matrices: newest.iter().map(matrix).collect(),
            maps: if kept == Kept::MapsAndValues { self.maps.clone() } else { Vec::new() },
            curvatures: probes.iter().filter(|_| measured).map(|probed| probed.curvatures.clone()).collect(),
            ..self.recorded.clone()
        }
    }
}

impl Probed {
    fn new(step: u32, report: &ProbeReport) -> Self {
        let mut matrices = summarize(report);
        matrices.retain(|matrix| matrix.head.is_none());
        let of = |read: fn(&Curvature) -> f64| report.curvatures.iter().map(move |one| short(read(one)));
        let curvatures = of(|one| one.largest).chain(of(|one| one.smallest));
        Self { step, milliseconds: report.milliseconds, matrices, curvatures: curvatures.collect() }
    }
}

/// What tuning found, in five digits.
fn rounded(tried: &Tried) -> Tried {
    let seed = |outcome: &Option<f64>| outcome.and_then(short);
    let outcomes = tried.outcomes.iter().map(|seeds| seeds.iter().map(seed).collect()).collect();
    Tried { outcomes, ..tried.clone() }
}

#[cfg(test)]
mod tests {
    use kappa_core::catalog::{self, recording};
    use kappa_core::probes::report::{Quantity, Spectrum};
    use kappa_core::protocol::{Cost, VariantInfo};
    use kappa_core::spec::{Metric, to_toml};

    use super::*;

    fn empty() -> Recording {
        let experiment = to_toml(catalog::find("tiny").unwrap().experiment());
        Recording {
            format: recording::FORMAT,
            id: "tiny".to_owned(),
            hash: kappa_core::spec::digest::hash(&experiment),
            experiment,
            engine: String::new(),
            adapter: String::new(),
            date: "2026-11-23".to_owned(),
            version: "0.1.0".to_owned(),
            commit: None,
            seconds: 1.0,
            tried: Vec::new(),
            measured: Vec::new(),
            claims: Vec::new(),
            variants: Vec::new(),
        }
    }

    /// A matrix of both replicas; its name makes the file as large as one wants.
    fn report(name: &str, kappa: f64) -> ProbeReport {
        let spectrum = |replica| Spectrum {
            quantity: Quantity::Weight,
            name: name.to_owned(),
            head: None,
            samples: 1,
            replica,
            singular_values: vec![kappa as f32, 1.0],
            condition_number: kappa,
            stable_rank: 1.25,
            frobenius_norm: 3.0,
            numerical_rank: 2,
        };
        ProbeReport { spectra: vec![spectrum(0), spectrum(1)], ..ProbeReport::default() }
    }

    fn recorded(names: &[String], probes: u32) -> Recorder {
        let mut recorder = Recorder::default();
        let experiment = catalog::find("tiny").unwrap().experiment();
        let info = |name| VariantInfo { name, parameters: 4_970, operations: 0, bytes: 0 };
        let variants = experiment.variant_names().into_iter().map(info).collect();
        recorder.take(&Event::Started { variants, step: 0, steps: 30, replicas: 2 });
        for variant in 0..2 {
            for probe in 0..probes {
                let curvature = |replica| Curvature { replica, largest: 8.0, smallest: -1.0, steps: 9 };
                let curvatures = vec![curvature(0), curvature(1)];
                let mut whole = ProbeReport { curvatures, milliseconds: 4.0, ..ProbeReport::default() };
                for name in names {
                    whole.spectra.extend(report(name, f64::from(probe) + 2.0).spectra);
                }
                recorder.take(&Event::Probed { variant, step: probe, report: whole });
            }
            recorder.take(&Event::Progress(Progress {
                variant,
                step: 30,
                losses: (1..=30).map(|step| vec![step as f32, f32::NAN]).collect(),
                gradient_norms: vec![1.0; 2],
                learning_rate: 1e-3,
                steps_per_second: 10.0,
                cost: Cost::default(),
            }));
            recorder.take(&Event::Diverged { variant, replica: 1, step: 28 });
            let metrics = vec![(Metric::Accuracy, vec![0.123_456_7, f32::NAN])];
            recorder.take(&Event::Evaluated { variant, step: 30, metrics });
        }
        recorder
    }

    #[test]
    fn a_run_becomes_a_recording_that_can_be_read() {
        let mut recorder = recorded(&["embedding.weight".to_owned()], 2);
        assert!(recorded(&[], 0).finish(empty()).unwrap_err().contains("before its last step"));
        recorder.take(&Event::Finished);
        let (recording, text) = recorder.finish(empty()).unwrap();
        assert_eq!(Recording::read(&text).unwrap().0, recording);
        let variant = &recording.variants[1];
        assert_eq!(variant.metrics, [(Metric::Accuracy, vec![vec![Some(0.12346), None]])]);
        assert_eq!(
            (variant.every, variant.losses.len(), &variant.losses[4]),
            (1, 30, &vec![Some(5.0), None])
        );
        assert_eq!((&variant.diverged, variant.milliseconds), (&vec![0, 28], 4.0));
        let matrix = &variant.matrices[0];
        let kappas: Vec<Option<f64>> = matrix.means.iter().map(|line| line[0]).collect();
        assert_eq!((matrix.name.as_str(), kappas), ("embedding.weight", vec![Some(2.0), Some(3.0)]));
        assert_eq!(variant.curvatures, [[Some(8.0), Some(8.0), Some(-1.0), Some(-1.0)]; 2]);
    }

    #[test]
    fn a_recording_that_would_be_too_large_has_fewer_measurements_with_both_ends() {
        let names: Vec<String> =
            (0..120).map(|index| format!("blocks.{index}.attention.query.weight")).collect();
        let mut recorder = recorded(&names, 21);
        recorder.take(&Event::Finished);
        let (recording, text) = recorder.finish(empty()).unwrap();
        assert!(text.len() <= MAX_BYTES, "{}", text.len());
        let steps = &recording.variants[0].probed;
        assert!(steps.len() < 21 && steps.first() == Some(&0) && steps.last() == Some(&20), "{steps:?}");
    }
}
