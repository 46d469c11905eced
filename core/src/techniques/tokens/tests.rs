use std::collections::BTreeMap;

use crate::protocol::Event;
use crate::spec::{Experiment, from_toml};
use crate::train::{Engine, Session, share_data};

/// A transformer on digits, one variant for each of these token choices.
fn experiment(choices: &[&str]) -> Experiment {
    let variants: String =
        choices.iter().map(|choice| format!("[[variant]]\nset.\"model.tokens\" = {choice}\n")).collect();
    let text = format!(
        "version = 2\ntitle = \"Tokens\"\ntask = {{ name = \"digits\", patch = 2 }}\n\
         [model]\ndepth = 1\nwidth = 16\nheads = 2\nmlp.width = 16\n\
         [training]\nsteps = 4\nwarmup = 0\nbatch = 4\n[seeds]\ncount = 2\n{variants}"
    );
    from_toml(&text).expect("a valid experiment")
}

/// `losses[variant]` of four steps, all replicas, and the metrics after them.
fn trained(experiment: &Experiment) -> Vec<Vec<f32>> {
    let path = format!("{}/../public/data/digits.bin", env!("CARGO_MANIFEST_DIR"));
    let data = BTreeMap::from([("digits.bin", std::fs::read(path).expect("a data file of this repository"))]);
    let engine = Engine::cpu("");
    let (mut session, _) = Session::start(&engine, experiment.clone(), &data, None).expect("a valid start");
    let mut found = vec![Vec::new(); experiment.variants.len()];
    while session.step() < experiment.training.steps {
        for event in pollster::block_on(session.advance(4)).expect("the device works") {
            match event {
                Event::Progress(progress) => found[progress.variant].extend(progress.losses.concat()),
                Event::Evaluated { variant, metrics, .. } => {
                    found[variant].extend(metrics.iter().flat_map(|(_, values)| values.clone()));
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn a_choice_that_changes_nothing_trains_as_the_baseline_to_the_bit_and_any_other_does_not() {
    let plain = r#"{ name = "plain" }"#;
    let same = [
        plain,
        r#"{ name = "conditioned", strength = 0.0 }"#,
        r#"{ name = "graying", transform = "svd", exponent = 1.0 }"#,
        r#"{ name = "graying", exponent = 1.0, place = "embedding" }"#,
    ];
    let found = trained(&experiment(&same));
    assert_eq!(found[0].len(), 4 * 2 + 2 * 2, "four losses and two metrics of two replicas");
    for variant in 1..found.len() {
        assert_eq!(found[variant], found[0], "{}", same[variant]);
    }
    let other = [
        plain,
        r#"{ name = "conditioned" }"#,
        r#"{ name = "conditioned", iterations = 0 }"#,
        r#"{ name = "graying", transform = "svd", exponent = 0.5 }"#,
        r#"{ name = "graying", exponent = 0.5 }"#,
        r#"{ name = "graying", exponent = 0.5, place = "embedding" }"#,
    ];
    let changed = trained(&experiment(&other));
    // The baseline does not see what the others' patches went through, nor do these see each other's.
    assert_eq!(changed[0], found[0]);
    for (variant, one) in changed.iter().enumerate() {
        for (other, another) in changed.iter().enumerate().skip(variant + 1) {
            assert_ne!(one, another, "variants {variant} and {other}");
        }
        assert!(one.iter().all(|value| value.is_finite()), "variant {variant}: {one:?}");
    }
}

#[test]
fn variants_that_gray_no_patches_share_their_data() {
    let resolved = |choice| experiment(&[choice]).variant(0).expect("a valid variant");
    let plain = resolved(r#"{ name = "plain" }"#);
    let conditioned = resolved(r#"{ name = "conditioned" }"#);
    let embedded = resolved(r#"{ name = "graying", place = "embedding" }"#);
    let patches = resolved(r#"{ name = "graying" }"#);
    assert!(share_data(&plain, &conditioned) && share_data(&conditioned, &embedded));
    assert!(!share_data(&plain, &patches) && !share_data(&patches, &embedded));
    assert!(share_data(&patches, &patches.clone()));
    let tokens = patches.model.outline().tokens.expect("a transformer has tokens");
    assert!(tokens.engine().in_forward(16, &|_| None).is_none());
}
