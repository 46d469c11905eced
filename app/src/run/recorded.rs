//! A recorded run as a log, so that the same panels draw it.

use kappa_core::catalog;
use kappa_core::catalog::recording::{Numbers, RecordedMatrix, RecordedVariant, Recording};
use kappa_core::protocol::{DeviceReport, VariantInfo};
use kappa_core::spec::Metric;

use super::log::Evaluation;
use super::probes::Probed;
use super::{Curve, History, Phase, Point, RunLog, VariantLog};

/// The log of a run that was recorded. A test asserts that the recordings beside the page are of the catalog's own
/// experiments, so that the text of the experiment need not be read again; the seeds may be others.
///
/// # Errors
/// A sentence, if the recording does not fit together, or not to the catalog.
pub fn log(recording: &Recording) -> Result<RunLog, String> {
    let entry = catalog::find(&recording.id);
    let mut experiment = entry.ok_or("This run belongs to nothing in the catalog.")?.experiment().clone();
    experiment.seeds.count = recording.variants.first().map_or(1, |variant| variant.diverged.len() as u32);
    recording.check(&experiment)?;
    let (steps, replicas) = (experiment.training.steps, experiment.seeds.count);
    let device = DeviceReport {
        engine: recording.engine.clone(),
        adapter: recording.adapter.clone(),
        because: String::new(),
    };
    let mut log = RunLog::starting(experiment, Some(device));
    log.phase = Phase::Finished;
    (log.steps, log.replicas) = (steps, replicas);
    log.claims.clone_from(&recording.claims);
    log.tried.clone_from(&recording.tried);
    let rounded = recording.variants.iter().map(RecordedVariant::rounded).enumerate();
    log.rounded = rounded.filter(|(_, points)| !points.is_empty()).collect();
    log.variants = recording.variants.iter().map(|one| variant(one, steps, replicas)).collect();
    Ok(log)
}

/// "Recorded on 2026-11-23 on the CPU engine: 5 seeds, 132 s. Kappa Lab 0.1.0, commit 0123456789ab."
pub fn provenance(recording: &Recording, log: &RunLog) -> String {
    let mut device = recording.engine.clone();
    if !recording.adapter.is_empty() {
        device += &format!(" ({})", recording.adapter);
    }
    let seeds = match log.replicas {
        1 => "one seed".to_owned(),
        count => format!("{count} seeds"),
    };
    let took = super::clock::words(recording.seconds * 1000.0);
    let mut words = format!(
        "Recorded on {} on {device}: {seeds}, {took}. Kappa Lab {}",
        recording.date, recording.version
    );
    if let Some(commit) = recording.commit.as_deref() {
        let clean = commit.strip_suffix('+');
        words += &format!(", commit {}", clean.unwrap_or(commit));
        words += if clean.is_some() { " with changes" } else { "" };
    }
    words + "."
}

fn variant(recorded: &RecordedVariant, steps: u32, replicas: u32) -> VariantLog {
    let RecordedVariant { parameters, operations, .. } = *recorded;
    let info = VariantInfo { name: recorded.name.clone(), parameters, operations, bytes: 0 };
    let evaluation = |(index, step): (usize, &u32)| {
        let line = |(metric, lines): &(Metric, Numbers)| {
            (*metric, numbers(&lines[index]).into_iter().map(|number| number as f32).collect())
        };
        Evaluation { step: *step, metrics: recorded.metrics.iter().map(line).collect() }
    };
    let probed = |(index, step): (usize, &u32)| {
        let curvature = recorded.curvatures.get(index).map(|line| {
            let (largest, smallest) = line.split_at(replicas as usize);
            [largest, smallest].map(|line| Point::of(f64::from(*step), numbers(line)))
        });
        let at = |matrix: &RecordedMatrix| matrix.at(index, replicas as usize);
        Probed { step: *step, matrices: recorded.matrices.iter().filter_map(at).collect(), curvature }
    };
    let diverged = recorded.diverged.iter().copied().enumerate().filter(|(_, step)| *step > 0).collect();
    let losses = recorded.losses.iter().map(|line| numbers(line));
    VariantLog {
        step: steps,
        loss: Curve::recorded(recorded.every, replicas as usize, losses),
        evaluations: recorded.evaluated.iter().enumerate().map(evaluation).collect(),
        diverged,
        probes: History::recorded(
            recorded.probed.iter().enumerate().map(probed).collect(),
            recorded.maps.iter().map(|map| (map.step, map.read())).collect(),
            recorded.milliseconds,
        ),
        ..VariantLog::new(info, steps, steps, replicas)
    }
}

