use std::path::Path;

use super::*;
use crate::spec::to_toml;

/// A recording of `tiny` that is whole.
fn tiny() -> Recording {
    let experiment = find("tiny").unwrap().experiment();
    let text = to_toml(experiment);
    let variant = |(index, name): (usize, String)| {
        let numbers = |shift: f64| vec![Some(0.5 + shift), Some(0.25)];
        RecordedVariant {
            name,
            parameters: 4_970,
            operations: 1_000_000,
            evaluated: vec![10, 20, 30],
            metrics: vec![(Metric::Accuracy, vec![numbers(index as f64 / 8.0); 3])],
            every: 15,
            losses: vec![vec![Some(2.25), None]; 2],
            diverged: vec![0, 0],
            probed: vec![0, 30],
            milliseconds: 12.5,
            matrices: vec![RecordedMatrix {
                quantity: Quantity::Tokens,
                name: "blocks.0".to_owned(),
                full_rank: 16,
                means: vec![
                    vec![Some(3.5), Some(1.25), Some(2.0), Some(8.0)],
                    vec![None, None, Some(1.5), Some(9.0)],
                ],
                singular: vec![vec![Some(1.0), Some(1.0), Some(2.0), Some(15.0), Some(16.0), Some(40.0)]],
                values: Vec::new(),
            }],
            maps: Vec::new(),
            curvatures: Vec::new(),
            rounded: Vec::new(),
        }
    };
    let mut recording = Recording {
        format: FORMAT,
        id: "tiny".to_owned(),
        hash: hash(&text),
        experiment: text,
        engine: "CPU".to_owned(),
        adapter: String::new(),
        date: "2026-11-23".to_owned(),
        version: "0.1.0".to_owned(),
        commit: None,
        seconds: 2.0,
        tried: Vec::new(),
        measured: Vec::new(),
        claims: Vec::new(),
        variants: experiment.variant_names().into_iter().enumerate().map(variant).collect(),
    };
    recording.judge_anew(experiment);
    recording
}

fn problem(change: impl Fn(&mut Recording)) -> String {
    let mut recording = tiny();
    change(&mut recording);
    recording.experiment().and_then(|experiment| recording.check(&experiment)).unwrap_err()
}

/// The recordings that the page shows. There may be none; each one that is there must hold.
#[test]
fn every_recording_belongs_to_an_entry_and_to_its_experiment_of_today() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    assert!(folder.join("README.md").is_file(), "the folder says what it is for");
    for file in std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(id) = name.strip_suffix(".json") else {
            assert_eq!(name, "README.md");
            continue;
        };
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.len() <= MAX_BYTES, "{name} has {} bytes", text.len());
        let (recording, _) = Recording::read(&text).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(recording.id, id, "{name}");
        assert_eq!(recording.belongs_to_today(), Ok(()), "{name}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let text = serde_json::to_string(&tiny()).unwrap();
    let (read, experiment) = Recording::read(&text).unwrap();
    assert_eq!((&read, &experiment), (&tiny(), find("tiny").unwrap().experiment()));
    assert!(Recording::read(&text.replacen("\"date\"", "\"day\"", 1)).is_err(), "unknown fields are refused");
    assert!(Recording::read("{}").unwrap_err().starts_with("This is no recorded run: missing field"));
}

#[test]
fn another_number_of_seeds_is_the_same_experiment_and_anything_else_is_not() {
    let with = |change: fn(&mut Experiment)| {
        let mut recording = tiny();
        let mut experiment = find("tiny").unwrap().experiment().clone();
        change(&mut experiment);
        recording.experiment = to_toml(&experiment);
        recording.hash = hash(&recording.experiment);
        recording
    };
    assert_eq!(tiny().belongs_to_today(), Ok(()));
    assert_eq!(with(|experiment| experiment.seeds.first = 7).belongs_to_today(), Ok(()));
    let problem = with(|experiment| experiment.training.batch += 1).belongs_to_today().unwrap_err();
    assert_eq!(
        problem,
        "The recorded run of tiny was recorded for another experiment than the catalog’s is now."
    );
    let lost = Recording { id: "tinny".to_owned(), ..tiny() };
    assert!(lost.belongs_to_today().unwrap_err().contains("no tinny in the catalog"));
}

#[test]
fn what_does_not_belong_together_is_refused_with_the_reason() {
    for (said, change) in [
        ("has format 1, not 2", (|r| r.format = 1) as fn(&mut Recording)),
        ("was changed by hand", |r| r.experiment.push('\n')),
        ("not the experiment’s", |r| r.variants[1].name.push('!')),
        ("no evaluation after the last step", |r| _ = r.variants[0].evaluated.pop()),
        ("evaluations that are out of order", |r| r.variants[0].evaluated[0] = 25),
        ("an evaluation without a number for each seed", |r| _ = r.variants[0].metrics[0].1[2].pop()),
        ("an evaluation without a number for each seed", |r| _ = r.variants[0].metrics[0].1.pop()),
        ("training losses without", |r| r.variants[1].every = 0),
        ("not known whether it diverged", |r| r.variants[1].diverged.push(3)),
        ("measurements that are out of order", |r| r.variants[0].probed = vec![30, 30]),
        ("a measurement without all", |r| _ = r.variants[0].matrices[0].means.pop()),
        ("a measurement without all", |r| _ = r.variants[0].matrices[0].means[0].pop()),
        ("a measurement without all", |r| r.variants[0].curvatures = vec![vec![None; 4]]),
    ] {
        let problem = problem(change);
        assert!(problem.contains(said), "{said:?} is not in {problem:?}");
    }
}

#[test]
fn a_matrix_comes_back_as_it_was_summed_up() {
    let variant = &tiny().variants[0];
    let matrix = &variant.matrices[0];
    let first = matrix.at(0, 2).unwrap();
    assert_eq!(
        (first.condition_number.mean, first.condition_number.factor, first.singular),
        (3.5, Some(1.25), 0)
    );
    assert_eq!(first.kappa_in_words(), "3.50");
    let second = matrix.at(1, 2).unwrap();
    assert_eq!(second.kappa_in_words(), "∞ in 1 of 2 seeds, rank 15 to 16 of 16, otherwise 40.0");
    assert_eq!(matrix.at(2, 2), None);

    let mut again = RecordedMatrix::new(&first);
    again.push(Some(&first));
    again.push(Some(&second));
    assert_eq!(&again, matrix);
    again.push(None);
    assert_eq!((again.means.len(), again.at(2, 2)), (3, None));
}

#[test]
fn numbers_keep_five_digits() {
    assert_eq!(short(0.123_456_789), Some(0.12346));
    assert_eq!((short(f64::INFINITY), short(f64::NAN), short(0.0)), (None, None, Some(0.0)));
    // The test vector of the function's authors.
    assert_eq!(hash("foobar"), "85944171f73967e8");
}

#[test]
fn the_page_reads_every_recording_as_serde_does() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    let mut read = 0;
    for entry in crate::catalog::entries() {
        let Ok(text) = std::fs::read_to_string(folder.join(entry.id()).with_extension("json")) else {
            continue;
        };
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            Recording::read(&text).unwrap().0,
            <Recording as crate::plain::Read>::read(&value).unwrap()
        );
        read += 1;
    }
    assert!(read > 10, "{read} recordings");
}
