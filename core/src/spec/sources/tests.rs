use serde_json::json;

use super::super::samples::{digits, transformer};
use super::super::{from_toml, set_path, to_toml};
use super::*;

fn with(settings: &[&str], variants: &[Value]) -> Experiment {
    let mut experiment = digits();
    experiment.variants =
        variants.iter().map(|set| serde_json::from_value(json!({ "set": set })).unwrap()).collect();
    for setting in settings {
        set_path(&mut experiment, setting).unwrap_or_else(|problem| panic!("{setting}: {problem:?}"));
    }
    experiment
}

const BRACKETS: &str = "source.1.set=task=brackets training.steps=70";

#[test]
fn a_source_is_the_experiment_with_the_variants_network_and_its_own_patch() {
    let experiment = with(
        &[BRACKETS, "training.learning_rate=2e-3"],
        &[
            json!({}),
            json!({"source.1.take": "attention, mlp", "model.depth": 2, "training.learning_rate": 5e-3}),
        ],
    );
    assert_eq!(experiment.check(), Ok(()));
    assert_eq!(experiment.needed(&experiment.variant(0).unwrap()), Ok(vec![]), "nothing is taken");
    let variant = experiment.variant(1).unwrap();
    let [needed] = &experiment.needed(&variant).unwrap()[..] else { panic!("one source") };
    let mut trained = needed.experiment.clone();
    assert_eq!((trained.task.name(), trained.training.steps), ("brackets", 70));
    // The recipe is the experiment's: what a variant tries downstream asks for no other source.
    assert_eq!((trained.training.learning_rate, transformer(&mut trained).depth), (2e-3, 2));
    assert_eq!(trained.source, Sources::default());
    assert_eq!(trained.seeds.count, experiment.seeds.count);
}

#[test]
fn names_follow_from_what_is_trained_and_from_nothing_else() {
    let base = with(&[BRACKETS, "source.1.take=attention"], &[json!({})]);
    let name = |experiment: &Experiment, seed| {
        experiment.needed(&experiment.variant(0).unwrap()).unwrap()[0].name(seed)
    };
    let first = name(&base, 3);
    let changed = |setting: &str| {
        let mut experiment = base.clone();
        set_path(&mut experiment, setting).unwrap();
        name(&experiment, 3)
    };
    for same in
        ["source.1.take=mlp", "source.1.called=B", "seeds.count=2", "title=x", "source.1.form=shuffled"]
    {
        assert_eq!(changed(same), first, "{same}");
    }
    for other in ["source.1.set=task=brackets training.steps=71", "model.depth=2", "training.batch=32"] {
        assert_ne!(changed(other), first, "{other}");
    }
    assert_ne!(name(&base, 4), first);
    assert_eq!(base.source_names().len(), base.seeds.count as usize);
}

#[test]
fn what_is_taken_is_named_by_parts_and_by_pieces() {
    let takes = |take: &str, name: &str| Source { take: take.to_owned(), ..Source::default() }.takes(name);
    for (take, name, taken) in [
        ("attention", "blocks.0.attention.query.weight", true),
        ("attention", "blocks.0.attention.output.bias", true),
        ("attention", "blocks.0.attention.norm.scale", false),
        ("attention", "blocks.0.mlp.up.weight", false),
        ("mlp", "blocks.1.mlp.up.weight", true),
        ("mlp", "blocks.1.mlp.norm.shift", false),
        ("norms", "blocks.1.mlp.norm.shift", true),
        ("norms", "norm.scale", true),
        ("embeddings", "embedding.position", true),
        ("head", "head.weight", true),
        ("blocks.1", "blocks.1.mlp.norm.shift", true),
        ("blocks.1", "blocks.0.mlp.up.weight", false),
        ("head, blocks.0.mlp", "blocks.0.mlp.down.weight", true),
        ("all", "embedding.token.weight", true),
        ("", "head.weight", false),
    ] {
        assert_eq!(takes(take, name), taken, "{take}: {name}");
    }
}

#[test]
fn a_file_lists_sources_and_reads_them_again() {
    let text = "version = 2\ntitle = 'x'\ntask = 'digits'\n\
        [[source]]\ncalled = 'Deep'\nset = { task = { name = 'brackets', pairs = 12 }, 'training.steps' = 70 }\n\
        take = ['attention', 'mlp']\n\
        [[source]]\nset = 'training.steps=60'\n\
        [[variant]]\n[[variant]]\nset.'source.2.take' = 'head'\n";
    let experiment = from_toml(text).unwrap();
    let first = &experiment.source.first;
    assert_eq!((first.called.as_str(), first.take.as_str()), ("Deep", "attention, mlp"));
    assert_eq!(first.set, "task=brackets task.pairs=12 training.steps=70");
    assert_eq!(experiment.source.second.set, "training.steps=60");
    assert_eq!(from_toml(&to_toml(&experiment)), Ok(experiment.clone()));
    assert_eq!(experiment.variant_names(), ["nothing from source 2", "head from source 2"]);
    assert!(!to_toml(&digits()).contains("source"), "an experiment without sources says nothing of them");
}

#[test]
fn what_is_wrong_with_a_source_is_said_by_its_field() {
    for (set, said) in [
        ("task=bracket", "Source 1: task must be"),
        ("task=brackets task.pears=3", "did you mean"),
        ("training", "must be like task=procedural"),
        ("training.warmup=700", "training.warmup must be at most training.steps"),
        ("seeds.count=3", "cannot be changed for a source"),
        ("source.1.take=all", "cannot be changed for a source"),
    ] {
        let mut experiment = with(&["source.1.take=attention"], &[json!({})]);
        experiment.source.first.set = set.to_owned();
        let problems = experiment.check().unwrap_err();
        assert_eq!(problems.len(), 1, "{set}: {problems:?}");
        assert_eq!(problems[0].field, "source.1.set");
        assert!(problems[0].sentence.contains(said), "{set}: {problems:?}");
    }
    let five = "version = 2\ntitle = 'x'\ntask = 'digits'\n".to_owned()
        + &"[[source]]\n".repeat(5)
        + "[[variant]]\n";
    assert!(from_toml(&five).unwrap_err()[0].sentence.contains("at most 4 times, not 5"));
}