/// What is not finite is NaN again.
fn numbers(line: &[Option<f64>]) -> Vec<f64> {
    line.iter().map(|number| number.unwrap_or(f64::NAN)).collect()
}

#[cfg(test)]
mod tests {
    use kappa_core::catalog::recording::FORMAT;
    use kappa_core::probes::report::Quantity;
    use kappa_core::spec::digest::hash;
    use kappa_core::spec::to_toml;

    use super::*;

    fn tiny() -> Recording {
        let experiment = catalog::find("tiny").unwrap().experiment();
        let text = to_toml(experiment);
        let line = |kappa| vec![Some(kappa), Some(1.25), Some(2.0), Some(8.0)];
        let matrix = RecordedMatrix {
            quantity: Quantity::Tokens,
            name: "blocks.0".to_owned(),
            full_rank: 16,
            means: vec![line(3.5), line(7.0)],
            singular: Vec::new(),
            values: Vec::new(),
        };
        let variant = |name| RecordedVariant {
            name,
            parameters: 4_970,
            operations: 1_000_000,
            evaluated: vec![30],
            metrics: vec![(Metric::Accuracy, vec![vec![Some(0.5), None]])],
            every: 15,
            losses: vec![vec![Some(2.25), None], vec![Some(1.25), Some(1.75)]],
            diverged: vec![0, 30],
            probed: vec![0, 30],
            milliseconds: 12.0,
            matrices: vec![matrix.clone()],
            maps: Vec::new(),
            curvatures: vec![vec![Some(4.0), Some(6.0), Some(-1.0), None]; 2],
            rounded: Vec::new(),
        };
        Recording {
            format: FORMAT,
            id: "tiny".to_owned(),
            hash: hash(&text),
            experiment: text,
            engine: "CPU".to_owned(),
            adapter: String::new(),
            date: "2026-11-23".to_owned(),
            version: "0.1.0".to_owned(),
            commit: Some("0123456789ab".to_owned()),
            seconds: 132.4,
            tried: Vec::new(),
            measured: Vec::new(),
            claims: Vec::new(),
            variants: experiment.variant_names().into_iter().map(variant).collect(),
        }
    }

    #[test]
    fn a_recorded_run_is_a_finished_one_with_all_of_its_curves() {
        let log = log(&tiny()).unwrap();
        assert_eq!((log.phase, log.steps, log.replicas, log.variants.len()), (Phase::Finished, 30, 2, 2));
        let variant = &log.variants[0];
        let losses: Vec<_> = variant.loss.points().map(|point| (point.x, point.mean, point.n)).collect();
        assert_eq!(losses, [(8.0, 2.25, 1), (23.0, 1.5, 2)]);
        let (step, values) = variant.newest(Metric::Accuracy).unwrap();
        assert!(step == 30 && values[0] == 0.5 && values[1].is_nan());
        let probed = &variant.probes.probes()[1];
        assert_eq!((probed.step, probed.matrices[0].condition_number.mean), (30, 7.0));
        let [largest, smallest] = probed.curvature.unwrap();
        assert_eq!((largest.mean, smallest.mean, smallest.n), (5.0, -1.0, 1));
        assert_eq!(variant.diverged, [(1, 30)]);
    }

    #[test]
    fn where_a_recording_comes_from_is_said() {
        let recording = tiny();
        let words = provenance(&recording, &log(&recording).unwrap());
        assert_eq!(
            words,
            "Recorded on 2026-11-23 on CPU: 2 seeds, 2 min 12 s. Kappa Lab 0.1.0, commit 0123456789ab."
        );
        let changed = Recording { commit: Some("0123456789ab+".to_owned()), ..recording };
        assert!(provenance(&changed, &log(&changed).unwrap()).ends_with("commit 0123456789ab with changes."));
    }

    #[test]
    fn a_recording_that_does_not_fit_together_is_refused() {
        let mut recording = tiny();
        recording.variants.pop();
        assert!(log(&recording).unwrap_err().contains("not the experiment’s"));
    }
}
