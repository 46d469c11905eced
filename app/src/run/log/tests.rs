use super::*;

fn started(variants: usize, steps: u32) -> RunLog {
    let mut log = RunLog::default();
    let info = VariantInfo { name: "base".to_owned(), parameters: 10, operations: 60, bytes: 40 };
    log.apply(Event::Started { variants: vec![info; variants], step: 0, steps, replicas: 2 }, 0.0);
    log
}

fn progress(variant: usize, step: u32, losses: &[f32]) -> Event {
    Event::Progress(Progress {
        variant,
        step,
        losses: losses.iter().map(|loss| vec![*loss; 2]).collect(),
        gradient_norms: vec![1.0; 2],
        learning_rate: 1e-3,
        steps_per_second: 10.0,
        cost: kappa_core::protocol::Cost::default(),
    })
}

#[test]
fn losses_land_at_the_steps_they_belong_to() {
    let mut log = started(1, 10);
    log.apply(progress(0, 3, &[3.0, 2.0, 1.0]), 1.0);
    let points: Vec<_> = log.variants[0].loss.points().map(|point| (point.x, point.mean)).collect();
    assert_eq!(points, [(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)]);
    assert_eq!(log.variants[0].step, 3);
}

#[test]
fn the_share_counts_every_variant() {
    let mut log = started(2, 10);
    log.apply(progress(0, 10, &[1.0]), 1.0);
    assert_eq!(log.share(), 0.5);
}

#[test]
fn the_share_counts_tuning_by_its_replicas() {
    let mut log = started(2, 10);
    let mut experiment = kappa_core::catalog::find("tiny").unwrap().experiment().clone();
    experiment.tune.values = vec![1e-3, 2e-3];
    log.experiment = Some(experiment);
    // Two values with three seeds each for five steps, then ten steps of two seeds, in each variant: 30 to 20.
    let tried = vec![Tried::new(0, &[1e-3, 2e-3], vec![vec![Some(0.5)], vec![Some(0.6)]], Metric::Accuracy)];
    let tuning = |step, tried| {
        let cost = kappa_core::protocol::Cost::default();
        Event::Tuning(kappa_core::protocol::Tuning { step, steps: 5, steps_per_second: 1.0, cost, tried })
    };
    log.apply(tuning(4, tried.clone()), 1.0);
    assert!((log.share() - 24.0 / 50.0).abs() < 1e-9 && log.is_tuning());
    log.apply(tuning(5, Vec::new()), 2.0);
    assert!((log.share() - 0.6).abs() < 1e-9 && !log.is_tuning());
    assert_eq!(log.tried, tried, "what is not told again stays");
}

#[test]
fn seeds_that_are_added_stand_behind_those_that_were_there() {
    let evaluated = |step, values: &[f32]| Event::Evaluated {
        variant: 0,
        step,
        metrics: vec![(Metric::Accuracy, values.to_vec())],
    };
    let mut log = started(1, 10);
    log.apply(evaluated(10, &[0.5, 0.6]), 1.0);
    let mut more = log.with_more_seeds(kappa_core::catalog::find("tiny").unwrap().experiment().clone());
    let info = log.variants[0].info.clone();
    more.apply(Event::Started { variants: vec![info], step: 0, steps: 10, replicas: 1 }, 2.0);
    more.apply(evaluated(5, &[0.1]), 3.0);
    assert_eq!(more.variants[0].newest(Metric::Accuracy), Some((5, vec![0.1])), "they are not as far yet");
    more.apply(evaluated(10, &[0.7]), 4.0);
    assert_eq!(more.variants[0].newest(Metric::Accuracy), Some((10, vec![0.5, 0.6, 0.7])));
}

#[test]
fn a_recovered_run_goes_back_to_its_checkpoint() {
    let mut log = started(1, 10);
    log.apply(progress(0, 8, &[1.0; 8]), 1.0);
    log.apply(Event::Diverged { variant: 0, replica: 1, step: 7 }, 1.0);
    log.apply(Event::Recovered { step: 5, because: "The device was lost.".to_owned() }, 2.0);
    assert_eq!(log.variants[0].loss.points().count(), 5);
    assert_eq!((log.variants[0].step, log.variants[0].diverged.len()), (5, 0));
    assert_eq!(log.notes.len(), 1);
    let info = log.variants[0].info.clone();
    log.apply(Event::Started { variants: vec![info], step: 5, steps: 10, replicas: 2 }, 3.0);
    assert_eq!((log.variants[0].loss.points().count(), log.phase), (5, Phase::Running));
}

#[test]
fn an_event_for_a_variant_that_is_not_there_changes_nothing() {
    let mut log = started(1, 10);
    let before = log.clone();
    log.apply(progress(7, 3, &[1.0]), 1.0);
    log.apply(Event::Diverged { variant: 7, replica: 0, step: 1 }, 1.0);
    assert_eq!(log, before);
}

#[test]
fn a_run_that_is_to_stop_is_not_woken_by_what_was_said_before() {
    let mut log = started(1, 10);
    log.phase = Phase::Stopping;
    log.apply(Event::Paused(true), 1.0);
    assert_eq!(log.phase, Phase::Stopping);
    let info = log.variants[0].info.clone();
    log.apply(Event::Started { variants: vec![info], step: 0, steps: 10, replicas: 2 }, 1.0);
    assert_eq!(log.phase, Phase::Stopping);
    log.apply(Event::Stopped, 2.0);
    assert_eq!(log.phase, Phase::Stopped);
}

#[test]
fn the_end_of_the_run_before_does_not_end_one_that_is_starting() {
    for end in [Event::Finished, Event::Stopped] {
        let mut log = RunLog { phase: Phase::Starting, ..RunLog::default() };
        log.apply(end, 1.0);
        assert_eq!(log.phase, Phase::Starting);
    }
}

#[test]
fn a_comparison_lasts_until_one_of_both_is_taken() {
    let device = |engine: &str| DeviceReport {
        engine: engine.to_owned(),
        adapter: String::new(),
        because: String::new(),
    };
    let mut log = RunLog { phase: Phase::Starting, device: Some(device("CPU")), ..RunLog::default() };
    log.apply(Event::Comparing { engine: "WebGPU".to_owned() }, 0.0);
    assert_eq!((log.comparing.as_deref(), &log.device), (Some("WebGPU"), &None));
    log.apply(Event::Device(device("WebGPU")), 1.0);
    let info = VariantInfo { name: "base".to_owned(), parameters: 10, operations: 100, bytes: 40 };
    log.apply(Event::Started { variants: vec![info], step: 0, steps: 10, replicas: 2 }, 1.0);
    log.apply(progress(0, 3, &[3.0, 2.0, 1.0]), 1.0);
    assert_eq!((log.comparing, log.phase, log.variants[0].step), (None, Phase::Running, 3));
}

#[test]
fn a_late_pause_does_not_wake_a_finished_run() {
    let mut log = started(1, 10);
    log.apply(Event::Finished, 1.0);
    log.apply(Event::Paused(true), 2.0);
    assert_eq!(log.phase, Phase::Finished);
}
