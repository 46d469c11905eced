use super::*;
use crate::catalog;
use crate::protocol::{Cost, Progress};
use crate::spec::set_path;

/// Steps of one variant of which each takes so many milliseconds.
fn steps(variant: usize, count: usize, milliseconds: f64) -> Event {
    Event::Progress(Progress {
        variant,
        step: count as u32,
        losses: vec![vec![1.0]; count],
        gradient_norms: vec![1.0],
        learning_rate: 1e-3,
        steps_per_second: (1e3 / milliseconds) as f32,
        cost: Cost::default(),
    })
}

/// A first step, and then some that take so long each.
fn trial(first: f64, later: &[f64]) -> Trial {
    let mut trial = Trial::default();
    trial.note(&[steps(0, 1, first)]);
    later.iter().for_each(|time| trial.note(&[steps(0, 1, *time)]));
    trial
}

fn evaluated() -> Event {
    Event::Evaluated { variant: 0, step: 1, metrics: Vec::new() }
}

fn experiment(name: &str, settings: &[&str]) -> Experiment {
    let mut experiment = catalog::find(name).unwrap().experiment().clone();
    settings.iter().for_each(|setting| set_path(&mut experiment, setting).unwrap());
    experiment
}

#[test]
fn the_faster_device_wins_and_the_sentence_has_both_times() {
    let decision = decide(&trial(14.0, &[12.0, 12.0]), &trial(4000.0, &[39.0, 39.0]));
    assert_eq!(decision.choice, DeviceChoice::Cpu);
    assert_eq!(
        decision.because,
        "A step takes 12 ms on the CPU engine and 39 ms on WebGPU here; choose GPU (WebGPU) under Device to override."
    );
    let decision = decide(&trial(1600.0, &[1400.0, 1400.0]), &trial(4000.0, &[4.16, 4.16]));
    assert_eq!(decision.choice, DeviceChoice::Gpu);
    assert_eq!(
        decision.because,
        "A step takes 4.2 ms on WebGPU and 1.4 s on the CPU engine here; choose CPU under Device to override."
    );
}

#[test]
fn compiling_and_single_slow_steps_decide_nothing() {
    assert_eq!(decide(&trial(9.0, &[10.0; 5]), &trial(9000.0, &[5.0; 5])).choice, DeviceChoice::Gpu);
    // The middle of the times, not their mean: a hiccup is no reason.
    assert_eq!(faster(&[10.0, 10.0, 500.0], &[20.0, 20.0, 20.0]).choice, DeviceChoice::Cpu);
    assert_eq!(faster(&[10.0, 500.0], &[20.0, 20.0]).choice, DeviceChoice::Cpu);
    assert_eq!(faster(&[10.0], &[10.0]).choice, DeviceChoice::Gpu, "the GPU leaves the CPU free");
}

#[test]
fn a_first_step_counts_only_where_there_is_no_other() {
    assert_eq!(decide(&trial(7.0, &[]), &trial(3.0, &[9.0])).choice, DeviceChoice::Cpu);
    assert_eq!(decide(&Trial::default(), &trial(3.0, &[])).choice, DeviceChoice::Gpu);
    assert!(decide(&Trial::default(), &Trial::default()).because.ends_with('.'));
}

#[test]
fn a_step_is_one_of_every_variant_and_many_steps_at_once_count_as_many() {
    let mut trial = trial(5.0, &[]);
    trial.note(&[steps(0, 3, 2.0), steps(1, 3, 4.0)]);
    assert_eq!(trial.later.len(), 3);
    assert!(trial.later.iter().all(|time| (time - 6.0).abs() < 1e-4), "{trial:?}");
}

#[test]
fn a_trial_takes_half_a_second_and_two_steps_and_no_evaluation() {
    assert!(!trial(900.0, &[]).is_enough(0.0), "compiling is not a trial");
    assert!(!trial(900.0, &[600.0]).is_enough(600.0), "one step may be a hiccup");
    assert!(!trial(900.0, &[100.0, 100.0]).is_enough(200.0));
    assert!(trial(900.0, &[300.0, 300.0]).is_enough(600.0));

    let mut measured = trial(900.0, &[]);
    measured.note(&[steps(0, 1, 5.0), evaluated()]);
    assert!(measured.is_enough(5.0));
    let mut measured = Trial::default();
    measured.note(&[steps(0, 1, 5.0), evaluated()]);
    assert!(!measured.is_enough(5.0), "the first step alone is not enough");

    let mut finished = Trial::default();
    finished.note(&[steps(0, 1, 5.0), evaluated(), Event::Finished]);
    assert!(finished.is_enough(5.0));
    let mut nothing_left = Trial::default();
    nothing_left.note(&[Event::Finished]);
    assert!(nothing_left.is_enough(0.0));
}

#[test]
fn a_cpu_ten_times_as_slow_is_given_up_after_its_first_step() {
    let gpu = trial(4000.0, &[20.0, 20.0]);
    assert!(trial(201.0, &[]).is_hopeless_beside(&gpu));
    assert!(!trial(199.0, &[]).is_hopeless_beside(&gpu));
    assert!(!Trial::default().is_hopeless_beside(&gpu));
    assert!(!trial(201.0, &[]).is_hopeless_beside(&Trial::default()));
}

#[test]
fn the_cpu_is_not_tried_where_it_cannot_win_or_has_no_room() {
    let gpu = trial(4000.0, &[20.0, 20.0]);
    assert_eq!(without_the_cpu(&experiment("tiny", &[]), &gpu), None);
    assert_eq!(without_the_cpu(&experiment("bench", &["training.batch=8"]), &gpu), None);

    // 6 · 202 thousand parameters · 16 tokens · batch 256 · 5 seeds are 25e9 operations.
    let large = experiment("bench", &["training.batch=256", "seeds.count=5"]);
    let decision = without_the_cpu(&large, &gpu).unwrap();
    assert_eq!(decision.choice, DeviceChoice::Gpu);
    assert_eq!(
        decision.because,
        "A step takes 20 ms on WebGPU here and would take more than 248 ms on the CPU engine; choose CPU under Device to \
         override."
    );
    // A GPU that is slower than that must be compared.
    let slow = trial(4000.0, &[5000.0, 5000.0]);
    let huge = experiment("bench", &["model.width=1024", "model.mlp.width=4096", "seeds.count=5"]);
    assert!(without_the_cpu(&huge, &slow).unwrap().because.contains("GiB"));
}

#[test]
fn a_shape_is_what_decides_how_long_a_step_takes() {
    let shape = |settings: &[&str]| Shape::of(&experiment("tiny", settings));
    let same = ["training.steps=77", "training.learning_rate=0.01", "seeds.first=9", "title=Another"];
    assert_eq!(shape(&[]), shape(&same));
    for other in ["training.batch=5", "model.depth=3", "seeds.count=3", "task.patch=4"] {
        assert_ne!(shape(&[]), shape(&[other]), "{other}");
    }
    let mut fewer = experiment("tiny", &[]);
    fewer.variants.pop();
    assert_ne!(shape(&[]), Shape::of(&fewer));
}

#[test]
fn times_read_as_words() {
    assert_eq!(
        [0.417, 4.16, 39.4, 1449.0, 12_300.0].map(time),
        ["0.42 ms", "4.2 ms", "39 ms", "1.4 s", "12 s"]
    );
}
