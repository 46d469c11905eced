use proptest::prelude::*;

use super::*;
use crate::spec::samples;

fn sentence(link: &str) -> String {
    from_link(link).unwrap_err()[0].sentence.clone()
}

/// The pairs of the first experiment's own link.
fn unchanged() -> Vec<Pair> {
    pairs(ORIGINS[0].experiment, &ORIGINS[0].leaves, &ORIGINS[0])
}

#[test]
fn every_experiment_of_the_catalog_returns_as_it_was() {
    for (id, experiment) in catalog::experiments() {
        let link = to_link(experiment);
        assert!(link.starts_with(&format!("v=2&from={id}.")), "{link}");
        assert!(link.len() < 80, "nothing but its name is needed: {link}");
        assert_eq!(from_link(&link).as_ref(), Ok(experiment));
        assert_eq!(from_link(&format!("#{link}\n")).as_ref(), Ok(experiment));
    }
}

#[test]
fn a_link_can_be_read_by_people() {
    let (_, digits) = catalog::experiments().find(|(id, _)| *id == "digits").unwrap();
    let mut changed = digits.clone();
    samples::transformer(&mut changed).depth = 3;
    changed.set_in_variant(1, "model.heads", 8.into()).unwrap();
    let link = to_link(&changed);
    assert!(link.contains("&model.depth=3&"), "{link}");
    assert!(link.contains("&2.model.heads=8&"), "{link}");
    assert_eq!(from_link(&link), Ok(changed));
}

#[test]
fn a_link_that_was_cut_off_says_so() {
    for (_, experiment) in catalog::experiments() {
        let link = to_link(experiment);
        for end in 0..link.len() {
            assert!(sentence(&link[..end]).contains("not whole"), "{}", &link[..end]);
        }
    }
}

#[test]
fn one_changed_letter_is_noticed() {
    let (_, experiment) = catalog::experiments().next().unwrap();
    let link = to_link(experiment);
    for (at, letter) in link.char_indices() {
        let other = if letter == '7' { "8" } else { "7" };
        let mut changed = link.clone();
        changed.replace_range(at..=at, other);
        assert!(from_link(&changed).is_err(), "{changed}");
    }
}

#[test]
fn another_edition_of_the_origin_is_refused() {
    let mut pairs = unchanged();
    pairs[1].1 = "digits.0000".to_owned();
    assert!(sentence(&written(&pairs)).contains("another edition"));
    pairs[1].1 = "digit.0000".to_owned();
    assert!(sentence(&written(&pairs)).contains("did you mean \"digits\"?"));
    pairs[0].1 = "3".to_owned();
    assert_eq!(sentence(&written(&pairs)), "version must be 1 to 2, not \"3\".");
}

#[test]
fn wrong_fields_are_all_named() {
    let mut pairs = unchanged();
    for (key, value) in
        [("model.heads", "0"), ("model.hats", "1"), ("9.model.heads", "2"), ("1.model.depth", "x")]
    {
        pairs.push((key.to_owned(), value.to_owned()));
    }
    let problems = from_link(&written(&pairs)).unwrap_err();
    assert_eq!(problems.len(), 4, "{problems:#?}");
}

#[test]
fn the_longest_experiment_still_fits_into_a_link() {
    let mut experiment = samples::every_choice().into_iter().max_by_key(|e| tree::leaves(e).len()).unwrap();
    experiment.title = "😀".repeat(120);
    experiment.variants = (0..crate::spec::MAX_VARIANTS)
        .map(|index| {
            let mut one = experiment.clone();
            one.training.learning_rate = 1.234_567_8e-6 * (index + 1) as f32;
            longest_patch(&one)
        })
        .collect();
    let link = to_link(&experiment);
    assert!(link.len() <= MAX_BYTES, "{}", link.len());
    assert_eq!(from_link(&link), Ok(experiment));
}

proptest! {
    #[test]
    fn any_valid_experiment_returns_as_it_was(experiment in samples::experiments()) {
        prop_assert_eq!(experiment.check(), Ok(()));
        let link = to_link(&experiment);
        prop_assert!(link.len() <= MAX_BYTES && link.is_ascii());
        prop_assert_eq!(from_link(&link), Ok(experiment));
    }

    #[test]
    fn no_text_at_all_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = from_link(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_damage_makes_it_panic_or_pass(
        experiment in samples::experiments(),
        at in any::<prop::sample::Index>(),
        cut in 0_usize..8,
        put in proptest::collection::vec(any::<u8>(), 0..8),
    ) {
        let link = to_link(&experiment);
        let mut bytes = link.clone().into_bytes();
        let start = at.index(bytes.len());
        let end = (start + cut).min(bytes.len());
        bytes.splice(start..end, put);
        let damaged = String::from_utf8_lossy(&bytes).into_owned();
        if let Ok(read) = from_link(&damaged) {
            // Only what decodes to the same pairs passes: nothing changed, %2E for a full stop, a line break behind.
            prop_assert_eq!(read, experiment);
        }
    }

    #[test]
    fn pairs_with_a_right_checksum_do_not_make_it_panic(
        keys in proptest::collection::vec(("([0-9]{1,3}\\.)?(model|task|training|variants|title)?[a-z._]{0,12}", ".{0,12}"), 0..6)
    ) {
        let mut pairs = unchanged();
        pairs.extend(keys);
        if let Ok(read) = from_link(&written(&pairs)) {
            prop_assert_eq!(read.check(), Ok(()));
        }
    }
}
