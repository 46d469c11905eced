use crate::spec::{Experiment, set_path};

/// An experiment on a linear map with these settings, and what is wrong with it.
fn problems(settings: &[&str]) -> Vec<String> {
    let mut experiment = Experiment::default();
    ["title=x", "task=matrix", "model.architecture=linear", "compare.metric=loss"]
        .iter()
        .chain(settings)
        .for_each(|setting| set_path(&mut experiment, setting).expect("a valid setting"));
    experiment.check().err().into_iter().flatten().map(|problem| problem.to_string()).collect()
}

#[test]
fn what_divides_by_the_first_weights_has_no_place_in_a_map_that_starts_at_zero() {
    for good in ["plain", "lora", "vera", "nola", "randlora", "sine-lora", "frozen"] {
        assert_eq!(problems(&[&format!("model.weights={good}")]), [""; 0], "{good}");
    }
    for bad in ["equilibrated", "normalized", "standardized", "spectral-norm", "dora"] {
        let found = problems(&[&format!("model.weights={bad}")]);
        assert!(found.len() == 1 && found[0].contains("model.weights must be another one here"), "{found:?}");
    }
    assert_eq!(problems(&["model.weights=sine-lora", "model.weights.lengths=true"]).len(), 1);
}

#[test]
fn rows_and_linear_maps_belong_together() {
    assert!(problems(&["task=digits"])[0].contains("model.architecture"));
    assert!(
        problems(&["title=x", "task=matrix", "model.architecture=transformer"])[0]
            .contains("model.architecture")
    );
    assert!(problems(&["task.target_rank=200"])[0].contains("task.target_rank must be at most size"));
}
